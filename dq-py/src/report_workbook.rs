//! A report as a workbook of Excel, with what was kept of its failing rows.

use std::path::PathBuf;

use arrow_array::cast::AsArray;
use arrow_array::types::{Int32Type, Int64Type};
use arrow_array::{Array, RecordBatch};
use dq_core::report::{self, ReportFormat, ReportWorkbook};
use dq_core::rules::Severity;
use dq_core::validate::{FailingRow, Violation};
use dq_core::{Error, ErrorKind, Result};
use pyo3::prelude::*;

use crate::error;
use crate::report::parse;
use crate::table::ArrowTable;

/// Writes the report in `json` and the failing rows that were kept, if any were, to the workbook at `path`.
#[pyfunction]
pub(crate) fn save_workbook(
    py: Python<'_>,
    json: &str,
    violations: Option<&ArrowTable>,
    path: PathBuf,
) -> PyResult<()> {
    let saved = py.detach(|| {
        let report = parse(json)?;
        let Some(violations) = violations else {
            return report::write_report(&report, ReportFormat::Xlsx, &path);
        };
        let workbook = ReportWorkbook::new(&std::env::temp_dir());
        violations.batches.iter().try_for_each(|it| add(&workbook, it))?;
        workbook.write(&report, &path)
    });
    saved.map_err(|it| error::to_python(py, &it))
}

/// Adds failing rows as [`Violations`](crate::violations::Violations) keeps them.
fn add(workbook: &ReportWorkbook, batch: &RecordBatch) -> Result<()> {
    let text = |name: &str, row: usize| {
        let column = batch.column_by_name(name)?;
        let codes = column.as_dictionary_opt::<Int32Type>();
        let texts = codes.map_or(column, |it| it.values()).as_string_view_opt()?;
        let row = codes.map_or(Some(row), |it| it.key(row))?;
        texts.is_valid(row).then(|| texts.value(row))
    };
    let numbers = batch.column_by_name("row").and_then(|it| it.as_primitive_opt::<Int64Type>());
    for row in 0..batch.num_rows() {
        let number = numbers.filter(|it| it.is_valid(row)).map(|it| it.value(row) + 1);
        let key = match (text("key", row), number) {
            (Some(key), _) => fields(key)?,
            (None, Some(number)) => [("row".to_owned(), number.into())].into_iter().collect(),
            (None, None) => return Err(unknown()),
        };
        let row_found = FailingRow { key, values: text("values", row).map(fields).transpose()? };
        let named = (text("table", row), text("rule", row), text("check", row));
        let (Some(table), Some(rule), Some(check)) = named else { return Err(unknown()) };
        let severity: Option<Severity> = text("severity", row).and_then(|it| it.parse().ok());
        let severity = severity.ok_or_else(unknown)?;
        workbook.add(&Violation::new(table, (rule, check), severity, row_found))?;
    }
    Ok(())
}

fn fields(text: &str) -> Result<serde_json::Map<String, serde_json::Value>> {
    serde_json::from_str(text).map_err(|_| unknown())
}

fn unknown() -> Error {
    Error::new(ErrorKind::UsageInvalid, "these are no violations as dq keeps them")
}
