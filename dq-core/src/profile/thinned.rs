//! A set of distinct values with their counts, within a bound of memory.
//!
//! While everything fits, every value is there with its exact count. When the bound is reached, the
//! set is thinned: only values whose hash begins with a 0 bit stay, then with two, and so on. What
//! stays is a uniform sample of the *distinct* values, each with its exact count, and every value of
//! the sample has been counted from its first occurrence on.
//!
//! This is adaptive sampling: M. Wegman; P. Flajolet, "On adaptive sampling", Computing 43 (1990). Which
//! values stay is a function of the set of all values alone: neither their order nor the way in which
//! they were split over threads matters. Two sets thinned with the same hash sample the same values, so
//! that they can be compared.

use std::hash::{BuildHasher, Hasher};

use foldhash::quality::FixedState;
use hashbrown::HashTable;

use crate::profile::figure::Figure;

/// What an entry costs beside the bytes of its value: itself, its slot, and the usual slack of both.
const ENTRY_BYTES: usize = 48;

/// The hash by which values are kept and thinned.
#[inline]
pub(crate) fn hash(value: &[u8]) -> u64 {
    let mut hasher = FixedState::with_seed(0).build_hasher();
    hasher.write(value);
    hasher.finish()
}

/// Distinct values with their counts, thinned to a bound of memory.
#[derive(Debug)]
pub(crate) struct Thinned {
    slots: HashTable<u32>,
    entries: Vec<Entry>,
    bytes: Vec<u8>,
    level: u32,
    limit: usize,
    entry_bytes: usize,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    hash: u64,
    count: u64,
    start: u32,
    length: u32,
}

impl Thinned {
    /// An empty set that takes about `limit` bytes at most.
    pub(crate) fn new(limit: usize) -> Self {
        Self::with_entries_of(ENTRY_BYTES, limit)
    }

    /// An empty set of values that cost `entry_bytes` beside their bytes.
    pub(crate) fn with_entries_of(entry_bytes: usize, limit: usize) -> Self {
        Self {
            slots: HashTable::new(),
            entries: Vec::new(),
            bytes: Vec::new(),
            level: 0,
            limit: limit.min(u32::MAX as usize),
            entry_bytes,
        }
    }

    /// Whether a value of this hash is in the sample.
    #[inline]
    pub(crate) fn admits(&self, hash: u64) -> bool {
        is_admitted(hash, self.level)
    }

    /// How often the sample was halved: 0 while it is everything.
    pub(crate) fn level(&self) -> u32 {
        self.level
    }

    /// Whether no value is missing.
    pub(crate) fn is_whole(&self) -> bool {
        self.level == 0
    }

    /// How many values there are in the sample.
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Counts a value that is admitted. Gives whether the bound is exceeded now.
    #[inline]
    pub(crate) fn add(&mut self, hash: u64, value: &[u8], count: u64) -> bool {
        let (entries, bytes) = (&self.entries, &self.bytes);
        let is_same = |slot: &u32| {
            entries
                .get(*slot as usize)
                .is_some_and(|it| it.hash == hash && it.value(bytes) == value)
        };
        if let Some(slot) = self.slots.find(spread(hash), is_same) {
            if let Some(entry) = self.entries.get_mut(*slot as usize) {
                entry.count += count;
            }
            return false;
        }
        let (start, length) = (self.bytes.len() as u32, value.len() as u32);
        self.bytes.extend_from_slice(value);
        let slot = self.entries.len() as u32;
        self.entries.push(Entry { hash, count, start, length });
        let entries = &self.entries;
        self.slots.insert_unique(spread(hash), slot, |it| {
            entries.get(*it as usize).map_or(0, |it| spread(it.hash))
        });
        self.is_beyond_limit()
    }

    /// Halves the sample until it is within the bound; hands every value that goes to `gone`.
    pub(crate) fn thin(&mut self, mut gone: impl FnMut(&[u8], u64)) {
        while self.is_beyond_limit() && self.level < u64::BITS {
            let mut kept = Self::with_entries_of(self.entry_bytes, self.limit);
            kept.level = self.level + 1;
            let (stay, go): (Vec<&Entry>, Vec<&Entry>) =
                self.entries.iter().partition(|it| kept.admits(it.hash));
            kept.slots.reserve(stay.len(), |_| 0);
            for entry in stay {
                kept.add(entry.hash, entry.value(&self.bytes), entry.count);
            }
            for entry in go {
                gone(entry.value(&self.bytes), entry.count);
            }
            *self = kept;
        }
    }

    fn is_beyond_limit(&self) -> bool {
        self.entries.len() * self.entry_bytes + self.bytes.len() > self.limit
    }

    /// The values with their counts, in no particular order.
    pub(crate) fn iter(&self) -> impl ExactSizeIterator<Item = (&[u8], u64)> {
        self.entries.iter().map(|it| (it.value(&self.bytes), it.count))
    }

    /// The values with their counts, the most frequent first, equally frequent ones by their bytes.
    pub(crate) fn ranked(&self) -> Vec<(&[u8], u64)> {
        let mut values: Vec<_> = self.iter().collect();
        values.sort_unstable_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
        values
    }

    /// At most about `limit` of the values, chosen by their hash alone, the most frequent first.
    pub(crate) fn some(&self, limit: usize) -> Vec<(&[u8], u64)> {
        let halvings = (self.entries.len() / limit.max(1)).checked_ilog2().map_or(0, |it| it + 1);
        let kept = self.entries.iter().filter(|it| is_admitted(it.hash, self.level + halvings));
        let mut values: Vec<_> = kept.map(|it| (it.value(&self.bytes), it.count)).collect();
        values.sort_unstable_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
        values
    }

    /// The hashes of the values that would be in a sample of this level too, with their counts.
    pub(crate) fn hashes(&self, level: u32) -> impl Iterator<Item = (u64, u64)> {
        let entries = self.entries.iter().filter(move |it| is_admitted(it.hash, level));
        entries.map(|it| (it.hash, it.count))
    }

    /// Whether there is a value of this hash.
    pub(crate) fn has(&self, hash: u64) -> bool {
        let is_same =
            |slot: &u32| self.entries.get(*slot as usize).is_some_and(|it| it.hash == hash);
        self.slots.find(spread(hash), is_same).is_some()
    }

    /// How many distinct values there are, in the sample and out of it.
    ///
    /// At level L each distinct value is in the sample with probability p = 2^-L, so n of them in the
    /// sample stand for n / p (Flajolet 1990, theorem 1). The number in a sample of fixed level is
    /// binomial: the standard error of n / p is sqrt((1 - p) / n) of it; the error given is 1.96
    /// standard errors, which hold 95 of 100 times.
    pub(crate) fn distinct(&self) -> Figure {
        let sampled = self.entries.len() as u64;
        if self.is_whole() {
            return Figure::exact(sampled);
        }
        let share = 0.5_f64.powi(self.level as i32);
        let error = 1.96 * ((1.0 - share) / (sampled.max(1)) as f64).sqrt();
        Figure::estimate(
            sampled.saturating_mul(1_u64.checked_shl(self.level).unwrap_or(u64::MAX)),
            error,
        )
    }
}

impl Entry {
    #[inline]
    fn value<'a>(&self, bytes: &'a [u8]) -> &'a [u8] {
        let start = self.start as usize;
        bytes.get(start..start + self.length as usize).unwrap_or_default()
    }
}

/// Whether the highest `level` bits of the hash are 0.
#[inline]
fn is_admitted(hash: u64, level: u32) -> bool {
    hash.leading_zeros() >= level
}

/// The hash for the table of slots, which looks at the highest and the lowest bits: the highest are
/// all alike in a thinned set.
#[inline]
fn spread(hash: u64) -> u64 {
    hash.rotate_left(32)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(limit: usize, values: impl Iterator<Item = u64>) -> (Thinned, u64) {
        let (mut set, mut gone) = (Thinned::new(limit), 0);
        for value in values {
            let value = value.to_string();
            let hash = hash(value.as_bytes());
            if !set.admits(hash) {
                gone += 1;
            } else if set.add(hash, value.as_bytes(), 1) {
                set.thin(|_, count| gone += count);
            }
        }
        (set, gone)
    }

    #[test]
    fn what_fits_is_counted_exactly() {
        let (set, gone) = filled(1 << 20, (0..3000).map(|it| it % 1000));
        assert_eq!((set.len(), gone, set.level()), (1000, 0, 0));
        assert_eq!(set.distinct(), Figure::exact(1000));
        assert!(set.iter().all(|(_, count)| count == 3));
        assert_eq!(set.ranked().first(), Some(&(&b"0"[..], 3)));
    }

    #[test]
    fn the_sample_is_the_same_in_any_order_and_loses_no_row() {
        let (forth, gone) = filled(10_000, 0..100_000);
        let (back, gone_back) = filled(10_000, (0..100_000).rev());
        assert!(forth.level() > 5);
        let sorted = |set: &Thinned| {
            let mut values: Vec<_> = set.iter().map(|(it, count)| (it.to_vec(), count)).collect();
            values.sort();
            values
        };
        assert_eq!(sorted(&forth), sorted(&back));
        assert_eq!((gone, forth.level()), (gone_back, back.level()));
        assert_eq!(gone + forth.len() as u64, 100_000);
    }

    #[test]
    fn an_estimate_is_within_its_error() {
        let mut missed = 0;
        for start in 0..40 {
            let (set, _) = filled(64 << 10, start * 100_000..start * 100_000 + 50_000);
            let figure = set.distinct();
            assert!(figure.estimate);
            let error = (figure.value as f64 / 50_000.0 - 1.0).abs();
            missed += u32::from(error > figure.error.unwrap());
        }
        // Of 40 intervals of 95 percent, more than 7 misses happen once in a thousand times.
        assert!(missed <= 7, "{missed}");
    }

    #[test]
    fn a_value_that_is_larger_than_the_bound_leaves_the_set_empty() {
        let mut set = Thinned::new(10);
        assert!(set.add(hash(b"long"), &[0; 100], 1));
        let mut gone = 0;
        set.thin(|_, count| gone += count);
        assert_eq!((set.len(), gone), (0, 1));
    }
}
