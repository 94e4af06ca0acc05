//! The rows of a statement as they come.
//!
//! A thread that may block steps through the statement and hands batches over a short queue; it waits
//! where the queue is full, so memory stays bounded however slowly the rows are taken.

use std::sync::Arc;

use async_trait::async_trait;
use tokio::sync::{mpsc, oneshot};
use tokio::task::{JoinHandle, spawn_blocking};

use crate::database::sqlite::lease::Lease;
use crate::database::sqlite::pool::Pool;
use crate::database::sqlite::result::ResultReader;
use crate::database::sqlite::statement::prepare;
use crate::database::sqlite::task::{StopOnDrop, broken};
use crate::database::{RowStream, Statement};
use crate::error::{Error, ErrorKind, Result};
use crate::source::{Cancellation, Partition};
use crate::value::{Batch, ColumnSchema};

/// How many batches wait to be taken: one is read while another is used.
const BATCHES_AHEAD: usize = 1;

/// Starts a statement on a connection of `readers`, and gives its rows as they come.
pub(crate) async fn stream(
    readers: &Arc<Pool>,
    statement: Statement,
    doing: String,
) -> Result<RowStream> {
    let lease = readers.lease().await?;
    let stop = StopOnDrop::default();
    let (columns_sender, columns) = oneshot::channel();
    let (batch_sender, batches) = mpsc::channel(BATCHES_AHEAD);
    let reading =
        Reading { lease, statement, doing, columns: columns_sender, batches: batch_sender };
    let token = stop.token();
    let mut task = spawn_blocking(move || reading.run(&token));
    match columns.await {
        Ok(columns) => {
            Ok(RowStream::new(columns, Box::new(Rows { batches, task: Some(task), _stop: stop })))
        }
        Err(_) => match (&mut task).await.map_err(|it| broken(&it))? {
            Err(error) => Err(error),
            Ok(()) => {
                Err(Error::new(ErrorKind::Internal, "a statement ended before it told its columns"))
            }
        },
    }
}

/// The thread's part.
struct Reading {
    lease: Lease,
    statement: Statement,
    doing: String,
    columns: oneshot::Sender<Vec<ColumnSchema>>,
    batches: mpsc::Sender<Batch>,
}

impl Reading {
    fn run(self, stop: &Cancellation) -> Result<()> {
        let Self { mut lease, statement, doing, columns, batches } = self;
        let nobody_reads =
            || Error::new(ErrorKind::Cancelled, format!("cannot {doing}: nobody takes the rows"));
        let result = lease.run(stop, |connection, _| {
            let mut prepared = prepare(connection, &statement, &doing)?;
            let mut reader = ResultReader::start(&mut prepared, statement.row_limit(), &doing)?;
            columns.send(reader.columns().to_vec()).map_err(|_| nobody_reads())?;
            while let Some(batch) = reader.next()? {
                batches.blocking_send(batch).map_err(|_| nobody_reads())?;
            }
            Ok(())
        });
        // Before the queue closes: whoever has seen the end finds the connection back.
        lease.give_back();
        drop(batches);
        result
    }
}

/// The caller's part.
struct Rows {
    batches: mpsc::Receiver<Batch>,
    /// Tells how reading ended; a closed queue alone does not. `None` once it has told.
    task: Option<JoinHandle<Result<()>>>,
    _stop: StopOnDrop,
}

#[async_trait]
impl Partition for Rows {
    async fn next(&mut self) -> Result<Option<Batch>> {
        if let Some(batch) = self.batches.recv().await {
            return Ok(Some(batch));
        }
        let Some(task) = &mut self.task else { return Ok(None) };
        let ended = task.await;
        self.task = None;
        ended.map_err(|it| broken(&it))?.map(|()| None)
    }
}
