//! Finds the server for a command: there is one, or sentinels know it, or the cluster does.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::clock::Clock;
use crate::error::{Error, ErrorKind, Result};
use crate::redis::command::Command;
use crate::redis::config::RedisMode;
use crate::redis::link::Opening;
use crate::redis::node::Node;
use crate::redis::reply::Reply;
use crate::redis::sentinels::{ASKED_EVERY, NAMED_FOR, Sentinels};
use crate::redis::settings::{Address, Settings};
use crate::redis::supply::Supply;
use crate::redis::topology::Topology;

/// A topology is not asked for again before this.
const DISCOVERY_SPACING: Duration = Duration::from_millis(100);

/// Knows the servers and which of them is the master of what.
pub(crate) struct Router {
    pub(crate) settings: Arc<Settings>,
    pub(crate) clock: Arc<dyn Clock>,
    topology: Arc<Supply<Arc<Topology>>>,
    discovered: Mutex<Option<Discovered>>,
    nodes: Mutex<HashMap<Address, Arc<Node>>>,
    sentinels: Option<Sentinels>,
    /// Whether the sentinels are being asked though what they said last still counts.
    is_asking: AtomicBool,
}

/// When the topology that is known was asked for, and when the answer was there.
#[derive(Clone, Copy, Debug)]
struct Discovered {
    asked: Instant,
    answered: Instant,
}

/// Asking the sentinels meanwhile; over when it is dropped.
struct Asking(Arc<Router>);

impl Drop for Asking {
    fn drop(&mut self) {
        self.0.is_asking.store(false, Ordering::Release);
    }
}

impl fmt::Debug for Router {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let topology = self.topology.current();
        f.debug_struct("Router").field("topology", &topology).finish_non_exhaustive()
    }
}

impl Router {
    pub(crate) fn new(settings: Arc<Settings>, clock: Arc<dyn Clock>) -> Self {
        let (min, max) = (settings.reconnect_min, settings.reconnect_max);
        let topology = Arc::new(Supply::new(Arc::clone(&clock), min, max));
        let sentinels =
            (settings.mode == RedisMode::Sentinel).then(|| Sentinels::new(&settings, &clock));
        Self {
            settings,
            clock,
            topology,
            discovered: Mutex::new(None),
            nodes: Mutex::new(HashMap::new()),
            sentinels,
            is_asking: AtomicBool::new(false),
        }
    }

    /// The master of `slot`, or any master.
    pub(crate) async fn master(self: &Arc<Self>, slot: Option<u16>) -> Result<Arc<Node>> {
        let topology = self.topology().await?;
        let address = topology.master(slot).ok_or_else(|| {
            Error::new(ErrorKind::Unavailable, "no node of the redis cluster has the key's slot")
        })?;
        Ok(self.node(address))
    }

    /// All masters.
    pub(crate) async fn masters(self: &Arc<Self>) -> Result<Vec<Arc<Node>>> {
        let topology = self.topology().await?;
        Ok(topology.masters().into_iter().map(|it| self.node(it)).collect())
    }

    /// Which server is the master of what, as far as is known.
    pub(crate) async fn topology(self: &Arc<Self>) -> Result<Arc<Topology>> {
        self.renew();
        let router = Arc::clone(self);
        self.topology.get(|| async move { router.discover_newest().await.map(Arc::new) }).await
    }

    /// The topology, unless somebody has asked for it later and knows it already.
    async fn discover_newest(&self) -> Result<Topology> {
        loop {
            let (topology, discovered) = self.discover().await?;
            if self.note(discovered, || ()) {
                return Ok(topology);
            }
        }
    }

    /// As of when the topology that is used from now on holds.
    pub(crate) fn current_as_of(&self) -> Option<Instant> {
        match &self.sentinels {
            Some(_) => self.discovered().map(|it| it.asked),
            None => Some(self.clock.now()),
        }
    }

    /// Has the sentinels asked again: meanwhile, or before the next command if what they said is too old.
    fn renew(self: &Arc<Self>) {
        let (Some(_), Some(last)) = (&self.sentinels, self.discovered()) else { return };
        let age = self.clock.now().duration_since(last.asked);
        if age >= NAMED_FOR {
            self.topology.discard(|_| true);
        } else if age >= ASKED_EVERY && !self.is_asking.swap(true, Ordering::AcqRel) {
            let asking = Asking(Arc::clone(self));
            tokio::spawn(async move { asking.0.refresh().await });
        }
    }

    /// The server at `address`.
    pub(crate) fn node(&self, address: &Address) -> Arc<Node> {
        let mut nodes = self.nodes.lock().unwrap_or_else(PoisonError::into_inner);
        let node = nodes.entry(address.clone()).or_insert_with(|| {
            Arc::new(Node::new(address.clone(), Opening::new(&self.settings, &self.clock)))
        });
        Arc::clone(node)
    }

    /// Notes that `slot` is at `master` now.
    pub(crate) fn moved(&self, slot: u16, master: &Address) {
        self.topology.update(|it| {
            let is_news = it.master(Some(slot)) != Some(master);
            is_news.then(|| Arc::new(it.moved(slot, master)))
        });
    }

    /// Has the topology asked for again before the next command, unless it just was.
    pub(crate) fn suspect(&self) {
        if self.settings.mode == RedisMode::Single {
            return;
        }
        let now = self.clock.now();
        let last = self.discovered();
        if last.is_none_or(|it| now.duration_since(it.answered) >= DISCOVERY_SPACING) {
            self.topology.discard(|_| true);
        }
    }

    /// Asks for the topology at once, and keeps the one that is known if there is no answer.
    pub(crate) async fn refresh(&self) {
        let Ok((fresh, discovered)) = self.discover().await else { return };
        self.note(discovered, || {
            self.topology.update(|known| (**known != fresh).then(|| Arc::new(fresh)));
        });
    }

    fn discovered(&self) -> Option<Discovered> {
        *self.discovered.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes when a topology was asked for, and has it `used` before anybody sees the note. False if another was asked
    /// for later and is known already.
    fn note(&self, discovered: Discovered, used: impl FnOnce()) -> bool {
        let mut last = self.discovered.lock().unwrap_or_else(PoisonError::into_inner);
        let is_news = last.is_none_or(|it| it.asked <= discovered.asked);
        if is_news {
            used();
            *last = Some(discovered);
        }
        is_news
    }

    async fn discover(&self) -> Result<(Topology, Discovered)> {
        let asked = self.clock.now();
        let topology = match (self.settings.mode, &self.sentinels) {
            (RedisMode::Cluster, _) => Some(self.ask_cluster().await?),
            (_, Some(sentinels)) => {
                let master = sentinels.master().await?;
                self.confirm_master(&master).await?;
                Some(Topology::single(master))
            }
            (_, None) => self.settings.nodes.first().cloned().map(Topology::single),
        };
        let discovered = Discovered { asked, answered: self.clock.now() };
        let topology = topology
            .ok_or_else(|| Error::new(ErrorKind::ConfigInvalid, "`redis.nodes` is empty"))?;
        let known = topology.masters();
        let mut nodes = self.nodes.lock().unwrap_or_else(PoisonError::into_inner);
        nodes.retain(|address, _| known.contains(address));
        drop(nodes);
        Ok((topology, discovered))
    }

    /// Sentinels name the old master for a while after it has failed or been demoted.
    async fn confirm_master(&self, address: &Address) -> Result<()> {
        let reply = self.node(address).ask(&Command::new("ROLE")).await?;
        if reply.list().first().and_then(Reply::text) == Some("master") {
            return Ok(());
        }
        let message = format!("redis at `{address}` is not the master yet");
        Err(Error::new(ErrorKind::Unavailable, message))
    }

    /// The slots as the first node to answer knows them.
    async fn ask_cluster(&self) -> Result<Topology> {
        let known: Vec<_> = {
            let nodes = self.nodes.lock().unwrap_or_else(PoisonError::into_inner);
            nodes.values().cloned().collect()
        };
        let seeds = self.settings.nodes.iter().map(|it| self.node(it));
        let mut problem = None;
        for node in known.into_iter().chain(seeds) {
            let slots = node.ask(&Command::new("CLUSTER").arg("SLOTS")).await;
            let topology = slots.and_then(|it| {
                let message = format!("redis at `{}` knows no slots", node.address);
                let none = || Error::new(ErrorKind::Unavailable, message);
                Topology::of_slots(&it, &node.address).ok_or_else(none)
            });
            match topology {
                Ok(topology) => return Ok(topology),
                Err(error) => problem = Some(error),
            }
        }
        Err(problem
            .unwrap_or_else(|| Error::new(ErrorKind::ConfigInvalid, "`redis.nodes` is empty")))
    }
}
