//! The rows of a query as they come, within the limits of an executor.
//!
//! A task takes the rows from the database and hands them over a short queue; it waits where the queue is
//! full, so memory stays bounded however slowly the rows are taken. It also ends the query in time when
//! nobody takes them at all.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::database::RowStream;
use crate::error::{Error, ErrorKind, Result};
use crate::executor::fair_limit::Place;
use crate::executor::gate::Gate;
use crate::executor::passage::Passage;
use crate::executor::statistics::CallStatistics;
use crate::value::{Batch, ColumnSchema};

/// How many batches wait to be taken.
const BATCHES_AHEAD: usize = 1;

/// The rows of a query as they come. Holds a place at the database until its end, until its deadline, or
/// until it is dropped, whichever is first.
pub struct ResultStream {
    columns: Vec<ColumnSchema>,
    batches: mpsc::Receiver<Batch>,
    task: Task,
    statistics: Option<CallStatistics>,
}

/// The task that takes the rows. Dropping it stops it; `None` once it has ended.
struct Task(Option<JoinHandle<(Result<()>, CallStatistics)>>);

impl ResultStream {
    /// The columns, in the order of the statement.
    pub fn columns(&self) -> &[ColumnSchema] {
        &self.columns
    }

    /// The next rows; `None` after the last. An error ends the stream. Never blocks its thread.
    ///
    /// # Errors
    ///
    /// `Timeout` once the deadline is over; whatever else ended the statement before its last row.
    pub async fn next(&mut self) -> Result<Option<Batch>> {
        if let Some(batch) = self.batches.recv().await {
            return Ok(Some(batch));
        }
        let Some(task) = &mut self.task.0 else { return Ok(None) };
        let ended = task.await;
        self.task.0 = None;
        let (result, statistics) = ended.map_err(|it| {
            let is_panic = it.is_panic();
            let kind = if is_panic { ErrorKind::Internal } else { ErrorKind::Cancelled };
            Error::new(kind, "the task that takes the rows of a query did not end by itself")
        })?;
        self.statistics = Some(statistics);
        result.map(|()| None)
    }

    /// What the query took; `None` before its end. It ran as long as its rows were taken.
    pub fn statistics(&self) -> Option<&CallStatistics> {
        self.statistics.as_ref()
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        if let Some(task) = &self.0 {
            task.abort();
        }
    }
}

impl fmt::Debug for ResultStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResultStream").field("columns", &self.columns).finish_non_exhaustive()
    }
}

/// Hands the rows of a query on.
pub(crate) fn pump(
    rows: RowStream,
    (place, mut passage): (Place, Passage),
    gate: Arc<Gate>,
) -> ResultStream {
    let (sender, batches) = mpsc::channel(BATCHES_AHEAD);
    let columns = rows.columns().to_vec();
    let task = tokio::spawn(async move {
        let counted = Counted::default();
        let result = passage.run(forward(rows, &sender, &counted)).await;
        passage.meter.figures.rows = counted.rows.load(Ordering::Relaxed);
        passage.meter.figures.bytes = counted.bytes.load(Ordering::Relaxed);
        if !passage.is_over() {
            gate.report(&result);
        }
        let statistics = passage.end(&result);
        // Before the queue closes: whoever has seen the end finds the place free.
        drop(place);
        drop(sender);
        (result, statistics)
    });
    ResultStream { columns, batches, task: Task(Some(task)), statistics: None }
}

#[derive(Debug, Default)]
struct Counted {
    rows: AtomicU64,
    bytes: AtomicU64,
}

async fn forward(
    mut rows: RowStream,
    sender: &mpsc::Sender<Batch>,
    counted: &Counted,
) -> Result<()> {
    while let Some(batch) = rows.next().await? {
        counted.rows.fetch_add(batch.rows() as u64, Ordering::Relaxed);
        counted.bytes.fetch_add(batch.bytes() as u64, Ordering::Relaxed);
        // It fails where nobody takes the rows any more, and then this task is being stopped.
        if sender.send(batch).await.is_err() {
            break;
        }
    }
    Ok(())
}
