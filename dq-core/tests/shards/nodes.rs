//! What is said of the servers of parts: that they answer, or why they do not.

use std::sync::Arc;
use std::time::Duration;

use dq_core::clock::SystemClock;
use dq_core::database::postgres::{PostgresConfig, PostgresDatabaseManager};
use dq_core::database::{DatabaseManager, Node, NodeRole, NodeState};

use crate::servers::shards::{Servers, Shards};

async fn open(shards: &Shards) -> PostgresDatabaseManager {
    let config =
        PostgresConfig { readers: 4, connect_timeout_ms: 700, ..PostgresConfig::new(shards.url()) };
    PostgresDatabaseManager::open(config, Arc::new(SystemClock)).await.unwrap()
}

/// How messages name a server of parts.
fn name(shards: &Shards, number: usize) -> String {
    format!("postgres://127.0.0.1:{}/{}", shards.servers.shards[number].port, shards.database)
}

/// The node of a server.
async fn node(shards: &Shards, number: usize) -> Node {
    let database = open(shards).await;
    let nodes = database.nodes().await.unwrap();
    database.close().await;
    assert_eq!(nodes.len(), 2, "{nodes:?}");
    assert!(nodes.iter().all(|it| it.role == NodeRole::Shard), "{nodes:?}");
    let name = name(shards, number);
    nodes.into_iter().find(|it| it.name == name).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_lets_nobody_in_is_another_thing_than_one_that_is_gone() {
    let Some(servers) = Servers::start() else { return };
    let mut shards = Shards::of(Arc::new(servers));
    shards.link();
    shards.spread("t", "id int", "id");
    let found = node(&shards, 0).await;
    assert_eq!((found.state, found.error), (NodeState::Ready, None));

    shards.run("ALTER USER MAPPING FOR postgres SERVER s0 OPTIONS (SET password 'wrong')");
    let found = node(&shards, 0).await;
    let error = found.error.unwrap();
    assert_eq!(found.state, NodeState::Refused, "{error}");
    assert!(error.contains("password authentication failed for user \"postgres\""), "{error}");
    shards.run("DROP USER MAPPING FOR postgres SERVER s0");
    let found = node(&shards, 0).await;
    let error = found.error.unwrap();
    assert_eq!(found.state, NodeState::Refused, "{error}");
    assert_eq!(error, "user mapping not found for \"postgres\"");
    assert_eq!(node(&shards, 1).await.state, NodeState::Ready);

    let gone = Arc::get_mut(&mut shards.servers).unwrap();
    gone.shards[1].kill();
    let port = gone.shards[1].port;
    let found = node(&shards, 1).await;
    let error = found.error.unwrap();
    assert_eq!(found.state, NodeState::Unreachable, "{error}");
    let why = format!("port {port} failed: Connection refused");
    assert!(error.starts_with("could not connect to server \"s1\": "), "{error}");
    assert!(error.ends_with(&why) && !error.contains(char::is_control), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_server_is_named_and_waited_for_no_longer_than_for_a_connection() {
    let Some(servers) = Servers::start() else { return };
    let shards = Shards::of(Arc::new(servers));
    shards.link();
    shards.spread("t", "id int", "id");
    let database = open(&shards).await;
    shards.servers.shards[0].pause();
    let nodes = database.nodes().await;
    // What the coordinator does there ends when its caller has gone.
    database.close().await;
    shards.servers.shards[0].resume();
    let nodes = nodes.unwrap();
    let state = |number| {
        let name = name(&shards, number);
        let found = nodes.iter().find(|it| it.name == name).unwrap();
        (found.state, found.error.as_deref())
    };
    assert_eq!(state(0), (NodeState::Unreachable, Some("silent: no answer within 700 ms")));
    assert_eq!(state(1), (NodeState::Ready, None));
}

#[tokio::test(flavor = "multi_thread")]
async fn how_many_rows_there_are_is_not_known_before_parts_are_analysed() {
    let Some(shards) = Shards::shared() else { return };
    shards.link();
    shards.spread("t", "id int", "id");
    shards.run("INSERT INTO t SELECT generate_series(1, 1000)");
    let database = open(&shards).await;
    let estimate = async || database.catalog().await.unwrap()[0].rows_estimate;
    assert_eq!(estimate().await, None);
    shards.run("ANALYZE t_0");
    assert_eq!(estimate().await, None);
    shards.run("ANALYZE t_1");
    assert_eq!(estimate().await, Some(1_000));
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_has_waited_already_asks_with_less_patience() {
    let Some(servers) = Servers::start() else { return };
    let shards = Shards::of(Arc::new(servers));
    shards.link();
    shards.spread("t", "id int", "id");
    let database = open(&shards).await;
    shards.servers.shards[1].pause();
    let nodes = database.nodes_within(Duration::from_millis(300)).await;
    database.close().await;
    shards.servers.shards[1].resume();
    let silent = nodes.unwrap().into_iter().find(|it| it.state != NodeState::Ready).unwrap();
    assert_eq!(silent.name, name(&shards, 1));
    assert_eq!(silent.error.as_deref(), Some("silent: no answer within 300 ms"));
}
