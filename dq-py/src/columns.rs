//! Lists of Python's values as columns of Arrow.
//!
//! The type of a column is that of its values: all of one type keep it, whole numbers among decimal ones
//! become those, and values of several types become text, which is told to the caller.

use std::sync::Arc;

use arrow_array::builder::BinaryViewBuilder;
use arrow_array::builder::StringViewBuilder;
use arrow_array::{
    ArrayRef, BooleanArray, Date32Array, Float64Array, Int64Array, TimestampMicrosecondArray,
};
use dq_core::value::OwnedValue;
use pyo3::prelude::*;
use pyo3::types::PyFloat;

use crate::error;
use crate::table::{self, ArrowTable};
use crate::value;

/// A table of lists, each a column; and the names of the columns whose values have several types and became
/// text.
#[pyfunction]
pub(crate) fn table_of_lists(
    py: Python<'_>,
    columns: Vec<(String, Vec<Bound<'_, PyAny>>)>,
) -> PyResult<(ArrowTable, Vec<String>)> {
    let rows = columns.first().map_or(0, |it| it.1.len());
    let (mut arrays, mut mixed) = (Vec::with_capacity(columns.len()), Vec::new());
    for (name, values) in columns {
        if values.len() != rows {
            let message =
                format!("the column `{name}` has {} rows, and others have {rows}", values.len());
            return Err(error::usage(py, message));
        }
        let (array, is_mixed) = array(&values)?;
        if is_mixed {
            mixed.push(name.clone());
        }
        arrays.push((name, array));
    }
    let batch = table::table(arrays, rows).map_err(|it| error::to_python(py, &it))?;
    Ok((ArrowTable::of_batch(batch), mixed))
}

/// A cell: a value that dq knows, or the text of one that it does not.
struct Cell {
    value: OwnedValue,
    is_known: bool,
}

/// What the values of a column are.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Kind {
    Nothing,
    Boolean,
    Integer,
    Float,
    Date,
    Timestamp,
    Text,
    Bytes,
    Mixed,
}

impl Kind {
    fn of(cell: &Cell) -> Self {
        match cell.value {
            _ if !cell.is_known => Self::Mixed,
            OwnedValue::Null => Self::Nothing,
            OwnedValue::Boolean(_) => Self::Boolean,
            OwnedValue::Integer(_) => Self::Integer,
            OwnedValue::Float(_) => Self::Float,
            OwnedValue::Date(_) => Self::Date,
            OwnedValue::Timestamp(_) => Self::Timestamp,
            OwnedValue::Text(_) => Self::Text,
            OwnedValue::Bytes(_) => Self::Bytes,
        }
    }

    fn and(self, other: Self) -> Self {
        match (self, other) {
            (one, Self::Nothing) => one,
            (Self::Nothing, other) => other,
            (Self::Integer, Self::Float) | (Self::Float, Self::Integer) => Self::Float,
            (one, other) if one == other => one,
            _ => Self::Mixed,
        }
    }
}

fn array(values: &[Bound<'_, PyAny>]) -> PyResult<(ArrayRef, bool)> {
    let cells = values.iter().map(cell).collect::<PyResult<Vec<_>>>()?;
    let kind = cells.iter().map(Kind::of).fold(Kind::Nothing, Kind::and);
    let cells = cells.iter().map(|it| &it.value);
    let array: ArrayRef = match kind {
        Kind::Boolean => Arc::new(cells.map(boolean).collect::<BooleanArray>()),
        Kind::Integer => Arc::new(cells.map(integer).collect::<Int64Array>()),
        Kind::Float => Arc::new(cells.map(float).collect::<Float64Array>()),
        Kind::Date => Arc::new(cells.map(days).collect::<Date32Array>()),
        Kind::Timestamp => Arc::new(cells.map(micros).collect::<TimestampMicrosecondArray>()),
        Kind::Bytes => {
            let mut builder = BinaryViewBuilder::with_capacity(values.len());
            for cell in cells {
                builder.append_option(if let OwnedValue::Bytes(it) = cell {
                    Some(it)
                } else {
                    None
                });
            }
            Arc::new(builder.finish())
        }
        Kind::Nothing | Kind::Text | Kind::Mixed => {
            let mut builder = StringViewBuilder::with_capacity(values.len());
            for cell in cells {
                builder.append_option(text(cell));
            }
            Arc::new(builder.finish())
        }
    };
    Ok((array, kind == Kind::Mixed))
}

fn cell(given: &Bound<'_, PyAny>) -> PyResult<Cell> {
    if is_missing(given)? {
        return Ok(Cell { value: OwnedValue::Null, is_known: true });
    }
    match value::from_python(given) {
        Ok(value) => Ok(Cell { value, is_known: true }),
        Err(_) => Ok(Cell { value: OwnedValue::Text(given.str()?.extract()?), is_known: false }),
    }
}

/// Whether it stands for no value: `None`, and what pandas writes for it.
fn is_missing(given: &Bound<'_, PyAny>) -> PyResult<bool> {
    if given.is_none() {
        return Ok(true);
    }
    if let Ok(number) = given.cast::<PyFloat>() {
        return Ok(number.value().is_nan());
    }
    let name = given.get_type().name()?;
    Ok(name == "NAType" || name == "NaTType")
}

fn boolean(cell: &OwnedValue) -> Option<bool> {
    if let OwnedValue::Boolean(it) = cell { Some(*it) } else { None }
}

fn integer(cell: &OwnedValue) -> Option<i64> {
    if let OwnedValue::Integer(it) = cell { Some(*it) } else { None }
}

fn float(cell: &OwnedValue) -> Option<f64> {
    match cell {
        OwnedValue::Float(it) => Some(*it),
        OwnedValue::Integer(it) => Some(*it as f64),
        _ => None,
    }
}

fn days(cell: &OwnedValue) -> Option<i32> {
    if let OwnedValue::Date(it) = cell { Some(it.days()) } else { None }
}

fn micros(cell: &OwnedValue) -> Option<i64> {
    if let OwnedValue::Timestamp(it) = cell { Some(it.micros()) } else { None }
}

fn text(cell: &OwnedValue) -> Option<String> {
    match cell {
        OwnedValue::Null => None,
        OwnedValue::Text(it) => Some(it.clone()),
        OwnedValue::Bytes(it) => Some(String::from_utf8_lossy(it).into_owned()),
        other => Some(other.as_value().to_string()),
    }
}
