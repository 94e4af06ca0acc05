//! The rows of a statement, read into batches.

use arrow_array::{Float64Array, Int64Array};
use arrow_buffer::Buffer;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Rows};

use crate::database::sqlite::error::from_sqlite;
use crate::database::sqlite::statement::{invalid, prepare};
use crate::database::{QueryResult, Statement};
use crate::error::{Error, ErrorKind, Result};
use crate::value::{Batch, Cell, Column, ColumnSchema, MixedColumn, Span, TextColumn, ValueType};

/// How many rows a batch holds at most.
const BATCH_ROWS: usize = 4_096;

/// How many bytes of values a batch holds, until the row that goes beyond.
const BATCH_BYTES: usize = 1 << 20;

/// Reads all rows of a statement, up to its limit. Values of more than `bytes_max` bytes are an error.
pub(crate) fn collect(
    connection: &Connection,
    statement: &Statement,
    bytes_max: usize,
    doing: &str,
) -> Result<QueryResult> {
    let mut bytes = 0;
    let mut batches = Vec::new();
    let (columns, truncated) = read(connection, statement, doing, |_, batch, size| {
        bytes += size;
        if bytes > bytes_max {
            return Err(Error::new(
                ErrorKind::LimitExceeded,
                format!(
                    "cannot {doing}: the result has more than {bytes_max} bytes \
                     (`result_size_max_bytes`); set a limit, or stream it"
                ),
            ));
        }
        batches.push(batch);
        Ok(())
    })?;
    Ok(QueryResult { columns, batches, truncated })
}
