//! What share of lookups is answered when there is not room for all.

use std::sync::Arc;

use dq_core::cache::{CacheManager, CacheManagerExt, CacheOptions, MemoryCache, MemoryConfig};
use dq_core::clock::TestClock;

use crate::support::{key, lookups};

const KEYS: usize = 100_000;
const WARM_LOOKUPS: usize = 500_000;
const LOOKUPS: usize = 250_000;

/// Ranks from 0, distributed by Zipf's law with exponent 1.
struct Zipf {
    /// The sum of the shares up to each rank.
    shares: Vec<f64>,
    state: u64,
}

impl Zipf {
    fn new(seed: u64) -> Self {
        let mut sum = 0.0;
        let mut shares: Vec<f64> = (1..=KEYS)
            .map(|rank| {
                sum += 1.0 / rank as f64;
                sum
            })
            .collect();
        for share in &mut shares {
            *share /= sum;
        }
        Self { shares, state: seed }
    }

    fn next(&mut self) -> usize {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        let chance = (mixed >> 11) as f64 / (1_u64 << 53) as f64;
        self.shares.partition_point(|it| *it <= chance).min(KEYS - 1)
    }
}

/// The hit rate with room for `share` of all keys, and the best that is possible without foresight.
fn rate(share: f64) -> (f64, f64) {
    let zipf = &mut Zipf::new(7);
    let clock = Arc::new(TestClock::new());
    let probe = MemoryCache::new(&MemoryConfig::default(), Arc::clone(&clock) as _).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let options = CacheOptions::default();
    runtime.block_on(probe.set(&key(0), 0_u64, &options));
    let room = (KEYS as f64 * share) as u64;
    let bytes_max = probe.statistics().memory.bytes * room;
    let config = MemoryConfig { bytes_max, ..Default::default() };
    let cache = MemoryCache::new(&config, clock).unwrap();
    let keys: Vec<_> = (0..KEYS).map(key).collect();
    runtime.block_on(async {
        let mut before = (0, 0);
        for lookup in 0..WARM_LOOKUPS + LOOKUPS {
            if lookup == WARM_LOOKUPS {
                before = lookups(&cache);
            }
            let key = &keys[zipf.next()];
            if !cache.get::<u64>(key).await.is_hit() {
                cache.set(key, 0_u64, &options).await;
            }
        }
        let (hits, misses) = lookups(&cache);
        assert_eq!(hits + misses, (WARM_LOOKUPS + LOOKUPS) as u64);
        assert!(cache.statistics().memory.entries <= room);
        let optimum = zipf.shares[room as usize - 1];
        ((hits - before.0) as f64 / LOOKUPS as f64, optimum)
    })
}

#[test]
fn with_room_for_a_tenth_of_the_keys_the_hit_rate_is_near_the_optimum() {
    let (rate, optimum) = rate(0.1);
    assert!((optimum - 0.81).abs() < 0.005, "{optimum}");
    assert!(rate >= optimum - 0.03, "{rate} of {optimum}");
}

#[test]
fn with_room_for_a_fifth_of_the_keys_it_is_above_84_percent() {
    let (rate, optimum) = rate(0.2);
    assert!(rate >= 0.84, "{rate} of {optimum}");
}
