//! Breakers that nodes share through a real Redis.

use std::sync::Arc;
use std::time::Duration;

use dq_core::ErrorKind;
use dq_core::clock::{Clock, SystemClock};
use dq_core::redis::{RedisConfig, RedisConnection};
use dq_core::resilience::cluster::{BreakerCluster, ClusterConfig, Order, RedisBreakerExchange};
use dq_core::resilience::{CircuitBreaker, CircuitBreakerRegistry, CircuitState, Outcome, Switch};

use crate::servers::pace;
use crate::servers::redis::RedisServer;
use crate::{calls, small};

struct Node {
    cluster: Arc<BreakerCluster>,
    breaker: Arc<dyn CircuitBreaker>,
}

/// A node with a connection of its own.
fn node(name: &str, server: &RedisServer) -> Node {
    let redis = RedisConfig { url: Some(server.url().into()), ..RedisConfig::default() };
    let connection = RedisConnection::new(&redis).expect("the configuration is valid");
    let exchange = Arc::new(RedisBreakerExchange::new(connection));
    let registry = CircuitBreakerRegistry::new(small(), Arc::new(SystemClock)).expect("valid");
    let registry = Arc::new(registry);
    let breaker = registry.breaker("db").expect("there is room");
    let config = ClusterConfig { node: name.to_owned(), ..ClusterConfig::default() };
    let cluster = BreakerCluster::new(&config, registry, exchange, Arc::new(SystemClock));
    Node { cluster: Arc::new(cluster.expect("valid")), breaker }
}

fn nodes(server: &RedisServer) -> [Node; 3] {
    ["a", "b", "c"].map(|it| node(it, server))
}

async fn round(nodes: &[Node]) {
    for node in nodes {
        // The first exchange also connects, which may take longer on a busy machine.
        let mut exchanged = false;
        for _ in 0..50 {
            exchanged = exchanged || node.cluster.tick().await.is_ok();
        }
        assert!(exchanged, "the exchange works");
    }
}

fn states(nodes: &[Node]) -> Vec<CircuitState> {
    nodes.iter().map(|it| it.breaker.state()).collect()
}

fn order(switch: Switch, expires_in_ms: Option<u64>) -> Order {
    let (actor, reason) = ("ada".to_owned(), "a \"move\" to Zürich".to_owned());
    Order { breaker: "db".to_owned(), switch, actor, reason, expires_in_ms }
}

#[tokio::test]
async fn nodes_open_together_and_no_call_asks_redis() {
    let Some(server) = RedisServer::start() else { return };
    let nodes = nodes(&server);
    round(&nodes).await;
    let commands = || server.info("total_commands_processed").expect("it counts");
    let before: u64 = commands().parse().expect("a number");
    calls(&*nodes[2].breaker, 10_000, Outcome::Success).expect("it is closed");
    for node in &nodes[..2] {
        calls(&*node.breaker, 4, Outcome::Failure).expect("it was closed");
    }
    let after: u64 = commands().parse().expect("a number");
    assert!(after - before < 10, "{} commands", after - before);
    round(&nodes).await;
    assert_eq!(states(&nodes), [CircuitState::Open; 3]);
}

#[tokio::test]
async fn orders_reach_others_outlive_restarts_and_end() {
    let Some(server) = RedisServer::start() else { return };
    let mut nodes = nodes(&server);
    round(&nodes).await;
    nodes[0].cluster.order(&order(Switch::ForceOpen, None)).await.expect("it works");
    nodes[1] = node("b", &server);
    round(&nodes).await;
    assert_eq!(states(&nodes), [CircuitState::ForcedOpen; 3]);
    let standing = nodes[1].cluster.orders();
    assert_eq!(standing[0].order, order(Switch::ForceOpen, None));

    nodes[1].cluster.withdraw("db").await.expect("it works");
    round(&nodes).await;
    assert_eq!(states(&nodes), [CircuitState::Closed; 3]);

    nodes[2].cluster.order(&order(Switch::Disable, Some(3_600_000))).await.expect("it works");
    round(&nodes).await;
    assert_eq!(states(&nodes), [CircuitState::Disabled; 3]);
    let left = nodes[0].cluster.orders()[0].order.expires_in_ms.expect("it ends");
    assert!((3_500_000..=3_600_000).contains(&left), "{left} ms are left");

    nodes[2].cluster.order(&order(Switch::ForceOpen, Some(1))).await.expect("it works");
    SystemClock.sleep(Duration::from_millis(5)).await;
    round(&nodes).await;
    // Only the node that gave it has seen it; for the others the one before has been replaced.
    assert_eq!(states(&nodes), [CircuitState::Closed; 3]);
    assert!(nodes.iter().all(|it| it.cluster.orders().is_empty()));
}

#[tokio::test]
async fn orders_reach_every_node_within_half_a_second() {
    let Some(server) = RedisServer::start() else { return };
    let nodes = nodes(&server);
    round(&nodes).await;
    let mut running = tokio::task::JoinSet::new();
    for node in &nodes {
        let cluster = Arc::clone(&node.cluster);
        running.spawn(async move { cluster.run().await });
    }
    let mut spans = Vec::new();
    for switch in [Switch::ForceOpen, Switch::ForceClose].into_iter().cycle().take(7) {
        let start = pace::now();
        nodes[0].cluster.order(&order(switch, None)).await.expect("it works");
        let expected = nodes[0].breaker.state();
        while states(&nodes) != [expected; 3] {
            assert!(pace::since(start) < Duration::from_secs(20), "it never arrives");
            SystemClock.sleep(Duration::from_millis(2)).await;
        }
        spans.push(pace::since(start));
    }
    spans.sort();
    assert!(spans[3] <= Duration::from_millis(500), "{spans:?}");
}

#[tokio::test]
async fn nodes_go_on_alone_while_redis_is_gone() {
    let Some(mut server) = RedisServer::start() else { return };
    let nodes = nodes(&server);
    round(&nodes).await;
    server.pause();
    let start = pace::now();
    let error = nodes[0].cluster.tick().await.expect_err("it sleeps");
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert!(pace::since(start) < Duration::from_secs(5));
    server.kill();
    for node in &nodes[..2] {
        calls(&*node.breaker, 4, Outcome::Failure).expect("it was closed");
        node.cluster.tick().await.expect_err("it is gone");
        assert!(!node.cluster.is_connected());
    }
    assert_eq!(nodes[2].breaker.state(), CircuitState::Closed);
    server.restart();
    for _ in 0..200 {
        for node in &nodes {
            let _ = node.cluster.tick().await;
        }
        if states(&nodes) == [CircuitState::Open; 3] {
            return;
        }
        SystemClock.sleep(Duration::from_millis(50)).await;
    }
    panic!("{:?}", states(&nodes));
}
