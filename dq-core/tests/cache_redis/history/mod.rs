//! Three processes share a cache while Redis is stopped, killed, emptied and cut off; all they do is
//! written down, and a checker reads it.
//!
//! Redis is one server, one that speaks TLS and asks who comes, or a cluster of three of whose nodes one is disturbed at
//! a time. The truth is a number for each key, in a server of its own that nothing is done to. Writers raise it,
//! and then invalidate; readers read it through the cache.

mod checker;
mod node;
mod record;

use std::path::Path;

use crate::history::checker::Promise;
use crate::history::record::{History, now_micros};
use crate::servers::pace;
use crate::servers::tls::TlsRedis;
use crate::*;

pub(crate) use node::work;

const PROCESSES: usize = 3;
/// Set for the long history.
const SOAK: &str = "DQ_SOAK";

/// What is done to Redis, by turns.
#[derive(Clone, Copy, Debug)]
enum Disturbance {
    KillClients,
    Sleep(u64),
    Flush,
    Restart(u64),
}

/// The Redis that the processes share.
enum Shared {
    Plain(RedisServer),
    Tls(Box<TlsRedis>),
    Cluster(RedisCluster),
}

impl Shared {
    fn url(&self) -> String {
        match self {
            Self::Plain(server) => server.url(),
            Self::Tls(redis) => format!("rediss://dq:dqpw@localhost:{}", redis.server.port),
            Self::Cluster(cluster) => cluster.nodes[0].url(),
        }
    }

    /// What the processes must know beside that.
    fn variables(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::Plain(_) => Vec::new(),
            Self::Tls(redis) => {
                vec![(node::CA_FILE, redis.authority.ca_file.display().to_string())]
            }
            Self::Cluster(cluster) => vec![(node::CLUSTER, cluster.addresses().join(","))],
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
    /// Does it, and returns from when to when Redis was out of reach.
    async fn happen(self, shared: &mut Shared, turn: usize) -> (u64, u64) {
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
        }
        shared.settle();
        (begun, now_micros())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_read_is_wrong_or_staler_than_promised() {
    let Some(server) = RedisServer::start() else { return };
    hold_to_the_promise(Shared::Plain(server)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn neither_is_one_over_tls_as_a_user_of_the_acl() {
    let Some(redis) = TlsRedis::start() else { return };
    hold_to_the_promise(Shared::Tls(Box::new(redis))).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn neither_is_one_in_a_cluster() {
    let Some(cluster) = RedisCluster::start() else { return };
    hold_to_the_promise(Shared::Cluster(cluster)).await;
}

/// Lets three processes work while Redis is disturbed, and reads what they have written down.
async fn hold_to_the_promise(mut shared: Shared) {
    let truth = RedisServer::start().expect("there is one, as there is another");
    let is_long = std::env::var_os(SOAK).is_some();
    let operations = if is_long { 100_000 } else { 2000 };
    let folder = tempfile::tempdir().unwrap();
    let start = |node: usize| {
        let own = [
            (node::TRUTH, truth.url()),
            (node::NODE, node.to_string()),
            (node::OPERATIONS, (operations / PROCESSES + 1).to_string()),
        ];
        let variables = [&own[..], &shared.variables()].concat();
        worker::start("history", &shared.url(), folder.path(), &variables)
    };
    let mut nodes: Vec<_> = (0..PROCESSES).map(start).collect();
    let sleep = if is_long { 5000 } else { 700 };
    let turns = [
        Disturbance::KillClients,
        Disturbance::Sleep(sleep),
        Disturbance::Flush,
        Disturbance::Restart(300),
    ];
    let mut outages = Vec::new();
    let begun = pace::now();
    let mut slowness: f64 = 1.0;
    for (turn, disturbance) in turns.into_iter().cycle().enumerate() {
        let (before, paced) = (now_micros(), pace::now());
        pause(if is_long { 2000 } else { 1500 }).await;
        let real = Duration::from_micros(now_micros() - before);
        slowness = slowness.max(real.div_duration_f64(pace::since(paced)));
        if nodes.iter_mut().all(|it| !it.is_running()) {
            break;
        }
        assert!(pace::since(begun) < Duration::from_mins(10), "a process hangs");
        outages.push(disturbance.happen(&mut shared, turn).await);
    }
    let history = read(folder.path(), outages);
    assert!(history.operations() >= operations, "only {}", history.operations());
    let promise = Promise {
        staleness: Duration::from_secs(1),
        agreement: Duration::from_secs(3).mul_f64(slowness),
        longest: Duration::from_secs(5).mul_f64(slowness),
    };
    let violations = promise.violations(&history);
    assert!(violations.is_empty(), "{}", violations.join("\n"));
    println!("{}, on a machine that was {slowness:.2} times slower at times", history.summary());
}

/// What all processes have written down.
fn read(folder: &Path, outages: Vec<(u64, u64)>) -> History {
    let mut history = History { outages, ..Default::default() };
    for node in 0..PROCESSES {
        let path = folder.join(format!("{node}.history"));
        let text = std::fs::read_to_string(path).unwrap_or_default();
        assert!(text.ends_with("end\n"), "process {node} did not come to its end:\n{text}");
        history.add(node, &text);
    }
    history
}
