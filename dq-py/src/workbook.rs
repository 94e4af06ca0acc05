//! Tables as sheets of a workbook of Excel.

use std::env;
use std::path::{Path, PathBuf};

use arrow_array::RecordBatch;
use dq_core::Result;
use dq_core::report::{Sheet, Workbook};
use dq_core::value::{Column, Date, OwnedValue, Value};
use pyo3::prelude::*;

use crate::error;
use crate::table::ArrowTable;
use crate::value;

/// A table, and values that all of its rows have in common, by the names of their columns.
type Part<'py> = (Bound<'py, ArrowTable>, Vec<(String, Bound<'py, PyAny>)>);

/// The name of a sheet, its columns, and the tables whose rows are in it one after the other.
type Described<'py> = (String, Vec<String>, Vec<Part<'py>>);

/// Writes the sheets to a workbook at `path`, which says that it was created so many days after 1970.
///
/// Columns of a table are put under those of the sheet by their names.
#[pyfunction]
pub(crate) fn write_workbook(
    py: Python<'_>,
    path: PathBuf,
    created: i32,
    sheets: Vec<Described<'_>>,
) -> PyResult<()> {
    let sheets = sheets.into_iter().map(Rows::of).collect::<PyResult<Vec<_>>>()?;
    py.detach(|| write(&path, Date::from_days(created), &sheets))
        .map_err(|it| error::to_python(py, &it))
}

/// A sheet with all of its rows.
struct Rows {
    name: String,
    columns: Vec<String>,
    parts: Vec<Block>,
}

/// Rows of one table.
struct Block {
    batches: Vec<RecordBatch>,
    constants: Vec<(String, OwnedValue)>,
}

impl Rows {
    fn of((name, columns, parts): Described<'_>) -> PyResult<Self> {
        let parts = parts.into_iter().map(Block::of).collect::<PyResult<Vec<_>>>()?;
        Ok(Self { name, columns, parts })
    }

    fn write(&self, workbook: &mut Workbook) -> Result<()> {
        let columns: Vec<_> = self.columns.iter().map(String::as_str).collect();
        let sheet = workbook.sheet(&self.name, &columns)?;
        self.parts.iter().try_for_each(|it| it.write(workbook, sheet, &columns))
    }
}

impl Block {
    fn of((table, constants): Part<'_>) -> PyResult<Self> {
        let constants =
            constants.into_iter().map(|(name, it)| Ok((name, value::from_python(&it)?)));
        let constants = constants.collect::<PyResult<Vec<_>>>()?;
        Ok(Self { batches: table.get().batches.clone(), constants })
    }

    fn write(&self, workbook: &mut Workbook, sheet: Sheet, columns: &[&str]) -> Result<()> {
        for batch in &self.batches {
            let cells = columns.iter().map(|it| self.cell(batch, it));
            let cells = cells.collect::<Result<Vec<_>>>()?;
            let mut row = Vec::with_capacity(cells.len());
            for position in 0..batch.num_rows() {
                row.clear();
                row.extend(cells.iter().map(|it| it.value(position)));
                workbook.row(sheet, &row)?;
            }
        }
        Ok(())
    }

    /// What the rows have under one column of the sheet.
    fn cell(&self, batch: &RecordBatch, name: &str) -> Result<Cells<'_>> {
        if let Some((_, it)) = self.constants.iter().find(|it| it.0 == name) {
            return Ok(Cells::Constant(it.as_value()));
        }
        match batch.column_by_name(name) {
            Some(array) => Column::from_arrow(array).map(Cells::Column),
            None => Ok(Cells::Constant(Value::Null)),
        }
    }
}

/// Values of one column.
enum Cells<'a> {
    Constant(Value<'a>),
    Column(Column),
}

impl Cells<'_> {
    fn value(&self, row: usize) -> Value<'_> {
        match self {
            Self::Constant(it) => *it,
            Self::Column(it) => it.value(row),
        }
    }
}

fn write(path: &Path, created: Date, sheets: &[Rows]) -> Result<()> {
    let mut workbook = Workbook::new(&env::temp_dir(), created)?;
    sheets.iter().try_for_each(|it| it.write(&mut workbook))?;
    workbook.save(path)
}
