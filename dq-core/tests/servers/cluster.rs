//! A Redis Cluster of three masters.

use super::*;
use crate::servers::redis::RedisServer;
use crate::servers::resp::Answer;

const SLOTS: usize = 16_384;
const MASTERS: usize = 3;

/// A cluster of three masters without replicas.
#[derive(Debug)]
pub(crate) struct RedisCluster {
    pub(crate) nodes: Vec<RedisServer>,
}

impl RedisCluster {
    /// Starts one, and waits until all its nodes agree.
    pub(crate) fn start() -> Option<Self> {
        let nodes: Vec<_> = (0..MASTERS).filter_map(|_| start_node()).collect();
        let cluster = (!nodes.is_empty()).then_some(Self { nodes })?;
        for (position, node) in cluster.nodes.iter().enumerate() {
            let first = (SLOTS * position / MASTERS).to_string();
            let last = (SLOTS * (position + 1) / MASTERS - 1).to_string();
            node.ask(&["CLUSTER", "SET-CONFIG-EPOCH", &(position + 1).to_string()]);
            node.ask(&["CLUSTER", "ADDSLOTSRANGE", &first, &last]);
        }
        let port = cluster.nodes[0].port.to_string();
        for node in cluster.nodes.iter().skip(1) {
            node.ask(&["CLUSTER", "MEET", "127.0.0.1", &port]);
        }
        cluster.wait_until_ok();
        Some(cluster)
    }

    /// Starts a replica of one of the masters, and waits until it has everything and all know it.
    pub(crate) fn add_replica_of(&self, master: usize) -> RedisServer {
        let replica = start_node().expect("redis is installed");
        let master = &self.nodes[master];
        let id = master.ask(&["CLUSTER", "MYID"]).text().to_owned();
        replica.ask(&["CLUSTER", "MEET", "127.0.0.1", &master.port.to_string()]);
        wait_until("the replica knows its master", || {
            replica.ask(&["CLUSTER", "REPLICATE", &id]) == Answer::Text("OK".to_owned())
        });
        let name = replica.ask(&["CLUSTER", "MYID"]).text().to_owned();
        wait_until("the replica has everything", || {
            let knows = |it: &RedisServer| {
                let nodes = it.ask(&["CLUSTER", "NODES"]);
                let mut lines = nodes.text().lines();
                lines.any(|it| it.starts_with(&name) && it.contains("slave"))
            };
            replica.info("master_link_status").as_deref() == Some("up")
                && self.nodes.iter().all(knows)
        });
        replica
    }

    /// Where the nodes listen.
    pub(crate) fn addresses(&self) -> Vec<String> {
        self.nodes.iter().map(RedisServer::address).collect()
    }

    /// Waits until all nodes know all slots.
    pub(crate) fn wait_until_ok(&self) {
        wait_until("the cluster is complete", || {
            self.nodes.iter().all(|it| {
                let info = it.ask(&["CLUSTER", "INFO"]);
                let info = info.text();
                info.contains("cluster_state:ok") && info.contains("cluster_known_nodes:3")
            })
        });
    }

    /// Which node has the slot of `key`.
    pub(crate) fn owner(&self, key: &str) -> usize {
        let owns = |it: &RedisServer| !matches!(it.ask(&["EXISTS", key]), Answer::Error(_));
        self.nodes.iter().position(owns).expect("some node has the slot")
    }

    /// Moves the slot of `key`, with all its keys, from one node to another.
    pub(crate) fn move_slot(&self, key: &str, to: usize) {
        let (source, target) = (&self.nodes[self.owner(key)], &self.nodes[to]);
        let slot = source.ask(&["CLUSTER", "KEYSLOT", key]).text().to_owned();
        let id = |it: &RedisServer| it.ask(&["CLUSTER", "MYID"]).text().to_owned();
        let (source_id, target_id) = (id(source), id(target));
        target.ask(&["CLUSTER", "SETSLOT", &slot, "IMPORTING", &source_id]);
        source.ask(&["CLUSTER", "SETSLOT", &slot, "MIGRATING", &target_id]);
        let port = target.port.to_string();
        loop {
            let keys = source.ask(&["CLUSTER", "GETKEYSINSLOT", &slot, "100"]);
            if keys.list().is_empty() {
                break;
            }
            for key in keys.list() {
                source.ask(&["MIGRATE", "127.0.0.1", &port, key.text(), "0", "5000"]);
            }
        }
        for node in [target, source] {
            node.ask(&["CLUSTER", "SETSLOT", &slot, "NODE", &target_id]);
        }
    }
}

fn start_node() -> Option<RedisServer> {
    let options = [
        ["--cluster-enabled", "yes"],
        ["--cluster-node-timeout", "2000"],
        ["--cluster-replica-validity-factor", "0"],
    ];
    let options: Vec<_> = options.as_flattened().iter().map(|it| (*it).to_owned()).collect();
    RedisServer::start_with(&options, None)
}
