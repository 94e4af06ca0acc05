//! A replica that dies and comes back, again and again.

use dq_core::database::DatabaseManager;

use crate::bench::{is_used, open, port_of, wait_for};
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
        wait_for("the replica is back", || is_used(&manager, 1)).await;
        let are_idle = || async { manager.statistics().readers.in_use == 0 };
        wait_for("nothing is in use", are_idle).await;
        // Those of the pools, and the one that asks.
        let are_few = || async { servers.servers.iter().all(|it| it.connections() <= 9) };
        wait_for("there are few connections", are_few).await;
        // What is made once has been made after some cycles.
        if cycle == cycles() / 4 {
            first = Some((tasks(), memory()));
        }
        let (tasks_then, memory_then) = first.unwrap_or((usize::MAX - 2, u64::MAX / 2));
        wait_for("tasks have ended", || async { tasks() <= tasks_then + 2 }).await;
        let now = memory();
        assert!(now <= memory_then + 16 * 1_024, "cycle {cycle}: {now} KiB after {memory_then}");
    }
    manager.close().await;
}
