//! Whether Redis is well.

use std::time::Duration;

use serde::Serialize;

/// Signs of life of the masters.
#[derive(Clone, Debug, Serialize)]
pub struct RedisHealth {
    /// One for each master.
    pub nodes: Vec<RedisNodeHealth>,
}

/// The sign of life of one master.
#[derive(Clone, Debug, Serialize)]
pub struct RedisNodeHealth {
    /// Its address, as `host:port`.
    pub address: String,
    /// How long it took to answer, or not to.
    pub round_trip: Duration,
    /// Why it is not well, if it is not.
    pub problem: Option<String>,
}

impl RedisHealth {
    /// Whether all masters answer.
    pub fn is_healthy(&self) -> bool {
        self.nodes.iter().all(|it| it.problem.is_none())
    }
}
