//! How reads are spread over replicas.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::database::replicas::topology::Limits;
use crate::error::{Error, ErrorKind, Result};
use crate::resilience::CircuitBreakerConfig;
use crate::secret::Secret;

/// How reads are spread over replicas. How each server is reached is another matter: see
/// [`PostgresConfig`](crate::database::postgres::PostgresConfig).
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct ReplicasConfig {
    /// The URLs of the other servers of the database, which one of which is the primary being found out. Default:
    /// none. They are secrets because they may hold passwords.
    pub urls: Vec<Secret>,
    /// How many connections read from the primary at once, where no replica will do. Default: 10, so that
    /// replicas which are gone do not sink the primary.
    pub primary_readers: usize,
    /// How many bytes of the log a replica may be behind. Default: 67108864, which is 64 MiB.
    pub lag_max_bytes: u64,
    /// How old the oldest change may be that a replica has yet to replay, in milliseconds. Default: 10000.
    pub lag_max_ms: u64,
    /// How often each server is asked for its place, in milliseconds. Default: 100: three times in a row a replica
    /// must be too far behind before it is left out, which then is within half a second.
    pub poll_interval_ms: u64,
    /// How long an answer may take before the server counts as gone, in milliseconds. Default: 300.
    pub poll_timeout_ms: u64,
    /// How long a replica that was left out gets fewer reads than the others when it is back, in milliseconds.
    /// Default: 10000: its memory is cold.
    pub slow_start_ms: u64,
    /// How long a read waits for a replica to replay a write that it must see, before it goes to the primary, in
    /// milliseconds. Default: 20.
    pub catch_up_ms: u64,
    /// How long a call waits for a primary where there is none, in milliseconds. Default: 30000.
    pub failover_ms: u64,
    /// When a server is left out though it says that it is fine. Default: after 3 failures in a row, for a second.
    pub breaker: CircuitBreakerConfig,
}

impl Default for ReplicasConfig {
    fn default() -> Self {
        Self {
            urls: Vec::new(),
            primary_readers: 10,
            lag_max_bytes: 64 << 20,
            lag_max_ms: 10_000,
            poll_interval_ms: 100,
            poll_timeout_ms: 300,
            slow_start_ms: 10_000,
            catch_up_ms: 20,
            failover_ms: 30_000,
            breaker: CircuitBreakerConfig {
                failure_threshold: 3,
                minimum_requests: 3,
                slow_call_duration_ms: 0,
                // Who gives up earlier has changed their mind; a server that is silent is found out by polls.
                dropped_call_min_ms: 10_000,
                recovery_timeout_ms: 1_000,
                recovery_timeout_max_ms: 30_000,
                half_open_permits: 1,
                success_threshold: 1,
                ..CircuitBreakerConfig::default()
            },
        }
    }
}

impl ReplicasConfig {
    /// Whether every field has a sensible value.
    ///
    /// # Errors
    ///
    /// `ConfigInvalid`, naming the field.
    pub fn validate(&self) -> Result<()> {
        for (field, value) in [
            ("primary_readers", self.primary_readers as u64),
            ("lag_max_ms", self.lag_max_ms),
            ("poll_interval_ms", self.poll_interval_ms),
            ("poll_timeout_ms", self.poll_timeout_ms),
            ("failover_ms", self.failover_ms),
        ] {
            if value == 0 {
                return Err(invalid(&format!("`{field}` is 0")));
            }
        }
        if self.urls.iter().any(Secret::is_empty) {
            return Err(invalid("one of `urls` is empty"));
        }
        self.breaker.validate().map_err(|it| invalid(&format!("`breaker`: {}", it.message())))
    }

    /// How often each server is asked for its place.
    pub fn poll_interval(&self) -> Duration {
        Duration::from_millis(self.poll_interval_ms)
    }

    /// How long an answer may take before the server counts as gone.
    pub fn poll_timeout(&self) -> Duration {
        Duration::from_millis(self.poll_timeout_ms)
    }

    /// How long a read waits for a replica to replay a write that it must see.
    pub fn catch_up(&self) -> Duration {
        Duration::from_millis(self.catch_up_ms)
    }

    /// How long a call waits for a primary where there is none.
    pub fn failover(&self) -> Duration {
        Duration::from_millis(self.failover_ms)
    }

    pub(crate) fn limits(&self) -> Limits {
        Limits {
            lag_max_bytes: self.lag_max_bytes,
            lag_max: Duration::from_millis(self.lag_max_ms),
            slow_start: Duration::from_millis(self.slow_start_ms),
        }
    }
}

/// An error about the configuration.
pub(crate) fn invalid(problem: &str) -> Error {
    Error::new(ErrorKind::ConfigInvalid, format!("cannot use the replicas: {problem}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_makes_no_sense_is_refused_by_the_name_of_its_field() {
        let config = ReplicasConfig::default();
        config.validate().unwrap();
        let problem = |config: ReplicasConfig| config.validate().unwrap_err().to_string();
        let none = ReplicasConfig { primary_readers: 0, ..config.clone() };
        assert!(problem(none).ends_with("`primary_readers` is 0"));
        let empty = ReplicasConfig { urls: vec!["".into()], ..config.clone() };
        assert!(problem(empty).ends_with("one of `urls` is empty"));
        let breaker = CircuitBreakerConfig { half_open_permits: 0, ..config.breaker.clone() };
        assert!(problem(ReplicasConfig { breaker, ..config }).contains("`half_open_permits`"));
    }

    #[test]
    fn a_configuration_shows_no_password() {
        let config: ReplicasConfig =
            serde_json::from_str(r#"{"urls": ["postgres://u:canary@h/d"], "lag_max_ms": 5}"#)
                .unwrap();
        let shown = format!("{config:?} {}", serde_json::to_string(&config).unwrap());
        assert!(!shown.contains("canary"), "{shown}");
        assert!(serde_json::from_str::<ReplicasConfig>(r#"{"url": []}"#).is_err());
    }
}
