//! Every cache keeps the promises of the trait.

use std::sync::Arc;

use dq_core::cache::conformance::check;
use dq_core::cache::{MemoryCache, MemoryConfig, NoopCache, TieredCache, TieredConfig};
use dq_core::clock::TestClock;

use crate::store::{Fault, TestStore};

#[tokio::test]
async fn memory_keeps_the_promises_of_a_cache() {
    let make = |clock: &TestClock| {
        let clock = Arc::new(clock.clone());
        Ok(Arc::new(MemoryCache::new(&MemoryConfig::default(), clock)?) as _)
    };
    check(make).await.unwrap();
}

#[tokio::test]
async fn noop_keeps_the_promises_of_a_cache() {
    check(|_| Ok(Arc::new(NoopCache) as _)).await.unwrap();
}

#[tokio::test]
async fn tiered_keeps_the_promises_of_a_cache_however_the_store_is() {
    for fault in [Fault::None, Fault::Down, Fault::LostReply] {
        let make = |clock: &TestClock| {
            let store = TestStore::new(clock);
            let clock = Arc::new(clock.clone());
            store.fault(fault);
            let config = TieredConfig::default();
            Ok(Arc::new(TieredCache::new(&config, Arc::new(store), clock, None)?) as _)
        };
        check(make).await.unwrap_or_else(|it| panic!("{fault:?}: {it}"));
    }
}
