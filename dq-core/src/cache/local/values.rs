//! Values in memory, within a bound of bytes: moka, which decides what is kept.
//!
//! moka keeps what was asked for often, by a sketch of frequencies whose size it settles once, when half of
//! its room is taken: for a cache that weighs its values, at a quarter of what it will hold. Such a sketch
//! forgets too soon, and some 3 of 100 lookups are lost. So nothing weighs anything at first. When the room
//! is nearly taken, and it is known how many values that makes, a stand-in takes all of it for a moment, the
//! sketch gets its size, and each value its weight.
//!
//! ```text
//!   Filling: all weigh 0 ──nine tenths taken──▶ Weighing: stand-in, sketch, weights ──▶ Weighed
//! ```

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use moka::notification::RemovalCause;

use crate::cache::counters::Counters;
use crate::cache::key::{CacheKey, Namespace};
use crate::cache::local::entry::Entry;
use crate::cache::local::stripes::{KeyHasher, Stripes};

/// How many values get their weight before moka takes note of it.
const WEIGHED_AT_ONCE: usize = 128;
/// How many bytes may be inserted before the bound is enforced.
const SLACK_BYTES: u64 = 24 * 1024;

#[derive(Debug)]
pub(crate) struct Values {
    entries: moka::sync::Cache<CacheKey, Arc<Entry>, KeyHasher>,
    bytes_max: u64,
    /// Whether values have their weight.
    weighed: Arc<AtomicBool>,
    /// What has been inserted while they have not, at least as much as is there.
    filled_bytes: AtomicU64,
    unsettled_bytes: AtomicU64,
}

impl Values {
    pub(crate) fn new(bytes_max: u64, counters: Arc<Counters>) -> Self {
        let weighed = Arc::new(AtomicBool::new(false));
        let is_weighed = Arc::clone(&weighed);
        let weigh = move |_: &CacheKey, it: &Arc<Entry>| {
            let counts = it.is_stand_in() || is_weighed.load(Ordering::Acquire);
            u32::try_from(it.bytes).unwrap_or(u32::MAX) * u32::from(counts)
        };
        let entries = moka::sync::Cache::builder()
            .max_capacity(bytes_max)
            .weigher(weigh)
            .eviction_listener(move |_, it: Arc<Entry>, cause| {
                if cause == RemovalCause::Size && !it.is_stand_in() {
                    counters.memory.evictions.increment();
                }
            })
            .build_with_hasher(KeyHasher);
        let (filled_bytes, unsettled_bytes) = (AtomicU64::new(0), AtomicU64::new(0));
        Self { entries, bytes_max, weighed, filled_bytes, unsettled_bytes }
    }

    /// Finds an entry, and takes note that it was asked for.
    pub(crate) fn get(&self, key: &CacheKey) -> Option<Arc<Entry>> {
        self.entries.get(key)
    }

    /// Whether there is an entry, without taking note.
    pub(crate) fn contains(&self, key: &CacheKey) -> bool {
        self.entries.contains_key(key)
    }

    /// Puts an entry in. The caller holds the shard of the key, and calls `settle` when it no longer does.
    pub(crate) fn insert(&self, key: &CacheKey, entry: Arc<Entry>) {
        self.entries.insert(key.clone(), entry);
    }

    pub(crate) fn remove(&self, key: &CacheKey) {
        self.entries.invalidate(key);
    }

    pub(crate) fn clear(&self) {
        self.entries.invalidate_all();
        self.entries.run_pending_tasks();
    }

    /// Enforces the bound before what was inserted since the last time goes beyond the slack.
    pub(crate) fn settle(&self, bytes: u64, stripes: &Stripes) {
        if !self.weighed.load(Ordering::Acquire) {
            self.fill(bytes, stripes);
        }
        let unsettled = self.unsettled_bytes.fetch_add(bytes, Ordering::Relaxed) + bytes;
        if unsettled > SLACK_BYTES {
            self.unsettled_bytes.store(0, Ordering::Relaxed);
            self.entries.run_pending_tasks();
        }
    }

    /// The number of entries, and the bytes they take.
    pub(crate) fn size(&self) -> (u64, u64) {
        self.entries.run_pending_tasks();
        if self.weighed.load(Ordering::Acquire) {
            return (self.entries.entry_count(), self.entries.weighted_size());
        }
        self.iter().fold((0, 0), |(count, bytes), (_, it)| (count + 1, bytes + it.bytes))
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (Arc<CacheKey>, Arc<Entry>)> + '_ {
        self.entries.iter().filter(|(_, it)| !it.is_stand_in())
    }

    fn fill(&self, bytes: u64, stripes: &Stripes) {
        let nearly_full = self.bytes_max / 10 * 9;
        if self.filled_bytes.fetch_add(bytes, Ordering::AcqRel) + bytes < nearly_full {
            return;
        }
        // What was replaced or removed no longer takes room.
        let (_, there) = self.size();
        self.filled_bytes.store(there, Ordering::Release);
        if there >= self.bytes_max / 10 * 8 && !self.weighed.swap(true, Ordering::AcqRel) {
            self.weigh(stripes);
        }
    }

    /// Has the sketch made for as many values as there are, and gives them their weight.
    fn weigh(&self, stripes: &Stripes) {
        let Ok(namespace) = Namespace::new("stand-in") else { return };
        let count = self.bytes_max / u64::from(u32::MAX) + 1;
        let stand_ins: Vec<_> =
            (0..count).map(|it| CacheKey::new(&namespace, 0, [it.to_le_bytes()])).collect();
        for key in &stand_ins {
            // The room of what others insert meanwhile is left.
            let bytes = self.bytes_max / count / 16 * 15;
            self.entries.insert(key.clone(), Arc::new(Entry::stand_in(bytes)));
        }
        self.entries.run_pending_tasks();
        for key in &stand_ins {
            self.entries.invalidate(key);
        }
        self.entries.run_pending_tasks();
        for (number, (key, entry)) in self.iter().enumerate() {
            if number.is_multiple_of(WEIGHED_AT_ONCE) {
                // What was replaced is freed on the way.
                self.entries.run_pending_tasks();
            }
            let _shard = stripes.shard(&key);
            let is_there = self.contains(&key);
            if is_there && self.get(&key).is_some_and(|it| Arc::ptr_eq(&it, &entry)) {
                self.entries.insert((*key).clone(), entry);
            }
        }
        self.entries.run_pending_tasks();
    }
}
