//! How much work an executor lets through.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::error::{Error, ErrorKind, Result};
use crate::resilience::{CircuitBreakerConfig, RetryConfig};
use crate::source::VersionReach;

/// The longest time that a configuration may grant: one day.
const DEADLINE_MAX_MS: u64 = 86_400_000;

/// How much work an executor lets through to one database.
///
/// ```
/// use dq_core::executor::ExecutorConfig;
///
/// let config = ExecutorConfig { concurrent_max: 20, ..ExecutorConfig::default() };
/// config.validate()?;
/// # Ok::<_, dq_core::Error>(())
/// ```
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct ExecutorConfig {
    /// How many queries, writes and snapshots may be at the database at once; 1 to 1000. Default: 8; 8 to 50
    /// suit most databases. More than the pool has connections only moves the waiting into the pool,
    /// which is not fair between callers.
    pub concurrent_max: usize,
    /// How many may wait for that, of all callers together; 0 to 100000. Default: 1000: who comes later is
    /// told at once that the database is busy, since at that length waiting helps nobody.
    pub waiting_max: usize,
    /// How long a call may take, waiting and every attempt included, in milliseconds; 1 to 86400000 (a
    /// day), unless the call says otherwise. Default: 300000, which is 5 minutes.
    pub deadline_ms: u64,
    /// How long a cached result of a query is kept, in milliseconds; 1 to 86400000. Default: 3600000,
    /// which is an hour. A result of unchanged data is right for ever; this only bounds what is kept.
    pub result_ttl_ms: u64,
    /// How many bytes a result may have and be cached. Default: 1048576, which is 1 MiB: larger ones push
    /// out more than they save.
    pub cached_result_size_max_bytes: usize,
    /// By which versions of tables their data count as unchanged. Default: those of this process.
    pub result_versions: VersionReach,
    /// How long a call must have been at the database, in milliseconds, for the end of its deadline, or its
    /// caller's giving up, to count against the database; 0 to 86400000. Default: 10000: sooner it says more
    /// about the caller's patience.
    pub hung_after_ms: u64,
    /// When the database is given a rest. Calls are never slow here, since how long a statement takes is up
    /// to the statement: `slow_call_duration_ms` and `slow_call_rate_threshold` are not used.
    pub breaker: CircuitBreakerConfig,
    /// When what reads is tried again.
    pub retry: RetryConfig,
}

impl Default for ExecutorConfig {
    fn default() -> Self {
        Self {
            concurrent_max: 8,
            waiting_max: 1_000,
            deadline_ms: 300_000,
            result_ttl_ms: 3_600_000,
            cached_result_size_max_bytes: 1 << 20,
            result_versions: VersionReach::Process,
            hung_after_ms: 10_000,
            breaker: CircuitBreakerConfig::default(),
            retry: RetryConfig::default(),
        }
    }
}

impl ExecutorConfig {
    /// How long a call may take.
    pub fn deadline(&self) -> Duration {
        Duration::from_millis(self.deadline_ms)
    }

    /// How long a cached result is kept.
    pub fn result_ttl(&self) -> Duration {
        Duration::from_millis(self.result_ttl_ms)
    }

    /// How long a call must have been at the database to count against it.
    pub fn hung_after(&self) -> Duration {
        Duration::from_millis(self.hung_after_ms)
    }

    /// Whether every field has a sensible value.
    ///
    /// # Errors
    ///
    /// `ConfigInvalid`, naming the field.
    pub fn validate(&self) -> Result<()> {
        let wrong = if !(1..=1_000).contains(&self.concurrent_max) {
            "`concurrent_max` is not between 1 and 1000"
        } else if self.waiting_max > 100_000 {
            "`waiting_max` is above 100000"
        } else if !(1..=DEADLINE_MAX_MS).contains(&self.deadline_ms) {
            "`deadline_ms` is not between 1 and 86400000"
        } else if !(1..=DEADLINE_MAX_MS).contains(&self.result_ttl_ms) {
            "`result_ttl_ms` is not between 1 and 86400000"
        } else if self.hung_after_ms > DEADLINE_MAX_MS {
            "`hung_after_ms` is above 86400000"
        } else {
            self.breaker.validate()?;
            return self.retry.validate();
        };
        let message = format!("cannot use the configuration of the executor: {wrong}");
        Err(Error::new(ErrorKind::ConfigInvalid, message))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_key_is_an_error() {
        assert!(serde_json::from_str::<ExecutorConfig>(r#"{"concurrent": 3}"#).is_err());
        let config: ExecutorConfig = serde_json::from_str("{}").unwrap();
        assert_eq!(config, ExecutorConfig::default());
    }

    #[test]
    fn a_wrong_value_is_named() {
        ExecutorConfig::default().validate().unwrap();
        let config = ExecutorConfig { concurrent_max: 0, ..ExecutorConfig::default() };
        let error = config.validate().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConfigInvalid);
        assert!(error.message().contains("`concurrent_max`"), "{error}");
    }
}
