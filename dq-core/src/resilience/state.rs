//! What state a breaker is in, and why it left the one before.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The state of a circuit breaker.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum CircuitState {
    /// Calls go through, and their outcomes are watched.
    Closed,
    /// Calls are refused until the recovery timeout is over.
    Open,
    /// A few calls go through as probes; what becomes of them decides.
    HalfOpen,
    /// Calls are refused until an operator says otherwise.
    ForcedOpen,
    /// Calls go through, and nobody watches.
    Disabled,
    /// Calls go through and are counted, but the breaker never opens.
    MetricsOnly,
}

/// Why a breaker went from one state to another.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum CircuitCause {
    /// Too large a share of the calls in the window failed.
    FailureRate,
    /// Too large a share of the calls in the window was slow.
    SlowCallRate,
    /// Too many calls in a row failed.
    ConsecutiveFailures,
    /// The recovery timeout is over, and a call came.
    RecoveryTimeout,
    /// A probe failed or was slow.
    ProbeFailed,
    /// Enough probes succeeded.
    ProbesSucceeded,
    /// All probes were out for too long and none came back.
    ProbesExpired,
    /// An operator, or the program, said so.
    Forced,
    /// The breaker was reset.
    Reset,
    /// Breakers of the same name on other nodes have opened.
    Cluster,
}

impl CircuitState {
    /// Returns the word for the state in JSON, logs and metrics, such as `half_open`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Open => "open",
            Self::HalfOpen => "half_open",
            Self::ForcedOpen => "forced_open",
            Self::Disabled => "disabled",
            Self::MetricsOnly => "metrics_only",
        }
    }

    /// Returns whether calls are refused: `Open` and `ForcedOpen`.
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Open | Self::ForcedOpen)
    }
}

impl fmt::Display for CircuitState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
