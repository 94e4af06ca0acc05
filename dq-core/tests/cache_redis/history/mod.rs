//! Three processes share a cache while Redis is stopped, killed, emptied and cut off; all they do is
//! written down, and a checker reads it.
//!
//! Redis is one server, one that speaks TLS and asks who comes, a cluster of three of whose nodes one is disturbed at
//! a time, or a master that its replica replaces, back and forth, when it has died or only slept. The truth is a number
//! for each key, in a server of its own that nothing is done to. Writers raise it, and then invalidate; readers read it
//! through the cache.

mod checker;
mod naming;
mod node;
mod record;
mod shared;

use std::path::Path;

use crate::history::checker::Promise;
use crate::history::naming::Watch;
use crate::history::record::{History, now_micros};
use crate::history::shared::{Happened, Shared};
use crate::servers::pace;
use crate::servers::tls::TlsRedis;
use crate::*;

pub(crate) use node::work;

const PROCESSES: usize = 3;
/// Set for the long history.
const SOAK: &str = "DQ_SOAK";

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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn neither_is_one_while_sentinels_replace_the_master() {
    let Some(sentinel) = RedisSentinel::start() else { return };
    hold_to_the_promise(Shared::Sentinel(sentinel)).await;
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
    let watch = shared.watch();
    let mut happened = Happened::default();
    let begun = pace::now();
    let mut slowness: f64 = 1.0;
    for (turn, disturbance) in shared.disturbances(sleep).into_iter().cycle().enumerate() {
        let (before, paced) = (now_micros(), pace::now());
        pause(if is_long { 2000 } else { shared.calm_ms() }).await;
        let real = Duration::from_micros(now_micros() - before);
        slowness = slowness.max(real.div_duration_f64(pace::since(paced)));
        if nodes.iter_mut().all(|it| !it.is_running()) {
            break;
        }
        assert!(pace::since(begun) < Duration::from_mins(10), "a process hangs");
        disturbance.happen(&mut shared, turn, &mut happened).await;
    }
    happened.add_changes(watch.map_or_else(Vec::new, Watch::end));
    let history = read(folder.path(), happened);
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
fn read(folder: &Path, happened: Happened) -> History {
    let Happened { outages, splits, .. } = happened;
    let mut history = History { outages, splits, ..Default::default() };
    for node in 0..PROCESSES {
        let path = folder.join(format!("{node}.history"));
        let text = std::fs::read_to_string(path).unwrap_or_default();
        assert!(text.ends_with("end\n"), "process {node} did not come to its end:\n{text}");
        history.add(node, &text);
    }
    history
}
