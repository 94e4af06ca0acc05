//! The part of a node that takes its breakers to the exchange and back.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::clock::{Clock, within as wait_within};
use crate::error::{Error, ErrorKind, Result};
use crate::resilience::breaker::{CircuitBreaker, Switch};
use crate::resilience::cluster::decision::{Decision, decide, outliers};
use crate::resilience::cluster::memory::Memory;
use crate::resilience::cluster::{
    BreakerDigest, BreakerExchange, ClusterView, NodeDigest, Order, StandingOrder,
};
use crate::resilience::config::within;
use crate::resilience::registry::CircuitBreakerRegistry;

/// How a node takes part in a cluster of breakers.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct ClusterConfig {
    /// The name of this node, which no other has and which stays the same when it starts again: otherwise
    /// one broken node would soon look like two. Default: none; it must be given.
    pub node: String,
    /// How long to wait between exchanges, in milliseconds, 10 to 60000. Default: 200, so that orders reach
    /// every node within half a second. An exchange that takes longer than that is given up.
    pub interval_ms: u64,
}

impl Default for ClusterConfig {
    fn default() -> Self {
        Self { node: String::new(), interval_ms: 200 }
    }
}

impl ClusterConfig {
    /// Checks every field.
    ///
    /// # Errors
    ///
    /// `ConfigInvalid`, with the name of the first field that is out of its range.
    pub fn validate(&self) -> Result<()> {
        if self.node.trim().is_empty() {
            return Err(Error::new(
                ErrorKind::ConfigInvalid,
                "`node` is empty; each node has a name",
            ));
        }
        within("interval_ms", self.interval_ms, 10..=60_000)
    }
}

/// How long an order may take to reach the exchange.
const PATIENCE: Duration = Duration::from_secs(5);

/// Takes the breakers of a registry to the exchange, and what the cluster decides back to them. Nothing
/// here is on the way of a call.
#[derive(Debug)]
pub struct BreakerCluster {
    config: ClusterConfig,
    registry: Arc<CircuitBreakerRegistry>,
    exchange: Arc<dyn BreakerExchange>,
    clock: Arc<dyn Clock>,
    connected: AtomicBool,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    memories: BTreeMap<String, Memory>,
    outliers: Vec<(String, String)>,
}

impl BreakerCluster {
    /// Joins the breakers of `registry` to those that others bring to `exchange`.
    ///
    /// # Errors
    ///
    /// `ConfigInvalid`, with the name of the field that is out of its range.
    pub fn new(
        config: &ClusterConfig,
        registry: Arc<CircuitBreakerRegistry>,
        exchange: Arc<dyn BreakerExchange>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self> {
        config.validate()?;
        let (connected, state) = (AtomicBool::new(false), Mutex::default());
        Ok(Self { config: config.clone(), registry, exchange, clock, connected, state })
    }

    /// Goes to the exchange again and again, until it is dropped. Give it a task of its own. What fails is
    /// tried again the next time; [`is_connected`](Self::is_connected) tells.
    pub async fn run(&self) {
        loop {
            // The failure is kept, and the next attempt follows anyway.
            let _ = self.tick().await;
            self.clock.sleep(self.interval()).await;
        }
    }

    /// Goes to the exchange once.
    ///
    /// # Errors
    ///
    /// The exchange failed, or took longer than the interval. The breakers go on by themselves, and orders
    /// end when their time is over.
    pub async fn tick(&self) -> Result<()> {
        let digest = self.digest();
        let view = self.in_time(self.interval(), self.exchange.exchange(&digest)).await;
        self.connected.store(view.is_ok(), Ordering::Release);
        self.apply(&view?);
        Ok(())
    }

    /// Gives an order to all nodes. This one carries it out at once, the others with their next exchange.
    ///
    /// # Errors
    ///
    /// The exchange failed, and nothing has happened, unless it is a `Timeout`: then the order may be on its
    /// way. `LimitExceeded` when there is no room for the breaker here.
    pub async fn order(&self, order: &Order) -> Result<()> {
        let breaker = self.registry.breaker(&order.breaker)?;
        let standing = self.in_time(PATIENCE, self.exchange.order(order)).await?;
        let now = self.clock.now();
        self.state().memory(&breaker, now).obey(&standing, now);
        Ok(())
    }

    /// Withdraws the order that a breaker has. Where the order still holds the breaker it is closed.
    ///
    /// # Errors
    ///
    /// As [`order`](Self::order).
    pub async fn withdraw(&self, breaker: &str) -> Result<()> {
        self.in_time(PATIENCE, self.exchange.withdraw(breaker)).await?;
        if let Some(breaker) = self.registry.find(breaker) {
            self.state().memory(&breaker, self.clock.now()).withdraw();
        }
        Ok(())
    }

    /// Returns the orders that were carried out here and still stand.
    pub fn orders(&self) -> Vec<StandingOrder> {
        self.state().memories.values().filter_map(Memory::order).cloned().collect()
    }

    /// Returns whose breakers were open by themselves at the last exchange, as pairs of node and breaker: a
    /// node that fails alone has a problem of its own.
    pub fn outliers(&self) -> Vec<(String, String)> {
        self.state().outliers.clone()
    }

    /// Returns whether the last exchange worked.
    pub fn is_connected(&self) -> bool {
        self.connected.load(Ordering::Acquire)
    }

    fn interval(&self) -> Duration {
        Duration::from_millis(self.config.interval_ms)
    }

    async fn in_time<T>(
        &self,
        span: Duration,
        exchange: impl Future<Output = Result<T>>,
    ) -> Result<T> {
        let late = || Error::new(ErrorKind::Timeout, "the exchange of the breakers did not answer");
        wait_within(&*self.clock, span, exchange).await.unwrap_or_else(|| Err(late()))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What this node tells. Orders whose time is over end here, whether the exchange works or not.
    fn digest(&self) -> NodeDigest {
        let breakers = self.registry.breakers();
        let (now, mut state) = (self.clock.now(), self.state());
        let names: BTreeSet<_> = breakers.iter().map(|it| it.name()).collect();
        state.memories.retain(|name, _| names.contains(name.as_str()));
        let digest = |it: &Arc<dyn CircuitBreaker>| {
            let memory = state.memory(it, now);
            memory.expire(now);
            memory.digest(now)
        };
        let breakers = breakers.iter().map(digest).collect();
        NodeDigest { node: self.config.node.clone(), age_ms: 0, breakers }
    }

    fn apply(&self, view: &ClusterView) {
        let by_breaker = by_breaker(&view.nodes);
        let orders: BTreeMap<_, _> =
            view.orders.iter().map(|it| (it.order.breaker.as_str(), it)).collect();
        let (now, mut state) = (self.clock.now(), self.state());
        state.outliers.clear();
        for breaker in self.registry.breakers() {
            let (config, memory) = (breaker.statistics().config, state.memory(&breaker, now));
            match orders.get(breaker.name()) {
                Some(order) => memory.obey(order, now),
                None => memory.release(view.serial),
            }
            let told = by_breaker.get(breaker.name()).map_or(&[][..], Vec::as_slice);
            let digests: Vec<_> = told.iter().map(|(_, it)| it).collect();
            memory.listen(now);
            if decide(&config, &digests, memory.closed_for(now)) != Decision::Stay {
                breaker.switch(Switch::Trip);
            }
            let alone = outliers(&digests).into_iter().filter_map(|place| told.get(place));
            let alone = alone.map(|(node, it)| ((*node).to_owned(), it.breaker.clone()));
            state.outliers.extend(alone);
        }
    }
}

impl State {
    /// What is remembered of a breaker; nothing of another that had its name before.
    fn memory(&mut self, breaker: &Arc<dyn CircuitBreaker>, now: Instant) -> &mut Memory {
        let new = || Memory::new(Arc::clone(breaker), now);
        let memory = self.memories.entry(breaker.name().to_owned()).or_insert_with(new);
        if !memory.is_of(breaker) {
            *memory = new();
        }
        memory
    }
}

/// What the nodes tell of each breaker as of now, with their names.
fn by_breaker(nodes: &[NodeDigest]) -> BTreeMap<&str, Vec<(&str, BreakerDigest)>> {
    let mut by_breaker = BTreeMap::<_, Vec<_>>::new();
    for node in nodes {
        for digest in &node.breakers {
            let open_for_ms = digest.open_for_ms.map(|it| it.saturating_add(node.age_ms));
            let now = BreakerDigest { open_for_ms, ..digest.clone() };
            by_breaker.entry(&*digest.breaker).or_default().push((&*node.node, now));
        }
    }
    by_breaker
}
