//! Until when an answer is of use.

use std::time::{Duration, Instant};

use crate::clock::{Clock, within};
use crate::error::{Error, ErrorKind, Result};

/// A moment after which an answer is of no use. It is passed down through everything that a call does, so
/// that all of it together takes no longer.
///
/// ```
/// use std::time::Duration;
///
/// use dq_core::clock::TestClock;
/// use dq_core::resilience::Deadline;
///
/// let clock = TestClock::new();
/// let deadline = Deadline::after(&clock, Duration::from_secs(3));
/// clock.advance(Duration::from_secs(1));
/// assert_eq!(deadline.remaining(&clock), Some(Duration::from_secs(2)));
/// assert!(!Deadline::NEVER.is_over(&clock));
/// ```
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Deadline(Option<Instant>);

impl Deadline {
    /// However long it takes.
    pub const NEVER: Self = Self(None);

    /// `span` from now. A span that goes beyond what the clock can show is never over.
    pub fn after(clock: &dyn Clock, span: Duration) -> Self {
        Self(clock.now().checked_add(span))
    }

    /// At this instant.
    pub const fn at(instant: Instant) -> Self {
        Self(Some(instant))
    }

    /// Returns the instant, unless there is none.
    pub const fn instant(self) -> Option<Instant> {
        self.0
    }

    /// Returns the earlier of two.
    #[must_use]
    pub fn earlier(self, other: Self) -> Self {
        match (self.0, other.0) {
            (Some(a), Some(b)) => Self(Some(a.min(b))),
            (a, b) => Self(a.or(b)),
        }
    }

    /// Returns how much time is left: zero once it is over, nothing if there is no deadline.
    pub fn remaining(self, clock: &dyn Clock) -> Option<Duration> {
        self.0.map(|it| it.saturating_duration_since(clock.now()))
    }

    /// Returns whether the time is over.
    pub fn is_over(self, clock: &dyn Clock) -> bool {
        self.remaining(clock).is_some_and(|it| it.is_zero())
    }

    /// Waits for `future`, but not beyond the deadline; then the future is dropped.
    ///
    /// # Errors
    ///
    /// `Timeout` when the time is over first. A future that is ready at once is never too late.
    pub async fn run<T>(self, clock: &dyn Clock, future: impl Future<Output = T>) -> Result<T> {
        let Some(remaining) = self.remaining(clock) else { return Ok(future.await) };
        let over = || Error::new(ErrorKind::Timeout, "the deadline of the call has passed");
        within(clock, remaining, future).await.ok_or_else(over)
    }
}
