//! What a task hands over as it comes, through a short queue.
//!
//! The task waits where the queue is full, so memory stays bounded however slowly its parts are taken.

#[cfg(any(feature = "mysql", feature = "postgres"))]
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::mpsc;
#[cfg(any(feature = "mysql", feature = "postgres"))]
use tokio::task::AbortHandle;
use tokio::task::{JoinError, JoinHandle};

#[cfg(any(feature = "mysql", feature = "postgres"))]
use crate::clock::Clock;
use crate::error::{Error, ErrorKind, Result};
#[cfg(any(feature = "mysql", feature = "postgres"))]
use crate::source::Cancellation;
use crate::source::Partition;
use crate::value::Batch;

/// How many batches wait to be taken: one is read while another is used.
pub(crate) const BATCHES_AHEAD: usize = 1;

#[cfg(any(feature = "mysql", feature = "postgres"))]
/// How often one that waits for the database looks whether it is cancelled.
const LOOK: Duration = Duration::from_millis(50);

/// The taker's end of the queue. Who drops it drops `S`, which stops the task.
#[derive(Debug)]
pub(crate) struct Fed<T, S> {
    queue: mpsc::Receiver<T>,
    /// Tells how the task ended; a closed queue alone does not. `None` once it has told.
    task: Option<JoinHandle<Result<()>>>,
    _stop: S,
}

impl<T, S> Fed<T, S> {
    /// What `task` puts into `queue`.
    pub(crate) fn new(queue: mpsc::Receiver<T>, task: JoinHandle<Result<()>>, stop: S) -> Self {
        Self { queue, task: Some(task), _stop: stop }
    }

    /// The next part; `None` after the last.
    ///
    /// # Errors
    ///
    /// What the task ended with, once.
    pub(crate) async fn take(&mut self) -> Result<Option<T>> {
        if let Some(part) = self.queue.recv().await {
            return Ok(Some(part));
        }
        let Some(task) = &mut self.task else { return Ok(None) };
        let ended = task.await;
        self.task = None;
        ended.map_err(|it| broken(&it))?.map(|()| None)
    }

    #[cfg(any(feature = "mysql", feature = "postgres"))]
    /// As [`take`](Self::take), until `cancellation`.
    ///
    /// # Errors
    ///
    /// `Cancelled`, too. Who has seen it drops this end.
    pub(crate) async fn take_unless(
        &mut self,
        cancellation: &Cancellation,
        clock: &dyn Clock,
    ) -> Result<Option<T>> {
        loop {
            tokio::select! {
                biased;
                part = self.take() => return part,
                () = clock.sleep(LOOK) => cancellation.check()?,
            }
        }
    }
}

#[cfg(any(feature = "mysql", feature = "postgres"))]
impl<T> Fed<T, AbortOnDrop> {
    /// As [`new`](Self::new), for a task that may be stopped at any await.
    pub(crate) fn abortable(queue: mpsc::Receiver<T>, task: JoinHandle<Result<()>>) -> Self {
        let stop = AbortOnDrop(task.abort_handle());
        Self::new(queue, task, stop)
    }
}

#[async_trait]
impl<S: Send> Partition for Fed<Batch, S> {
    async fn next(&mut self) -> Result<Option<Batch>> {
        self.take().await
    }
}

#[cfg(any(feature = "mysql", feature = "postgres"))]
/// Ends a task when its taker loses interest.
#[derive(Debug)]
pub(crate) struct AbortOnDrop(AbortHandle);

#[cfg(any(feature = "mysql", feature = "postgres"))]
impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// What it means that a task did not end by itself. The message of a panic may hold a row's value and
/// stays out.
pub(crate) fn broken(error: &JoinError) -> Error {
    if error.is_panic() {
        return Error::new(ErrorKind::Internal, "the work on a database connection panicked");
    }
    Error::new(ErrorKind::Cancelled, "the runtime shut down while a database worked")
}

/// What a task that feeds says when its taker is gone.
pub(crate) fn nobody_takes(doing: &str) -> Error {
    Error::new(ErrorKind::Cancelled, format!("cannot {doing}: nobody takes the rows"))
}
