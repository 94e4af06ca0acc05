//! What every cache must do, as a list of cases.
//!
//! An implementation's tests call [`check`] with a function that makes caches. The cases use only the trait,
//! and allow a cache to forget whatever it likes, at any time.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::cache::ext::CacheManagerExt;
use crate::cache::key::{CacheKey, Namespace, Tag};
use crate::cache::manager::{CacheManager, Computed, Stored};
use crate::cache::options::CacheOptions;
use crate::cache::value::Lookup;
use crate::clock::TestClock;
use crate::error::{Error, ErrorKind, Result};

/// A cache to try a promise on, and its clock.
#[derive(Clone, Debug)]
struct Bench {
    clock: TestClock,
    cache: Arc<dyn CacheManager>,
    namespace: Namespace,
}

type Run = Pin<Box<dyn Future<Output = Result<()>> + Send>>;

/// One promise of [`CacheManager`].
struct Case {
    name: &'static str,
    run: fn(Bench) -> Run,
}

/// Tries every promise, each on an empty cache of its own that `make` makes with the clock that it is given.
///
/// # Errors
///
/// The names of the promises that do not hold, each with what was found instead.
pub async fn check(make: impl Fn(&TestClock) -> Result<Arc<dyn CacheManager>>) -> Result<()> {
    let mut broken = Vec::new();
    for case in CASES {
        let clock = TestClock::new();
        let cache = make(&clock)?;
        let bench = Bench { clock, cache, namespace: Namespace::new("conformance")? };
        if let Err(error) = (case.run)(bench).await {
            broken.push(format!("{}: {error}", case.name));
        }
    }
    if broken.is_empty() { Ok(()) } else { Err(failure(broken.join("\n"))) }
}

/// Names functions as cases.
macro_rules! case_list {
    ($($name:ident),* $(,)?) => {
        const CASES: &[Case] =
            &[$(Case { name: stringify!($name), run: |bench| Box::pin($name(bench)) }),*];
    };
}

case_list![
    what_is_found_is_what_was_stored,
    types_are_not_mixed_up,
    many_are_answered_each_in_its_place,
    what_is_deleted_is_not_found,
    what_a_tag_covers_is_not_found,
    what_a_namespace_covers_is_not_found,
    cleared_is_empty,
    a_value_read_before_an_invalidation_is_not_found_after_it,
    nothing_is_served_for_longer_than_it_lives,
    an_error_is_passed_on_and_not_kept,
    a_computation_runs_when_nothing_is_known,
    what_is_passing_is_given_and_not_kept,
    absence_is_no_value,
    each_lookup_is_one_hit_or_one_miss,
    a_closed_cache_finds_nothing_and_computes,
];

macro_rules! ensure {
    ($holds:expr, $($message:tt)*) => {
        if !$holds {
            return Err(failure(format!($($message)*)));
        }
    };
}

impl Bench {
    fn key(&self, part: &str) -> CacheKey {
        CacheKey::new(&self.namespace, 1, [part])
    }

    /// What the cache says about `part`, if it says anything.
    async fn found(&self, part: &str) -> Option<u64> {
        self.cache.get::<u64>(&self.key(part)).await.value().map(|it| *it)
    }

    async fn set(&self, part: &str, value: u64, options: &CacheOptions) -> Stored {
        self.cache.set(&self.key(part), value, options).await
    }
}

fn minute() -> CacheOptions {
    CacheOptions { stale_if_error_ms: 0, jitter: 0.0, ..CacheOptions::ttl_ms(60_000) }
}

fn failure(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::Internal, message)
}

async fn what_is_found_is_what_was_stored(bench: Bench) -> Result<()> {
    for value in 1..=3 {
        bench.set("a", value, &minute()).await;
        let found = bench.found("a").await;
        ensure!(found.is_none_or(|it| it == value), "`{found:?}` instead of `{value}`");
    }
    let other = bench.found("b").await;
    ensure!(other.is_none(), "`{other:?}` under a key that was never stored");
    Ok(())
}

async fn types_are_not_mixed_up(bench: Bench) -> Result<()> {
    bench.set("a", 7, &minute()).await;
    let found = bench.cache.get::<String>(&bench.key("a")).await;
    ensure!(!matches!(found, Lookup::Value(_)), "a number was found as text");
    let text = || async { Ok("seven".to_owned()) };
    let text = bench.cache.get_or_compute(&bench.key("a"), &minute(), text).await?;
    ensure!(*text == "seven", "`{text}` instead of what was computed");
    Ok(())
}

async fn many_are_answered_each_in_its_place(bench: Bench) -> Result<()> {
    bench.set("a", 1, &minute()).await;
    bench.set("c", 3, &minute()).await;
    let keys = ["c", "b", "a", "c"].map(|it| bench.key(it));
    let found = bench.cache.get_many::<u64>(&keys).await;
    ensure!(found.len() == keys.len(), "{} answers for {} keys", found.len(), keys.len());
    for (found, value) in found.into_iter().zip([3, 0, 1, 3]) {
        let found = found.value();
        ensure!(found.as_ref().is_none_or(|it| **it == value), "`{found:?}`, not `{value}`");
    }
    Ok(())
}

async fn what_is_deleted_is_not_found(bench: Bench) -> Result<()> {
    bench.set("a", 1, &minute()).await;
    bench.cache.delete(&bench.key("a")).await;
    ensure!(bench.found("a").await.is_none(), "it was found");
    Ok(())
}

async fn what_a_tag_covers_is_not_found(bench: Bench) -> Result<()> {
    let tag = Tag::new(["table"]);
    bench.set("a", 1, &CacheOptions { tags: vec![Tag::new(["other"]), tag], ..minute() }).await;
    bench.cache.invalidate_tag(tag).await;
    ensure!(bench.found("a").await.is_none(), "it was found");
    Ok(())
}

async fn what_a_namespace_covers_is_not_found(bench: Bench) -> Result<()> {
    bench.set("a", 1, &minute()).await;
    bench.cache.invalidate_namespace(&bench.namespace).await;
    ensure!(bench.found("a").await.is_none(), "it was found");
    Ok(())
}

async fn cleared_is_empty(bench: Bench) -> Result<()> {
    bench.set("a", 1, &minute()).await;
    bench.cache.clear().await;
    ensure!(bench.found("a").await.is_none(), "it was found");
    Ok(())
}

async fn a_value_read_before_an_invalidation_is_not_found_after_it(bench: Bench) -> Result<()> {
    let (key, options) = (bench.key("a"), minute());
    let reading = bench.cache.reading(&key).await;
    bench.cache.delete(&key).await;
    bench.cache.set_read(&key, 1_u64, &options, reading).await;
    ensure!(bench.found("a").await.is_none(), "what its caller read was found");
    let inner = bench.clone();
    let compute = move || async move {
        inner.cache.delete(&inner.key("a")).await;
        Ok(2_u64)
    };
    bench.cache.get_or_compute(&key, &options, compute).await?;
    ensure!(bench.found("a").await.is_none(), "what was computed was found");
    Ok(())
}

async fn nothing_is_served_for_longer_than_it_lives(bench: Bench) -> Result<()> {
    bench.set("a", 1, &minute()).await;
    bench.clock.advance(Duration::from_mins(1));
    ensure!(bench.found("a").await.is_none(), "it was found");
    let two = || async { Ok(2_u64) };
    let value = bench.cache.get_or_compute(&bench.key("a"), &minute(), two).await?;
    ensure!(*value == 2, "`{value}` instead of what was computed");
    bench.set("b", 1, &CacheOptions { ttl_ms: 0, ..minute() }).await;
    ensure!(bench.found("b").await.is_none(), "what lives for no time was found");
    Ok(())
}

async fn an_error_is_passed_on_and_not_kept(bench: Bench) -> Result<()> {
    let (key, options) = (bench.key("a"), minute());
    let fail = || async { Err::<u64, _>(Error::new(ErrorKind::Conflict, "no")) };
    let error = bench.cache.get_or_compute(&key, &options, fail).await.err();
    let kind = error.map(|it| it.kind());
    ensure!(kind == Some(ErrorKind::Conflict), "`{kind:?}` instead of the error");
    let value = bench.cache.get_or_compute(&key, &options, || async { Ok(2_u64) }).await?;
    ensure!(*value == 2, "`{value}` instead of what was computed");
    Ok(())
}

async fn a_computation_runs_when_nothing_is_known(bench: Bench) -> Result<()> {
    let (key, options) = (bench.key("a"), minute());
    let calls = Arc::new(AtomicU64::new(0));
    let mut last = 0;
    for _ in 0..3 {
        let calls = Arc::clone(&calls);
        let compute = move || async move { Ok(calls.fetch_add(1, Ordering::SeqCst) + 1) };
        last = *bench.cache.get_or_compute(&key, &options, compute).await?;
        ensure!(last >= 1, "`{last}` was never computed");
    }
    let calls = calls.load(Ordering::SeqCst);
    ensure!((1..=3).contains(&calls) && last <= calls, "{calls} computations, `{last}` found");
    Ok(())
}

async fn what_is_passing_is_given_and_not_kept(bench: Bench) -> Result<()> {
    let (key, options) = (bench.key("a"), minute());
    for number in 1..3_u64 {
        let passing = move || async move { Ok(Computed::Passing(number)) };
        let value = *bench.cache.get_or_compute_some(&key, &options, passing).await?;
        ensure!(value == number, "`{value}` instead of what was computed");
        ensure!(bench.found("a").await.is_none(), "it was found");
    }
    Ok(())
}

async fn absence_is_no_value(bench: Bench) -> Result<()> {
    let (key, options) = (bench.key("a"), minute());
    for _ in 0..2 {
        let absent = || async { Ok(None) };
        let found = bench.cache.get_or_find::<u64, _, _>(&key, &options, absent).await?;
        ensure!(found.is_none(), "`{found:?}` where there is nothing");
    }
    ensure!(bench.found("a").await.is_none(), "a value was found");
    Ok(())
}

async fn each_lookup_is_one_hit_or_one_miss(bench: Bench) -> Result<()> {
    let before = bench.cache.statistics();
    if bench.set("a", 1, &minute()).await == Stored::No {
        // It keeps nothing, and need not count.
        return Ok(());
    }
    bench.found("a").await;
    bench.found("b").await;
    bench.cache.get_many::<u64>(&[bench.key("a"), bench.key("b")]).await;
    bench.cache.get_or_compute(&bench.key("c"), &minute(), || async { Ok(3_u64) }).await?;
    bench.cache.get_or_compute(&bench.key("c"), &minute(), || async { Ok(3_u64) }).await?;
    let after = bench.cache.statistics();
    let lookups = after.hits + after.misses - before.hits - before.misses;
    ensure!(lookups == 6, "{lookups} lookups were counted, not 6");
    Ok(())
}

async fn a_closed_cache_finds_nothing_and_computes(bench: Bench) -> Result<()> {
    bench.set("a", 1, &minute()).await;
    bench.cache.close().await;
    ensure!(bench.found("a").await.is_none(), "it was found");
    let two = || async { Ok(2_u64) };
    let value = bench.cache.get_or_compute(&bench.key("a"), &minute(), two).await?;
    ensure!(*value == 2, "`{value}` instead of what was computed");
    Ok(())
}
