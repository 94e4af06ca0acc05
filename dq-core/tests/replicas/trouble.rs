//! Replicas that lag, hang, and are gone.

use std::time::{Duration, Instant};

use dq_core::ErrorKind;
use dq_core::clock::{Clock, SystemClock};
use dq_core::database::replicas::{Consistency, ReplicasConfig};
use dq_core::database::{DatabaseManager, HealthStatus, NodeState};

use crate::bench::{are_used, number, open, open_with, port_of, states, wait_for};
use crate::servers::replicas::Replicated;

/// Rows without end.
const ENDLESS: &str =
    "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n";

/// What the test may add to half a second: it looks again and again, on a busy machine.
const SLACK: Duration = Duration::from_millis(500);

fn since(begun: Instant) -> Duration {
    SystemClock.now().saturating_duration_since(begun)
}

#[tokio::test]
async fn a_replica_that_is_too_far_behind_is_out_and_comes_back_little_by_little() {
    let Some(servers) = Replicated::start() else { return };
    let limits = |it| ReplicasConfig { lag_max_bytes: 100_000, lag_max_ms: 60_000, ..it };
    let manager = open_with(&servers, limits).await;
    manager.execute(&"CREATE TABLE t (a text)".into()).await.unwrap();
    servers.servers[1].pause_replay();
    let fill = "INSERT INTO t SELECT repeat('x', 100) FROM generate_series(1, 10000)";
    manager.execute(&fill.into()).await.unwrap();
    let begun = SystemClock.now();
    let is_out = || async { states(&manager).await[1] == NodeState::Lagging };
    wait_for("it is out", is_out).await;
    assert!(since(begun) < Duration::from_millis(500) + SLACK, "{:?}", since(begun));
    println!("a lagging replica was out after {:?}", since(begun));
    let nodes = manager.nodes().await.unwrap();
    assert!(
        nodes[1].lag_bytes.unwrap() > 100_000 && nodes[2].lag_bytes.unwrap() < 100_000,
        "{nodes:?}"
    );
    assert!(nodes[1].lag.unwrap() > Duration::ZERO);
    assert_eq!(manager.health().await.status, HealthStatus::Degraded);
    let eventual = manager.handle(Consistency::Eventual);
    for _ in 0..50 {
        assert_eq!(port_of(&eventual).await, servers.servers[2].port);
    }
    servers.servers[1].resume_replay();
    wait_for("it is back", || async { states(&manager).await[1] == NodeState::Warming }).await;
    let mut back = 0;
    for _ in 0..200 {
        back += u32::from(port_of(&eventual).await == servers.servers[1].port);
    }
    assert!(back < 100, "{back} of 200 reads at once");
}

#[tokio::test]
async fn a_replica_that_lags_by_time_is_out_though_it_is_a_few_bytes_behind() {
    let Some(servers) = Replicated::start() else { return };
    let manager = open_with(&servers, |it| ReplicasConfig { lag_max_ms: 300, ..it }).await;
    manager.execute(&"CREATE TABLE t (a int)".into()).await.unwrap();
    // An idle primary makes nobody late, nor does one at the beginning of a segment of its log.
    servers.servers[0].run("SELECT pg_switch_wal()");
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(are_used(&states(&manager).await), "{:?}", states(&manager).await);
    servers.servers[2].pause_replay();
    manager.execute(&"INSERT INTO t VALUES (1)".into()).await.unwrap();
    wait_for("it is out", || async { states(&manager).await[2] == NodeState::Lagging }).await;
    servers.servers[2].resume_replay();
    wait_for("it is back", || async { states(&manager).await[2] == NodeState::Warming }).await;
}

#[tokio::test]
async fn a_replica_that_hangs_is_out_and_what_hangs_on_it_is_read_elsewhere() {
    let Some(servers) = Replicated::start() else { return };
    let manager = open_with(&servers, |it| ReplicasConfig { poll_timeout_ms: 300, ..it }).await;
    for _ in 0..50 {
        port_of(&manager).await;
    }
    servers.servers[1].freeze();
    let begun = SystemClock.now();
    // Some of these begin before anybody knows.
    let reads = (0..8).map(|_| {
        let manager = manager.clone();
        tokio::spawn(async move { port_of(&manager).await })
    });
    let reads: Vec<_> = reads.collect();
    wait_for("it is out", || async { states(&manager).await[1] == NodeState::Unreachable }).await;
    assert!(since(begun) < Duration::from_millis(500) + SLACK, "{:?}", since(begun));
    println!("a hanging replica was out after {:?}", since(begun));
    for read in reads {
        assert_eq!(read.await.unwrap(), servers.servers[2].port);
    }
    assert!(since(begun) < Duration::from_secs(10), "{:?}", since(begun));
    for _ in 0..20 {
        assert_eq!(port_of(&manager).await, servers.servers[2].port);
    }
    servers.servers[1].thaw();
    wait_for("it is back", || async { states(&manager).await[1] == NodeState::Warming }).await;
}

#[tokio::test]
async fn a_replica_that_dies_costs_no_read_and_the_primary_takes_over_within_a_cap() {
    let Some(mut servers) = Replicated::start() else { return };
    let change = |it| ReplicasConfig { primary_readers: 2, ..it };
    let manager = open_with(&servers, change).await;
    let primary = servers.servers[0].port;
    for killed in 1..=2 {
        for _ in 0..20 {
            port_of(&manager).await;
        }
        servers.servers[killed].kill();
        for _ in 0..50 {
            let port = port_of(&manager).await;
            assert_ne!(port, servers.servers[killed].port);
        }
    }
    assert_eq!(port_of(&manager).await, primary);
    wait_for("both are out", || async {
        states(&manager).await == [NodeState::Ready, NodeState::Unreachable, NodeState::Unreachable]
    })
    .await;
    let streams = [
        manager.stream(&ENDLESS.into()).await.unwrap(),
        manager.stream(&ENDLESS.into()).await.unwrap(),
    ];
    let statement = "SELECT 1".into();
    let third = tokio::time::timeout(Duration::from_millis(300), manager.query(&statement));
    assert!(third.await.is_err(), "a third read waits");
    drop(streams);
    assert_eq!(number(&manager, "SELECT 1").await, 1);
    servers.servers[1].restart();
    wait_for("it is back", || async { port_of(&manager).await == servers.servers[1].port }).await;
}

#[tokio::test]
async fn a_closed_manager_and_a_dropped_one_leave_nothing_behind() {
    let Some(servers) = Replicated::start() else { return };
    let tasks = || tokio::runtime::Handle::current().metrics().num_alive_tasks();
    let before = tasks();
    let connections = || servers.servers.iter().map(|it| it.connections()).sum::<usize>();
    for is_closed in [true, false] {
        let manager = open(&servers).await;
        port_of(&manager).await;
        assert!(connections() >= 3 && tasks() > before);
        if is_closed {
            let handle = manager.handle(Consistency::Eventual);
            manager.close().await;
            let error = handle.query(&"SELECT 1".into()).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Unavailable);
        }
        drop(manager);
        wait_for("all connections are closed", || async { connections() == 0 }).await;
        wait_for("all tasks have ended", || async { tasks() <= before }).await;
    }
}
