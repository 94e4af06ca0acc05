//! Values come back, are told apart, and go away.

use std::sync::Arc;

use dq_core::cache::{
    CacheKey, CacheManager, CacheManagerExt, CacheOptions, Lookup, MemoryCache, MemoryConfig,
    Namespace, NoopCache, Reach, Stored, Tag, TieredConfig,
};
use dq_core::clock::TestClock;
use dq_core::{Error, ErrorKind, Result};

use crate::support::{Origin, key, lookups, memory, minute, namespace};

#[tokio::test]
async fn a_value_is_found_until_it_is_deleted() {
    let (_, cache) = memory();
    assert!(matches!(cache.get::<u64>(&key("a")).await, Lookup::Miss));
    assert_eq!(cache.set(&key("a"), 7_u64, &minute()).await, Stored::Everywhere);
    assert_eq!(cache.get::<u64>(&key("a")).await.value().as_deref(), Some(&7));
    assert!(!cache.get::<u64>(&key("b")).await.is_hit());
    assert_eq!(cache.delete(&key("a")).await, Reach::Everywhere);
    assert!(!cache.get::<u64>(&key("a")).await.is_hit());
    assert_eq!(lookups(&cache), (1, 3));
}

#[tokio::test]
async fn a_hit_is_there_before_anything_is_awaited() {
    let (_, cache) = memory();
    let key = key("a");
    let options = minute();
    cache.set(&key, 7_u64, &options).await;
    assert_eq!(*cache.get::<u64>(&key).now().unwrap().value().unwrap(), 7);
    let found = cache.get_or_compute::<u64, _, _>(&key, &options, Origin::default().next());
    assert_eq!(*found.now().unwrap().unwrap(), 7);
    let other = crate::support::key("b");
    assert!(cache.get::<u64>(&other).now().is_err(), "a miss is a future");
}

#[tokio::test]
async fn a_value_of_another_type_is_a_miss() {
    let (_, cache) = memory();
    cache.set(&key("a"), 7_u64, &minute()).await;
    assert!(!cache.get::<String>(&key("a")).await.is_hit());
    let compute = || async { Ok("seven".to_owned()) };
    let text = cache.get_or_compute(&key("a"), &minute(), compute).await;
    assert_eq!(*text.unwrap(), "seven");
    assert_eq!(lookups(&cache), (0, 2));
}

#[tokio::test]
async fn absence_is_known_and_is_not_a_miss() {
    let (_, cache) = memory();
    let origin = Origin::default();
    for _ in 0..3 {
        let calls = origin.next();
        let find = || async move { calls().await.map(|_| None) };
        let found = cache.get_or_find::<u64, _, _>(&key("a"), &minute(), find).await;
        assert_eq!(found.unwrap(), None);
    }
    assert_eq!(origin.calls(), 1);
    assert!(matches!(cache.get::<u64>(&key("a")).await, Lookup::Absent));
    let error = cache.get_or_compute(&key("a"), &minute(), origin.next()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert_eq!(lookups(&cache), (4, 1));
}

#[tokio::test]
async fn many_are_answered_in_the_order_of_their_keys() {
    let (_, cache) = memory();
    for number in [1_u64, 3] {
        cache.set(&key(number), number, &minute()).await;
    }
    let keys = [key(3), key(2), key(1), key(3)];
    let found = cache.get_many::<u64>(&keys).await;
    let found: Vec<_> = found.into_iter().map(|it| it.value().map(|it| *it)).collect();
    assert_eq!(found, [Some(3), None, Some(1), Some(3)]);
    assert_eq!(lookups(&cache), (3, 1));
}

#[tokio::test]
async fn a_tag_takes_its_values_along_and_no_others() {
    let (_, cache) = memory();
    let tagged = |tags: &[&str]| CacheOptions {
        tags: tags.iter().map(|it| Tag::new([it])).collect(),
        ..minute()
    };
    cache.set(&key("a"), 1_u64, &tagged(&["red", "round"])).await;
    cache.set(&key("b"), 2_u64, &tagged(&["round"])).await;
    cache.set(&key("c"), 3_u64, &tagged(&[])).await;
    cache.invalidate_tag(Tag::new(["red"])).await;
    let found = |cache: MemoryCache| async move {
        let found = cache.get_many::<u64>(&[key("a"), key("b"), key("c")]).await;
        found.iter().map(Lookup::is_hit).collect::<Vec<_>>()
    };
    assert_eq!(found(cache.clone()).await, [false, true, true]);
    cache.set(&key("a"), 4_u64, &tagged(&["red"])).await;
    assert_eq!(
        found(cache.clone()).await,
        [true, true, true],
        "what is new has the tag, and stays"
    );
    cache.invalidate_tag(Tag::new(["round"])).await;
    assert_eq!(found(cache.clone()).await, [true, false, true]);
    assert_eq!(cache.cleanup().await, 1);
    assert_eq!(cache.statistics().memory.entries, 2);
}

#[tokio::test]
async fn a_namespace_and_everything_can_be_forgotten() {
    let (_, cache) = memory();
    let other = CacheKey::new(&Namespace::new("other").unwrap(), 1, ["a"]);
    cache.set(&key("a"), 1_u64, &minute()).await;
    cache.set(&other, 2_u64, &minute()).await;
    cache.invalidate_namespace(&namespace()).await;
    assert!(!cache.get::<u64>(&key("a")).await.is_hit());
    assert!(cache.get::<u64>(&other).await.is_hit());
    cache.clear().await;
    assert!(!cache.get::<u64>(&other).await.is_hit());
    cache.set(&other, 2_u64, &minute()).await;
    assert!(cache.get::<u64>(&other).await.is_hit(), "what comes later stays");
}

#[tokio::test]
async fn what_is_too_large_is_not_kept_and_neither_is_what_it_replaces() {
    let clock = Arc::new(TestClock::new());
    let config = MemoryConfig { value_bytes_max: 10_000, ..Default::default() };
    let cache = MemoryCache::new(&config, clock).unwrap();
    cache.set(&key("a"), vec![1_u8; 100], &minute()).await;
    assert_eq!(cache.set(&key("a"), vec![2_u8; 20_000], &minute()).await, Stored::No);
    assert!(!cache.get::<Vec<u8>>(&key("a")).await.is_hit());
    assert_eq!(cache.statistics().memory.too_large, 1);
}

#[tokio::test]
async fn a_closed_cache_forgets_keeps_nothing_and_computes_on() {
    let (_, cache) = memory();
    let origin = Origin::default();
    cache.set(&key("a"), 1_u64, &minute()).await;
    cache.close().await;
    assert!(!cache.get::<u64>(&key("a")).await.is_hit());
    for _ in 0..2 {
        cache.get_or_compute(&key("a"), &minute(), origin.next()).await.unwrap();
    }
    assert_eq!(origin.calls(), 2);
}

#[tokio::test]
async fn warming_computes_each_key_once_and_tells_what_failed() {
    let (_, cache) = memory();
    cache.set(&key(3), 3_u64, &minute()).await;
    let origin = Origin::default();
    let keys: Vec<_> = (0..100_u64).map(|it| (key(it), it)).collect();
    let load = {
        let origin = origin.clone();
        move |number: u64| all_but_sevens(number, origin.next())
    };
    let warmed = cache.warm(keys, &minute(), 8, load).await;
    assert_eq!((warmed.ready, warmed.failed), (90, 10));
    assert_eq!(origin.calls(), 99);
    assert_eq!(*cache.get::<u64>(&key(42)).await.value().unwrap(), 42);
}

#[tokio::test]
async fn noop_computes_always_and_keeps_nothing() {
    let cache = NoopCache;
    let origin = Origin::default();
    assert_eq!(cache.set(&key("a"), 1_u64, &minute()).await, Stored::No);
    for number in 1..=3 {
        let value = cache.get_or_compute(&key("a"), &minute(), origin.next()).await.unwrap();
        assert_eq!(*value, number);
    }
    assert!(!cache.get::<u64>(&key("a")).await.is_hit());
}

#[test]
fn configuration_out_of_range_is_refused_by_the_name_of_the_field() {
    let clock = Arc::new(TestClock::new());
    let small = MemoryConfig { bytes_max: 1, ..Default::default() };
    let error = MemoryCache::new(&small, clock).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConfigInvalid);
    assert!(error.message().contains("`bytes_max`"), "{error}");
    let short = TieredConfig { lease_ms: 600, ..Default::default() };
    assert!(short.check().unwrap_err().message().contains("`lease_ms`"));
    let odd = CacheOptions { jitter: 1.5, ..Default::default() };
    assert!(odd.check().unwrap_err().message().contains("`jitter`"));
    assert!(serde_json::from_str::<MemoryConfig>(r#"{"bytes_mx": 1}"#).is_err());
    let read: TieredConfig = serde_json::from_str(r#"{"deadline_ms": 20}"#).unwrap();
    assert_eq!(read, TieredConfig { deadline_ms: 20, ..Default::default() });
}

/// Ten numbers in a hundred cannot be had.
async fn all_but_sevens<F: Future<Output = Result<u64>>>(
    number: u64,
    asked: impl FnOnce() -> F,
) -> Result<u64> {
    asked().await?;
    match number % 10 {
        7 => Err(Error::new(ErrorKind::Unavailable, "there is no 7")),
        _ => Ok(number),
    }
}
