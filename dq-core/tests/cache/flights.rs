//! Concurrent callers of one key, and what is invalidated while it is computed.

use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use dq_core::cache::{
    Abandoned, CacheManager, CacheManagerExt, CacheOptions, MemoryCache, Put, Stored, Tag,
};
use dq_core::{Error, ErrorKind, Result};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::nodes::two;
use crate::support::{Origin, key, lookups, memory, minute, namespace, settle};

type Caller = JoinHandle<Result<u64>>;

/// A caller of key `a` whose computation ends when the sender says with what.
async fn caller(cache: &MemoryCache, options: &CacheOptions) -> (Caller, oneshot::Sender<u64>) {
    let (sender, receiver) = oneshot::channel();
    let (cache, options) = (cache.clone(), options.clone());
    let caller = tokio::spawn(async move {
        let compute = || async { receiver.await.map_err(|_| lost()) };
        cache.get_or_compute(&key("a"), &options, compute).await.map(|it| *it)
    });
    settle().await;
    (caller, sender)
}

fn lost() -> Error {
    Error::new(ErrorKind::Internal, "the test let go of its sender")
}

#[tokio::test]
async fn all_callers_of_a_cold_key_get_what_one_computes() {
    let (_, cache) = memory();
    let (first, sender) = caller(&cache, &minute()).await;
    let origin = Origin::default();
    let others: Vec<_> = (0..100)
        .map(|_| {
            let (cache, compute) = (cache.clone(), origin.next());
            tokio::spawn(async move {
                *cache.get_or_compute(&key("a"), &minute(), compute).await.unwrap()
            })
        })
        .collect();
    settle().await;
    sender.send(7).unwrap();
    assert_eq!(first.await.unwrap().unwrap(), 7);
    for other in others {
        assert_eq!(other.await.unwrap(), 7);
    }
    assert_eq!(origin.calls(), 0);
    let statistics = cache.statistics();
    assert_eq!((statistics.computations, statistics.coalesced), (1, 100));
    assert_eq!(lookups(&cache), (0, 101));
}

#[tokio::test]
async fn the_last_caller_to_go_ends_a_computation_that_is_not_to_be_finished() {
    let (_, cache) = memory();
    let options = CacheOptions { abandoned: Abandoned::Dropped, ..minute() };
    let (first, mut sender) = caller(&cache, &options).await;
    let (second, _) = caller(&cache, &options).await;
    first.abort();
    settle().await;
    assert!(!sender.is_closed(), "one still waits");
    second.abort();
    sender.closed().await;
    let (third, sender) = caller(&cache, &options).await;
    sender.send(3).unwrap();
    assert_eq!(third.await.unwrap().unwrap(), 3);
    assert_eq!(*cache.get::<u64>(&key("a")).await.value().unwrap(), 3);
    assert_eq!(cache.statistics().computations, 2);
}

#[tokio::test]
async fn the_last_caller_to_go_gives_the_right_to_compute_back_to_other_nodes() {
    let (_, a, b) = two().await;
    let options = CacheOptions { abandoned: Abandoned::Dropped, ..minute() };
    let (sender, receiver) = oneshot::channel::<u64>();
    let (cache, dropped) = (a.cache.clone(), options.clone());
    let first = tokio::spawn(async move {
        let compute = || async { receiver.await.map_err(|_| lost()) };
        cache.get_or_compute(&key("a"), &dropped, compute).await.map(|it| *it)
    });
    settle().await;
    assert_eq!(a.store.calls("claim"), 1);
    first.abort();
    settle().await;
    assert!(sender.is_closed());
    // No time passes: no lease has ended by itself.
    assert_eq!(b.compute(&options, &Origin::default()).await, 1);
}

#[tokio::test]
async fn whoever_comes_as_the_last_one_goes_has_a_value() {
    for _ in 0..200 {
        let (_, cache) = memory();
        let options = CacheOptions { abandoned: Abandoned::Dropped, ..minute() };
        let (first, sender) = caller(&cache, &options).await;
        let origin = Origin::default();
        let (joining, compute) = (cache.clone(), origin.next());
        let second = tokio::spawn(async move {
            joining.get_or_compute(&key("a"), &options, compute).await.map(|it| *it)
        });
        first.abort();
        tokio::task::yield_now().await;
        let _ = sender.send(7);
        let value = second.await.unwrap().unwrap();
        assert!(value == 7 || value == 1, "{value}");
    }
}

#[tokio::test]
async fn a_caller_that_is_cancelled_cancels_nobody_not_even_when_it_was_first() {
    let (_, cache) = memory();
    let (first, sender) = caller(&cache, &minute()).await;
    let (second, _) = caller(&cache, &minute()).await;
    let (third, _) = caller(&cache, &minute()).await;
    first.abort();
    second.abort();
    settle().await;
    sender.send(7).unwrap();
    assert_eq!(third.await.unwrap().unwrap(), 7);
    assert!(cache.get::<u64>(&key("a")).await.is_hit());
}

#[tokio::test]
async fn what_nobody_waits_for_any_more_is_kept_all_the_same() {
    let (_, cache) = memory();
    let (first, sender) = caller(&cache, &minute()).await;
    first.abort();
    settle().await;
    sender.send(7).unwrap();
    settle().await;
    assert!(cache.get::<u64>(&key("a")).await.is_hit());
}

#[tokio::test]
async fn an_error_is_everyones_and_frees_the_key() {
    let (_, cache) = memory();
    let compute = || async {
        tokio::task::yield_now().await;
        let cause = std::io::Error::other("the cause");
        Err::<u64, _>(Error::new(ErrorKind::Unavailable, "no").with_source(cause))
    };
    let options = minute();
    let key = key("a");
    let (one, other) = tokio::join!(
        cache.get_or_compute(&key, &options, compute),
        cache.get_or_compute(&key, &options, compute),
    );
    for error in [one.unwrap_err(), other.unwrap_err()] {
        assert_eq!((error.kind(), error.message()), (ErrorKind::Unavailable, "no"));
        let cause = std::error::Error::source(&error).unwrap();
        assert_eq!(cause.to_string(), "the cause");
    }
    assert_eq!(cache.statistics().computations, 1);
    let again = cache.get_or_compute(&key, &options, Origin::default().next()).await;
    assert_eq!(*again.unwrap(), 1);
}

#[tokio::test]
async fn a_panic_is_an_error_to_all_without_what_it_said_and_frees_the_key() {
    let (_, cache) = memory();
    let compute = || async {
        tokio::task::yield_now().await;
        panic!("jane@example.org");
    };
    let options = minute();
    let key = key("a");
    let (one, other) = tokio::join!(
        cache.get_or_compute::<u64, _, _>(&key, &options, compute),
        cache.get_or_compute::<u64, _, _>(&key, &options, compute),
    );
    for error in [one.unwrap_err(), other.unwrap_err()] {
        assert_eq!(error.kind(), ErrorKind::Internal);
        assert!(!error.to_string().contains("jane"), "{error}");
    }
    let again = cache.get_or_compute(&key, &options, Origin::default().next()).await;
    assert_eq!(*again.unwrap(), 1);
}

#[tokio::test]
async fn what_was_read_before_its_invalidation_is_not_kept_after_it() {
    let tag = Tag::new(["table"]);
    let options = CacheOptions { tags: vec![tag], ..minute() };
    for case in ["key", "tag", "namespace", "everything"] {
        let (_, cache) = memory();
        let (first, sender) = caller(&cache, &options).await;
        match case {
            "key" => cache.delete(&key("a")).await,
            "tag" => cache.invalidate_tag(tag).await,
            "namespace" => cache.invalidate_namespace(&namespace()).await,
            _ => cache.clear().await,
        };
        // Who comes now must not be given what was read before.
        let (later, newer) = caller(&cache, &options).await;
        sender.send(1).unwrap();
        assert_eq!(first.await.unwrap().unwrap(), 1, "{case}: who asked before may have it");
        assert!(!cache.get::<u64>(&key("a")).await.is_hit(), "{case}: but it is not kept");
        newer.send(2).unwrap();
        assert_eq!(later.await.unwrap().unwrap(), 2, "{case}");
        assert_eq!(*cache.get::<u64>(&key("a")).await.value().unwrap(), 2, "{case}");
        assert_eq!(cache.statistics().refused_invalidated, 1, "{case}");
    }
}

#[tokio::test]
async fn what_is_set_meanwhile_is_not_overwritten() {
    let (_, cache) = memory();
    let (first, sender) = caller(&cache, &minute()).await;
    cache.set(&key("a"), 2_u64, &minute()).await;
    sender.send(1).unwrap();
    first.await.unwrap().unwrap();
    assert_eq!(*cache.get::<u64>(&key("a")).await.value().unwrap(), 2);
}

#[tokio::test]
async fn a_value_that_its_caller_read_is_refused_if_it_was_invalidated_meanwhile() {
    let (_, cache) = memory();
    let reading = cache.reading(&key("a")).await;
    assert_eq!(cache.set_read(&key("a"), 1_u64, &minute(), reading).await, Stored::Everywhere);
    let reading = cache.reading(&key("a")).await;
    cache.delete(&key("a")).await;
    assert_eq!(cache.set_read(&key("a"), 1_u64, &minute(), reading).await, Stored::Invalidated);
    assert!(!cache.get::<u64>(&key("a")).await.is_hit());
    let reading = cache.reading(&key("a")).await;
    let options = minute();
    cache.invalidate_namespace(&namespace()).await;
    let codec = <u64 as dq_core::cache::Cacheable>::CODEC;
    let (key, value) = (key("a"), Some(Arc::new(1_u64) as _));
    let put = Put { key: &key, value, codec, options: &options, since: Some(reading) };
    assert_eq!(cache.store(put).await, Stored::Invalidated);
}

#[tokio::test]
async fn two_types_under_one_key_each_get_their_own() {
    let (_, cache) = memory();
    let (first, sender) = caller(&cache, &minute()).await;
    let compute = || async { Ok("seven".to_owned()) };
    let text = cache.get_or_compute(&key("a"), &minute(), compute).await;
    assert_eq!(*text.unwrap(), "seven");
    sender.send(7).unwrap();
    assert_eq!(first.await.unwrap().unwrap(), 7);
}

#[test]
fn callers_of_another_runtime_go_on_when_the_one_that_computed_ends() {
    let (_, cache) = memory();
    let ending = runtime();
    let staying = runtime();
    let computed = Arc::new(AtomicU64::new(0));
    ending.block_on(async {
        let first = hung_caller(&cache);
        settle().await;
        first.abort();
    });
    let waiting = staying.spawn({
        let (cache, computed) = (cache.clone(), Arc::clone(&computed));
        async move {
            let compute = move || async move { Ok(computed.fetch_add(1, Ordering::SeqCst) + 7) };
            cache.get_or_compute(&key("a"), &minute(), compute).await.map(|it| *it)
        }
    });
    staying.block_on(settle());
    assert!(!waiting.is_finished());
    drop(ending);
    assert_eq!(staying.block_on(waiting).unwrap().unwrap(), 7);
}

fn hung_caller(cache: &MemoryCache) -> Caller {
    let cache = cache.clone();
    tokio::spawn(async move {
        let hung = || pending::<Result<u64>>();
        cache.get_or_compute(&key("a"), &minute(), hung).await.map(|it| *it)
    })
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().build().expect("a runtime can be made")
}
