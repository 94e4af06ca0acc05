//! What is counted while the cache works.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::cache::statistics::{CacheStatistics, LevelStatistics, PayloadStatistics};

/// One count.
#[derive(Debug, Default)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    pub(crate) fn increment(&self) {
        self.add(1);
    }

    pub(crate) fn add(&self, count: u64) {
        self.0.fetch_add(count, Ordering::Relaxed);
    }

    pub(crate) fn count(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// The counts of a cache. A lookup is counted once, at its end: as a hit in memory, as a hit in the shared
/// store, or as a miss.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) memory: LevelCounters,
    pub(crate) shared: LevelCounters,
    pub(crate) misses: Counter,
    pub(crate) computations: Counter,
    pub(crate) computations_failed: Counter,
    pub(crate) coalesced: Counter,
    pub(crate) refreshed_ahead: Counter,
    pub(crate) served_stale: Counter,
    pub(crate) refused_invalidated: Counter,
    pub(crate) refused_fenced: Counter,
    pub(crate) corrupted: Counter,
    pub(crate) future_version: Counter,
    pub(crate) wrong_key: Counter,
    pub(crate) plain: Counter,
    pub(crate) unencodable: Counter,
    pub(crate) key_revoked: Counter,
    pub(crate) overflowed: Counter,
}

/// The counts of one level.
#[derive(Debug, Default)]
pub(crate) struct LevelCounters {
    pub(crate) hits: Counter,
    pub(crate) sets: Counter,
    pub(crate) evictions: Counter,
    pub(crate) expirations: Counter,
    pub(crate) errors: Counter,
    pub(crate) skipped: Counter,
    pub(crate) too_large: Counter,
}

impl Counters {
    /// What they tell; what they do not know is zero.
    pub(crate) fn statistics(&self) -> CacheStatistics {
        let (memory_hits, shared_hits) = (self.memory.hits.count(), self.shared.hits.count());
        let misses = self.misses.count();
        CacheStatistics {
            hits: memory_hits + shared_hits,
            misses,
            memory: self.memory.statistics(shared_hits + misses),
            shared: self.shared.statistics(0),
            computations: self.computations.count(),
            computations_failed: self.computations_failed.count(),
            coalesced: self.coalesced.count(),
            refreshed_ahead: self.refreshed_ahead.count(),
            served_stale: self.served_stale.count(),
            refused_invalidated: self.refused_invalidated.count(),
            refused_fenced: self.refused_fenced.count(),
            payloads: PayloadStatistics {
                corrupted: self.corrupted.count(),
                future_version: self.future_version.count(),
                wrong_key: self.wrong_key.count(),
                plain: self.plain.count(),
                unencodable: self.unencodable.count(),
                key_revoked: self.key_revoked.count(),
            },
            invalidations_pending: 0,
            invalidations_overflowed: self.overflowed.count(),
            connected: false,
        }
    }
}

impl LevelCounters {
    fn statistics(&self, misses: u64) -> LevelStatistics {
        LevelStatistics {
            hits: self.hits.count(),
            misses,
            sets: self.sets.count(),
            evictions: self.evictions.count(),
            expirations: self.expirations.count(),
            errors: self.errors.count(),
            skipped: self.skipped.count(),
            too_large: self.too_large.count(),
            entries: 0,
            bytes: 0,
        }
    }
}
