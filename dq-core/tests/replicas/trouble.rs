//! Replicas that lag, hang, and are gone.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use dq_core::ErrorKind;
use dq_core::clock::SystemClock;
use dq_core::database::postgres::PostgresConfig;
use dq_core::database::replicas::{Consistency, ReplicasConfig, ReplicatedDatabaseManager};
use dq_core::database::{DatabaseManager, HealthStatus, NodeState};
use dq_core::source::Source;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};

use crate::bench::{
    are_used, few, is_used, number, open, open_with, others, port_of, states, wait_for,
};
use crate::servers::postgres::PostgresServer;
use crate::servers::replicas::{Replicated, Server};

/// Rows without end.
const ENDLESS: &str =
    "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replica_that_is_too_far_behind_is_out_and_comes_back_little_by_little() {
    let Some(servers) = Replicated::start() else { return };
    let limits = |it| ReplicasConfig { lag_max_bytes: 100_000, slow_start_ms: 600_000, ..it };
    let manager = open_with(&servers, limits).await;
    manager.execute(&"CREATE TABLE t (a text)".into()).await.unwrap();
    servers.servers[1].pause_replay();
    let fill = "INSERT INTO t SELECT repeat('x', 100) FROM generate_series(1, 10000)";
    manager.execute(&fill.into()).await.unwrap();
    // The other one may take its time, too.
    let is_out = || async {
        let nodes = manager.nodes().await.unwrap();
        nodes[1].state == NodeState::Lagging && nodes[2].lag_bytes.is_some_and(|it| it < 100_000)
    };
    wait_for("it is out", is_out).await;
    wait_for("the other one is not", || is_used(&manager, 2)).await;
    let nodes = manager.nodes().await.unwrap();
    assert!(nodes[1].lag_bytes.unwrap() > 100_000, "{nodes:?}");
    assert!(nodes[1].lag.unwrap() > Duration::ZERO);
    assert_eq!(manager.health().await.status, HealthStatus::Degraded);
    let eventual = manager.handle(Consistency::Eventual);
    for _ in 0..50 {
        assert_ne!(port_of(&eventual).await, servers.servers[1].port);
    }
    servers.servers[1].resume_replay();
    wait_for("it is back", || async { states(&manager).await[1] == NodeState::Warming }).await;
    let mut back = 0;
    for _ in 0..200 {
        back += u32::from(port_of(&eventual).await == servers.servers[1].port);
    }
    assert!(back < 100, "{back} of 200 reads at once");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replica_that_lags_by_time_is_out_though_it_is_a_few_bytes_behind() {
    let Some(servers) = Replicated::start() else { return };
    let manager = open_with(&servers, |it| ReplicasConfig { lag_max_ms: 300, ..it }).await;
    manager.execute(&"CREATE TABLE t (a int)".into()).await.unwrap();
    // An idle primary makes nobody late, nor does one at the beginning of a segment of its log.
    servers.servers[0].run("SELECT pg_switch_wal()");
    for _ in 0..20 {
        tokio::time::sleep(Duration::from_millis(50)).await;
        // A busy machine may make one late for a moment, an idle primary would do so for good.
        wait_for("all are used", || async { are_used(&states(&manager).await) }).await;
    }
    servers.servers[2].pause_replay();
    manager.execute(&"INSERT INTO t VALUES (1)".into()).await.unwrap();
    wait_for("it is out", || async { states(&manager).await[2] == NodeState::Lagging }).await;
    servers.servers[2].resume_replay();
    wait_for("it is back", || is_used(&manager, 2)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replica_that_hangs_is_out_and_what_hangs_on_it_is_read_elsewhere() {
    let Some(servers) = Replicated::start() else { return };
    let manager = open_with(&servers, |it| ReplicasConfig { poll_timeout_ms: 300, ..it }).await;
    let frozen = servers.servers[1].port;
    for _ in 0..50 {
        port_of(&manager).await;
    }
    servers.servers[1].freeze();
    // Some of these begin before anybody knows.
    let reads = (0..8).map(|_| {
        let manager = manager.clone();
        tokio::spawn(async move { port_of(&manager).await })
    });
    let reads: Vec<_> = reads.collect();
    wait_for("it is out", || async { states(&manager).await[1] == NodeState::Unreachable }).await;
    for read in reads {
        let read = tokio::time::timeout(Duration::from_mins(1), read).await;
        assert_ne!(read.expect("it ends").unwrap(), frozen);
    }
    for _ in 0..20 {
        assert_ne!(port_of(&manager).await, frozen);
    }
    servers.servers[1].thaw();
    wait_for("it is back", || is_used(&manager, 1)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
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

/// A way to a server that lets nobody in any more once it is shut, though who is through already goes on.
async fn gate(port: u16, is_shut: Arc<AtomicBool>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let gate = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        let mut waiting = Vec::new();
        while let Ok((mut caller, _)) = listener.accept().await {
            if is_shut.load(Ordering::Relaxed) {
                waiting.push(caller);
                continue;
            }
            tokio::spawn(async move {
                let mut server = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
                copy_bidirectional(&mut caller, &mut server).await.unwrap_or_default()
            });
        }
    });
    gate
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replica_that_answers_some_and_not_others_costs_no_read() {
    let Some(servers) = Replicated::start() else { return };
    let is_shut = Arc::new(AtomicBool::new(false));
    let [first, second, _] = servers.urls();
    let gate = gate(servers.servers[1].port, Arc::clone(&is_shut)).await;
    let second = second.replace(&servers.servers[1].port.to_string(), &gate.to_string());
    let first = PostgresConfig { connect_timeout_ms: 1_000, ..few(&first) };
    let clock = Arc::new(SystemClock);
    let manager = ReplicatedDatabaseManager::open(&first, others(&[second]), clock).await.unwrap();
    wait_for("it is used", || is_used(&manager, 1)).await;
    let replica = servers.servers[1].port;
    let eventual = manager.handle(Consistency::Eventual);
    wait_for("it reads", || async { port_of(&eventual).await == replica }).await;
    // Two connections wait for work, both of which are lost while nobody is let in.
    let read = "SELECT pg_backend_pid() FROM pg_sleep(0.5)".into();
    let (one, other) = tokio::join!(eventual.query(&read), eventual.query(&read));
    is_shut.store(true, Ordering::Relaxed);
    for it in [one.unwrap(), other.unwrap()] {
        let process = it.scalar().to_string();
        servers.servers[1].run(&format!("SELECT pg_terminate_backend({process})"));
    }
    for _ in 0..3 {
        number(&eventual, "SELECT 1").await;
        wait_for("it answers who is there", || is_used(&manager, 1)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_closed_manager_and_a_dropped_one_leave_nothing_behind() {
    let Some(servers) = Replicated::start() else { return };
    let tasks = || tokio::runtime::Handle::current().metrics().num_alive_tasks();
    let before = tasks();
    let connections = || servers.servers.iter().map(Server::connections).sum::<usize>();
    for is_closed in [true, false] {
        let manager = open(&servers).await;
        port_of(&manager).await;
        wait_for("every server is asked", || async { connections() >= 3 }).await;
        assert!(tasks() > before);
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn servers_of_two_systems_are_refused_before_anything_is_read_or_written() {
    let Some(one) = PostgresServer::start() else { return };
    let Some(other) = PostgresServer::start() else { return };
    let config = PostgresConfig::new(one.url("postgres"));
    let urls = vec![other.url("postgres").into()];
    let replicas = ReplicasConfig { urls, ..ReplicasConfig::default() };
    let clock = || Arc::new(SystemClock);
    let manager = ReplicatedDatabaseManager::new(&config, replicas.clone(), clock()).unwrap();
    let refused = [
        manager.query(&"SELECT 1".into()).await.map(drop),
        manager.execute(&"CREATE TABLE t (a int)".into()).await.map(drop),
        manager.begin().await.map(drop),
        manager.snapshot().await.map(drop),
        ReplicatedDatabaseManager::open(&config, replicas, clock()).await.map(drop),
    ];
    for refused in refused {
        let error = refused.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConfigInvalid);
        assert!(error.message().contains("different database systems"), "{error}");
    }
}
