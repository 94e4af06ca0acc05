//! One computation that several wait for.
//!
//! ```text
//!   callers ──board──▶ Flight in the map of its shard ──▶ outcome ──▶ every caller
//!                         │                                  ▲
//!                         └──▶ Lead, in a task of its own ───┘
//! ```
//!
//! Callers hold a receiver and nothing else, so none of them can stop what others wait for, and all of them are
//! told when its task ends without an outcome. The last of them to go stops it, where the options ask for that. An invalidation takes the flight out of the map: who comes
//! later begins another.

use std::any::TypeId;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::task::Poll;
use std::{error, fmt};

use tokio::sync::watch;

use crate::cache::local::Moment;
use crate::cache::local::marks::Held;
use crate::cache::manager::{Compute, Computed};
use crate::cache::value::AnyValue;
use crate::error::{Error, ErrorKind, Result};

/// A computation under way.
#[derive(Debug)]
pub(crate) struct Flight {
    pub(crate) began: Moment,
    pub(crate) marks: Held,
    pub(crate) type_id: TypeId,
    outcome: watch::Sender<Option<Outcome>>,
}

/// How a computation ended.
#[derive(Clone, Debug)]
pub(crate) enum Outcome {
    Found { value: Option<AnyValue>, source: Source },
    Failed(Arc<Error>),
}

/// Where a value came from.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Source {
    Memory,
    /// From memory, expired.
    Stale,
    Shared,
    Computed,
}

/// What a caller waits with.
pub(crate) type Landing = watch::Receiver<Option<Outcome>>;

impl Flight {
    pub(crate) fn new(began: Moment, marks: Held, type_id: TypeId) -> Self {
        Self { began, marks, type_id, outcome: watch::Sender::new(None) }
    }

    pub(crate) fn landing(&self) -> Landing {
        self.outcome.subscribe()
    }

    /// Returns when nobody waits; somebody may come after that as long as the flight is in its map.
    pub(crate) async fn abandoned(&self) {
        self.outcome.closed().await;
    }

    pub(crate) fn is_abandoned(&self) -> bool {
        self.outcome.receiver_count() == 0
    }

    pub(crate) fn land(&self, outcome: Outcome) {
        self.outcome.send_replace(Some(outcome));
    }
}

/// Waits for the outcome; none if the task has ended without one.
pub(crate) async fn landed(mut landing: Landing) -> Option<Outcome> {
    let outcome = landing.wait_for(Option::is_some).await.ok()?;
    outcome.clone()
}

/// Runs a computation to its end, be that a panic.
pub(crate) async fn caught(mut compute: Compute) -> Result<Computed<Option<AnyValue>>> {
    std::future::poll_fn(move |context| {
        catch_unwind(AssertUnwindSafe(|| compute.as_mut().poll(context))).unwrap_or_else(|_| {
            // What it panicked with may hold values of rows.
            let message = "cannot compute a value for the cache: the computation panicked";
            Poll::Ready(Err(Error::new(ErrorKind::Internal, message)))
        })
    })
    .await
}

/// The error of a computation, for one of those who waited for it.
pub(crate) fn shared_error(error: Arc<Error>) -> Error {
    match Arc::try_unwrap(error) {
        Ok(error) => error,
        Err(error) => {
            let copy = Error::new(error.kind(), error.message());
            if error::Error::source(&*error).is_some() {
                copy.with_source(Cause(error))
            } else {
                copy
            }
        }
    }
}

/// The cause of an error that several have.
struct Cause(Arc<Error>);

impl Cause {
    fn cause(&self) -> Option<&(dyn error::Error + 'static)> {
        error::Error::source(&*self.0)
    }
}

impl fmt::Debug for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.cause(), f)
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.cause().map_or(Ok(()), |it| fmt::Display::fmt(it, f))
    }
}

impl error::Error for Cause {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        self.cause().and_then(error::Error::source)
    }
}
