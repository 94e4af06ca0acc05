//! Every failing row, kept as a table.
//!
//! Most runs are asked for counts alone, so a failing row is kept as two numbers: which check, which row. The
//! columns that name table, rule, check and severity are dictionaries over the first; who asks for the rows
//! gets text.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arrow_array::builder::{ArrayBuilder, StringViewBuilder};
use arrow_array::cast::AsArray;
use arrow_array::types::{Int32Type, Int64Type};
use arrow_array::{
    Array, ArrayRef, BooleanArray, DictionaryArray, Int32Array, Int64Array, NullArray, RecordBatch,
    StringViewArray, new_null_array,
};
use arrow_buffer::{BooleanBuffer, NullBuffer};
use arrow_schema::DataType;
use arrow_select::filter::filter_record_batch;
use arrow_select::take::take;
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
    is_truncated: bool,
    /// What each check is called: its table, its rule, itself, its severity.
    titles: Vec<[String; 4]>,
    /// The place in `titles` of each check, by its number in the rule set.
    places: Vec<Option<i32>>,
    /// The place in `titles` of each violation.
    codes: Vec<i32>,
    /// The number of each row, from 0, or `NO_NUMBER`.
    numbers: Vec<i64>,
    /// What names the rows, as far as the last that has a name; and their values.
    names: [StringViewBuilder; 2],
}

const NO_NUMBER: i64 = -1;

/// The columns that `Rows::titles` names, and those of `Rows::names`.
const TITLES: [&str; 4] = ["table", "rule", "check", "severity"];
const NAMES: [&str; 2] = ["key", "values"];

impl Violations {
    pub(crate) fn new(rows_max: usize, is_numbered: bool) -> Self {
        Self { rows_max, is_numbered, rows: Mutex::default() }
    }

    pub(crate) fn add(&self, violation: &Violation<'_>) -> Result<()> {
        let mut rows = self.lock();
        if rows.codes.len() >= self.rows_max {
            rows.is_truncated = true;
            return Ok(());
        }
        let number = violation.row_number.filter(|_| self.is_numbered);
        // A row of a frame without a key is named by its number alone.
        if number.is_none() || violation.is_named() {
            rows.name(violation, number.is_some())?;
        }
        let code = rows.code(violation);
        rows.codes.push(code);
        rows.numbers.push(number.and_then(|it| i64::try_from(it - 1).ok()).unwrap_or(NO_NUMBER));
        Ok(())
    }

    /// The table, and whether there are more violations than it holds.
    pub(crate) fn take(&self) -> Result<Kept> {
        let rows = std::mem::take(&mut *self.lock());
        let is_truncated = rows.is_truncated;
        Ok(Kept { table: rows.into_table()?, is_truncated })
    }

    fn lock(&self) -> MutexGuard<'_, Rows> {
        self.rows.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Rows {
    fn code(&mut self, violation: &Violation<'_>) -> i32 {
        let known = violation.check_number.and_then(|it| *self.places.get(it)?);
        known.unwrap_or_else(|| self.entitle(violation))
    }

    /// The place of a title that is new, and known by the number of the check from now on.
    fn entitle(&mut self, violation: &Violation<'_>) -> i32 {
        let place = self.titles.len() as i32;
        let Violation { table, rule, check, severity, check_number, .. } = *violation;
        self.titles.push([table, rule, check, severity.as_str()].map(str::to_owned));
        if let Some(number) = check_number {
            self.places.resize(self.places.len().max(number + 1), None);
            self.places.iter_mut().skip(number).take(1).for_each(|it| *it = Some(place));
        }
        place
    }

    fn name(&mut self, violation: &Violation<'_>, is_numbered: bool) -> Result<()> {
        let row = violation.row();
        let has_key = !is_numbered || !is_number(&row.key);
        let key = has_key.then(|| text(&row.key)).transpose()?;
        let values = row.values.as_ref().map(text).transpose()?;
        for (builder, text) in self.names.iter_mut().zip([key, values]) {
            fill(builder, self.codes.len());
            builder.append_option(text);
        }
        Ok(())
    }

    fn into_table(mut self) -> Result<RecordBatch> {
        let rows = self.codes.len();
        let codes = Int32Array::from(self.codes);
        let mut columns: Vec<(String, ArrayRef)> = Vec::new();
        for (place, name) in TITLES.into_iter().enumerate() {
            let names = self.titles.iter().map(|it| it.get(place));
            let names = Arc::new(names.collect::<StringViewArray>());
            let column = DictionaryArray::try_new(codes.clone(), names).map_err(|error| {
                Error::new(ErrorKind::Internal, "cannot keep violations").with_source(error)
            })?;
            columns.push((name.to_owned(), Arc::new(column)));
        }
        for (name, builder) in NAMES.into_iter().zip(&mut self.names) {
            let is_named = !builder.is_empty();
            fill(builder, if is_named { rows } else { 0 });
            let column: ArrayRef =
                if is_named { Arc::new(builder.finish()) } else { Arc::new(NullArray::new(rows)) };
            columns.push((name.to_owned(), column));
        }
        let is_told = |it: &i64| *it != NO_NUMBER;
        let told = (!self.numbers.iter().all(is_told))
            .then(|| self.numbers.iter().map(is_told).collect::<NullBuffer>());
        columns.push(("row".to_owned(), Arc::new(Int64Array::new(self.numbers.into(), told))));
        table::table(columns, rows)
    }
}

/// Appends NULL until there are so many rows.
fn fill(builder: &mut StringViewBuilder, rows: usize) {
    (builder.len()..rows).for_each(|_| builder.append_null());
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
    wanted: Wanted<'_>,
) -> PyResult<ArrowTable> {
    let batch = py.detach(|| {
        let batches = violations.batches.iter().map(|batch| filtered(batch, wanted));
        batches.collect::<Result<Vec<_>>>()
    });
    let batches = batch.map_err(|it| error::to_python(py, &it))?;
    let schema =
        batches.first().map_or_else(|| Arc::clone(&violations.schema), RecordBatch::schema);
    Ok(ArrowTable { schema, batches })
}

/// The table, the rule and the check whose violations are wanted.
type Wanted<'a> = (Option<&'a str>, Option<&'a str>, Option<&'a str>);

fn filtered(batch: &RecordBatch, wanted: Wanted<'_>) -> Result<RecordBatch> {
    let filtered = filter_record_batch(batch, &matches(batch, wanted)).map_err(|it| {
        Error::new(ErrorKind::Internal, "cannot filter violations").with_source(it)
    })?;
    let column = |(position, array): (usize, &ArrayRef)| {
        let name = filtered.schema_ref().field(position).name().clone();
        Ok((name, texts(array)?))
    };
    let columns = filtered.columns().iter().enumerate().map(column).collect::<Result<_>>()?;
    table::table(columns, filtered.num_rows())
}

/// A column, as text where it is kept as a dictionary or has nothing in it.
fn texts(array: &ArrayRef) -> Result<ArrayRef> {
    if array.as_any().is::<NullArray>() {
        return Ok(new_null_array(&DataType::Utf8View, array.len()));
    }
    let Some(array) = array.as_dictionary_opt::<Int32Type>() else { return Ok(Arc::clone(array)) };
    take(array.values(), array.keys(), None)
        .map_err(|it| Error::new(ErrorKind::Internal, "cannot name violations").with_source(it))
}

/// For each row of a frame whether it is among those of `violations` that are of a table, a rule, a check.
#[pyfunction]
pub(crate) fn violation_mask(
    py: Python<'_>,
    violations: &ArrowTable,
    rows: usize,
    wanted: Wanted<'_>,
) -> PyResult<ArrowTable> {
    let made = py.detach(|| {
        let mut mask = vec![false; rows];
        for batch in &violations.batches {
            mark(batch, &matches(batch, wanted), &mut mask);
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

fn matches(batch: &RecordBatch, wanted: Wanted<'_>) -> BooleanArray {
    let mut all = BooleanBuffer::new_set(batch.num_rows());
    for (name, value) in TITLES.into_iter().zip([wanted.0, wanted.1, wanted.2]) {
        let column = batch.column_by_name(name).and_then(|it| it.as_dictionary_opt::<Int32Type>());
        let (Some(column), Some(value)) = (column, value) else { continue };
        let names = column.values().as_string_view_opt();
        let is_wanted: Vec<_> =
            names.into_iter().flat_map(StringViewArray::iter).map(|it| it == Some(value)).collect();
        let codes = column.keys().values();
        let is = |code: &i32| is_wanted.get(*code as usize) == Some(&true);
        let found = BooleanBuffer::collect_bool(codes.len(), |row| codes.get(row).is_some_and(is));
        all = &all & &found;
    }
    BooleanArray::new(all, None)
}
