//! Tables between Python and dq, through the Arrow capsules and without a copy.

use std::sync::Arc;

use arrow_array::{
    Array, ArrayRef, BooleanArray, RecordBatch, RecordBatchIterator, RecordBatchReader,
};
use arrow_ipc::reader::StreamReader;
use arrow_ipc::writer::StreamWriter;
use arrow_schema::{ArrowError, Schema, SchemaRef};
use dq_core::value::Column;
use dq_core::{Error, ErrorKind, Result};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyCapsule, PyList, PyTuple};
use pyo3_arrow::ffi::{ArrayIterator, to_schema_pycapsule, to_stream_pycapsule};
use pyo3_arrow::input::{AnyArray, AnyRecordBatch};

use crate::error;
use crate::value;

/// A table in memory, as Arrow.
#[pyclass(frozen, module = "dq._dq")]
#[derive(Debug)]
pub(crate) struct ArrowTable {
    pub(crate) schema: SchemaRef,
    pub(crate) batches: Vec<RecordBatch>,
}

#[pymethods]
impl ArrowTable {
    /// Takes over a table, a record batch or a stream of them, from whatever has the Arrow capsule.
    #[staticmethod]
    fn of(py: Python<'_>, frame: &Bound<'_, PyAny>) -> PyResult<Self> {
        read(py, frame)
    }

    /// The number of rows.
    #[getter]
    fn row_count(&self) -> usize {
        self.batches.iter().map(RecordBatch::num_rows).sum()
    }

    /// The names of the columns.
    #[getter]
    fn columns(&self) -> Vec<&str> {
        self.schema.fields().iter().map(|it| it.name().as_str()).collect()
    }

    /// How many pieces there are.
    #[getter]
    fn piece_count(&self) -> usize {
        self.batches.len()
    }

    /// The rows of one piece.
    fn rows<'py>(&self, py: Python<'py>, piece: usize) -> PyResult<Bound<'py, PyList>> {
        let Some(batch) = self.batches.get(piece) else { return Ok(PyList::empty(py)) };
        let columns =
            batch.columns().iter().map(|it| column(py, it)).collect::<PyResult<Vec<_>>>()?;
        rows(py, batch.num_rows(), &columns.iter().collect::<Vec<_>>())
    }

    /// So many rows from a place on, or as many as there are, over the same memory.
    fn slice(&self, start: usize, count: usize) -> Self {
        let (mut skipped, mut wanted) = (start, count);
        let mut batches = Vec::new();
        for batch in &self.batches {
            let offset = skipped.min(batch.num_rows());
            let taken = wanted.min(batch.num_rows() - offset);
            (skipped, wanted) = (skipped - offset, wanted - taken);
            if taken > 0 {
                batches.push(batch.slice(offset, taken));
            }
        }
        Self { schema: SchemaRef::clone(&self.schema), batches }
    }

    /// The values of the column at a position.
    fn column<'py>(&self, py: Python<'py>, position: usize) -> PyResult<Bound<'py, PyList>> {
        let values = PyList::empty(py);
        for array in self.batches.iter().filter_map(|it| it.columns().get(position)) {
            let column = column(py, array)?;
            for row in 0..column.len() {
                values.append(value::to_python(py, column.value(row))?)?;
            }
        }
        Ok(values)
    }

    /// The first rows.
    fn first(&self, rows: usize) -> Self {
        let mut left = rows;
        let mut batches = Vec::new();
        for batch in &self.batches {
            let taken = left.min(batch.num_rows());
            batches.push(batch.slice(0, taken));
            left -= taken;
        }
        Self { schema: Arc::clone(&self.schema), batches }
    }

    /// The table as bytes, in the form of an Arrow IPC stream.
    fn to_ipc<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let written = py.detach(|| {
            let mut writer = StreamWriter::try_new(Vec::new(), &self.schema)?;
            self.batches.iter().try_for_each(|it| writer.write(it))?;
            writer.into_inner()
        });
        let bytes = written.map_err(|it| error::to_python(py, &unwritable(it)))?;
        Ok(PyBytes::new(py, &bytes))
    }

    /// The table that `to_ipc` wrote.
    #[staticmethod]
    fn of_ipc(py: Python<'_>, bytes: &[u8]) -> PyResult<Self> {
        let read = py.detach(|| {
            let reader = StreamReader::try_new(bytes, None)?;
            let schema = reader.schema();
            Ok(Self { schema, batches: reader.collect::<std::result::Result<_, _>>()? })
        });
        read.map_err(|it| error::to_python(py, &unwritable(it)))
    }

    fn __reduce__<'py>(
        &self,
        py: Python<'py>,
    ) -> PyResult<(Bound<'py, PyAny>, (Bound<'py, PyBytes>,))> {
        Ok((py.get_type::<Self>().getattr("of_ipc")?, (self.to_ipc(py)?,)))
    }

    /// The table as a stream of Arrow.
    #[pyo3(signature = (requested_schema=None))]
    fn __arrow_c_stream__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<Bound<'py, PyCapsule>>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        let batches = self.batches.clone().into_iter().map(Ok);
        let reader = RecordBatchIterator::new(batches, Arc::clone(&self.schema));
        let field = arrow_schema::Field::new_struct("", reader.schema().fields().clone(), false);
        let field = Arc::new(field.with_metadata(reader.schema().metadata().clone()));
        let arrays =
            reader.map(|it| it.map(|it| Arc::new(arrow_array::StructArray::from(it)) as ArrayRef));
        let arrays = Box::new(ArrayIterator::new(arrays, field));
        Ok(to_stream_pycapsule(py, arrays, requested_schema)?)
    }

    /// The columns and their types.
    fn __arrow_c_schema__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyCapsule>> {
        Ok(to_schema_pycapsule(py, self.schema.as_ref())?)
    }
}

impl ArrowTable {
    pub(crate) fn of_batch(batch: RecordBatch) -> Self {
        Self { schema: batch.schema(), batches: vec![batch] }
    }

    /// The batches; one without rows where there is none, so that the columns are known.
    pub(crate) fn some_batches(&self) -> Vec<RecordBatch> {
        if self.batches.is_empty() {
            return vec![RecordBatch::new_empty(Arc::clone(&self.schema))];
        }
        self.batches.clone()
    }
}

/// Takes over what `frame` holds.
pub(crate) fn read(py: Python<'_>, frame: &Bound<'_, PyAny>) -> PyResult<ArrowTable> {
    if !frame.hasattr("__arrow_c_stream__")? && !frame.hasattr("__arrow_c_array__")? {
        let name = frame.get_type().name()?.to_string();
        return Err(error::usage(
            py,
            format!("cannot read a `{name}` as a table: it has no Arrow capsule"),
        ));
    }
    let unreadable = |it: PyErr| error::unreadable(py, "the Arrow capsule of a table", it);
    let frame = frame.extract::<AnyRecordBatch>().map_err(unreadable)?;
    // Whoever makes the rows may do so on threads of its own, and these may need Python.
    let table = py.detach(|| frame.into_table().map_err(PyErr::from)).map_err(unreadable)?;
    let (batches, schema) = table.into_inner();
    Ok(ArrowTable { schema, batches })
}

/// A column of flags that a function gave: an Arrow array, or whatever gives booleans one by one.
pub(crate) fn flags(given: &Bound<'_, PyAny>) -> PyResult<BooleanArray> {
    if given.hasattr("__arrow_c_array__")? || given.hasattr("__arrow_c_stream__")? {
        let chunks = given.extract::<AnyArray>()?.into_chunked_array()?;
        let (chunks, _) = chunks.into_inner();
        let mut all = Vec::new();
        for chunk in chunks {
            let Some(flags) = chunk.as_any().downcast_ref::<BooleanArray>() else {
                return Err(no_flags(given));
            };
            all.extend(flags.iter());
        }
        return Ok(BooleanArray::from(all));
    }
    let flags = given.try_iter().map_err(|_| no_flags(given))?;
    let flags = flags.map(|it| flag(&it?)).collect::<PyResult<Vec<_>>>()?;
    Ok(BooleanArray::from(flags))
}

fn flag(given: &Bound<'_, PyAny>) -> PyResult<Option<bool>> {
    if given.is_none() {
        return Ok(None);
    }
    if let Ok(flag) = given.extract::<bool>() {
        return Ok(Some(flag));
    }
    if given.hasattr("item")? { flag(&given.call_method0("item")?) } else { Err(no_flags(given)) }
}

fn no_flags(given: &Bound<'_, PyAny>) -> PyErr {
    let name = given.get_type().name().map_or_else(|_| String::new(), |it| it.to_string());
    error::usage(
        given.py(),
        format!("a custom check must give a column of booleans, and gave a `{name}`"),
    )
}

fn unwritable(reason: ArrowError) -> Error {
    Error::new(ErrorKind::Internal, "cannot carry a table over").with_source(reason)
}

fn column(py: Python<'_>, array: &ArrayRef) -> PyResult<Column> {
    Column::from_arrow(array).map_err(|it| error::to_python(py, &it))
}

/// Rows of columns, as tuples.
pub(crate) fn rows<'py>(
    py: Python<'py>,
    count: usize,
    columns: &[&Column],
) -> PyResult<Bound<'py, PyList>> {
    let rows = PyList::empty(py);
    for row in 0..count {
        let cells = columns.iter().map(|it| value::to_python(py, it.value(row)));
        rows.append(PyTuple::new(py, cells.collect::<PyResult<Vec<_>>>()?)?)?;
    }
    Ok(rows)
}

/// A table of these columns.
pub(crate) fn table(columns: Vec<(String, ArrayRef)>, rows: usize) -> Result<RecordBatch> {
    let field = |(name, array): &(String, ArrayRef)| {
        arrow_schema::Field::new(name, array.data_type().clone(), true)
    };
    let schema = Schema::new(columns.iter().map(field).collect::<Vec<_>>());
    let arrays = columns.into_iter().map(|it| it.1).collect();
    let options = arrow_array::RecordBatchOptions::new().with_row_count(Some(rows));
    RecordBatch::try_new_with_options(Arc::new(schema), arrays, &options).map_err(|error| {
        Error::new(ErrorKind::Internal, "cannot put columns together").with_source(error)
    })
}
