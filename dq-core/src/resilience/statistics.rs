//! What a breaker has counted.

use std::time::SystemTime;

use serde::{Serialize, Serializer};

use crate::resilience::config::CircuitBreakerConfig;
use crate::resilience::state::CircuitState;
use crate::value::Timestamp;

/// A breaker as it is now.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CircuitStatistics {
    /// The name of the breaker.
    pub name: String,
    /// The state.
    pub state: CircuitState,
    /// The number of the last transition; 0 before the first.
    pub sequence: u64,
    /// How many calls in a row have failed; once the breaker is open, how many had. Probes do not count.
    pub consecutive_failures: u64,
    /// How many calls in a row have succeeded since the last failure.
    pub consecutive_successes: u64,
    /// When a call last failed; in JSON as text, such as `2026-01-01T00:00:00Z`.
    #[serde(serialize_with = "write_time")]
    pub last_failure_time: Option<SystemTime>,
    /// What it was made with.
    pub config: CircuitBreakerConfig,
    /// The counts.
    pub metrics: CircuitMetrics,
}

/// The counts of a breaker. Totals are since it was made; they never become less.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct CircuitMetrics {
    /// Calls that succeeded or failed.
    pub total_calls: u64,
    /// Calls that failed, among them dropped ones that count as failures.
    pub total_failures: u64,
    /// Calls that succeeded.
    pub total_successes: u64,
    /// Calls that were slow, whether they succeeded or not.
    pub total_slow_calls: u64,
    /// Calls that were refused.
    pub total_rejected: u64,
    /// Calls that said nothing about the dependency.
    pub total_ignored: u64,
    /// Calls that their callers gave up, whether they count as failures or not.
    pub total_dropped: u64,
    /// Calls in the window.
    pub current_window_size: u64,
    /// Percent of the calls in the window that failed; 0 if it is empty.
    pub failure_rate: f64,
    /// Percent of the calls in the window that were slow; 0 if it is empty.
    pub slow_call_rate: f64,
    /// How long calls that succeeded or failed took on average, in milliseconds, since the breaker was
    /// made; 0 before the first.
    pub average_duration_ms: f64,
}

#[expect(clippy::ref_option, reason = "serde asks for this signature")]
fn write_time<S: Serializer>(time: &Option<SystemTime>, serializer: S) -> Result<S::Ok, S::Error> {
    time.map(rfc_3339).serialize(serializer)
}

/// Writes a time in UTC as RFC 3339 does.
pub(crate) fn rfc_3339(time: SystemTime) -> String {
    format!("{}Z", Timestamp::of(time).to_string().replace(' ', "T"))
}
