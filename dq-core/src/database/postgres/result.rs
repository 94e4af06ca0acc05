//! The result of a statement: its columns, and its rows in batches.

use futures_util::TryStreamExt;
use futures_util::stream::BoxStream;
use sqlx::postgres::PgRow;
use sqlx::{Executor, Row, ValueRef};

use crate::database::postgres::connection::{Lease, server_of};
use crate::database::postgres::decoder::{Decoder, NULL_LENGTH};
use crate::database::postgres::error::from_sqlx;
use crate::database::postgres::statement::{Prepared, close_rows, prepare_rows};
use crate::database::{QueryResult, Statement};
use crate::error::{Error, ErrorKind, Result};
use crate::value::Batch;

/// How many rows a batch holds at most.
const BATCH_ROWS: usize = 4_096;

/// How many bytes a batch holds, until the row that goes beyond.
const BATCH_BYTES: usize = 1 << 20;

/// Reads all rows of a statement, up to its limit. Values of more than `bytes_max` bytes are an error.
pub(crate) async fn collect(
    lease: &mut Lease,
    statement: &Statement,
    bytes_max: usize,
    doing: &str,
) -> Result<QueryResult> {
    let prepared = prepare_rows(lease, statement, doing).await?;
    let mut rows = RowParts::new(&prepared, statement.row_limit(), lease);
    let (mut batches, mut bytes) = (Vec::new(), 0);
    let state = lease.state();
    let read = {
        let mut received = lease.start()?.fetch(prepared.query());
        loop {
            let part = match rows.fill(&mut received).await? {
                Ok(Some(part)) => part,
                Ok(None) => break Ok(()),
                Err(error) => break Err(error),
            };
            bytes += part.len();
            if bytes > bytes_max {
                // The rest is left with the server, and the connection with it.
                return Err(too_large(bytes_max, doing));
            }
            batches.push(rows.decode(part)?);
        }
    };
    lease.settle(&read, state);
    read.map_err(|it| from_sqlx(doing, &it))?;
    close_rows(lease, &prepared, doing).await?;
    Ok(QueryResult { truncated: rows.is_truncated, columns: prepared.columns, batches })
}

fn too_large(bytes_max: usize, doing: &str) -> Error {
    let reason = format!(
        "the result has more than {bytes_max} bytes (`result_size_max_bytes`); set a limit, or stream it"
    );
    Error::new(ErrorKind::LimitExceeded, format!("cannot {doing}: {reason}"))
}

/// The rows of a query as the driver gives them.
pub(crate) type Received<'a> = BoxStream<'a, sqlx::Result<PgRow>>;

/// Gathers rows into parts, which become batches.
#[derive(Debug)]
pub(crate) struct RowParts {
    decoder: Decoder,
    /// How many more rows are wanted.
    wanted: usize,
    pub(crate) is_truncated: bool,
    is_over: bool,
    sequence: u64,
}

impl RowParts {
    /// For the rows of `prepared`, of which at most `limit` are wanted.
    pub(crate) fn new(prepared: &Prepared, limit: Option<usize>, lease: &Lease) -> Self {
        Self {
            decoder: Decoder::new(prepared.forms.clone(), !server_of(lease).knows_characters),
            wanted: limit.unwrap_or(usize::MAX),
            is_truncated: false,
            is_over: false,
            sequence: 0,
        }
    }

    /// Takes rows until a part is full; `None` after the last.
    pub(crate) async fn fill(
        &mut self,
        received: &mut Received<'_>,
    ) -> Result<sqlx::Result<Option<Vec<u8>>>> {
        let mut part = Vec::new();
        let mut rows = 0;
        while !self.is_over && rows < BATCH_ROWS && part.len() < BATCH_BYTES {
            match received.try_next().await {
                Ok(Some(_)) if self.wanted == 0 => self.is_truncated = true,
                Ok(Some(row)) => {
                    push(&row, &mut part)?;
                    self.wanted -= 1;
                    rows += 1;
                }
                Ok(None) => self.is_over = true,
                Err(error) => return Ok(Err(error)),
            }
        }
        Ok(Ok((rows > 0).then_some(part)))
    }

    /// The rows of a part.
    pub(crate) fn decode(&mut self, part: Vec<u8>) -> Result<Batch> {
        let decoded = self.decoder.decode(part, 0, self.sequence)?;
        self.sequence += 1;
        Ok(decoded.batch)
    }
}

/// Appends a row as a copy would send it.
fn push(row: &PgRow, part: &mut Vec<u8>) -> Result<()> {
    part.extend_from_slice(&(row.len() as i16).to_be_bytes());
    for column in 0..row.len() {
        let value = row.try_get_raw(column).map_err(|it| from_sqlx("read a row", &it))?;
        if value.is_null() {
            part.extend_from_slice(&NULL_LENGTH.to_be_bytes());
            continue;
        }
        let bytes = value
            .as_bytes()
            .map_err(|_| Error::new(ErrorKind::Internal, "a value of a row cannot be read"))?;
        part.extend_from_slice(&(bytes.len() as i32).to_be_bytes());
        part.extend_from_slice(bytes);
    }
    Ok(())
}
