//! Scans by one statement that lasts as long as the scan: views, virtual tables, tables `WITHOUT
//! ROWID`; and the queries of rules.
//!
//! A statement borrows its connection, so both live on one thread, which hands over a few batches
//! ahead. It begins with the first batch that is asked for, and ends soon after nobody asks any more.
//! The thread is none of the runtime's: all of those that may block might be waiting for it.

use std::thread;

use async_trait::async_trait;
use rusqlite::{Connection, params_from_iter};
use tokio::sync::mpsc;

use crate::database::sqlite::error::from_sqlite;
use crate::database::sqlite::moment::{Handle, Loan};
use crate::database::sqlite::rows::{RowReader, select};
use crate::database::sqlite::statement::Bound;
use crate::error::{Error, ErrorKind, Result};
use crate::source::{Cancellation, Partition, Scan};
use crate::value::{Batch, OwnedValue, TableSchema};

/// How many batches wait at most.
const BATCHES_WAITING: usize = 2;

/// Starts a scan of `table` of the database called `source` on a connection of its own.
pub(crate) fn start(
    connection: Loan,
    source: &str,
    table: &TableSchema,
    scan: &Scan,
) -> Box<dyn Partition> {
    let doing = format!("read the table `{}` of `{source}`", table.name);
    let (sql, reader) = select(table, scan, None, "");
    query(Handle::Own(connection), (sql, Vec::new(), reader), doing, &scan.cancellation)
}

/// The rows of a statement, with what reads them. `doing` says what for, such as "read the table `a`".
pub(crate) fn query(
    connection: Handle,
    (sql, parameters, reader): (String, Vec<OwnedValue>, RowReader),
    doing: String,
    cancellation: &Cancellation,
) -> Box<dyn Partition> {
    let cancellation = cancellation.clone();
    let cursor = Cursor { connection, sql, parameters, reader, doing, cancellation };
    Box::new(CursorPartition { cursor: Some(cursor), batches: None })
}

struct CursorPartition {
    /// What has not begun.
    cursor: Option<Cursor>,
    /// What has begun.
    batches: Option<mpsc::Receiver<Message>>,
}

/// A batch, or the end of all batches: a thread that dies says neither.
type Message = Result<Option<Batch>>;

#[async_trait]
impl Partition for CursorPartition {
    async fn next(&mut self) -> Result<Option<Batch>> {
        if let Some(cursor) = self.cursor.take() {
            let (sender, receiver) = mpsc::channel(BATCHES_WAITING);
            let thread = thread::Builder::new().name("dq-sqlite-cursor".to_owned());
            thread.spawn(move || cursor.run(&sender)).map_err(|it| {
                let message = format!("cannot start a thread that reads a statement: {it}");
                Error::new(ErrorKind::Unavailable, message)
            })?;
            self.batches = Some(receiver);
        }
        match &mut self.batches {
            Some(batches) => batches.recv().await.unwrap_or_else(|| {
                Err(Error::new(ErrorKind::Internal, "the thread that reads a statement has died"))
            }),
            None => Ok(None),
        }
    }
}

/// A statement and the connection that it runs on.
struct Cursor {
    connection: Handle,
    sql: String,
    parameters: Vec<OwnedValue>,
    reader: RowReader,
    doing: String,
    cancellation: Cancellation,
}

impl Cursor {
    fn run(self, sender: &mpsc::Sender<Message>) {
        let (cancellation, listener) = (self.cancellation.clone(), sender.clone());
        let stop = move || cancellation.is_cancelled() || listener.is_closed();
        let result = self.connection.with_stop(stop, |connection| {
            self.send_all(connection, sender).map_err(|it| self.failed(it))
        });
        let last = result.and_then(|()| self.cancellation.check()).map(|()| None);
        // It fails if nobody listens any more, and then nobody needs it.
        let _ = sender.blocking_send(last);
    }

    /// Sends all rows, as long as somebody listens.
    fn send_all(
        &self,
        connection: &Connection,
        sender: &mpsc::Sender<Message>,
    ) -> rusqlite::Result<()> {
        let mut statement = connection.prepare(&self.sql)?;
        let mut rows = statement.query(params_from_iter(self.parameters.iter().map(Bound)))?;
        for sequence in 0.. {
            let batch = self.reader.read(&mut rows)?;
            let ended = batch.ended;
            let sent = batch.rows == 0
                || sender
                    .blocking_send(Ok(Some(Batch::new(sequence, batch.rows, batch.columns))))
                    .is_ok();
            if ended || !sent || self.cancellation.is_cancelled() {
                break;
            }
        }
        Ok(())
    }

    fn failed(&self, error: rusqlite::Error) -> Error {
        from_sqlite(&self.doing, error)
    }
}
