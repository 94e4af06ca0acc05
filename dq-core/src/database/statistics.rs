//! What a database manager counts about itself.

use std::time::Duration;

/// What a manager has done since it was made, and what it is doing now.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, serde::Serialize)]
pub struct Statistics {
    /// The connections that only read.
    pub readers: PoolStatistics,
    /// The connections that write.
    pub writers: PoolStatistics,
    /// How many statements ended, well or not; BEGIN, COMMIT and ROLLBACK are statements.
    pub statements: u64,
    /// How many of them failed or were interrupted.
    pub errors: u64,
}

/// The state of a pool, and what was asked of it.
///
/// At most `in_use + idle` connections are open, never more than `size`. `acquisitions + timeouts`
/// callers were served or waited in vain; who stopped waiting earlier is in neither.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, serde::Serialize)]
pub struct PoolStatistics {
    /// How many connections there may be.
    pub size: usize,
    /// How many are lent out.
    pub in_use: usize,
    /// How many are open and wait for work.
    pub idle: usize,
    /// How many callers wait for a connection.
    pub waiting: usize,
    /// How many times a connection was lent out.
    pub acquisitions: u64,
    /// How many of these had to wait first.
    pub waits: u64,
    /// How long all callers together waited.
    #[serde(rename = "waited_seconds", serialize_with = "as_seconds")]
    pub waited: Duration,
    /// How many callers waited in vain for as long as the configuration allows.
    pub timeouts: u64,
}

impl PoolStatistics {
    /// The share of connections that are lent out, from 0 to 1.
    pub fn utilisation(&self) -> f64 {
        if self.size == 0 { 0.0 } else { self.in_use as f64 / self.size as f64 }
    }
}

/// Serialises a span of time as a number of seconds.
pub(crate) fn as_seconds<S: serde::Serializer>(
    span: &Duration,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(span.as_secs_f64())
}
