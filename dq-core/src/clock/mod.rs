//! Time, as something a test can hold in its hand.
//!
//! Whatever measures or waits is given a [`Clock`]: [`SystemClock`] in a program, [`TestClock`] in a test.
//!
//! ```
//! use std::time::Duration;
//!
//! use dq_core::clock::{Clock, TestClock};
//!
//! let clock = TestClock::new();
//! let begun = clock.now();
//! clock.advance(Duration::from_hours(1));
//! assert_eq!(clock.now() - begun, Duration::from_hours(1));
//! ```

mod test;

use std::fmt;
use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::{Duration, Instant, SystemTime};

pub use test::TestClock;

/// Tells the time, and waits.
#[async_trait::async_trait]
pub trait Clock: fmt::Debug + Send + Sync {
    /// Returns the current instant, for measuring spans.
    fn now(&self) -> Instant;
    /// Returns the current date and time in UTC, for rules and records.
    fn utc(&self) -> SystemTime;
    /// Waits for `span`.
    async fn sleep(&self, span: Duration);
}

/// The clock of the machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

#[async_trait::async_trait]
#[expect(clippy::disallowed_methods, reason = "this is the one place that reads the real clock")]
impl Clock for SystemClock {
    fn now(&self) -> Instant {
        Instant::now()
    }

    fn utc(&self) -> SystemTime {
        SystemTime::now()
    }

    async fn sleep(&self, span: Duration) {
        tokio::time::sleep(span).await;
    }
}

/// Waits for `future` no longer than `span`: `None` when the time is over first, and the future has then
/// been dropped. A future that is ready at once costs no timer.
///
/// ```
/// use std::time::Duration;
///
/// use dq_core::clock::{SystemClock, within};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let hung = std::future::pending::<()>();
/// assert_eq!(within(&SystemClock, Duration::from_millis(1), hung).await, None);
/// assert_eq!(within(&SystemClock, Duration::ZERO, async { 7 }).await, Some(7));
/// # }
/// ```
pub async fn within<T>(
    clock: &dyn Clock,
    span: Duration,
    future: impl Future<Output = T>,
) -> Option<T> {
    let mut future = pin!(future);
    let at_once = poll_fn(|context| Poll::Ready(future.as_mut().poll(context))).await;
    if let Poll::Ready(it) = at_once {
        return Some(it);
    }
    tokio::select! {
        biased;
        it = future => Some(it),
        () = clock.sleep(span) => None,
    }
}
