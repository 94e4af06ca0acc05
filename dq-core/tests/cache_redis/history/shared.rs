//! The Redis that the processes share, and what is done to it.

use crate::history::naming::Watch;
use crate::history::node;
use crate::history::record::now_micros;
use crate::servers::tls::TlsRedis;
use crate::*;

/// For how long after all sentinels name another master somebody may still be answered by the old one: half a second
/// in which it is used, and a call.
const LINGERS_MICROS: u64 = 700_000;
/// How long before sentinels change their mind by themselves the master may have been out of reach.
const UNNOTICED_MICROS: u64 = 3_000_000;

/// The Redis that the processes share.
pub(crate) enum Shared {
    Plain(RedisServer),
    Tls(Box<TlsRedis>),
    Cluster(RedisCluster),
    Sentinel(RedisSentinel),
}

/// What is done to Redis, by turns.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Disturbance {
    KillClients,
    Sleep(u64),
    Flush,
    Restart(u64),
    /// The replica takes the place of the master, which has died, and which is its replica when it is back.
    Replace,
    /// The replica takes the place of the master, which only slept, and goes on as a master when it awakes.
    Depose,
}

/// What was done to Redis.
#[derive(Debug, Default)]
pub(crate) struct Happened {
    /// From when to when it was out of reach.
    pub(crate) outages: Vec<(u64, u64)>,
    /// From when to when two servers may have taken themselves for the master, each with somebody who believed it.
    pub(crate) splits: Vec<(u64, u64)>,
    /// The outages in which the old master was dead.
    deaths: Vec<(u64, u64)>,
}

impl Happened {
    /// Adds from when to when the sentinels went over to another master, whoever made them.
    pub(crate) fn add_changes(&mut self, changes: Vec<(u64, u64)>) {
        for (from, to) in changes {
            if self.deaths.iter().any(|it| it.0 <= from && to <= it.1 + LINGERS_MICROS) {
                continue;
            }
            self.splits.push((from, to + LINGERS_MICROS));
            if !self.outages.iter().any(|it| it.0 <= from && from <= it.1) {
                self.outages.push((from - UNNOTICED_MICROS, to));
            }
        }
    }
}

impl Shared {
    pub(crate) fn url(&self) -> String {
        match self {
            Self::Plain(server) => server.url(),
            Self::Tls(redis) => format!("rediss://dq:dqpw@localhost:{}", redis.server.port),
            Self::Cluster(cluster) => cluster.nodes[0].url(),
            Self::Sentinel(sentinel) => sentinel.servers[0].url(),
        }
    }

    /// What the processes must know beside that.
    pub(crate) fn variables(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::Plain(_) => Vec::new(),
            Self::Tls(redis) => {
                vec![(node::CA_FILE, redis.authority.ca_file.display().to_string())]
            }
            Self::Cluster(cluster) => vec![(node::CLUSTER, cluster.addresses().join(","))],
            Self::Sentinel(sentinel) => vec![(node::SENTINELS, sentinel.addresses().join(","))],
        }
    }

    /// What is done to it, by turns.
    pub(crate) fn disturbances(&self, sleep: u64) -> [Disturbance; 4] {
        use Disturbance::{Depose, Flush, KillClients, Replace, Restart, Sleep};
        match self {
            Self::Sentinel(_) => [Replace, Depose, KillClients, Flush],
            _ => [KillClients, Sleep(sleep), Flush, Restart(300)],
        }
    }

    /// How long nothing is done to it between two disturbances in a short history.
    pub(crate) fn calm_ms(&self) -> u64 {
        if matches!(self, Self::Sentinel(_)) { 800 } else { 1500 }
    }

    /// Watches the sentinels, if there are any.
    pub(crate) fn watch(&self) -> Option<Watch> {
        match self {
            Self::Sentinel(sentinel) => Some(Watch::begin(sentinel.naming())),
            _ => None,
        }
    }

    /// The server to which something is done next.
    fn server(&mut self, turn: usize) -> &mut RedisServer {
        match self {
            Self::Plain(server) => server,
            Self::Tls(redis) => &mut redis.server,
            Self::Cluster(cluster) => {
                let nodes = cluster.nodes.len();
                &mut cluster.nodes[turn % nodes]
            }
            Self::Sentinel(sentinel) => {
                let master = sentinel.master();
                &mut sentinel.servers[master]
            }
        }
    }

    /// Waits until it is in reach again.
    fn settle(&self) {
        if let Self::Cluster(cluster) = self {
            cluster.wait_until_ok();
        }
    }
}

impl Disturbance {
    /// Does it, and notes what happened.
    pub(crate) async fn happen(self, shared: &mut Shared, turn: usize, happened: &mut Happened) {
        if let (Self::Replace | Self::Depose, Shared::Sentinel(sentinel)) = (self, &mut *shared) {
            return self.fail_over(sentinel, happened).await;
        }
        let begun = now_micros();
        let server = shared.server(turn);
        match self {
            Self::KillClients => {
                for _ in 0..20 {
                    server.kill_clients();
                    pause(10).await;
                }
            }
            Self::Sleep(milliseconds) => {
                server.pause();
                pause(milliseconds).await;
                server.resume();
            }
            Self::Flush => server.flush_all(),
            Self::Restart(milliseconds) => {
                server.kill();
                pause(milliseconds).await;
                server.restart();
            }
            Self::Replace | Self::Depose => unreachable!("only sentinels do that"),
        }
        shared.settle();
        happened.outages.push((begun, now_micros()));
    }

    /// Has the other server become the master.
    async fn fail_over(self, sentinel: &mut RedisSentinel, happened: &mut Happened) {
        let old = sentinel.master();
        let new = 1 - old;
        let begun = now_micros();
        if matches!(self, Self::Replace) {
            sentinel.servers[old].kill();
        } else {
            sentinel.servers[old].pause();
            sentinel.wait_until_master(new);
            // Before all sentinels, let alone the processes, know.
            sentinel.servers[old].resume();
        }
        // On a slow machine they may give it up when the old one is back, and have the other follow that again.
        let is_given_up = || {
            let role = sentinel.servers[new].try_info("role").ok().flatten();
            matches!(self, Self::Depose) && role.as_deref() == Some("slave")
        };
        servers::wait_until("all sentinels name the other", || {
            sentinel.master() == new || is_given_up()
        });
        let outage = (begun, now_micros());
        happened.outages.push(outage);
        if matches!(self, Self::Replace) {
            happened.deaths.push(outage);
            sentinel.servers[old].restart();
        } else {
            // Whoever has not heard of it yet is still answered.
            pause(1000).await;
        }
        let master = sentinel.master();
        sentinel.follow(1 - master, master);
    }
}
