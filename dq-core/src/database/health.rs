//! Whether a database answers.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::database::statistics::as_seconds;
#[cfg(any(feature = "mysql", feature = "postgres", feature = "sqlite"))]
use crate::error::Result;

/// Whether a database answers, and how fast.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Health {
    /// The verdict.
    pub status: HealthStatus,
    /// The backend: `sqlite`, `postgres`, `mysql`.
    pub backend: &'static str,
    /// How long the answer took, the wait for a connection included.
    #[serde(rename = "latency_seconds", serialize_with = "as_seconds")]
    pub latency: Duration,
    /// Why the database does not answer. Holds no password.
    pub error: Option<String>,
    /// What the backend tells about itself, such as `engine_version` and `size_bytes`.
    pub details: BTreeMap<&'static str, String>,
}

#[cfg(any(feature = "mysql", feature = "postgres", feature = "sqlite"))]
impl Health {
    /// What it means that the database gave this `answer` after so long.
    pub(crate) fn new(
        backend: &'static str,
        latency: Duration,
        answer: Result<BTreeMap<&'static str, String>>,
    ) -> Self {
        let (status, error, details) = match answer {
            Ok(details) => (HealthStatus::Healthy, None, details),
            Err(error) => (HealthStatus::Unhealthy, Some(error.to_string()), BTreeMap::new()),
        };
        Self { status, backend, latency, error, details }
    }
}

/// The verdict of a health check.
#[derive(Clone, Copy, Debug, Eq, PartialEq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum HealthStatus {
    /// It answers.
    Healthy,
    /// It answers, with something lost: a replica is down.
    Degraded,
    /// It does not answer.
    Unhealthy,
}
