//! What every shared store promises, on one server and on a cluster.

use dq_core::ErrorKind;
use dq_core::cache::Scope;
use dq_core::cache::shared::StoreTime;

use crate::*;

#[tokio::test]
async fn a_single_server_keeps_all_promises() {
    let Some(server) = RedisServer::start() else { return };
    promises(&patient(&server)).await;
}

#[tokio::test]
async fn a_cluster_keeps_all_promises() {
    let Some(cluster) = RedisCluster::start() else { return };
    promises(&store_in_cluster(&cluster)).await;
    for node in &cluster.nodes {
        assert_ne!(node.ask(&["DBSIZE"]).text(), "0", "a node has nothing");
    }
}

async fn promises(store: &dyn SharedStore) {
    what_is_stored_is_found(store).await;
    many_keys_have_answers_in_their_order(store).await;
    invalidations_hide(store).await;
    values_read_before_an_invalidation_are_refused(store).await;
    a_replaced_value_is_not_replaced_by_an_older_one(store).await;
    leases_exclude_and_end(store).await;
    late_writers_are_refused(store).await;
    a_claim_is_answered_by_a_fresh_entry(store).await;
    entries_expire(store).await;
    times_grow(store).await;
    too_large_a_payload_is_refused(store).await;
}

async fn what_is_stored_is_found(store: &dyn SharedStore) {
    let key = key("found", "a");
    assert_eq!(payload(store, &key).await, None);
    let tags = [tag("found", "x"), tag("found", "y")];
    let before = store.time().await.unwrap();
    let SetOutcome::Stored { at } = store.set(&entry(&key, "1\n\0", &tags)).await.unwrap() else {
        panic!("it is not stored");
    };
    let fetched = store.get(std::slice::from_ref(&key)).await.unwrap().remove(0);
    let found = fetched.entry.expect("it is found");
    assert_eq!(found.payload, b"1\n\0");
    assert_eq!(found.tags, tags);
    assert_eq!((found.fresh_ms, found.keep_ms), (60_000, 120_000));
    assert_eq!(found.stored_at, at);
    assert!(at >= before && found.age_ms < 60_000);
}

async fn many_keys_have_answers_in_their_order(store: &dyn SharedStore) {
    let keys: Vec<_> = (0..200).map(|it| key("many", &it.to_string())).collect();
    for (position, key) in keys.iter().enumerate().step_by(2) {
        assert!(is_stored(store, &entry(key, &position.to_string(), &[])).await);
    }
    let fetched = store.get(&keys).await.unwrap();
    assert_eq!(fetched.len(), keys.len());
    for (position, fetched) in fetched.into_iter().enumerate() {
        let found = fetched.entry.map(|it| String::from_utf8(it.payload).unwrap());
        assert_eq!(found, (position % 2 == 0).then(|| position.to_string()));
    }
}

fn scopes(test: &str) -> [Scope; 4] {
    let namespace = namespace(test);
    let tag = tag(test, "x");
    [Scope::Key(key(test, "a")), Scope::Tag(tag), Scope::Namespace(namespace), Scope::Everything]
}

async fn invalidations_hide(store: &dyn SharedStore) {
    let (key, other) = (key("hide", "a"), key("other", "a"));
    let tags = [tag("hide", "w"), tag("hide", "x")];
    for scope in scopes("hide") {
        assert!(is_stored(store, &entry(&key, "1", &tags)).await);
        assert!(is_stored(store, &entry(&other, "2", &[tag("hide", "z")])).await);
        store.invalidate(std::slice::from_ref(&scope), A).await.unwrap();
        assert_eq!(payload(store, &key).await, None, "{scope:?}");
        let stays = scope != Scope::Everything;
        assert_eq!(payload(store, &other).await.is_some(), stays, "{scope:?}");
        assert!(is_stored(store, &entry(&key, "3", &tags)).await);
        assert_eq!(payload(store, &key).await.as_deref(), Some("3"), "{scope:?}");
    }
}

async fn values_read_before_an_invalidation_are_refused(store: &dyn SharedStore) {
    let key = key("marks", "a");
    let tags = [tag("marks", "x")];
    for scope in scopes("marks") {
        let since = Some(mark(store, &key).await);
        store.invalidate(std::slice::from_ref(&scope), A).await.unwrap();
        let late = NewEntry { since, ..entry(&key, "late", &tags) };
        assert_eq!(store.set(&late).await.unwrap(), SetOutcome::Invalidated, "{scope:?}");
        assert_eq!(payload(store, &key).await, None);
        let since = Some(mark(store, &key).await);
        assert!(is_stored(store, &NewEntry { since, ..entry(&key, "new", &tags) }).await);
    }
    // What another key or tag depends on is another matter.
    let since = Some(mark(store, &key).await);
    let others = [Scope::Key(crate::key("marks", "b")), Scope::Tag(tag("marks", "z"))];
    store.invalidate(&others, A).await.unwrap();
    assert!(is_stored(store, &NewEntry { since, ..entry(&key, "new", &tags) }).await);
}

async fn a_replaced_value_is_not_replaced_by_an_older_one(store: &dyn SharedStore) {
    let key = key("replaced", "a");
    let since = Some(mark(store, &key).await);
    let new = NewEntry { announce: Announce::Replaced, ..entry(&key, "new", &[]) };
    assert!(is_stored(store, &new).await);
    let old = NewEntry { since, ..entry(&key, "old", &[]) };
    assert_eq!(store.set(&old).await.unwrap(), SetOutcome::Invalidated);
    assert_eq!(payload(store, &key).await.as_deref(), Some("new"));
}

async fn leases_exclude_and_end(store: &dyn SharedStore) {
    let key = key("leases", "a");
    let first = granted(store, &key, A, 300).await;
    let Claim::Held { remaining_ms } = claim(store, &key, B, 300).await else {
        panic!("two hold it");
    };
    assert!((1..=300).contains(&remaining_ms), "{remaining_ms}");
    pause(150).await;
    assert!(store.renew(&first, 300).await.unwrap());
    pause(200).await;
    assert!(matches!(claim(store, &key, B, 300).await, Claim::Held { .. }), "it was renewed");
    pause(200).await;
    let second = granted(store, &key, B, 60_000).await;
    assert!(second.fence > first.fence);
    assert!(!store.renew(&first, 300).await.unwrap(), "it has ended");
    store.release(&first).await.unwrap();
    assert!(
        matches!(claim(store, &key, A, 300).await, Claim::Held { .. }),
        "it is not the first's"
    );
    store.release(&second).await.unwrap();
    let third = granted(store, &key, A, 300).await;
    assert!(third.fence > second.fence);
}

async fn late_writers_are_refused(store: &dyn SharedStore) {
    let key = key("fences", "a");
    let first = granted(store, &key, A, 1).await;
    pause(20).await;
    let under = |lease: &Lease, payload: &'static str| {
        let (since, fence) = (Some(lease.mark), Some(lease.fence));
        NewEntry { since, fence, ..entry(&key, payload, &[]) }
    };
    // Nobody else came.
    assert!(is_stored(store, &under(&first, "1")).await);
    store.invalidate(&[Scope::Key(key.clone())], B).await.unwrap();
    let second = granted(store, &key, B, 60_000).await;
    let late = NewEntry { since: None, ..under(&first, "late") };
    assert_eq!(store.set(&late).await.unwrap(), SetOutcome::Fenced);
    assert!(is_stored(store, &under(&second, "2")).await);
    assert_eq!(store.set(&late).await.unwrap(), SetOutcome::Fenced);
    store.release(&second).await.unwrap();
    assert_eq!(store.set(&under(&second, "released")).await.unwrap(), SetOutcome::Fenced);
    let never = NewEntry { fence: Some(Fence(1)), ..entry(&key, "never", &[]) };
    assert_eq!(store.set(&never).await.unwrap(), SetOutcome::Fenced);
    assert_eq!(payload(store, &key).await.as_deref(), Some("2"));
}

async fn a_claim_is_answered_by_a_fresh_entry(store: &dyn SharedStore) {
    let key = key("claims", "a");
    assert!(is_stored(store, &entry(&key, "1", &[])).await);
    let Claim::Present(found) = claim(store, &key, A, 300).await else {
        panic!("it is there");
    };
    assert_eq!(found.payload, b"1");
    let replacing = |it| ClaimRequest { key: &key, holder: A, lease_ms: 300, replacing: Some(it) };
    let answer = store.claim(&replacing(found.stored_at)).await.unwrap();
    assert!(matches!(answer, Claim::Granted(_)), "it is what is to be replaced: {answer:?}");
    let earlier = StoreTime { micros: found.stored_at.micros - 1 };
    assert!(matches!(store.claim(&replacing(earlier)).await.unwrap(), Claim::Present(_)));
    let expired = NewEntry { fresh_ms: 0, ..entry(&key, "2", &[]) };
    assert!(is_stored(store, &expired).await);
    assert!(matches!(claim(store, &key, A, 300).await, Claim::Granted(_)));
    assert_eq!(payload(store, &key).await.as_deref(), Some("2"), "expired, but kept");
}

async fn entries_expire(store: &dyn SharedStore) {
    let (key, old) = (key("expire", "a"), key("expire", "b"));
    let since = Some(mark(store, &old).await);
    let short = NewEntry { fresh_ms: 10, keep_ms: 60, ..entry(&key, "1", &[]) };
    assert!(is_stored(store, &short).await);
    pause(100).await;
    assert_eq!(payload(store, &key).await, None);
    // Age counts from when it was read.
    let late = NewEntry { since, keep_ms: 60, ..entry(&old, "1", &[]) };
    store.set(&late).await.unwrap();
    assert_eq!(payload(store, &old).await, None);
}

async fn times_grow(store: &dyn SharedStore) {
    let key = key("times", "a");
    let mut last = StoreTime::default();
    for _ in 0..100 {
        let SetOutcome::Stored { at } = store.set(&entry(&key, "1", &[])).await.unwrap() else {
            panic!("it is not stored");
        };
        assert!(at > last, "{at:?} after {last:?}");
        last = at;
    }
}

async fn too_large_a_payload_is_refused(store: &dyn SharedStore) {
    let key = key("large", "a");
    let payload = "x".repeat((8 << 20) + 1);
    let error = store.set(&entry(&key, &payload, &[])).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::LimitExceeded);
    assert!(error.message().contains("`payload_size_max_bytes`"), "{error}");
    let payload = "x".repeat(1 << 20);
    assert!(is_stored(store, &entry(&key, &payload, &[])).await);
    assert_eq!(crate::payload(store, &key).await, Some(payload));
}
