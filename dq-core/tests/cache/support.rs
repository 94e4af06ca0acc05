//! What the tests of the cache share.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use dq_core::cache::{CacheKey, CacheManager, CacheOptions, MemoryCache, MemoryConfig, Namespace};
use dq_core::clock::TestClock;
use dq_core::{Error, ErrorKind, Result};

pub(crate) fn namespace() -> Namespace {
    Namespace::new("numbers").expect("the name is allowed")
}

#[expect(clippy::needless_pass_by_value, reason = "shorter at each of many calls")]
pub(crate) fn key<P: ToString>(part: P) -> CacheKey {
    CacheKey::new(&namespace(), 1, [part.to_string()])
}

pub(crate) fn memory() -> (TestClock, MemoryCache) {
    let clock = TestClock::new();
    let cache = MemoryCache::new(&MemoryConfig::default(), Arc::new(clock.clone()));
    (clock, cache.expect("the defaults are in range"))
}

/// One minute, without jitter.
pub(crate) fn minute() -> CacheOptions {
    CacheOptions { jitter: 0.0, ..CacheOptions::ttl_ms(60_000) }
}

pub(crate) fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

pub(crate) fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// Where values come from: counts how often it was asked.
#[derive(Clone, Debug, Default)]
pub(crate) struct Origin(Arc<AtomicU64>);

impl Origin {
    /// What computes the number of its call, from 1.
    pub(crate) fn next(&self) -> impl FnOnce() -> std::future::Ready<Result<u64>> + Send + use<> {
        let calls = Arc::clone(&self.0);
        move || std::future::ready(Ok(calls.fetch_add(1, Ordering::SeqCst) + 1))
    }

    /// What fails.
    pub(crate) fn fail(
        &self,
        kind: ErrorKind,
    ) -> impl FnOnce() -> std::future::Ready<Result<u64>> + Send + use<> {
        let calls = Arc::clone(&self.0);
        move || {
            calls.fetch_add(1, Ordering::SeqCst);
            std::future::ready(Err(Error::new(kind, "the origin is gone")))
        }
    }

    pub(crate) fn calls(&self) -> u64 {
        self.0.load(Ordering::SeqCst)
    }
}

/// Lets tasks run that have something to do.
pub(crate) async fn settle() {
    for _ in 0..50 {
        tokio::task::yield_now().await;
    }
}

/// Each lookup must be one hit or one miss.
pub(crate) fn lookups(cache: &dyn CacheManager) -> (u64, u64) {
    let statistics = cache.statistics();
    assert_eq!(statistics.hits, statistics.memory.hits + statistics.shared.hits);
    assert_eq!(statistics.memory.misses, statistics.shared.hits + statistics.misses);
    (statistics.hits, statistics.misses)
}
