//! How old a value may get, by the test's clock.

use std::future::pending;

use dq_core::cache::{CacheManager, CacheManagerExt, CacheOptions, Lookup, MemoryCache};
use dq_core::{ErrorKind, Result};

use crate::support::{Origin, key, lookups, memory, millis, minute, seconds, settle};

async fn value(cache: &MemoryCache, options: &CacheOptions, origin: &Origin) -> u64 {
    *cache.get_or_compute(&key("a"), options, origin.next()).await.unwrap()
}

#[tokio::test]
async fn a_value_is_fresh_for_its_time_and_not_a_moment_longer() {
    let (clock, cache) = memory();
    let (origin, options) = (Origin::default(), CacheOptions { refresh_ahead: 1.0, ..minute() });
    assert_eq!(value(&cache, &options, &origin).await, 1);
    clock.advance(millis(59_999));
    assert_eq!(value(&cache, &options, &origin).await, 1);
    clock.advance(millis(1));
    assert!(matches!(cache.get::<u64>(&key("a")).await, Lookup::Miss));
    assert_eq!(value(&cache, &options, &origin).await, 2);
    assert_eq!(lookups(&cache), (1, 3));
}

#[tokio::test]
async fn age_counts_from_when_reading_began() {
    let (clock, cache) = memory();
    let options = CacheOptions { compute_timeout_ms: 120_000, ..minute() };
    let slow = {
        let clock = clock.clone();
        || async move {
            dq_core::clock::Clock::sleep(&clock, seconds(50)).await;
            Ok(7_u64)
        }
    };
    let computing = tokio::spawn({
        let (cache, options) = (cache.clone(), options.clone());
        async move { cache.get_or_compute(&key("a"), &options, slow).await.map(|it| *it) }
    });
    clock.sleepers(2).await;
    clock.advance(seconds(50));
    assert_eq!(computing.await.unwrap().unwrap(), 7);
    clock.advance(seconds(9));
    assert!(cache.get::<u64>(&key("a")).await.is_hit());
    clock.advance(seconds(1));
    assert!(!cache.get::<u64>(&key("a")).await.is_hit());
}

#[tokio::test]
async fn a_value_that_is_asked_for_late_in_its_life_is_renewed_once_and_nobody_waits() {
    let (clock, cache) = memory();
    let (origin, options) = (Origin::default(), minute());
    assert_eq!(value(&cache, &options, &origin).await, 1);
    clock.advance(seconds(48));
    for _ in 0..10 {
        assert_eq!(value(&cache, &options, &origin).await, 1, "served as it is");
    }
    settle().await;
    assert_eq!(origin.calls(), 2);
    assert_eq!(value(&cache, &options, &origin).await, 2);
    clock.advance(seconds(47));
    assert_eq!(value(&cache, &options, &origin).await, 2, "its life began anew");
    assert_eq!(cache.statistics().refreshed_ahead, 1);
}

#[tokio::test]
async fn an_expired_value_is_served_while_it_cannot_be_renewed_and_trying_is_rare() {
    let (clock, cache) = memory();
    let options = CacheOptions { stale_if_error_ms: 3_600_000, ..minute() };
    let origin = Origin::default();
    value(&cache, &options, &origin).await;
    clock.advance(seconds(60));
    for _ in 0..3600 {
        let fail = origin.fail(ErrorKind::Unavailable);
        let served = cache.get_or_compute(&key("a"), &options, fail).await;
        assert_eq!(*served.unwrap(), 1);
        clock.advance(seconds(1));
    }
    assert_eq!(origin.calls(), 1 + 120, "once in 30 seconds for an hour");
    assert_eq!(cache.statistics().served_stale, 3600);
    let fail = origin.fail(ErrorKind::Unavailable);
    let error = cache.get_or_compute(&key("a"), &options, fail).await;
    assert_eq!(error.unwrap_err().kind(), ErrorKind::Unavailable, "after that hour it is gone");
    assert_eq!(lookups(&cache), (3600, 2));
}

#[tokio::test]
async fn renewing_that_works_again_ends_the_serving_of_expired_values() {
    let (clock, cache) = memory();
    let (origin, options) = (Origin::default(), minute());
    value(&cache, &options, &origin).await;
    clock.advance(seconds(61));
    let fail = origin.fail(ErrorKind::Timeout);
    assert_eq!(*cache.get_or_compute(&key("a"), &options, fail).await.unwrap(), 1);
    assert_eq!(value(&cache, &options, &origin).await, 1, "too soon to try again");
    clock.advance(seconds(30));
    assert_eq!(value(&cache, &options, &origin).await, 3);
}

#[tokio::test]
async fn only_transient_errors_and_panics_are_excused() {
    for (kind, is_excused) in [
        (ErrorKind::Unavailable, true),
        (ErrorKind::Timeout, true),
        (ErrorKind::PermissionDenied, false),
        (ErrorKind::NotFound, false),
        (ErrorKind::QueryInvalid, false),
    ] {
        let (clock, cache) = memory();
        let (origin, options) = (Origin::default(), minute());
        value(&cache, &options, &origin).await;
        clock.advance(seconds(61));
        let served = cache.get_or_compute(&key("a"), &options, origin.fail(kind)).await;
        assert_eq!(served.is_ok(), is_excused, "{kind:?}");
    }
    let (clock, cache) = memory();
    value(&cache, &minute(), &Origin::default()).await;
    clock.advance(seconds(61));
    let options = minute();
    let panics = || async { panic!("a row: 42") };
    let served = cache.get_or_compute::<u64, _, _>(&key("a"), &options, panics).await;
    assert_eq!(*served.unwrap(), 1);
}

#[tokio::test]
async fn nothing_expired_is_served_where_that_is_not_allowed() {
    let (clock, cache) = memory();
    let options = CacheOptions { stale_if_error_ms: 0, ..minute() };
    let origin = Origin::default();
    value(&cache, &options, &origin).await;
    clock.advance(seconds(60));
    let fail = origin.fail(ErrorKind::Unavailable);
    assert!(cache.get_or_compute(&key("a"), &options, fail).await.is_err());
}

#[tokio::test]
async fn who_has_an_expired_value_need_not_wait_for_a_slow_renewal() {
    let (clock, cache) = memory();
    let options = CacheOptions { stale_wait_ms: Some(100), ..minute() };
    let origin = Origin::default();
    value(&cache, &options, &origin).await;
    clock.advance(seconds(61));
    // Leader and followers alike.
    let callers: Vec<_> = (0..3)
        .map(|_| {
            let (cache, options) = (cache.clone(), options.clone());
            tokio::spawn(async move {
                let hung = || pending::<Result<u64>>();
                cache.get_or_compute(&key("a"), &options, hung).await.map(|it| *it)
            })
        })
        .collect();
    clock.sleepers(4).await;
    clock.advance(millis(100));
    for caller in callers {
        assert_eq!(caller.await.unwrap().unwrap(), 1);
    }
    clock.advance(seconds(30));
    settle().await;
    assert_eq!(
        cache.statistics().computations_failed,
        1,
        "renewing went on until its time was over"
    );
}

#[tokio::test]
async fn computing_that_takes_too_long_is_a_timeout_for_all() {
    let (clock, cache) = memory();
    let callers: Vec<_> = (0..3)
        .map(|_| {
            let cache = cache.clone();
            tokio::spawn(async move {
                let hung = || pending::<Result<u64>>();
                cache.get_or_compute(&key("a"), &minute(), hung).await.unwrap_err().kind()
            })
        })
        .collect();
    clock.sleepers(1).await;
    settle().await;
    clock.advance(seconds(30));
    for caller in callers {
        assert_eq!(caller.await.unwrap(), ErrorKind::Timeout);
    }
    assert_eq!(value(&cache, &minute(), &Origin::default()).await, 1, "the key is free again");
}

#[tokio::test]
async fn absence_is_forgotten_after_its_own_time() {
    let (clock, cache) = memory();
    let options = CacheOptions { negative_ttl_ms: 5000, ..minute() };
    let absent = || async { Ok(None) };
    cache.get_or_find::<u64, _, _>(&key("a"), &options, absent).await.unwrap();
    clock.advance(millis(4999));
    assert!(cache.get::<u64>(&key("a")).await.is_hit());
    clock.advance(millis(1));
    assert!(!cache.get::<u64>(&key("a")).await.is_hit());
}

#[tokio::test]
async fn a_time_to_live_of_zero_caches_nothing() {
    let (_, cache) = memory();
    let options = CacheOptions { stale_if_error_ms: 0, ..CacheOptions::ttl_ms(0) };
    let origin = Origin::default();
    assert_eq!(value(&cache, &options, &origin).await, 1);
    assert_eq!(value(&cache, &options, &origin).await, 2);
    cache.set(&key("a"), 7_u64, &minute()).await;
    cache.set(&key("a"), 8_u64, &options).await;
    assert!(!cache.get::<u64>(&key("a")).await.is_hit());
}

#[tokio::test]
async fn values_made_together_do_not_expire_together() {
    let (clock, cache) = memory();
    let options = CacheOptions { jitter: 0.5, ..minute() };
    for number in 0..1000_u64 {
        cache.set(&key(number), number, &options).await;
    }
    let keys: Vec<_> = (0..1000).map(key).collect();
    clock.advance(seconds(45));
    let live = cache.get_many::<u64>(&keys).await.iter().filter(|it| it.is_hit()).count();
    assert!((400..600).contains(&live), "{live}");
}
