//! Several caches over one store.

use std::sync::Arc;
use std::time::Duration;

use dq_core::cache::{CacheManagerExt, CacheOptions, Keyring, Lookup, TieredCache, TieredConfig};
use dq_core::clock::TestClock;

use crate::store::TestStore;
use crate::support::{Origin, key, settle};

/// One cache and its link to the store.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) cache: TieredCache,
    pub(crate) store: TestStore,
}

/// `count` caches over one store, all of which listen.
pub(crate) async fn nodes(count: usize) -> (TestClock, Vec<Node>) {
    let clock = TestClock::new();
    let store = TestStore::new(&clock);
    let nodes = (0..count).map(|_| node(&clock, &store, &TieredConfig::default(), None)).collect();
    settle().await;
    (clock, nodes)
}

pub(crate) async fn two() -> (TestClock, Node, Node) {
    let (clock, nodes) = nodes(2).await;
    let [a, b] = <[Node; 2]>::try_from(nodes).expect("there are two");
    (clock, a, b)
}

pub(crate) fn node(
    clock: &TestClock,
    store: &TestStore,
    config: &TieredConfig,
    keyring: Option<Keyring>,
) -> Node {
    let store = store.link();
    let cache = TieredCache::new(config, Arc::new(store.clone()), Arc::new(clock.clone()), keyring);
    Node { cache: cache.expect("the configuration is in range"), store }
}

impl Node {
    pub(crate) async fn get(&self, part: impl ToString) -> Option<u64> {
        self.cache.get::<u64>(&key(part)).await.value().map(|it| *it)
    }

    pub(crate) async fn compute(&self, options: &CacheOptions, origin: &Origin) -> u64 {
        *self.cache.get_or_compute(&key("a"), options, origin.next()).await.expect("it computes")
    }

    /// Whether `part` is in memory.
    pub(crate) fn holds(&self, part: impl ToString) -> bool {
        matches!(self.cache.get_local::<u64>(&key(part)), Lookup::Value(_))
    }
}

/// Lets time pass in steps, so that whoever wakes has its turn in its time.
pub(crate) async fn pass(clock: &TestClock, span: Duration) {
    let step = Duration::from_millis(10);
    let mut left = span;
    while !left.is_zero() {
        clock.advance(left.min(step));
        left = left.saturating_sub(step);
        settle().await;
    }
}
