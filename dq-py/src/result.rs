//! The rows of a query, as Arrow and as tuples.

use std::sync::{Arc, PoisonError, RwLock};

use arrow_array::builder::{BinaryViewBuilder, StringViewBuilder};
use arrow_array::{Array, ArrayRef, Float64Array, new_empty_array, new_null_array};
use arrow_schema::{DataType, TimeUnit};
use dq_core::database::QueryResult;
use dq_core::value::{Batch, Column, Value, ValueType};
use pyo3::prelude::*;
use pyo3::types::PyList;

use crate::error;
use crate::table::{self, ArrowTable};

/// Whole numbers beyond this have no exact floating-point number of their own.
const EXACT_MAX: i64 = 1 << 53;

/// The rows of a query, all in memory.
#[pyclass(frozen, module = "dq._dq")]
#[derive(Debug)]
pub(crate) struct Rows {
    result: QueryResult,
    /// Made when it is first asked for.
    arrow: RwLock<Option<Py<ArrowTable>>>,
    /// What an executor says about the call, as JSON.
    statistics: Option<String>,
}

impl Rows {
    pub(crate) fn new(result: QueryResult, statistics: Option<String>) -> Self {
        Self { result, arrow: RwLock::new(None), statistics }
    }
}

#[pymethods]
impl Rows {
    /// The names of the columns.
    #[getter]
    fn columns(&self) -> Vec<&str> {
        self.result.columns.iter().map(|it| it.name.as_str()).collect()
    }

    /// The number of rows.
    #[getter]
    fn row_count(&self) -> usize {
        self.result.row_count()
    }

    /// Whether there were more rows than the limit let through.
    #[getter]
    fn truncated(&self) -> bool {
        self.result.truncated
    }

    /// What an executor says about the call, as JSON.
    #[getter]
    fn statistics(&self) -> Option<&str> {
        self.statistics.as_deref()
    }

    /// How many pieces the rows come in.
    #[getter]
    fn piece_count(&self) -> usize {
        self.result.batches.len()
    }

    /// The rows of one piece, each value as the database holds it.
    fn rows<'py>(&self, py: Python<'py>, piece: usize) -> PyResult<Bound<'py, PyList>> {
        let Some(batch) = self.result.batches.get(piece) else { return Ok(PyList::empty(py)) };
        table::rows(py, batch.rows(), &batch.columns().iter().collect::<Vec<_>>())
    }

    /// The rows as Arrow: each column has one type.
    fn arrow(&self, py: Python<'_>) -> PyResult<Py<ArrowTable>> {
        if let Some(table) = &*self.arrow.read().unwrap_or_else(PoisonError::into_inner) {
            return Ok(table.clone_ref(py));
        }
        let made = py.detach(|| {
            let columns = self.result.columns.iter().enumerate().map(|(position, column)| {
                (column.name.clone(), array(&self.result.batches, position, column.value_type))
            });
            table::table(columns.collect(), self.result.row_count())
        });
        let made = made.map_err(|it| error::to_python(py, &it))?;
        let made = Py::new(py, ArrowTable::of_batch(made))?;
        *self.arrow.write().unwrap_or_else(PoisonError::into_inner) = Some(made.clone_ref(py));
        Ok(made)
    }
}

/// One column of all batches. Where rows disagree about the type, whole numbers among others become
/// floating-point numbers if that loses nothing, and everything else becomes text.
fn array(batches: &[Batch], position: usize, declared: ValueType) -> ArrayRef {
    let columns: Vec<_> = batches.iter().map(|it| it.column(position)).collect();
    let kinds = || columns.iter().filter(|it| !matches!(it, Column::Null(_)));
    let is_mixed = kinds().any(|it| matches!(it, Column::Mixed(_)));
    let same =
        |one: &Column, other: &Column| std::mem::discriminant(one) == std::mem::discriminant(other);
    let Some(first) = kinds().next() else {
        let rows = columns.iter().map(|it| it.len()).sum();
        return new_null_array(&arrow_type(declared), rows);
    };
    if !is_mixed && kinds().all(|it| same(it, first)) {
        let arrays: Vec<_> = columns.iter().map(|it| it.to_arrow()).collect();
        if let Some(array) = concatenated(&arrays) {
            return array;
        }
    }
    let values = || columns.iter().flat_map(|it| (0..it.len()).map(move |row| it.value(row)));
    if values().all(|it| is_exact_float(&it)) {
        return Arc::new(values().map(|it| as_float(&it)).collect::<Float64Array>());
    }
    rendered(values)
}

/// Arrays of one type as one; those of NULLs alone take its type.
fn concatenated(arrays: &[ArrayRef]) -> Option<ArrayRef> {
    let typed = arrays.iter().find(|it| it.data_type() != &DataType::Null)?;
    if let [array] = arrays {
        return Some(Arc::clone(array));
    }
    let (wanted, empty) = (typed.data_type(), new_empty_array(typed.data_type()));
    let alike = arrays.iter().map(|it| match it.data_type() {
        DataType::Null => Some(new_null_array(wanted, it.len())),
        other if other == wanted => Some(Arc::clone(it)),
        _ => None,
    });
    let alike = alike.collect::<Option<Vec<_>>>()?;
    let parts: Vec<&dyn Array> = std::iter::once(&empty).chain(&alike).map(AsRef::as_ref).collect();
    arrow_select::concat::concat(&parts).ok()
}

fn is_exact_float(value: &Value<'_>) -> bool {
    match value {
        Value::Null | Value::Float(_) => true,
        Value::Integer(it) => (-EXACT_MAX..=EXACT_MAX).contains(it),
        _ => false,
    }
}

fn as_float(value: &Value<'_>) -> Option<f64> {
    match value {
        Value::Float(it) => Some(*it),
        Value::Integer(it) => Some(*it as f64),
        _ => None,
    }
}

/// Values of any types as text; as bytes if some are bytes.
fn rendered<'a, I: Iterator<Item = Value<'a>>>(values: impl Fn() -> I) -> ArrayRef {
    if values().any(|it| matches!(it, Value::Bytes(_))) {
        let mut builder = BinaryViewBuilder::new();
        for value in values() {
            match value {
                Value::Null => builder.append_null(),
                Value::Text(bytes) | Value::Bytes(bytes) => builder.append_value(bytes),
                other => builder.append_value(other.to_string()),
            }
        }
        return Arc::new(builder.finish());
    }
    let mut builder = StringViewBuilder::new();
    for value in values() {
        builder.append_option((!value.is_null()).then(|| value.to_string()));
    }
    Arc::new(builder.finish())
}

/// The type of a column of which nothing but its declaration is known.
fn arrow_type(declared: ValueType) -> DataType {
    match declared {
        ValueType::Boolean => DataType::Boolean,
        ValueType::Integer => DataType::Int64,
        ValueType::Float => DataType::Float64,
        ValueType::Date => DataType::Date32,
        ValueType::Timestamp => DataType::Timestamp(TimeUnit::Microsecond, None),
        ValueType::Bytes => DataType::BinaryView,
        _ => DataType::Utf8View,
    }
}
