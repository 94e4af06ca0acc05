//! Finds the server for a command: there is one, or sentinels know it, or the cluster does.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::clock::Clock;
use crate::error::{Error, ErrorKind, Result};
use crate::redis::command::Command;
use crate::redis::config::RedisMode;
use crate::redis::failure::Failure;
use crate::redis::link::{Opening, within};
use crate::redis::node::Node;
use crate::redis::reply::Reply;
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
    discovered_at: Mutex<Option<Instant>>,
    nodes: Mutex<HashMap<Address, Arc<Node>>>,
    sentinels: Vec<Arc<Node>>,
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
        let mut opening = Opening::new(&settings, &clock);
        opening.credentials = settings.sentinel.clone();
        opening.database = 0;
        let sentinels = match settings.mode {
            RedisMode::Sentinel => settings.nodes.as_slice(),
            RedisMode::Single | RedisMode::Cluster => &[],
        };
        let sentinels =
            sentinels.iter().map(|it| Arc::new(Node::new(it.clone(), opening.clone()))).collect();
        let discovered_at = Mutex::new(None);
        let nodes = Mutex::new(HashMap::new());
        Self { settings, clock, topology, discovered_at, nodes, sentinels }
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
        let router = Arc::clone(self);
        self.topology.get(|| async move { router.discover().await.map(Arc::new) }).await
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
        let last = *self.discovered_at.lock().unwrap_or_else(PoisonError::into_inner);
        if last.is_none_or(|it| now.duration_since(it) >= DISCOVERY_SPACING) {
            self.topology.discard(|_| true);
        }
    }

    /// Asks for the topology at once, and keeps the one that is known if there is no answer.
    pub(crate) async fn refresh(&self) {
        if let Ok(fresh) = self.discover().await {
            self.topology.update(|known| (**known != fresh).then(|| Arc::new(fresh)));
        }
    }

    async fn discover(&self) -> Result<Topology> {
        let topology = match self.settings.mode {
            RedisMode::Single => self.settings.nodes.first().cloned().map(Topology::single),
            RedisMode::Sentinel => Some(Topology::single(self.ask_sentinels().await?)),
            RedisMode::Cluster => Some(self.ask_cluster().await?),
        };
        let now = self.clock.now();
        *self.discovered_at.lock().unwrap_or_else(PoisonError::into_inner) = Some(now);
        let topology = topology
            .ok_or_else(|| Error::new(ErrorKind::ConfigInvalid, "`redis.nodes` is empty"))?;
        let known = topology.masters();
        let mut nodes = self.nodes.lock().unwrap_or_else(PoisonError::into_inner);
        nodes.retain(|address, _| known.contains(address));
        drop(nodes);
        Ok(topology)
    }

    /// The master that the first sentinel to answer names, if it agrees that it is one.
    async fn ask_sentinels(&self) -> Result<Address> {
        let name = &self.settings.sentinel_master;
        let command = Command::new("SENTINEL").arg("GET-MASTER-ADDR-BY-NAME").arg(name);
        let mut problem = None;
        for sentinel in &self.sentinels {
            let reply = match self.ask(sentinel, &command).await {
                Ok(reply) => reply,
                Err(error) => {
                    problem = Some(error);
                    continue;
                }
            };
            let [host, port] = reply.list() else {
                let message = format!("redis sentinels know no master `{name}`");
                problem = Some(Error::new(ErrorKind::NotFound, message));
                continue;
            };
            let place = format!("{}:{}", host.text().unwrap_or(""), port.text().unwrap_or(""));
            let Some(address) = Address::parse(&place) else { continue };
            match self.confirm_master(&address).await {
                Ok(()) => return Ok(address),
                Err(error) => problem = Some(error),
            }
        }
        Err(problem.unwrap_or_else(|| {
            let message = format!("no redis sentinel knows where `{name}` is");
            Error::new(ErrorKind::Unavailable, message)
        }))
    }

    /// Sentinels name the old master for a while after it has failed or been demoted.
    async fn confirm_master(&self, address: &Address) -> Result<()> {
        let reply = self.ask(&self.node(address), &Command::new("ROLE")).await?;
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
            let slots = self.ask(&node, &Command::new("CLUSTER").arg("SLOTS")).await;
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

    /// Sends `command` to this very node.
    pub(crate) async fn ask(&self, node: &Node, command: &Command) -> Result<Reply> {
        let answer = async { node.send(command, false).await.map_err(Failure::into_error) };
        let limit = self.settings.command_deadline;
        let what = || format!("redis at `{}` does not answer `{}`", node.address, command.name);
        within(&*self.clock, limit, answer, what).await
    }
}
