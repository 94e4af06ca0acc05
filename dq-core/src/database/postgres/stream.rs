//! The rows of a statement as they come.
//!
//! A task reads them and hands batches over a short queue; it waits where the queue is full, and then the server
//! waits, too, so memory stays bounded however slowly the rows are taken. Whoever drops the rows stops the task,
//! and with it what the server does.

use async_trait::async_trait;
use sqlx::Executor;
use tokio::sync::mpsc;

use crate::clock::SystemClock;
use crate::database::fed::{AbortOnDrop, BATCHES_AHEAD, Fed, nobody_takes};
use crate::database::postgres::connection::Lease;
use crate::database::postgres::error::from_sqlx;
use crate::database::postgres::result::RowParts;
use crate::database::postgres::seat::{Seat, Taken};
use crate::database::postgres::statement::Prepared;
use crate::error::Result;
use crate::source::{Cancellation, Partition};
use crate::value::Batch;

/// What the task hands over.
type Rows = Fed<Batch, AbortOnDrop>;

/// Starts `prepared` on the connection of `lease`, and gives its rows as they come.
pub(crate) fn start(
    lease: Lease,
    prepared: Prepared,
    limit: Option<usize>,
    doing: String,
) -> Box<dyn Partition> {
    Box::new(Reading { seat: Seat::Own(lease), prepared, limit, doing }.start())
}

/// As [`start`], when the first rows are asked for. They end soon after `cancellation`.
pub(crate) fn start_later(
    seat: Seat,
    prepared: Prepared,
    doing: String,
    cancellation: Cancellation,
) -> Box<dyn Partition> {
    let reading = Reading { seat, prepared, limit: None, doing };
    Box::new(LaterRows { waiting: Some(reading), running: None, cancellation })
}

/// The task's part.
struct Reading {
    seat: Seat,
    prepared: Prepared,
    limit: Option<usize>,
    doing: String,
}

impl Reading {
    fn start(self) -> Rows {
        let (sender, batches) = mpsc::channel(BATCHES_AHEAD);
        Fed::abortable(batches, tokio::spawn(self.run(sender)))
    }

    async fn run(self, batches: mpsc::Sender<Batch>) -> Result<()> {
        let Self { seat, prepared, limit, doing } = self;
        let mut lease = seat.take(&doing).await?;
        let result = read(&mut lease, (&prepared, limit), &doing, &batches).await;
        lease.count(&result);
        // Before the queue closes: whoever has seen the end finds the connection back.
        lease.finish_reading().await;
        drop(batches);
        result
    }
}

async fn read(
    lease: &mut Taken,
    (prepared, limit): (&Prepared, Option<usize>),
    doing: &str,
    batches: &mpsc::Sender<Batch>,
) -> Result<()> {
    let mut rows = RowParts::new(prepared, limit, lease);
    let state = lease.state();
    let read = {
        let mut received = lease.start()?.fetch(prepared.query());
        loop {
            let part = match rows.fill(&mut received).await? {
                Ok(Some(part)) => part,
                Ok(None) => break Ok(()),
                Err(error) => break Err(error),
            };
            batches.send(rows.decode(part)?).await.map_err(|_| nobody_takes(doing))?;
        }
    };
    lease.settle(&read, state);
    read.map_err(|it| from_sqlx(doing, &it))
}

/// Rows that nobody has asked for yet.
struct LaterRows {
    waiting: Option<Reading>,
    running: Option<Rows>,
    cancellation: Cancellation,
}

#[async_trait]
impl Partition for LaterRows {
    async fn next(&mut self) -> Result<Option<Batch>> {
        if let Some(reading) = self.waiting.take() {
            self.running = Some(reading.start());
        }
        let Some(running) = &mut self.running else { return Ok(None) };
        let taken = running.take_unless(&self.cancellation, &SystemClock).await;
        if taken.is_err() {
            self.running = None;
        }
        taken
    }
}
