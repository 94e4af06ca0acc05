//! The rows of a statement as they come.
//!
//! A thread that may block steps through the statement and hands batches over a short queue; it waits
//! where the queue is full, so memory stays bounded however slowly the rows are taken.

use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};
use tokio::task::spawn_blocking;

use crate::database::fed::{BATCHES_AHEAD, Fed, broken, nobody_takes};
use crate::database::sqlite::lease::Lease;
use crate::database::sqlite::pool::Pool;
use crate::database::sqlite::result::ResultReader;
use crate::database::sqlite::statement::prepare;
use crate::database::sqlite::task::StopOnDrop;
use crate::database::{RowStream, Statement};
use crate::error::{Error, ErrorKind, Result};
use crate::source::Cancellation;
use crate::value::{Batch, ColumnSchema};

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
        Ok(columns) => Ok(RowStream::new(columns, Box::new(Fed::new(batches, task, stop)))),
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
        let result = lease.run(stop, |connection, _| {
            let mut prepared = prepare(connection, &statement, &doing)?;
            let mut reader = ResultReader::start(&mut prepared, statement.row_limit(), &doing)?;
            columns.send(reader.columns().to_vec()).map_err(|_| nobody_takes(&doing))?;
            while let Some(batch) = reader.next()? {
                batches.blocking_send(batch).map_err(|_| nobody_takes(&doing))?;
            }
            Ok(())
        });
        // Before the queue closes: whoever has seen the end finds the connection back.
        lease.give_back();
        drop(batches);
        result
    }
}
