//! Something that takes time to make, is made once for all who wait for it, and after a failure not
//! again for a while.
//!
//! ```text
//!              get: the first caller makes it            made
//!   Absent ────────────────────────────────▶ Making ─────────────▶ Ready
//!     ▲                                       │  ▲                   │
//!     │ the task that makes it is dropped     │  │ get, after the    │
//!     ├───────────────────────────────────────┤  │ back-off          │
//!     │                                failed ▼  │                   │
//!     │                                     Failed                   │
//!     └──────────────────────────────────────────────────────────────┘ discard
//! ```
//!
//! It is made in a task of its own: a caller that gives up does not stop what others wait for.

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::watch;

use crate::clock::Clock;
use crate::error::{Error, ErrorKind, Result};

/// The supply of one thing.
pub(crate) struct Supply<T> {
    state: watch::Sender<State<T>>,
    clock: Arc<dyn Clock>,
    backoff_min: Duration,
    backoff_max: Duration,
    failures: AtomicU32,
}

enum State<T> {
    Absent,
    Making,
    Ready(T),
    Failed { kind: ErrorKind, message: String, until: Instant },
}

impl<T> fmt::Debug for Supply<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match &*self.state.borrow() {
            State::Absent => "absent",
            State::Making => "making",
            State::Ready(_) => "ready",
            State::Failed { .. } => "failed",
        };
        f.debug_struct("Supply").field("state", &state).finish_non_exhaustive()
    }
}

impl<T: Clone + Send + Sync + 'static> Supply<T> {
    /// A supply that waits between `backoff_min` and `backoff_max` after failures.
    pub(crate) fn new(clock: Arc<dyn Clock>, backoff_min: Duration, backoff_max: Duration) -> Self {
        let (state, _) = watch::channel(State::Absent);
        Self { state, clock, backoff_min, backoff_max, failures: AtomicU32::new(0) }
    }

    /// What there is at the moment.
    pub(crate) fn current(&self) -> Option<T> {
        match &*self.state.borrow() {
            State::Ready(thing) => Some(thing.clone()),
            _ => None,
        }
    }

    /// What there is, or is being made, or `make` makes. While it backs off, the last error.
    pub(crate) async fn get<F>(self: &Arc<Self>, make: impl FnOnce() -> F + Send) -> Result<T>
    where
        F: Future<Output = Result<T>> + Send + 'static,
    {
        if let Some(thing) = self.current() {
            return Ok(thing);
        }
        let now = self.clock.now();
        let begins = self.state.send_if_modified(|state| {
            let begins = match state {
                State::Absent => true,
                State::Failed { until, .. } => now >= *until,
                State::Making | State::Ready(_) => false,
            };
            if begins {
                *state = State::Making;
            }
            begins
        });
        if begins {
            let making = Making { supply: Arc::clone(self), is_over: false };
            let made = make();
            tokio::spawn(async move { making.end(made.await) });
        }
        let mut states = self.state.subscribe();
        let state = states.wait_for(|it| !matches!(it, State::Making)).await;
        match state.as_deref() {
            Ok(State::Ready(thing)) => Ok(thing.clone()),
            Ok(State::Failed { kind, message, .. }) => Err(Error::new(*kind, message.clone())),
            _ => Err(Error::new(ErrorKind::Unavailable, "the connection to redis was lost")),
        }
    }

    /// Forgets what there is, if `is_meant` says that it is this.
    pub(crate) fn discard(&self, is_meant: impl FnOnce(&T) -> bool) {
        self.replace(|it| if is_meant(it) { Some(State::Absent) } else { None });
    }

    /// Puts what `change` makes of what there is in its place.
    pub(crate) fn update(&self, change: impl FnOnce(&T) -> Option<T>) {
        self.replace(|it| change(it).map(State::Ready));
    }

    fn replace(&self, change: impl FnOnce(&T) -> Option<State<T>>) {
        self.state.send_if_modified(|state| {
            let State::Ready(thing) = state else { return false };
            let changed = change(thing);
            changed.is_some_and(|it| {
                *state = it;
                true
            })
        });
    }

    /// How long to wait after so many failures in a row.
    fn backoff(&self, failures: u32) -> Duration {
        let doubled = self.backoff_min.saturating_mul(1 << failures.saturating_sub(1).min(16));
        doubled.min(self.backoff_max)
    }
}

/// The making of a thing. If it is dropped before its end, somebody else may begin.
struct Making<T> {
    supply: Arc<Supply<T>>,
    is_over: bool,
}

impl<T: Clone + Send + Sync + 'static> Making<T> {
    fn end(mut self, made: Result<T>) {
        let supply = &self.supply;
        let state = match made {
            Ok(thing) => {
                supply.failures.store(0, Ordering::Relaxed);
                State::Ready(thing)
            }
            Err(error) => {
                let failures = supply.failures.fetch_add(1, Ordering::Relaxed).saturating_add(1);
                let until = supply.clock.now() + supply.backoff(failures);
                State::Failed { kind: error.kind(), message: error.message().to_owned(), until }
            }
        };
        supply.state.send_replace(state);
        self.is_over = true;
    }
}

impl<T> Drop for Making<T> {
    fn drop(&mut self) {
        if !self.is_over {
            self.supply.state.send_replace(State::Absent);
        }
    }
}
