//! Events that make values unfit to be served.

use dq_core::cache::{
    CacheManager, CacheManagerExt, CacheOptions, Keyring, SecurityEvent, Subject, Tag, TieredConfig,
};

use crate::nodes::{Node, node, pass, two};
use crate::store::{Fault, TestStore};
use crate::support::{Origin, key, memory, minute, namespace, seconds, settle};
use dq_core::clock::{Clock, TestClock};

const SOURCE: &str = "sqlite:/var/lib/dq/providers.db";

fn of_source() -> CacheOptions {
    CacheOptions { tags: vec![Tag::of_source(SOURCE)], ..minute() }
}

fn withdrawn() -> SecurityEvent {
    SecurityEvent::PermissionWithdrawn(Subject::Source(SOURCE.to_owned()))
}

#[tokio::test]
async fn a_cache_in_memory_forgets_what_an_event_concerns_and_nothing_else() {
    let source = Subject::Source(SOURCE.to_owned());
    for (event, concerns_other) in [
        (SecurityEvent::CredentialsChanged(source), false),
        (withdrawn(), false),
        (SecurityEvent::PermissionWithdrawn(Subject::Tag(Tag::of_source(SOURCE))), false),
        (SecurityEvent::PermissionWithdrawn(Subject::Namespace(namespace())), true),
        (SecurityEvent::CredentialsChanged(Subject::Everything), true),
    ] {
        let (_, cache) = memory();
        cache.set(&key("concerned"), 1_u64, &of_source()).await;
        cache.set(&key("other"), 1_u64, &minute()).await;
        cache.report(&event).await;
        assert!(!cache.get::<u64>(&key("concerned")).await.is_hit(), "{event}");
        assert_eq!(cache.get::<u64>(&key("other")).await.is_hit(), !concerns_other, "{event}");
    }
}

#[tokio::test]
async fn what_was_being_computed_during_an_event_is_not_kept() {
    let (clock, cache) = memory();
    let (computing, slow) = (cache.clone(), clock.clone());
    let caller = tokio::spawn(async move {
        let compute = move || async move {
            slow.sleep(seconds(1)).await;
            Ok(1_u64)
        };
        computing.get_or_compute(&key("a"), &of_source(), compute).await.map(|it| *it)
    });
    settle().await;
    cache.report(&withdrawn()).await;
    let origin = Origin::default();
    let fresh = *cache.get_or_compute(&key("a"), &of_source(), origin.next()).await.unwrap();
    assert_eq!((fresh, origin.calls()), (1, 1), "who comes later does not wait for it");
    clock.advance(seconds(1));
    caller.await.unwrap().unwrap();
    assert_eq!(cache.statistics().refused_invalidated, 1);
}

#[tokio::test]
async fn a_node_hears_of_an_event_that_was_told_while_it_was_away() {
    let (clock, a, b) = two().await;
    a.cache.set(&key("a"), 1_u64, &of_source()).await;
    a.cache.set(&key("b"), 1_u64, &minute()).await;
    settle().await;
    assert_eq!((b.get("a").await, b.get("b").await), (Some(1), Some(1)));
    b.store.disconnect();
    settle().await;
    a.cache.report(&withdrawn()).await;
    pass(&clock, seconds(5)).await;
    b.store.reconnect(true);
    settle().await;
    assert!(!b.holds("a") && b.holds("b"));
    assert_eq!(b.get("a").await, None);
}

#[tokio::test]
async fn an_event_that_the_store_misses_holds_here_and_is_told_again() {
    let (clock, a, b) = two().await;
    a.cache.set(&key("a"), 1_u64, &of_source()).await;
    settle().await;
    assert_eq!(b.get("a").await, Some(1));
    a.store.fault(Fault::Down);
    a.cache.report(&withdrawn()).await;
    a.store.fault(Fault::None);
    assert_eq!(a.get("a").await, None, "what the store says of it does not count");
    pass(&clock, seconds(3)).await;
    assert_eq!(b.get("a").await, None);
}

fn keyring() -> Keyring {
    Keyring::new(1, [(1, [17; 32]), (2, [42; 32])]).expect("the numbers differ")
}

async fn sealing(clock: &TestClock, store: &TestStore) -> Node {
    let node = node(clock, store, &TieredConfig::default(), Some(keyring()));
    settle().await;
    node
}

#[tokio::test]
async fn what_a_revoked_key_has_encrypted_is_served_from_nowhere() {
    let clock = TestClock::new();
    let store = TestStore::new(&clock);
    let (a, b) = (sealing(&clock, &store).await, sealing(&clock, &store).await);
    a.cache.set(&key("a"), 1_u64, &minute()).await;
    let forged = a.store.payload(&key("a")).unwrap();
    settle().await;
    assert_eq!(b.get("a").await, Some(1));
    a.cache.report(&SecurityEvent::EncryptionKeyRevoked(2)).await;
    settle().await;
    assert!(b.holds("a"), "it was another key");
    a.cache.report(&SecurityEvent::EncryptionKeyRevoked(1)).await;
    settle().await;
    assert!(!b.holds("a"), "it came from the store");
    assert_eq!((b.get("a").await, b.cache.statistics().payloads.wrong_key), (None, 0));
    // An entry that says it has no tags is not believed either.
    let plain = node(&clock, &store, &TieredConfig::default(), None);
    plain.cache.set(&key("a"), 2_u64, &minute()).await;
    plain.store.tamper(&key("a"), |it| *it = forged);
    settle().await;
    assert_eq!((b.get("a").await, b.cache.statistics().payloads.wrong_key), (None, 1));
    // Nothing is shared until there is a key again.
    b.cache.set(&key("b"), 1_u64, &minute()).await;
    assert_eq!((b.get("b").await, a.get("b").await), (Some(1), None));
    assert_eq!(b.cache.statistics().payloads.key_revoked, 1);
}
