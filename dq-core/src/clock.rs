//! Time, as something a test can hold in its hand.

use std::fmt;
use std::time::{Duration, Instant, SystemTime};

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
