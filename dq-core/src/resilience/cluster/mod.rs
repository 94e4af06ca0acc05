//! Breakers that many processes share, without asking anyone before a call.
//!
//! ```text
//!   node a: breakers ──digest──▶ ┌──────────┐ ──digests of all, orders──▶ node b: decide ──trip, orders──▶ breakers
//!   node b: breakers ──digest──▶ │ exchange │ ──digests of all, orders──▶ node a: decide ──trip, orders──▶ breakers
//!   an operator      ──order───▶ └──────────┘
//! ```
//!
//! Five times a second a node puts down what its breakers have seen, and takes up what all nodes have.
//! Each decides by itself, with [`decide`], whether a breaker that is closed here should open because the
//! others have found the dependency failing: when a third of the nodes, and at least two, have opened theirs
//! on their own account, or when the calls of all nodes together would open it, whichever node is left
//! out. So one node with a broken network never opens the breakers of the others: it is an outlier. A
//! breaker that was tripped so recovers by its own probes.
//!
//! Orders (open, close, disable, metrics only) reach every node with the next exchange, and outlive
//! restarts; each has an actor, a reason, and perhaps an end. While the exchange fails, every node goes on
//! alone, and nothing waits for it. Clocks of nodes are never compared: digests tell ages, and the
//! exchange says what is left of an order.
//!
//! ```
//! use dq_core::resilience::CircuitBreakerConfig;
//! use dq_core::resilience::cluster::{BreakerDigest, Decision, decide};
//!
//! let digest = |failures, open_for_ms| {
//!     BreakerDigest { breaker: "database".into(), calls: 100, failures, open_for_ms }
//! };
//! let (well, broken) = (digest(1, None), digest(100, Some(50)));
//! let config = CircuitBreakerConfig::default();
//! assert_eq!(decide(&config, &[&well, &well, &well, &well, &broken], None), Decision::Stay);
//! assert_eq!(decide(&config, &[&well, &well, &well, &broken, &broken], None), Decision::Quorum);
//! ```
//!
//! With the feature `redis`, `RedisBreakerExchange` is an exchange in Redis; [`BreakerCluster::run`] takes the
//! breakers of a registry there.

mod agent;
mod decision;
mod memory;
#[cfg(feature = "redis")]
mod redis;

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::resilience::breaker::Switch;

pub use crate::resilience::cluster::agent::{BreakerCluster, ClusterConfig};
pub use crate::resilience::cluster::decision::{Decision, decide, outliers};
#[cfg(feature = "redis")]
pub use crate::resilience::cluster::redis::RedisBreakerExchange;

/// What a node has seen of the dependency behind one breaker.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct BreakerDigest {
    /// The name of the breaker.
    pub breaker: String,
    /// Calls in its window.
    pub calls: u64,
    /// How many of those failed.
    pub failures: u64,
    /// For how many milliseconds it has been open, or half open, on its own account; nothing if it is not.
    pub open_for_ms: Option<u64>,
}

/// What one node has seen.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct NodeDigest {
    /// The name of the node.
    pub node: String,
    /// For how many milliseconds it has lain in the exchange, by whose clock that is: 0 as long as it is
    /// not there.
    #[serde(default)]
    pub age_ms: u64,
    /// Its breakers.
    pub breakers: Vec<BreakerDigest>,
}

/// What an operator wants of a breaker on every node.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Order {
    /// The name of the breaker.
    pub breaker: String,
    /// What to do.
    pub switch: Switch,
    /// Who says so.
    pub actor: String,
    /// Why.
    pub reason: String,
    /// How many milliseconds are left before the order ends and the breaker is closed; nothing if it stands
    /// until it is withdrawn.
    pub expires_in_ms: Option<u64>,
}

/// An order that stands.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct StandingOrder {
    /// When the exchange took it, in microseconds, as the exchange counts them; greater than that of every
    /// order before it.
    pub serial: u64,
    /// The order.
    pub order: Order,
}

/// What a node takes up from the exchange.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct ClusterView {
    /// When the exchange gave it, on the same scale: all orders from before then are in it.
    pub serial: u64,
    /// The digests of all nodes that have put one down lately, of this node, too.
    pub nodes: Vec<NodeDigest>,
    /// The orders that stand, at most one for each breaker.
    pub orders: Vec<StandingOrder>,
}

/// Where nodes put down what they have seen, and find what the others have.
#[async_trait::async_trait]
pub trait BreakerExchange: fmt::Debug + Send + Sync {
    /// Puts down what this node has seen, in place of what it put down before, and returns what all have,
    /// each digest with its age. Digests older than two seconds are left out, and so are orders that have
    /// ended, both by the clock of the exchange.
    async fn exchange(&self, digest: &NodeDigest) -> Result<ClusterView>;

    /// Puts down an order, in place of the one that the breaker has.
    async fn order(&self, order: &Order) -> Result<StandingOrder>;

    /// Withdraws the order that a breaker has, if it has one.
    async fn withdraw(&self, breaker: &str) -> Result<()>;
}
