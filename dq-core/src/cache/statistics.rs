//! What a cache has done so far.

use serde::Serialize;

/// Counts since the cache was made.
///
/// One lookup is one hit or one miss, whatever levels it went through: a value that was found in the
/// shared store only is one hit. So `hits + misses` is the number of lookups.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct CacheStatistics {
    /// Lookups that were answered from any level, absences and expired values included.
    pub hits: u64,
    /// Lookups that were answered from none.
    pub misses: u64,
    /// The level in this process.
    pub memory: LevelStatistics,
    /// The level that nodes share; all zero without one.
    pub shared: LevelStatistics,
    /// Values that were computed, failures included.
    pub computations: u64,
    /// Computations that failed, timed out or panicked.
    pub computations_failed: u64,
    /// Lookups that waited for the computation of another.
    pub coalesced: u64,
    /// Values that were renewed before they expired.
    pub refreshed_ahead: u64,
    /// Lookups that were given an expired value because it could not be renewed.
    pub served_stale: u64,
    /// Values that were not kept because something they depend on was invalidated while they were read.
    pub refused_invalidated: u64,
    /// Values that were not kept because another node had taken over their computation.
    pub refused_fenced: u64,
    /// Payloads that could not be read, and so were misses.
    pub payloads: PayloadStatistics,
    /// Invalidations that the shared store has not been told yet.
    pub invalidations_pending: u64,
    /// How often so many were pending that everything was invalidated instead.
    pub invalidations_overflowed: u64,
    /// Whether the feed of invalidations is connected; false without a shared store.
    pub connected: bool,
}

/// Counts of one level.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct LevelStatistics {
    /// Lookups that this level answered.
    pub hits: u64,
    /// Lookups that this level did not answer, and those above it neither.
    pub misses: u64,
    /// Values put into it.
    pub sets: u64,
    /// Values that it dropped for want of room. Of a shared store it is not known.
    pub evictions: u64,
    /// Values found expired or invalidated by cleaning up.
    pub expirations: u64,
    /// Calls that failed or missed their deadline.
    pub errors: u64,
    /// Calls that were not made because the breaker was open.
    pub skipped: u64,
    /// Values that were too large to keep.
    pub too_large: u64,
    /// How many values it holds. Of a shared store it is not known.
    pub entries: u64,
    /// How many bytes they take. Of a shared store it is not known.
    pub bytes: u64,
}

/// Payloads of the shared store that could not be used, by reason.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct PayloadStatistics {
    /// Not an envelope, damaged, or of another type.
    pub corrupted: u64,
    /// Written by a later version of the program.
    pub future_version: u64,
    /// Encrypted with a key that is not in the keyring, or for another cache key.
    pub wrong_key: u64,
    /// Not encrypted, where a keyring demands it.
    pub plain: u64,
    /// Values that could not be encoded; they are kept in memory only.
    pub unencodable: u64,
    /// Values that are kept in memory only because the key that writes was revoked.
    pub key_revoked: u64,
}

impl CacheStatistics {
    /// Hits as a share of lookups, 0 to 1; 0 before the first lookup.
    pub fn hit_rate(&self) -> f64 {
        rate(self.hits, self.misses)
    }
}

impl LevelStatistics {
    /// Hits as a share of the lookups that came to this level, 0 to 1.
    pub fn hit_rate(&self) -> f64 {
        rate(self.hits, self.misses)
    }
}

fn rate(hits: u64, misses: u64) -> f64 {
    match hits + misses {
        0 => 0.0,
        lookups => hits as f64 / lookups as f64,
    }
}
