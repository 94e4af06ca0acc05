//! Events that make values unfit to be served, told to one of several nodes.

use dq_core::cache::{CacheManager, CacheManagerExt, CacheOptions, Reach, SecurityEvent, Subject};

use crate::*;

const SOURCE: &str = "postgres://registry/providers";

fn of_source() -> CacheOptions {
    CacheOptions { tags: vec![Tag::of_source(SOURCE)], ..CacheOptions::ttl_ms(60_000) }
}

fn events() -> [SecurityEvent; 3] {
    let source = Subject::Source(SOURCE.to_owned());
    [
        SecurityEvent::CredentialsChanged(source.clone()),
        SecurityEvent::PermissionWithdrawn(source),
        SecurityEvent::PermissionWithdrawn(Subject::Namespace(namespace("verdicts"))),
    ]
}

async fn is_there(cache: &TieredCache, key: &CacheKey) -> bool {
    cache.get::<u64>(key).await.is_hit()
}

/// Two nodes that listen, each with the value of a key that an event concerns, and of one that none does.
async fn nodes(server: &RedisServer) -> ([TieredCache; 2], [CacheKey; 2]) {
    let nodes = [tiered(patient(server), 10_000), tiered(patient(server), 10_000)];
    let keys = [key("verdicts", "a"), key("others", "a")];
    for node in &nodes {
        while !node.statistics().connected {
            pause(5).await;
        }
    }
    nodes[0].set(&keys[0], 1_u64, &of_source()).await;
    nodes[0].set(&keys[1], 1_u64, &CacheOptions::ttl_ms(60_000)).await;
    for node in &nodes {
        while !is_there(node, &keys[0]).await || !is_there(node, &keys[1]).await {
            pause(5).await;
        }
    }
    (nodes, keys)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_an_event_concerns_is_forgotten_on_every_node() {
    let Some(server) = RedisServer::start() else { return };
    for event in events() {
        let ([a, b], [concerned, other]) = nodes(&server).await;
        assert_eq!(a.report(&event).await, Reach::Everywhere);
        assert!(!is_there(&a, &concerned).await, "{event}");
        while is_there(&b, &concerned).await {
            pause(5).await;
        }
        assert!(is_there(&a, &other).await && is_there(&b, &other).await, "{event}");
        a.clear().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_was_away_hears_of_it_when_it_is_back() {
    let Some(server) = RedisServer::start() else { return };
    for event in events() {
        let ([a, b], [concerned, other]) = nodes(&server).await;
        // Its connections break while the event is told.
        server.kill_clients();
        while a.report(&event).await == Reach::Here {
            pause(5).await;
        }
        while is_there(&b, &concerned).await {
            pause(5).await;
        }
        assert!(is_there(&a, &other).await, "{event}");
        a.clear().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_that_redis_is_not_there_for_is_told_when_it_is_back() {
    let Some(server) = RedisServer::start() else { return };
    let ([_, b], [concerned, _]) = nodes(&server).await;
    let impatient = tiered(store(&server), 200);
    while !impatient.statistics().connected {
        pause(5).await;
    }
    server.pause();
    assert_eq!(impatient.report(&events()[0]).await, Reach::Here);
    assert!(!is_there(&impatient, &concerned).await);
    server.resume();
    while is_there(&b, &concerned).await {
        pause(5).await;
    }
    while impatient.statistics().invalidations_pending > 0 {
        pause(5).await;
    }
}
