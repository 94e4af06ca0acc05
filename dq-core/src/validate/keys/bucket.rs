//! The keys that one partition has collected.

use crate::error::Error;
use crate::error::ErrorKind;
use crate::error::Result;
use crate::validate::keys::hash::KeyHash;
use crate::validate::keys::records::{Key, Layout, Record, Records};

/// How many buckets a run has: so many that a bucket of the largest table, with its table of keys, fits
/// into the cache of one core, and no more, since each open bucket takes its share of the cache while
/// keys are collected. `rows` is about how many rows that table has.
pub(crate) fn bucket_count(rows: Option<u64>) -> usize {
    const ROWS_PER_BUCKET: u64 = 8192;
    const ROWS_UNKNOWN: u64 = 1 << 20;
    let buckets = rows.unwrap_or(ROWS_UNKNOWN).div_ceil(ROWS_PER_BUCKET);
    (buckets.clamp(16, 1024) as usize).next_power_of_two()
}

/// The keys that one partition has collected, spread over buckets by their hash.
///
/// A key goes first to a short stage of its bucket. All stages lie side by side, within the cache; a
/// full one goes to its bucket at once, so that far memory is touched once for several keys.
#[derive(Debug)]
pub(crate) struct KeyRuns {
    hash: KeyHash,
    layout: Layout,
    buckets: Vec<Bucket>,
    /// The stages of all buckets, each with room for `STAGE` keys.
    stages: Vec<u8>,
    /// How many bytes of each stage are taken.
    staged: Vec<u16>,
}

/// How many keys a stage holds.
const STAGE: usize = 8;

/// Some of the keys of one partition: all with certain bits of the hash in common.
#[derive(Debug, Default)]
pub(crate) struct Bucket {
    records: Records,
    /// Long keys, each after its length.
    long: Vec<u8>,
}

/// A bucket to look into.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BucketView<'a> {
    bucket: &'a Bucket,
    layout: Layout,
}

impl KeyRuns {
    /// No keys yet, in so many buckets: a power of two, and the same for all key sets of a run.
    pub(crate) fn new(hash: KeyHash, layout: Layout, buckets: usize) -> Self {
        let stages = vec![0; buckets * STAGE * layout.width()];
        let staged = vec![0; buckets];
        let buckets = (0..buckets).map(|_| Bucket::default()).collect();
        Self { hash, layout, buckets, stages, staged }
    }

    pub(crate) fn bucket(&self, index: usize) -> Option<BucketView<'_>> {
        self.buckets.get(index).map(|bucket| BucketView { bucket, layout: self.layout })
    }

    /// Adds the key of a row; `value` is what it determines.
    #[inline]
    pub(crate) fn push(&mut self, key: &[u8], value: Option<&[u8]>, row: u32) -> Result<()> {
        let short = Key::short(key);
        let hash = short.map_or_else(|| self.hash.of_long(key), |it| self.hash.of(it));
        // The table of a bucket is addressed by the lowest bits and tagged by the highest.
        let index = (hash >> 32) as usize & (self.buckets.len() - 1);
        let key = match short {
            Some(key) => key,
            None => self.keep(index, hash, key)?,
        };
        let value = match value.map(|it| (Key::short(it), it)) {
            None => Key::default(),
            Some((Some(value), _)) => value,
            Some((None, value)) => self.keep(index, self.hash.of_long(value), value)?,
        };
        self.stage(index, Record { key, value, row });
        Ok(())
    }

    #[inline]
    fn stage(&mut self, index: usize, record: Record) {
        let room = STAGE * self.layout.width();
        let stage = self.stages.get_mut(index * room..(index + 1) * room);
        let (Some(stage), Some(staged)) = (stage, self.staged.get_mut(index)) else { return };
        let at = usize::from(*staged);
        self.layout.write(record, stage.get_mut(at..).unwrap_or_default());
        *staged += self.layout.width() as u16;
        if usize::from(*staged) == room {
            *staged = 0;
            if let Some(bucket) = self.buckets.get_mut(index) {
                bucket.records.append(self.layout, stage);
            }
        }
    }

    /// Brings every key to its bucket. Needed once, after the last key.
    pub(crate) fn finish(&mut self) {
        let stages = self.stages.chunks_exact(STAGE * self.layout.width());
        for ((bucket, stage), staged) in self.buckets.iter_mut().zip(stages).zip(&self.staged) {
            let staged = stage.get(..usize::from(*staged)).unwrap_or_default();
            bucket.records.append(self.layout, staged);
        }
        self.stages = Vec::new();
        self.staged = Vec::new();
    }

    /// Keeps the bytes of a long key in its bucket.
    fn keep(&mut self, index: usize, hash: u64, bytes: &[u8]) -> Result<Key> {
        let Some(Bucket { long, .. }) = self.buckets.get_mut(index) else {
            return Ok(Key::default());
        };
        let (Ok(place), Ok(length)) = (u32::try_from(long.len()), u32::try_from(bytes.len()))
        else {
            let message =
                "cannot keep the keys of a check: more than 4 GiB of long keys in one bucket";
            return Err(Error::new(ErrorKind::LimitExceeded, message));
        };
        long.extend_from_slice(&length.to_le_bytes());
        long.extend_from_slice(bytes);
        Ok(Key::long(hash, place))
    }
}

impl Bucket {
    /// The bytes of a long key.
    fn bytes(&self, key: Key) -> Option<&[u8]> {
        let (length, bytes) = self.long.get(key.place()..)?.split_first_chunk()?;
        bytes.get(..u32::from_le_bytes(*length) as usize)
    }
}

impl<'a> BucketView<'a> {
    pub(crate) fn len(self) -> usize {
        self.bucket.records.len(self.layout)
    }

    #[inline]
    pub(crate) fn records(self) -> impl Iterator<Item = Record> + use<'a> {
        self.bucket.records.iter(self.layout)
    }

    /// Whether `key` of this bucket is `other` of `others`.
    #[inline]
    pub(crate) fn is_same(self, key: Key, others: Self, other: Key) -> bool {
        if !key.is_long() || !other.is_long() {
            return key == other;
        }
        key.hash_of_long() == other.hash_of_long()
            && self.bucket.bytes(key) == others.bucket.bytes(other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_tables_have_more_buckets() {
        let counts =
            [Some(0), Some(5_000), Some(1_000_000), None, Some(u64::MAX)].map(bucket_count);
        assert_eq!(counts, [16, 16, 128, 128, 1024]);
    }

    #[test]
    fn long_keys_of_equal_hash_are_told_apart() {
        let layout = Layout { with_values: false, with_rows: false };
        let mut runs = KeyRuns::new(KeyHash::with_bits(0), layout, 16);
        for key in ["a long key, number 1", "a long key, number 2", "a long key, number 1"] {
            runs.push(key.as_bytes(), None, 0).unwrap();
        }
        runs.finish();
        let bucket = runs.bucket(0).unwrap();
        let keys: Vec<_> = bucket.records().map(|it| it.key).collect();
        assert!(!bucket.is_same(keys[0], bucket, keys[1]));
        assert!(bucket.is_same(keys[0], bucket, keys[2]));
    }
}
