//! Databases to try things on.

use std::sync::Arc;
use std::time::Duration;

use dq_core::clock::SystemClock;
use dq_core::database::postgres::PostgresConfig;
use dq_core::database::replicas::{ReplicasConfig, ReplicatedDatabaseManager};
use dq_core::database::{DatabaseManager, NodeState};
use dq_core::value::OwnedValue;

use crate::servers::replicas::Replicated;

/// Where a read was made: a function that only reads, and that differs from server to server.
pub(crate) const WHERE: &str = "SELECT inet_server_port()";

/// A configuration with few connections.
pub(crate) fn few(url: &str) -> PostgresConfig {
    PostgresConfig { readers: 4, writers: 4, ..PostgresConfig::new(url) }
}

/// How the others are reached. A machine that is busy with other tests may let a server wait for long, and what the
/// tests are about must not depend on that.
pub(crate) fn others(urls: &[String]) -> ReplicasConfig {
    let urls = urls.iter().map(|it| it.as_str().into()).collect();
    ReplicasConfig {
        urls,
        poll_timeout_ms: 3_000,
        lag_max_ms: 600_000,
        failover_ms: 120_000,
        ..ReplicasConfig::default()
    }
}

pub(crate) async fn open(servers: &Replicated) -> ReplicatedDatabaseManager {
    open_with(servers, |it| it).await
}

/// Opens all servers with another configuration, and waits until both replicas are used.
pub(crate) async fn open_with(
    servers: &Replicated,
    change: impl FnOnce(ReplicasConfig) -> ReplicasConfig,
) -> ReplicatedDatabaseManager {
    let urls = servers.urls();
    let config = change(others(&urls[1..]));
    // Short, so that who waits for connections without work ends soon.
    let first = PostgresConfig { idle_timeout_ms: 200, ..few(&urls[0]) };
    // The first answers of servers that have just started may come too late.
    let mut attempts = 20;
    let manager = loop {
        let clock = Arc::new(SystemClock);
        match ReplicatedDatabaseManager::open(&first, config.clone(), clock).await {
            Ok(manager) => break manager,
            Err(error) if attempts == 0 => panic!("{error}"),
            Err(_) => attempts -= 1,
        }
    };
    let all = || async { are_used(&states(&manager).await) };
    wait_for("all servers are used", all).await;
    manager
}

/// Whether all servers are used.
pub(crate) fn are_used(states: &[NodeState]) -> bool {
    states.iter().all(|it| matches!(it, NodeState::Ready | NodeState::Warming))
}

pub(crate) async fn states(manager: &ReplicatedDatabaseManager) -> Vec<NodeState> {
    manager.nodes().await.unwrap().iter().map(|it| it.state).collect()
}

/// Whether the replica is used.
pub(crate) async fn is_used(manager: &ReplicatedDatabaseManager, server: usize) -> bool {
    are_used(&states(manager).await[server..=server])
}

/// The first value of the first row.
pub(crate) async fn scalar(manager: &ReplicatedDatabaseManager, sql: &str) -> OwnedValue {
    manager.query(&sql.into()).await.unwrap().scalar().into()
}

/// The port of the server that a read goes to.
pub(crate) async fn port_of(manager: &ReplicatedDatabaseManager) -> u16 {
    number(manager, WHERE).await.try_into().unwrap()
}

pub(crate) async fn number(manager: &ReplicatedDatabaseManager, sql: &str) -> i64 {
    match scalar(manager, sql).await {
        OwnedValue::Integer(it) => it,
        other => panic!("{other:?} is no number"),
    }
}

/// Lets servers do something by their own clocks, and fails after a minute.
pub(crate) async fn wait_for<F: Future<Output = bool>>(what: &str, is_so: impl Fn() -> F) {
    for _ in 0..6_000 {
        if is_so().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("waited a minute until {what}");
}
