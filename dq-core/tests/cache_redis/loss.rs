//! A server that loses data, or forgets.

use dq_core::cache::Scope;

use crate::*;

#[tokio::test]
async fn after_all_is_lost_what_was_read_before_counts_no_more() {
    let Some(server) = RedisServer::start() else { return };
    let store = store(&server);
    let key = key("lost", "a");
    let since = Some(mark(&store, &key).await);
    let first = granted(&store, &key, A, 60_000).await;
    server.flush_all();
    let late = NewEntry { since, ..entry(&key, "1", &[]) };
    assert_eq!(store.set(&late).await.unwrap(), SetOutcome::Invalidated);
    let fenced = NewEntry { fence: Some(first.fence), ..entry(&key, "1", &[]) };
    assert_eq!(store.set(&fenced).await.unwrap(), SetOutcome::Fenced);
    assert!(granted(&store, &key, B, 300).await.fence > first.fence);
}

#[tokio::test]
async fn losing_any_part_of_the_state_loses_all_of_it() {
    let Some(server) = RedisServer::start() else { return };
    let store = store(&server);
    let key = key("parts", "a");
    for part in ["s", "k", "t"] {
        let since = Some(mark(&store, &key).await);
        assert!(is_stored(&store, &entry(&key, "1", &[tag("parts", "x")])).await);
        let others = [Scope::Tag(tag("parts", "y")), Scope::Key(crate::key("parts", "b"))];
        store.invalidate(&others, A).await.unwrap();
        assert_eq!(payload(&store, &key).await.as_deref(), Some("1"));
        // As an eviction does.
        assert_eq!(server.ask(&["DEL", &format!("dq:{{c0}}:{part}")]).text(), "1", "{part}");
        assert_eq!(payload(&store, &key).await, None, "{part}");
        let late = NewEntry { since, ..entry(&key, "2", &[]) };
        assert_eq!(store.set(&late).await.unwrap(), SetOutcome::Invalidated, "{part}");
    }
}

#[tokio::test]
async fn a_server_that_starts_again_with_its_data_is_not_trusted_with_them() {
    let options = ["--appendonly", "yes", "--appendfsync", "always"].map(str::to_owned);
    let Some(mut server) = RedisServer::start_with(&options, None) else { return };
    let store = store(&server);
    let key = key("again", "a");
    assert!(is_stored(&store, &entry(&key, "1", &[])).await);
    assert_eq!(payload(&store, &key).await.as_deref(), Some("1"));
    server.restart();
    assert_ne!(server.ask(&["DBSIZE"]).text(), "0", "the data are there");
    let fetched = loop {
        if let Ok(fetched) = store.get(std::slice::from_ref(&key)).await {
            break fetched;
        }
        pause(10).await;
    };
    assert_eq!(fetched[0].entry, None);
    assert!(is_stored(&store, &entry(&key, "2", &[])).await);
    assert_eq!(payload(&store, &key).await.as_deref(), Some("2"));
    server.ask(&["SCRIPT", "FLUSH"]);
    assert_eq!(payload(&store, &key).await.as_deref(), Some("2"), "it has not started again");
}

#[tokio::test]
async fn a_replica_that_takes_over_is_not_trusted_with_what_it_has() {
    let Some(mut sentinel) = RedisSentinel::start() else { return };
    let store = store_behind(&sentinel);
    let key = key("failover", "a");
    assert!(is_stored(&store, &entry(&key, "1", &[])).await);
    let name = format!("dq:{{c0}}:e:{key}");
    while sentinel.servers[1].ask(&["EXISTS", &name]).text() != "1" {
        pause(10).await;
    }
    sentinel.servers[0].kill();
    let fetched = loop {
        if let Ok(fetched) = store.get(std::slice::from_ref(&key)).await {
            break fetched;
        }
        pause(20).await;
    };
    assert_eq!(fetched[0].entry, None, "an invalidation may have been lost");
    assert!(is_stored(&store, &entry(&key, "2", &[])).await);
    assert_eq!(payload(&store, &key).await.as_deref(), Some("2"));
}

/// Makes `to` the master, and `from` its replica that has everything.
async fn hand_over(from: &RedisServer, to: &RedisServer) {
    to.ask(&["REPLICAOF", "NO", "ONE"]);
    from.ask(&["REPLICAOF", "127.0.0.1", &to.port.to_string()]);
    while from.info("master_link_status").as_deref() != Some("up") {
        pause(10).await;
    }
}

#[tokio::test]
async fn a_server_that_becomes_the_master_once_more_is_not_trusted_either() {
    let (Some(server), Some(other)) = (RedisServer::start(), RedisServer::start()) else { return };
    hand_over(&other, &server).await;
    let store = store(&server);
    let key = key("once-more", "a");
    let first = granted(&store, &key, A, 60_000).await;
    assert!(is_stored(&store, &entry(&key, "1", &[])).await);
    let since = Some(mark(&store, &key).await);
    assert_eq!(payload(&store, &key).await.as_deref(), Some("1"));
    let name = format!("dq:{{c0}}:e:{key}");
    while other.ask(&["EXISTS", &name]).text() != "1" {
        pause(10).await;
    }
    hand_over(&server, &other).await;
    // Meanwhile nobody has asked the other one anything: what it lacks was said to be invalid by this one.
    hand_over(&other, &server).await;
    assert_eq!(server.ask(&["EXISTS", &name]).text(), "1", "it has never started anew");
    let fetched = loop {
        if let Ok(fetched) = store.get(std::slice::from_ref(&key)).await {
            break fetched;
        }
        pause(10).await;
    };
    assert_eq!(fetched[0].entry, None, "an invalidation may have been lost");
    let late = NewEntry { since, ..entry(&key, "1", &[]) };
    assert_eq!(store.set(&late).await.unwrap(), SetOutcome::Invalidated);
    assert!(granted(&store, &key, A, 300).await.fence > first.fence);
}

#[tokio::test]
async fn what_the_store_no_longer_remembers_is_refused() {
    let Some(server) = RedisServer::start() else { return };
    let config = RedisStoreConfig { tombstones_max: 10, stamps_max: 10, ..Default::default() };
    let store = store_with(&server, config);
    let key = key("bounds", "a");
    let since = Some(mark(&store, &key).await);
    for name in 0..12 {
        let other = crate::key("bounds", &format!("other {name}"));
        store.invalidate(&[Scope::Key(other)], A).await.unwrap();
    }
    let late = NewEntry { since, ..entry(&key, "late", &[]) };
    assert_eq!(store.set(&late).await.unwrap(), SetOutcome::Invalidated);
    assert!(is_stored(&store, &entry(&key, "1", &[])).await);

    for name in 0..8 {
        store.invalidate(&[Scope::Tag(tag("bounds", &name.to_string()))], A).await.unwrap();
    }
    assert_eq!(payload(&store, &key).await.as_deref(), Some("1"));
    for name in 8..30 {
        store.invalidate(&[Scope::Tag(tag("bounds", &name.to_string()))], A).await.unwrap();
    }
    assert_eq!(payload(&store, &key).await, None, "one of its tags may have been invalidated");
    for set in ["k", "t"] {
        let count: u32 =
            server.ask(&["ZCARD", &format!("dq:{{c0}}:{set}")]).text().parse().unwrap();
        assert!(count <= 10, "{set}: {count}");
    }
}

#[tokio::test]
async fn what_is_no_entry_is_missing() {
    let Some(server) = RedisServer::start() else { return };
    let store = store(&server);
    let key = key("foreign", "a");
    let name = format!("dq:{{c0}}:e:{key}");
    for command in [["SET", &name, "x"], ["LPUSH", &name, "x"], ["SET", &name, "\n"]] {
        server.ask(&["DEL", &name]);
        server.ask(&command);
        assert_eq!(payload(&store, &key).await, None, "{command:?}");
        assert!(matches!(claim(&store, &key, A, 1).await, Claim::Granted(_)));
        assert!(is_stored(&store, &entry(&key, "1", &[])).await);
        assert_eq!(payload(&store, &key).await.as_deref(), Some("1"));
    }
}
