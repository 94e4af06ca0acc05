//! Changes by others are heard of, and so is that some may have been missed.

use std::time::{Duration, Instant};

use dq_core::redis::{RedisConfig, RedisConnection, RedisMode, Tracking, TrackingEvent};

use crate::servers::cluster::RedisCluster;
use crate::servers::redis::RedisServer;
use crate::*;

async fn next(tracking: &mut Tracking) -> TrackingEvent {
    let event = tokio::time::timeout(Duration::from_secs(20), tracking.next()).await;
    event.expect("there is an event within 20 seconds")
}

fn confirmed(tracking: &Tracking) -> Option<Instant> {
    tracking.confirmed_at().expect("it is connected")
}

fn changed(keys: &[&str]) -> TrackingEvent {
    TrackingEvent::Changed(keys.iter().map(|it| it.as_bytes().to_vec()).collect())
}

#[tokio::test]
async fn a_write_by_anybody_to_a_key_with_the_prefix_is_heard_of() {
    let Some(server) = RedisServer::start() else { return };
    let mut tracking = connect(&server.url()).track(&[b"dq:"]);
    assert_eq!(next(&mut tracking).await, TrackingEvent::Lost);
    server.ask(&["SET", "other", "1"]);
    server.ask(&["SET", "dq:a", "1"]);
    assert_eq!(next(&mut tracking).await, changed(&["dq:a"]));
    server.ask(&["MSET", "dq:b", "1", "dq:c", "1"]);
    let TrackingEvent::Changed(mut keys) = next(&mut tracking).await else { panic!() };
    if keys.len() == 1 {
        let TrackingEvent::Changed(more) = next(&mut tracking).await else { panic!() };
        keys.extend(more);
    }
    keys.sort();
    assert_eq!(keys, [b"dq:b".to_vec(), b"dq:c".to_vec()]);
    server.flush_all();
    assert_eq!(next(&mut tracking).await, TrackingEvent::Flushed);
}

#[tokio::test]
async fn a_broken_connection_is_opened_again_and_says_that_something_may_be_missed() {
    let Some(mut server) = RedisServer::start() else { return };
    let mut tracking = connect(&server.url()).track(&[b"dq:"]);
    assert_eq!(next(&mut tracking).await, TrackingEvent::Lost);
    assert!(confirmed(&tracking).is_some());
    server.kill_clients();
    assert_eq!(next(&mut tracking).await, TrackingEvent::Lost);
    server.ask(&["SET", "dq:a", "1"]);
    assert_eq!(next(&mut tracking).await, changed(&["dq:a"]));
    server.kill();
    while tracking.confirmed_at().is_ok() {
        pause(10).await;
    }
    server.restart();
    assert_eq!(next(&mut tracking).await, TrackingEvent::Lost);
}

#[tokio::test]
async fn a_server_that_sleeps_is_no_longer_confirmed() {
    let Some(server) = RedisServer::start() else { return };
    let mut tracking = connect(&server.url()).track(&[b"dq:"]);
    assert_eq!(next(&mut tracking).await, TrackingEvent::Lost);
    let before = confirmed(&tracking);
    while confirmed(&tracking) == before {
        pause(10).await;
    }
    server.pause();
    while tracking.confirmed_at().is_ok() {
        pause(10).await;
    }
    server.resume();
    assert_eq!(next(&mut tracking).await, TrackingEvent::Lost);
}

#[tokio::test]
async fn events_that_nobody_takes_become_one_that_says_so() {
    let Some(server) = RedisServer::start() else { return };
    let connection = connect(&server.url());
    let mut tracking = connection.track(&[b"dq:"]);
    assert_eq!(next(&mut tracking).await, TrackingEvent::Lost);
    // Redis tells of what changes at once in one message, so nothing may.
    for _ in 0..5000 {
        connection.call(&set("dq:a", "1")).await.unwrap();
    }
    while next(&mut tracking).await != TrackingEvent::Lost {}
}

#[tokio::test]
async fn a_cluster_is_followed_at_all_masters_and_through_moves() {
    let Some(cluster) = RedisCluster::start() else { return };
    let nodes = cluster.addresses();
    let config = RedisConfig { nodes, mode: RedisMode::Cluster, ..Default::default() };
    let connection = RedisConnection::new(&config).unwrap();
    let mut tracking = connection.track(&[b"dq:"]);
    for _ in 0..3 {
        assert_eq!(next(&mut tracking).await, TrackingEvent::Lost);
    }
    for key in ["dq:1", "dq:2", "dq:3", "dq:4", "dq:5"] {
        connection.call(&set(key, "1")).await.unwrap();
        assert_eq!(next(&mut tracking).await, changed(&[key]));
    }
    cluster.move_slot("dq:empty", (cluster.owner("dq:empty") + 1) % 3);
    assert_eq!(next(&mut tracking).await, TrackingEvent::Lost);
}
