//! The result of a statement: its columns, and its rows in batches.

use arrow_buffer::Buffer;
use futures_util::TryStreamExt;
use futures_util::stream::BoxStream;
use sqlx::mysql::MySqlRow;
use sqlx::{Decode, Executor, MySql, Row};

use crate::database::mysql::columns::{ColumnBuilder, Form};
use crate::database::mysql::connection::{Lease, MySqlConnector, session_of};
use crate::database::mysql::error::from_sqlx;
use crate::database::mysql::statement::{described, prepare_again, prepare_rows};
use crate::database::{QueryResult, Statement};
use crate::error::{Error, ErrorKind, Result};
use crate::value::{Batch, ColumnSchema};

/// How many rows a batch holds at most.
const BATCH_ROWS: usize = 4_096;

/// How many bytes of text a batch holds, until the row that goes beyond.
const BATCH_BYTES: usize = 1 << 20;

/// The rows of a query as the driver gives them.
pub(crate) type Received<'a> = BoxStream<'a, sqlx::Result<MySqlRow>>;

/// Reads all rows of a statement, up to its limit. Values of more than `bytes_max` bytes are an error.
pub(crate) async fn collect(
    lease: &mut Lease,
    connector: &MySqlConnector,
    statement: &Statement,
    bytes_max: usize,
    doing: &str,
) -> Result<QueryResult> {
    let prepared = prepare_rows(lease, statement, doing).await?;
    let mut rows = RowParts::new(statement.row_limit());
    let (mut batches, mut bytes) = (Vec::new(), 0);
    let (state, session) = (lease.state(), session_of(lease)?);
    let connection = lease.start()?;
    let mut read = {
        let mut received = (&mut *connection).fetch(prepared.query());
        loop {
            match rows.fill(&mut received).await? {
                Ok(Some(batch)) => {
                    bytes += rows.bytes;
                    batches.push(batch);
                }
                Ok(None) => break Ok(()),
                Err(error) => break Err(error),
            }
            if bytes > bytes_max {
                // The rest is left with the server, and the connection with it.
                return Err(too_large(bytes_max, doing));
            }
        }
    };
    if rows.has_more {
        read = connector.cut(connection, &session).await;
    }
    lease.settle(&read, state);
    read.map_err(|it| from_sqlx(doing, &it))?;
    let columns = match rows.columns {
        Some(columns) => columns,
        None => prepare_again(lease, statement, doing).await?.columns,
    };
    Ok(QueryResult { truncated: rows.is_truncated, columns, batches })
}

fn too_large(bytes_max: usize, doing: &str) -> Error {
    let reason = format!(
        "the result has more than {bytes_max} bytes (`result_size_max_bytes`); set a limit, or stream it"
    );
    Error::new(ErrorKind::LimitExceeded, format!("cannot {doing}: {reason}"))
}

/// Gathers rows into batches.
#[derive(Debug)]
pub(crate) struct RowParts {
    /// The columns, as they came with the first row.
    pub(crate) columns: Option<Vec<ColumnSchema>>,
    pub(crate) forms: Vec<Form>,
    /// How many more rows are wanted.
    wanted: usize,
    /// Whether there are more rows than are wanted.
    pub(crate) is_truncated: bool,
    /// Whether rows that nobody wants still come.
    pub(crate) has_more: bool,
    /// How many bytes the last batch takes.
    pub(crate) bytes: usize,
    is_over: bool,
    sequence: u64,
}

impl RowParts {
    /// For rows of which at most `limit` are wanted.
    pub(crate) fn new(limit: Option<usize>) -> Self {
        Self {
            columns: None,
            forms: Vec::new(),
            wanted: limit.unwrap_or(usize::MAX),
            is_truncated: false,
            has_more: false,
            bytes: 0,
            is_over: false,
            sequence: 0,
        }
    }

    /// The same, with batches numbered from `sequence` on.
    pub(crate) fn numbered_from(mut self, sequence: u64) -> Self {
        self.sequence = sequence;
        self
    }

    /// Takes rows until a batch is full; `None` after the last.
    pub(crate) async fn fill(
        &mut self,
        received: &mut Received<'_>,
    ) -> Result<sqlx::Result<Option<Batch>>> {
        let mut part = Part::default();
        while !self.is_over && part.rows < BATCH_ROWS && part.text.len() < BATCH_BYTES {
            match received.try_next().await {
                Ok(Some(row)) if self.wanted > 0 => {
                    self.wanted -= 1;
                    self.describe(&row);
                    part.push(&row, &self.forms)?;
                }
                // The server was told the limit, so the one row beyond it should be the last.
                Ok(Some(row)) if !self.is_truncated => {
                    self.is_truncated = true;
                    self.describe(&row);
                }
                Ok(Some(_)) => {
                    self.has_more = true;
                    self.is_over = true;
                }
                Ok(None) => self.is_over = true,
                Err(error) => return Ok(Err(error)),
            }
        }
        if part.rows == 0 {
            return Ok(Ok(None));
        }
        self.bytes = part.text.len() + 8 * part.rows * part.builders.len();
        let batch = part.finish(self.sequence);
        self.sequence += 1;
        Ok(Ok(Some(batch)))
    }
}

impl RowParts {
    /// Hears of the first row what the columns are.
    fn describe(&mut self, row: &MySqlRow) {
        if self.columns.is_none() {
            let (columns, forms) = described(row.columns());
            self.columns = Some(columns);
            self.forms = forms;
        }
    }
}

/// Rows that will be a batch.
#[derive(Debug, Default)]
struct Part {
    builders: Vec<ColumnBuilder>,
    /// What the text of all columns lies in.
    text: Vec<u8>,
    rows: usize,
}

impl Part {
    fn push(&mut self, row: &MySqlRow, forms: &[Form]) -> Result<()> {
        if self.rows == 0 {
            self.builders = forms.iter().map(|it| ColumnBuilder::new(*it)).collect();
        }
        for (column, builder) in self.builders.iter_mut().enumerate() {
            let value = row.try_get_raw(column).map_err(|it| from_sqlx("read a row", &it))?;
            // Not by `is_null`, which takes a day of zeros for none.
            let bytes = <&[u8] as Decode<MySql>>::decode(value).ok();
            if !builder.push(bytes, &mut self.text) {
                let message = "the server sent a value that its type does not have";
                return Err(Error::new(ErrorKind::SourceInvalid, message));
            }
        }
        self.rows += 1;
        Ok(())
    }

    fn finish(self, sequence: u64) -> Batch {
        let text = Buffer::from_vec(self.text);
        let columns = self.builders.into_iter().map(|it| it.finish(&text)).collect();
        Batch::new(sequence, self.rows, columns)
    }
}
