//! How much memory a cache takes, by what the allocator hands out. A program of its own: other threads would
//! free what this one has counted.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "what a test builds on must be there, or else the test fails"
)]

use std::sync::Arc;

use allocation_counter::measure;
use dq_core::cache::{
    CacheKey, CacheManager, CacheManagerExt, CacheOptions, Cacheable, Lookup, MemoryCache,
    MemoryConfig, Namespace, Tag,
};
use dq_core::clock::TestClock;
use serde::{Deserialize, Serialize};

const MIB: u64 = 1 << 20;
const HITS: u64 = 20_000;

#[derive(Deserialize, Serialize)]
struct Row {
    name: String,
    score: f64,
    tags: Vec<String>,
    note: Option<String>,
}

fn row(number: usize) -> Row {
    Row {
        name: format!("provider {number}"),
        score: 0.5,
        tags: (0..number % 5).map(|it| format!("tag number {it}")).collect(),
        note: (number.is_multiple_of(2)).then(|| "a note of some length, to be kept".to_owned()),
    }
}

#[test]
fn memory_stays_within_its_bound_and_a_hit_allocates_nothing() {
    bounded("small integers", 4 * MIB, 30_000, |it| it as u64, &[]);
    bounded("texts of 200 bytes", 4 * MIB, 20_000, |it| format!("{it:0>200}"), &[]);
    bounded("a kilobyte", 4 * MIB, 20_000, |_| vec![1_u8; 1024], &[]);
    bounded("64 kilobytes", 16 * MIB, 2000, |_| vec![1_u8; 65_536], &[]);
    bounded("a megabyte", 64 * MIB, 300, |_| vec![1_u8; 1 << 20], &[]);
    bounded("mixed sizes", 16 * MIB, 5000, |it| vec![1_u8; (it * 7919) % 40_000], &[]);
    let tags: Vec<_> = (0..3).map(|it| Tag::new([[it]])).collect();
    bounded("rows with tags", 4 * MIB, 20_000, |it| vec![row(it), row(it + 1)], &tags);
    hit();
}

/// Puts `count` values, many times what there is room for, into a cache of `bytes_max`, and looks at what is
/// allocated all along the way.
fn bounded<T: Cacheable>(
    what: &str,
    bytes_max: u64,
    count: usize,
    value: impl Fn(usize) -> T,
    tags: &[Tag],
) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let options = CacheOptions { tags: tags.to_vec(), ..Default::default() };
    let namespace = Namespace::new("bound").unwrap();
    let config = MemoryConfig { bytes_max, ..Default::default() };
    let mut cache = None;
    let empty = measure(|| {
        cache = Some(MemoryCache::new(&config, Arc::new(TestClock::new())).unwrap());
    });
    let cache = cache.unwrap();
    let mut held = empty.bytes_current;
    let mut most = 0;
    for number in 0..count {
        let key = CacheKey::new(&namespace, 1, [number.to_le_bytes()]);
        let put = measure(|| {
            runtime.block_on(cache.set(&key, value(number), &options));
        });
        held += put.bytes_current;
        most = most.max(held);
    }
    let statistics = cache.statistics();
    let allowed = bytes_max + bytes_max / 10 + 65_536;
    let share = most as f64 / bytes_max as f64;
    assert!(statistics.memory.evictions > 0, "{what}: there was room for all");
    assert!(most as u64 <= allowed, "{what}: {most} bytes, allowed {allowed}");
    assert!(share > 0.6, "{what}: only {share} of the room is used");
}

fn hit() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let cache = MemoryCache::new(&MemoryConfig::default(), Arc::new(TestClock::new())).unwrap();
    let cache: &dyn CacheManager = &cache;
    let options = CacheOptions { tags: vec![Tag::new(["a"])], ..Default::default() };
    let key = CacheKey::new(&Namespace::new("hit").unwrap(), 1, ["a"]);
    runtime.block_on(cache.set(&key, "a value".to_owned(), &options));
    let ours = measure(|| {
        for _ in 0..HITS / 2 {
            let Ok(Lookup::Value(value)) = cache.get::<String>(&key).now() else {
                panic!("it is there")
            };
            assert_eq!(*value, "a value");
            let value = cache.get_or_compute(&key, &options, || async { Ok(String::new()) }).now();
            assert_eq!(*value.unwrap().unwrap(), "a value");
        }
    });
    let bare = moka::sync::Cache::builder().max_capacity(1000).build();
    bare.insert(1_u64, Arc::new("a value".to_owned()));
    bare.run_pending_tasks();
    let theirs = measure(|| (0..HITS).for_each(|_| assert_eq!(*bare.get(&1).unwrap(), "a value")));
    // What is left is moka's own bookkeeping, once in 128 lookups.
    assert!(ours.count_total <= theirs.count_total + 2);
    assert!(ours.count_total <= HITS / 100);
}
