//! What a breaker has counted.

use std::time::SystemTime;

use serde::Serialize;

use crate::resilience::config::CircuitBreakerConfig;
use crate::resilience::state::CircuitState;

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
    /// When a call last failed.
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
