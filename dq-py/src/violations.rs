//! Every failing row, kept as a table.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arrow_array::builder::{Int64Builder, StringViewBuilder};
use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use arrow_array::{Array, ArrayRef, BooleanArray, RecordBatch};
use arrow_select::filter::filter_record_batch;
use dq_core::validate::Violation;
use dq_core::{Error, ErrorKind, Result};
use pyo3::prelude::*;
use serde_json::{Map, Value};

use crate::error;
use crate::table::{self, ArrowTable};

/// Keeps the violations of a run, up to a number of them.
pub(crate) struct Violations {
    rows_max: usize,
    is_numbered: bool,
    rows: Mutex<Rows>,
}

#[derive(Default)]
struct Rows {
    count: usize,
    is_truncated: bool,
    texts: [StringViewBuilder; 6],
    numbers: Int64Builder,
}

/// The names of the columns of text, in their order.
const TEXTS: [&str; 6] = ["table", "rule", "check", "severity", "key", "values"];

impl Violations {
    pub(crate) fn new(rows_max: usize, is_numbered: bool) -> Self {
        let mut rows = Rows::default();
        // Five of the columns have few values: each is kept once.
        rows.texts = rows.texts.map(StringViewBuilder::with_deduplicate_strings);
        Self { rows_max, is_numbered, rows: Mutex::new(rows) }
    }

    pub(crate) fn add(&self, violation: &Violation<'_>) -> Result<()> {
        let mut rows = self.lock();
        if rows.count >= self.rows_max {
            rows.is_truncated = true;
            return Ok(());
        }
        rows.count += 1;
        let number = violation.row_number.filter(|_| self.is_numbered);
        rows.numbers.append_option(number.and_then(|it| i64::try_from(it - 1).ok()));
        // A row of a frame without a key is named by its number alone.
        let has_key = number.is_none() || !is_number(&violation.row.key);
        let key = has_key.then(|| text(&violation.row.key)).transpose()?;
        let values = violation.row.values.as_ref().map(text).transpose()?;
        let severity = violation.severity.as_str();
        let texts = [
            Some(violation.table),
            Some(violation.rule),
            Some(violation.check),
            Some(severity),
            key.as_deref(),
            values.as_deref(),
        ];
        for (builder, text) in rows.texts.iter_mut().zip(texts) {
            builder.append_option(text);
        }
        Ok(())
    }

    /// The table, and whether there are more violations than it holds.
    pub(crate) fn take(&self) -> Result<Kept> {
        let mut rows = self.lock();
        let texts = TEXTS.into_iter().zip(&mut rows.texts);
        let mut columns: Vec<(String, ArrayRef)> =
            texts.map(|(name, it)| (name.to_owned(), Arc::new(it.finish()) as ArrayRef)).collect();
        columns.push(("row".to_owned(), Arc::new(rows.numbers.finish())));
        let table = table::table(columns, rows.count)?;
        Ok(Kept { table, is_truncated: rows.is_truncated })
    }

    fn lock(&self) -> MutexGuard<'_, Rows> {
        self.rows.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What was kept.
pub(crate) struct Kept {
    table: RecordBatch,
    is_truncated: bool,
}

impl<'py> IntoPyObject<'py> for Kept {
    type Target = pyo3::types::PyTuple;
    type Output = Bound<'py, Self::Target>;
    type Error = PyErr;

    fn into_pyobject(self, py: Python<'py>) -> PyResult<Self::Output> {
        (ArrowTable::of_batch(self.table), self.is_truncated).into_pyobject(py)
    }
}

/// Whether a key is the number of the row.
fn is_number(key: &Map<String, Value>) -> bool {
    key.len() == 1 && key.get("row").is_some_and(Value::is_u64)
}

fn text(fields: &Map<String, Value>) -> Result<String> {
    serde_json::to_string(fields).map_err(|it| {
        Error::new(ErrorKind::Internal, "cannot write the key of a row").with_source(it)
    })
}

/// Those of `violations` that are of a table, a rule, a check, as far as these are named.
#[pyfunction]
pub(crate) fn violations_of(
    py: Python<'_>,
    violations: &ArrowTable,
    wanted: (Option<&str>, Option<&str>, Option<&str>),
) -> PyResult<ArrowTable> {
    let wanted = [("table", wanted.0), ("rule", wanted.1), ("check", wanted.2)];
    let filtered = py.detach(|| {
        let batches = violations.batches.iter().map(|batch| {
            filter_record_batch(batch, &matches(batch, &wanted)).map_err(|it| {
                Error::new(ErrorKind::Internal, "cannot filter violations").with_source(it)
            })
        });
        batches.collect::<Result<Vec<_>>>()
    });
    let batches = filtered.map_err(|it| error::to_python(py, &it))?;
    Ok(ArrowTable { schema: Arc::clone(&violations.schema), batches })
}

/// For each row of a frame whether it is among those of `violations` that are of a table, a rule, a check.
#[pyfunction]
pub(crate) fn violation_mask(
    py: Python<'_>,
    violations: &ArrowTable,
    rows: usize,
    wanted: (Option<&str>, Option<&str>, Option<&str>),
) -> PyResult<ArrowTable> {
    let wanted = [("table", wanted.0), ("rule", wanted.1), ("check", wanted.2)];
    let made = py.detach(|| {
        let mut mask = vec![false; rows];
        for batch in &violations.batches {
            mark(batch, &matches(batch, &wanted), &mut mask);
        }
        let mask: ArrayRef = Arc::new(BooleanArray::from(mask));
        table::table(vec![("violates".to_owned(), mask)], rows)
    });
    made.map(ArrowTable::of_batch).map_err(|it| error::to_python(py, &it))
}

fn mark(batch: &RecordBatch, matches: &BooleanArray, mask: &mut [bool]) {
    let numbers = batch.column_by_name("row").and_then(|it| it.as_primitive_opt::<Int64Type>());
    let Some(numbers) = numbers else { return };
    let marked = numbers.iter().zip(matches.values()).filter(|it| it.1);
    for (number, _) in marked {
        let place = number.and_then(|it| usize::try_from(it).ok()).and_then(|it| mask.get_mut(it));
        if let Some(place) = place {
            *place = true;
        }
    }
}

fn matches(batch: &RecordBatch, wanted: &[(&str, Option<&str>)]) -> BooleanArray {
    let columns: Vec<_> = wanted
        .iter()
        .filter_map(|(name, value)| {
            Some((batch.column_by_name(name)?.as_string_view_opt()?, (*value)?))
        })
        .collect();
    let matches =
        |row: usize| columns.iter().all(|(it, value)| it.is_valid(row) && it.value(row) == *value);
    (0..batch.num_rows()).map(|row| Some(matches(row))).collect()
}
