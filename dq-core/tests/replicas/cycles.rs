//! A replica that dies and comes back, again and again, with work on it each time; and what must not grow by that.

use std::fs;
use std::future::pending;
use std::sync::Arc;

use dq_core::clock::SystemClock;
use dq_core::database::DatabaseManager;
use dq_core::database::postgres::PostgresDatabaseManager;
use dq_core::database::replicas::ReplicatedDatabaseManager;
use dq_core::source::Source;
use tokio::runtime::Handle;
use tokio::task::JoinHandle;

use crate::bench::{few, is_used, open, port_of, wait_for};
use crate::servers::replicas::{Replicated, Server};

/// How many cycles there are; with `DQ_SOAK` many.
fn cycles() -> usize {
    if std::env::var_os("DQ_SOAK").is_some() { 1_000 } else { 6 }
}

/// After how many cycles everything has been made that is made once.
fn warm() -> usize {
    cycles() / 10
}

/// By how much memory may go up and down, in KiB.
const MEMORY_NOISE: u64 = 6 * 1_024;

/// A read that takes some tens of milliseconds, so that it is found at work.
const LONG: &str = "SELECT count(*) FROM generate_series(1, 200000)";

/// Whether nothing else runs in this process: what belongs to all of it is of no meaning otherwise.
fn is_alone() -> bool {
    std::env::var_os("DQ_SOAK").is_some()
}

/// What must not grow.
#[derive(Clone, Copy, Debug)]
struct Figures {
    /// Those of dq's that the servers have.
    connections: usize,
    tasks: usize,
    /// The files, sockets and pipes that this process has open.
    descriptors: usize,
    /// The memory of this process, in KiB.
    memory: u64,
}

impl Figures {
    fn of(servers: &Replicated) -> Self {
        let status = fs::read_to_string("/proc/self/status").unwrap();
        let line = status.lines().find_map(|it| it.strip_prefix("VmRSS:")).unwrap();
        Self {
            connections: servers.servers.iter().map(Server::connections).sum(),
            tasks: Handle::current().metrics().num_alive_tasks(),
            descriptors: fs::read_dir("/proc/self/fd").unwrap().count(),
            memory: line.trim_end_matches("kB").trim().parse().unwrap(),
        }
    }

    /// What there is more of than `before`.
    fn grown_since(&self, before: &Self) -> Vec<&'static str> {
        let grown = [
            ("connections", self.connections > before.connections),
            ("tasks", self.tasks > before.tasks),
            ("descriptors", is_alone() && self.descriptors > before.descriptors),
            ("memory", is_alone() && self.memory > before.memory + MEMORY_NOISE),
        ];
        grown.into_iter().filter(|it| it.1).map(|it| it.0).collect()
    }
}

/// How many connections the manager knows of when nothing is at work: those that wait for work, and those of the ones
/// who ask servers for their places.
fn known(servers: &Replicated, manager: &ReplicatedDatabaseManager) -> usize {
    let statistics = manager.statistics();
    servers.servers.len() + statistics.readers.idle + statistics.writers.idle
}

/// The figures when nothing is at work, without the connections that the manager knows of: all others are lost.
async fn figures_at_rest(servers: &Replicated, manager: &ReplicatedDatabaseManager) -> Figures {
    let are_idle = || async {
        let statistics = manager.statistics();
        statistics.readers.in_use + statistics.writers.in_use == 0
    };
    wait_for("nothing is in use", are_idle).await;
    let are_known = || async { Figures::of(servers).connections <= known(servers, manager) };
    wait_for("there are no connections that nobody knows of", are_known).await;
    // The one that asks servers, and those that close connections without work.
    let are_few = || async { Figures::of(servers).tasks <= 1 };
    wait_for("tasks have ended", are_few).await;
    let (known, now) = (known(servers, manager), Figures::of(servers));
    let descriptors = now.descriptors.saturating_sub(known);
    Figures { connections: now.connections.saturating_sub(known), descriptors, ..now }
}

/// Kills the replica while calls of all kinds are at work: some that are waited for, some that are given up, a stream
/// and a snapshot. With `is_stuck` it answers nothing any more before it dies.
async fn kill_at_work(
    servers: &mut Replicated,
    manager: &ReplicatedDatabaseManager,
    is_stuck: bool,
) {
    let mut stream = manager.stream(&"SELECT generate_series(1, 20000)".into()).await.unwrap();
    assert!(stream.next().await.unwrap().is_some());
    let snapshot = manager.snapshot().await.unwrap();
    if is_stuck {
        servers.servers[1].freeze();
    }
    let call = |_| {
        let manager = manager.clone();
        tokio::spawn(async move { manager.query(&LONG.into()).await.map(drop) })
    };
    let (waited_for, given_up): (Vec<_>, Vec<_>) =
        ((0..4).map(call).collect(), (0..4).map(call).collect());
    // One that has ended already shows, too, that they have begun.
    let have_begun = || async {
        manager.statistics().readers.in_use > 2
            || waited_for.iter().chain(&given_up).any(JoinHandle::is_finished)
    };
    wait_for("they are at work", have_begun).await;
    servers.servers[1].kill();
    for it in &given_up {
        it.abort();
    }
    for it in waited_for {
        // One that was on the replica is made again elsewhere.
        it.await.unwrap().unwrap();
    }
    // It is of either replica: so it ends well, or says that its server is gone.
    while let Ok(Some(_)) = stream.next().await {}
    drop((stream, snapshot));
    for it in given_up {
        assert!(it.await.map_or_else(|it| it.is_cancelled(), |it| it.is_ok()));
    }
}

/// Whether nothing that can be counted is there that was not there `before`.
fn is_all_gone(servers: &Replicated, before: &Figures) -> bool {
    let now = Figures { memory: before.memory, ..Figures::of(servers) };
    now.grown_since(before).is_empty()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kills_and_restarts_of_a_replica_leak_no_connection_task_descriptor_or_memory() {
    let Some(mut servers) = Replicated::start() else { return };
    let before = Figures::of(&servers);
    let manager = open(&servers).await;
    let mut first = None;
    for cycle in 1..=cycles() {
        kill_at_work(&mut servers, &manager, cycle % 2 == 0).await;
        for _ in 0..20 {
            port_of(&manager).await;
        }
        manager.execute(&"CREATE TABLE IF NOT EXISTS t (id int)".into()).await.unwrap();
        servers.servers[1].restart();
        wait_for("the replica is back", || is_used(&manager, 1)).await;
        for _ in 0..20 {
            port_of(&manager).await;
        }
        if cycle % warm().max(2) == 0 {
            let now = figures_at_rest(&servers, &manager).await;
            println!("after {cycle} cycles: {now:?}");
            let first = first.get_or_insert(now);
            assert_eq!(now.grown_since(first), [""; 0], "{cycle} cycles: {now:?} after {first:?}");
        }
    }
    manager.close().await;
    drop(manager);
    // Whatever was lost on the way is still there now.
    wait_for("nothing is left", || async { is_all_gone(&servers, &before) }).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_leak_of_each_kind_is_seen() {
    let Some(servers) = Replicated::start() else { return };
    let before = Figures::of(&servers);
    let task = tokio::spawn(pending::<()>());
    assert_eq!(Figures::of(&servers).grown_since(&before), ["tasks"]);
    task.abort();
    task.await.unwrap_err();

    let config = few(&servers.urls()[1]);
    let clock = Arc::new(SystemClock);
    let forgotten = PostgresDatabaseManager::open(config, clock).await.unwrap();
    let grown = Figures::of(&servers).grown_since(&before);
    assert!(grown.contains(&"connections"), "{grown:?}");
    assert!(grown.contains(&"descriptors") || !is_alone(), "{grown:?}");
    forgotten.close().await;
    wait_for("it is gone", || async { is_all_gone(&servers, &before) }).await;

    let before = Figures::of(&servers);
    let memory = vec![1_u8; usize::try_from(2 * MEMORY_NOISE * 1_024).unwrap()];
    let grown = Figures::of(&servers).grown_since(&before);
    assert!(grown == ["memory"] || !is_alone(), "{grown:?}");
    drop(memory);
}
