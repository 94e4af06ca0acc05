//! A replica that dies and comes back, again and again.

use dq_core::database::{DatabaseManager, NodeState};

use crate::bench::{open, port_of, states, wait_for};
use crate::servers::replicas::Replicated;

/// How many cycles there are; with `DQ_SOAK` many.
fn cycles() -> usize {
    if std::env::var_os("DQ_SOAK").is_some() { 1_000 } else { 5 }
}

/// The memory of this process, in KiB.
fn memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|it| it.strip_prefix("VmRSS:")).unwrap();
    line.trim_end_matches("kB").trim().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kills_and_restarts_of_a_replica_leak_no_connection_task_or_memory() {
    let Some(mut servers) = Replicated::start() else { return };
    let manager = open(&servers).await;
    let tasks = || tokio::runtime::Handle::current().metrics().num_alive_tasks();
    let mut first = None;
    for cycle in 0..cycles() {
        for _ in 0..20 {
            port_of(&manager).await;
        }
        servers.servers[1].kill();
        for _ in 0..20 {
            port_of(&manager).await;
        }
        servers.servers[1].restart();
        let is_back =
            || async { matches!(states(&manager).await[1], NodeState::Ready | NodeState::Warming) };
        wait_for("the replica is back", is_back).await;
        let statistics = manager.statistics();
        assert_eq!(statistics.readers.in_use, 0, "cycle {cycle}: {statistics:?}");
        for server in &servers.servers {
            // Those of the pools, and the one that asks.
            let connections = server.connections();
            assert!(connections <= 9, "cycle {cycle}: {connections} connections");
        }
        let now = (tasks(), memory());
        // What is made once has been made after some cycles.
        if cycle == cycles() / 4 {
            first = Some(now);
        }
        if let Some((tasks, memory)) = first {
            assert!(now.0 <= tasks + 2, "cycle {cycle}: {} tasks after {tasks}", now.0);
            assert!(now.1 <= memory + 16 * 1_024, "cycle {cycle}: {} KiB after {memory}", now.1);
        }
    }
    manager.close().await;
}
