//! Nodes hear of each other's invalidations, and of what others do to entries.

use dq_core::cache::Scope;
use dq_core::cache::shared::{FeedEvent, InvalidationFeed};

use crate::servers::pace;
use crate::*;

/// The next event but those that say that nothing has happened.
async fn next(feed: &mut Box<dyn InvalidationFeed>) -> FeedEvent {
    loop {
        let event = tokio::time::timeout(Duration::from_secs(20), feed.next()).await;
        match event.expect("there is an event within 20 seconds") {
            FeedEvent::Current { .. } => {}
            event => return event,
        }
    }
}

/// Passes over events until there is this one.
async fn until(feed: &mut Box<dyn InvalidationFeed>, expected: &FeedEvent) {
    while next(feed).await != *expected {}
}

/// A feed that is connected, and quiet.
async fn connected(store: &RedisStore, node: NodeId) -> Box<dyn InvalidationFeed> {
    let mut feed = store.feed(node);
    assert_eq!(next(&mut feed).await, FeedEvent::Disconnected);
    assert_eq!(next(&mut feed).await, FeedEvent::Connected { resumed: false });
    feed
}

fn invalidated(scopes: &[Scope], origin: Option<NodeId>) -> FeedEvent {
    FeedEvent::Invalidated { scopes: scopes.to_vec(), origin }
}

/// Without tracking, so that what only the stream tells is told apart.
fn stream_only(server: &RedisServer) -> RedisStore {
    let config = RedisStoreConfig { track_foreign_writers: false, ..Default::default() };
    store_with(server, config)
}

#[tokio::test]
async fn an_invalidation_is_heard_of_by_every_node() {
    let Some(server) = RedisServer::start() else { return };
    let (one, two) = (store(&server), store(&server));
    let mut feeds = [connected(&one, A).await, connected(&two, B).await];
    let scopes = vec![
        Scope::Key(key("heard", "a")),
        Scope::Tag(tag("heard", "x")),
        Scope::Namespace(namespace("heard")),
    ];
    one.invalidate(&scopes, A).await.unwrap();
    for feed in &mut feeds {
        assert_eq!(next(feed).await, invalidated(&scopes, Some(A)));
    }
    two.invalidate(&[Scope::Everything], B).await.unwrap();
    for feed in &mut feeds {
        assert_eq!(next(feed).await, FeedEvent::Everything);
    }
    let key = key("heard", "a");
    let new = NewEntry { announce: Announce::Replaced, ..entry(&key, "1", &[]) };
    assert!(is_stored(&one, &new).await);
    for feed in &mut feeds {
        assert_eq!(next(feed).await, invalidated(&[Scope::Key(key.clone())], Some(A)));
    }
}

#[tokio::test]
async fn an_invalidation_in_any_part_of_a_cluster_is_heard_of() {
    let Some(cluster) = RedisCluster::start() else { return };
    let store = store_in_cluster(&cluster);
    let mut feed = store.feed(B);
    while next(&mut feed).await != (FeedEvent::Connected { resumed: false }) {}
    pause(300).await;
    for name in 0..20 {
        let key = key("parts", &name.to_string());
        let scope = Scope::Key(key.clone());
        store.invalidate(std::slice::from_ref(&scope), A).await.unwrap();
        let new = NewEntry { announce: Announce::Replaced, ..entry(&key, "1", &[]) };
        assert!(is_stored(&store, &new).await);
        // Once for each, and those of earlier keys may be told again.
        let expected = invalidated(std::slice::from_ref(&scope), Some(A));
        until(&mut feed, &expected).await;
        until(&mut feed, &expected).await;
    }
}

#[tokio::test]
async fn a_connected_feed_says_often_that_it_is() {
    let Some(server) = RedisServer::start() else { return };
    let store = store(&server);
    let mut feed = connected(&store, A).await;
    let begun = pace::now();
    for _ in 0..10 {
        while !matches!(feed.next().await, FeedEvent::Current { .. }) {}
    }
    let took = pace::since(begun);
    assert!(took <= Duration::from_secs(2), "10 times in {took:?}");
    server.pause();
    assert_eq!(next(&mut feed).await, FeedEvent::Disconnected);
    let silence = tokio::time::timeout(Duration::from_secs(1), feed.next()).await;
    assert!(silence.is_err(), "{silence:?} from a server that sleeps");
    server.resume();
    assert!(matches!(next(&mut feed).await, FeedEvent::Connected { .. }));
}

#[tokio::test]
async fn what_was_invalidated_during_a_short_absence_follows() {
    let Some(server) = RedisServer::start() else { return };
    let store = stream_only(&server);
    let mut feed = connected(&store, B).await;
    let first = [Scope::Key(key("absence", "first"))];
    store.invalidate(&first, A).await.unwrap();
    assert_eq!(next(&mut feed).await, invalidated(&first, Some(A)));
    server.pause();
    assert_eq!(next(&mut feed).await, FeedEvent::Disconnected);
    server.resume();
    let scopes = [Scope::Key(key("absence", "a"))];
    while store.invalidate(&scopes, A).await.is_err() {}
    assert_eq!(next(&mut feed).await, FeedEvent::Connected { resumed: true });
    assert_eq!(next(&mut feed).await, invalidated(&scopes, Some(A)));
}

#[tokio::test]
async fn connections_that_are_killed_lose_no_invalidation() {
    let Some(server) = RedisServer::start() else { return };
    let store = stream_only(&server);
    let mut feed = connected(&store, B).await;
    for round in 0..50 {
        let scopes = [Scope::Key(key("killed", &round.to_string()))];
        server.kill_clients();
        while store.invalidate(&scopes, A).await.is_err() {
            pause(1).await;
        }
        let mut event = next(&mut feed).await;
        while event != invalidated(&scopes, Some(A)) {
            let has_missed = matches!(event, FeedEvent::Connected { resumed: false });
            assert!(!has_missed && event != FeedEvent::Everything, "{event:?}: nothing was missed");
            event = next(&mut feed).await;
        }
    }
}

#[tokio::test]
async fn more_than_the_stream_keeps_is_lost() {
    let Some(server) = RedisServer::start() else { return };
    let config = RedisStoreConfig {
        announcements_max: 10,
        track_foreign_writers: false,
        ..Default::default()
    };
    let store = store_with(&server, config);
    let mut feed = connected(&store, B).await;
    // The feed is full before it has taken as many, and the rest waits in the stream, which keeps fewer.
    for name in 0..3000 {
        store.invalidate(&[Scope::Key(key("gap", &name.to_string()))], A).await.unwrap();
    }
    let length: u32 = server.ask(&["XLEN", "dq:{c0}:b"]).text().parse().unwrap();
    assert!(length < 500, "{length} announcements are kept");
    let mut count = 0;
    while next(&mut feed).await != FeedEvent::Lost {
        count += 1;
    }
    assert!(count < 3000, "all were heard of, and still something was missing");
}

#[tokio::test]
async fn what_a_store_has_lost_is_said_to_be() {
    let Some(server) = RedisServer::start() else { return };
    for store in [store(&server), stream_only(&server)] {
        let mut feed = connected(&store, B).await;
        server.flush_all();
        until(&mut feed, &FeedEvent::Lost).await;
        // What is announced before the loss has been taken note of is part of it.
        pause(300).await;
        let scopes = [Scope::Tag(tag("lost", "x"))];
        store.invalidate(&scopes, A).await.unwrap();
        while next(&mut feed).await != invalidated(&scopes, Some(A)) {}
    }
}

#[tokio::test]
async fn a_foreign_writer_is_heard_of_and_renewals_are_not() {
    let Some(server) = RedisServer::start() else { return };
    let store = store(&server);
    let key = key("foreign", "a");
    let name = format!("dq:{{c0}}:e:{key}");
    let mut feed = connected(&store, B).await;
    let scopes = [Scope::Key(key.clone())];
    assert!(is_stored(&store, &entry(&key, "1", &[])).await);
    for command in [["DEL", &name, "x"], ["SET", &name, "x"]] {
        server.ask(&command);
        assert_eq!(next(&mut feed).await, invalidated(&scopes, None));
        // Who fills the gap knows; others may hold what was there before, if they have not heard yet.
        assert!(is_stored(&store, &entry(&key, "1", &[])).await);
        let filled = invalidated(&scopes, Some(A));
        let gone = invalidated(&scopes, None);
        loop {
            match next(&mut feed).await {
                event if event == filled => break,
                // What happened in quick succession may be told twice.
                event => assert_eq!(event, gone),
            }
        }
    }
    store.invalidate(&scopes, A).await.unwrap();
    // The stream tells it, and tracking that the entry is gone.
    let told = [next(&mut feed).await, next(&mut feed).await];
    assert!(told.contains(&invalidated(&scopes, Some(A))), "{told:?}");
    assert!(told.contains(&invalidated(&scopes, None)), "{told:?}");
    for _ in 0..10 {
        assert!(is_stored(&store, &entry(&key, "filled and renewed", &[])).await);
    }
    let silence = tokio::time::timeout(Duration::from_millis(500), next(&mut feed)).await;
    assert!(silence.is_err(), "{silence:?}");
}

#[tokio::test]
async fn a_slot_that_moves_is_everything() {
    let Some(cluster) = RedisCluster::start() else { return };
    let store = store_in_cluster(&cluster);
    let mut feed = store.feed(B);
    while next(&mut feed).await != (FeedEvent::Connected { resumed: false }) {}
    pause(500).await;
    while let Ok(FeedEvent::Everything) =
        tokio::time::timeout(Duration::from_millis(300), next(&mut feed)).await
    {}
    cluster.move_slot("dq:{c7}:s", (cluster.owner("dq:{c7}:s") + 1) % 3);
    assert_eq!(next(&mut feed).await, FeedEvent::Everything);
}

#[tokio::test]
async fn a_closed_store_is_unavailable_and_its_feeds_are_disconnected() {
    let Some(server) = RedisServer::start() else { return };
    let store = store(&server);
    let mut feed = connected(&store, B).await;
    store.close().await;
    assert_eq!(next(&mut feed).await, FeedEvent::Disconnected);
    let error = store.get(&[key("closed", "a")]).await.unwrap_err();
    assert_eq!(error.kind(), dq_core::ErrorKind::Unavailable);
}
