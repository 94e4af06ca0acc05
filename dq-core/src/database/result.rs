//! The rows that a query gave, whole or as a stream.

use std::fmt;

use crate::error::Result;
use crate::source::Partition;
use crate::value::{Batch, ColumnSchema, Value};

/// The rows of a query, all in memory.
#[derive(Clone, Debug)]
pub struct QueryResult {
    /// The columns, in the order of the statement.
    pub columns: Vec<ColumnSchema>,
    /// The rows, some at a time.
    pub batches: Vec<Batch>,
    /// Whether there were more rows than the statement's limit let through.
    pub truncated: bool,
}

impl QueryResult {
    /// The number of rows.
    pub fn row_count(&self) -> usize {
        self.batches.iter().map(Batch::rows).sum()
    }

    /// The rows in their order.
    pub fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        let columns = self.columns.as_slice();
        self.batches.iter().flat_map(move |batch| {
            (0..batch.rows()).map(move |position| Row { columns, batch, position })
        })
    }

    /// The first column of the first row; NULL where there is none. For queries such as
    /// `SELECT count(*) …`.
    pub fn scalar(&self) -> Value<'_> {
        self.batches.first().map_or(Value::Null, |it| it.column(0).value(0))
    }
}

/// One row of a result.
#[derive(Clone, Copy, Debug)]
pub struct Row<'a> {
    columns: &'a [ColumnSchema],
    batch: &'a Batch,
    position: usize,
}

impl<'a> Row<'a> {
    /// The value in the column at position `column`; NULL where there is no such column.
    pub fn value(&self, column: usize) -> Value<'a> {
        self.batch.column(column).value(self.position)
    }

    /// The value in the first column called `name`; `None` where there is no such column.
    pub fn get(&self, name: &str) -> Option<Value<'a>> {
        let column = self.columns.iter().position(|it| it.name == name)?;
        Some(self.value(column))
    }
}

/// The rows of a query as they come. Holds a connection until its end, or until it is dropped.
pub struct RowStream {
    columns: Vec<ColumnSchema>,
    batches: Box<dyn Partition>,
}

impl RowStream {
    /// Creates a stream of rows with these columns.
    pub fn new(columns: Vec<ColumnSchema>, batches: Box<dyn Partition>) -> Self {
        Self { columns, batches }
    }

    /// The columns, in the order of the statement.
    pub fn columns(&self) -> &[ColumnSchema] {
        &self.columns
    }

    /// The next rows; `None` after the last. An error ends the stream. Never blocks its thread.
    ///
    /// # Errors
    ///
    /// Whatever ended the statement before its last row.
    pub async fn next(&mut self) -> Result<Option<Batch>> {
        self.batches.next().await
    }
}

impl fmt::Debug for RowStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RowStream").field("columns", &self.columns).finish_non_exhaustive()
    }
}
