//! Ctrl-C, and SIGTERM: asks the work to stop, and does not wait for work that does not listen.

use std::future;
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::Duration;

use dq_core::source::Cancellation;
use dq_core::{Error, ErrorKind};
#[cfg(unix)]
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::{JoinError, JoinHandle};
use tokio::time;

use crate::output;

/// How long work may take to stop by itself: a person does not notice it.
const GRACE: Duration = Duration::from_millis(100);

/// How long cleaning up after that may take.
const FAREWELL: Duration = Duration::from_millis(30);

/// The exit code of a program that was told to end, as shells have it.
const TERMINATED: u8 = 143;

/// Runs `work` and gives its exit code. The first Ctrl-C or SIGTERM cancels the token that the work was
/// given and leaves it a moment; a second one leaves it none.
pub(crate) async fn stoppable<F>(work: impl FnOnce(Cancellation) -> F) -> u8
where
    F: Future<Output = u8> + Send + 'static,
{
    let stop = Cancellation::new();
    let mut first = pin!(interrupted());
    // Listens before the work starts, so that no moment is left in which Ctrl-C just kills.
    let _ = poll_once(first.as_mut()).await;
    let mut work = tokio::spawn(work(stop.clone()));
    let cancelled;
    tokio::select! {
        code = &mut work => return exit_code(code),
        code = first => {
            stop.cancel();
            cancelled = code;
        }
    }
    let code = tokio::select! {
        code = &mut work => exit_code(code),
        () = time::sleep(GRACE) => abandon(work).await,
        _ = interrupted() => abandon(work).await,
    };
    if code == ErrorKind::Cancelled.exit_code() { cancelled } else { code }
}

/// The exit code of work that came to its end, by a panic at worst.
fn exit_code(ended: Result<u8, JoinError>) -> u8 {
    ended.unwrap_or(ErrorKind::Internal.exit_code())
}

/// Drops the work, so that what it holds (a progress line, a temporary file) is put away; unless it
/// ends by itself just now.
async fn abandon(work: JoinHandle<u8>) -> u8 {
    work.abort();
    if let Ok(Ok(code)) = time::timeout(FAREWELL, work).await {
        return code;
    }
    let error = Error::new(ErrorKind::Cancelled, "the run was cancelled");
    output::complain(&error);
    error.kind().exit_code()
}

/// Returns at the next Ctrl-C or SIGTERM, with the exit code that it asks for.
async fn interrupted() -> u8 {
    tokio::select! {
        () = pressed() => ErrorKind::Cancelled.exit_code(),
        () = terminated() => TERMINATED,
    }
}

/// Returns at the next Ctrl-C; never, where there is no such thing.
async fn pressed() {
    if tokio::signal::ctrl_c().await.is_err() {
        future::pending::<()>().await;
    }
}

/// Returns at the next SIGTERM; never, where there is no such thing.
async fn terminated() {
    #[cfg(unix)]
    if let Ok(mut signals) = signal(SignalKind::terminate()) {
        signals.recv().await;
        return;
    }
    future::pending::<()>().await;
}

async fn poll_once<F: Future>(mut future: Pin<&mut F>) -> Poll<F::Output> {
    future::poll_fn(|context| Poll::Ready(future.as_mut().poll(context))).await
}
