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
use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::watch;

use crate::clock::Clock;
use crate::error::{Error, ErrorKind, Result};

/// By which share a wait may be shorter, so that nodes which lost a server at one time do not all come back
/// to it at one time.
const JITTER: f64 = 0.5;

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

    /// How long to wait after so many failures in a row; a little shorter by `chance`, from 0 to 1.
    fn backoff(&self, failures: u32, chance: f64) -> Duration {
        let doubled = self.backoff_min.saturating_mul(1 << failures.saturating_sub(1).min(16));
        doubled.min(self.backoff_max).mul_f64(1.0 - JITTER * chance)
    }
}

/// A number from 0 to 1 that differs from process to process and from call to call.
fn chance() -> f64 {
    f64::from(RandomState::new().build_hasher().finish() as u32) / f64::from(u32::MAX)
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
                let until = supply.clock.now() + supply.backoff(failures, chance());
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::TestClock;

    #[test]
    fn waits_double_up_to_the_most_and_differ_by_half() {
        let millis = Duration::from_millis;
        let clock = Arc::new(TestClock::new());
        let supply = Supply::<()>::new(clock, millis(50), millis(1000));
        let waits: Vec<_> = (1..=7).map(|it| supply.backoff(it, 0.0).as_millis()).collect();
        assert_eq!(waits, [50, 100, 200, 400, 800, 1000, 1000]);
        assert_eq!(supply.backoff(40, 1.0), millis(500));
        let chances: Vec<_> = (0..1000).map(|_| chance()).collect();
        assert!(chances.iter().all(|it| (0.0..=1.0).contains(it)));
        let (low, high) = chances
            .iter()
            .fold((1.0_f64, 0.0_f64), |(low, high), it| (low.min(*it), high.max(*it)));
        assert!(low < 0.05 && high > 0.95, "{low} to {high}");
    }
}
