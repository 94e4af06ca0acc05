//! The result of a statement: its columns, and its rows in batches.

use arrow_buffer::Buffer;
use rusqlite::fallible_streaming_iterator::FallibleStreamingIterator;
use rusqlite::{CachedStatement, Connection, Rows};

use crate::database::sqlite::catalog::value_type;
use crate::database::sqlite::columns::ColumnBuilder;
use crate::database::sqlite::error::from_sqlite;
use crate::database::sqlite::rows::push;
use crate::database::sqlite::statement::{invalid, prepare};
use crate::database::{QueryResult, Statement};
use crate::error::{Error, ErrorKind, Result};
use crate::value::{Batch, ColumnSchema, ValueType};

/// How many rows a batch holds at most.
const BATCH_ROWS: usize = 4_096;

/// How many bytes of text a batch holds, until the row that goes beyond.
const BATCH_BYTES: usize = 1 << 20;

/// What a number, or the place of a text, costs in memory.
const CELL_BYTES: usize = 8;

/// Reads all rows of a statement, up to its limit. Values of more than `bytes_max` bytes are an error.
pub(crate) fn collect(
    connection: &Connection,
    statement: &Statement,
    bytes_max: usize,
    doing: &str,
) -> Result<QueryResult> {
    let mut prepared = prepare(connection, statement, doing)?;
    let mut reader = ResultReader::start(&mut prepared, statement.row_limit(), doing)?;
    let mut batches = Vec::new();
    while let Some(batch) = reader.next()? {
        if reader.bytes > bytes_max {
            let reason = format!(
                "the result has more than {bytes_max} bytes (`result_size_max_bytes`); \
                 set a limit, or stream it"
            );
            return Err(Error::new(ErrorKind::LimitExceeded, format!("cannot {doing}: {reason}")));
        }
        batches.push(batch);
    }
    Ok(QueryResult { truncated: reader.is_truncated(), columns: reader.columns, batches })
}

/// Steps through the rows of a statement.
pub(crate) struct ResultReader<'a> {
    /// Stands on a row that is not yet read; `None` after the last.
    rows: Option<Rows<'a>>,
    columns: Vec<ColumnSchema>,
    /// How many more rows are wanted.
    wanted: usize,
    bytes: usize,
    sequence: u64,
    doing: &'a str,
}

impl<'a> ResultReader<'a> {
    /// Makes the first step, which fixes the moment of all rows, and the columns.
    pub(crate) fn start(
        prepared: &'a mut CachedStatement<'_>,
        limit: Option<usize>,
        doing: &'a str,
    ) -> Result<Self> {
        if prepared.column_count() == 0 && prepared.readonly() {
            return Err(invalid(doing, "the statement gives no rows; execute it"));
        }
        // SQLite prepares a statement anew when it first steps in a schema that has changed, so the
        // columns are right only afterwards. At the end of the rows they cannot be asked for.
        let before = columns(prepared);
        let mut rows = prepared.raw_query();
        rows.advance().map_err(|it| from_sqlite(doing, it))?;
        let stepped = rows.as_ref().map(columns);
        Ok(Self {
            rows: stepped.is_some().then_some(rows),
            columns: stepped.unwrap_or(before),
            wanted: limit.unwrap_or(usize::MAX),
            bytes: 0,
            sequence: 0,
            doing,
        })
    }

    /// The columns.
    pub(crate) fn columns(&self) -> &[ColumnSchema] {
        &self.columns
    }

    /// Whether the limit held rows back.
    pub(crate) fn is_truncated(&self) -> bool {
        self.rows.is_some() && self.wanted == 0
    }

    /// The next rows; `None` after the last.
    pub(crate) fn next(&mut self) -> Result<Option<Batch>> {
        let mut builders: Vec<_> =
            self.columns.iter().map(|it| ColumnBuilder::new(it.value_type, 0)).collect();
        let mut text = Vec::new();
        let mut count = 0;
        while count < BATCH_ROWS && self.wanted > 0 && text.len() < BATCH_BYTES {
            let Some(rows) = &mut self.rows else { break };
            let Some(row) = rows.get() else { break };
            for (position, builder) in builders.iter_mut().enumerate() {
                let value = row.get_ref(position).map_err(|it| from_sqlite(self.doing, it))?;
                push(builder, value, &mut text).map_err(|it| from_sqlite(self.doing, it))?;
            }
            count += 1;
            self.wanted -= 1;
            rows.advance().map_err(|it| from_sqlite(self.doing, it))?;
            if rows.get().is_none() {
                self.rows = None;
            }
        }
        if count == 0 {
            return Ok(None);
        }
        self.bytes += text.len() + count * builders.len() * CELL_BYTES;
        let buffer = Buffer::from_vec(text);
        let columns = builders.into_iter().map(|it| it.finish(&buffer)).collect();
        let batch = Batch::new(self.sequence, count, columns);
        self.sequence += 1;
        Ok(Some(batch))
    }
}

/// The columns of the result of a statement.
pub(crate) fn columns(prepared: &rusqlite::Statement<'_>) -> Vec<ColumnSchema> {
    let typed = |declared: Option<&str>| declared.map_or(ValueType::Any, value_type);
    prepared
        .columns()
        .iter()
        .map(|it| ColumnSchema::new(it.name(), typed(it.decl_type())))
        .collect()
}
