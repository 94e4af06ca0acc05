//! Waiting for the threads of a run.

use crate::error::Error;
use crate::error::ErrorKind;
use crate::error::Result;

/// Waits for every task; the first error that is not the cancelling of the others counts.
pub(crate) async fn join<T>(tasks: Vec<tokio::task::JoinHandle<Result<T>>>) -> Result<Vec<T>> {
    let mut done = Vec::with_capacity(tasks.len());
    let mut errors = Vec::new();
    for task in tasks {
        match task.await {
            Ok(Ok(it)) => done.push(it),
            Ok(Err(error)) => errors.push(error),
            Err(error) => errors.push(Error::of_task("a thread of the run", &error)),
        }
    }
    errors.sort_by_key(|it| it.kind() == ErrorKind::Cancelled);
    match errors.into_iter().next() {
        Some(error) => Err(error),
        None => Ok(done),
    }
}
