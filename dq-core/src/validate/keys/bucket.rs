//! The keys that one partition has collected.

use crate::error::Error;
use crate::error::ErrorKind;
use crate::error::Result;
use crate::validate::keys::hash::KeyHash;
use crate::validate::keys::records::{Key, Layout, Record, Records};

/// How many buckets there are: of 10 million keys each holds some 40,000, which with their table fit
/// into the cache of one core.
pub(crate) const BUCKETS: usize = 256;

/// The keys that one partition has collected, spread over buckets by their hash.
#[derive(Debug)]
pub(crate) struct KeyRuns {
    hash: KeyHash,
    layout: Layout,
    buckets: Vec<Bucket>,
}

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
    pub(crate) fn new(hash: KeyHash, layout: Layout) -> Self {
        Self { hash, layout, buckets: (0..BUCKETS).map(|_| Bucket::default()).collect() }
    }

    pub(crate) fn bucket(&self, index: usize) -> Option<BucketView<'_>> {
        self.buckets.get(index).map(|bucket| BucketView { bucket, layout: self.layout })
    }

    /// Adds the key of a row; `value` is what it determines.
    #[inline]
    pub(crate) fn push(&mut self, key: &[u8], value: Option<&[u8]>, row: u32) -> Result<()> {
        let short = Key::short(key);
        let hash = short.map_or_else(|| self.hash.of_long(key), |it| self.hash.of_short(it.bits()));
        // The table of a bucket is addressed by the lowest bits and tagged by the highest.
        let index = (hash >> 32) as usize % BUCKETS;
        let Some(bucket) = self.buckets.get_mut(index) else { return Ok(()) };
        let key = match short {
            Some(key) => key,
            None => bucket.keep(hash, key)?,
        };
        let value = match value.map(|it| (Key::short(it), it)) {
            None => Key::default(),
            Some((Some(value), _)) => value,
            Some((None, value)) => bucket.keep(self.hash.of_long(value), value)?,
        };
        bucket.records.push(self.layout, Record { key, value, row });
        Ok(())
    }
}

impl Bucket {
    fn keep(&mut self, hash: u64, bytes: &[u8]) -> Result<Key> {
        let (Ok(place), Ok(length)) = (u32::try_from(self.long.len()), u32::try_from(bytes.len()))
        else {
            let message = "cannot keep the keys of a check: more than 4 GiB of long keys in one bucket";
            return Err(Error::new(ErrorKind::LimitExceeded, message));
        };
        self.long.extend_from_slice(&length.to_le_bytes());
        self.long.extend_from_slice(bytes);
        Ok(Key::long(hash, place))
    }

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
    fn long_keys_of_equal_hash_are_told_apart() {
        let layout = Layout { with_values: false, with_rows: false };
        let mut runs = KeyRuns::new(KeyHash::with_bits(0), layout);
        for key in ["a long key, number 1", "a long key, number 2", "a long key, number 1"] {
            runs.push(key.as_bytes(), None, 0).unwrap();
        }
        let bucket = runs.bucket(0).unwrap();
        let keys: Vec<_> = bucket.records().map(|it| it.key).collect();
        assert!(!bucket.is_same(keys[0], bucket, keys[1]));
        assert!(bucket.is_same(keys[0], bucket, keys[2]));
    }
}
