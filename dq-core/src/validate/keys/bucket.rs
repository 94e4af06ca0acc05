//! The keys that one partition has collected.

use crate::error::Error;
use crate::error::ErrorKind;
use crate::error::Result;
use crate::validate::keys::hash::KeyHash;
use crate::validate::keys::records::{Key, Layout, Record, Records};

/// How many buckets there are: of 10 million keys each holds some 10,000, which with their table fit
/// into the cache of one core.
pub(crate) const BUCKETS: usize = 1024;

/// The keys that one partition has collected, spread over buckets by their hash.
#[derive(Debug)]
pub(crate) struct KeyRuns {
    hash: KeyHash,
    layout: Layout,
    buckets: Vec<Bucket>,
    pending: Pending,
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

/// Keys on their way to their buckets. Thousands of keys go at once, sorted by bucket, so that a bucket
/// is fetched into the cache once for all that it gets.
#[derive(Debug, Default)]
struct Pending {
    records: Vec<Record>,
    /// The bucket of each record.
    buckets: Vec<u16>,
    /// Long keys, each after its length.
    long: Vec<u8>,
}

/// How many keys go to their buckets at once: dozens to each.
const PENDING_MAX: usize = 1 << 14;
const PENDING_LONG_MAX: usize = 1 << 24;

impl KeyRuns {
    pub(crate) fn new(hash: KeyHash, layout: Layout) -> Self {
        let buckets = (0..BUCKETS).map(|_| Bucket::default()).collect();
        Self { hash, layout, buckets, pending: Pending::default() }
    }

    pub(crate) fn bucket(&self, index: usize) -> Option<BucketView<'_>> {
        self.buckets.get(index).map(|bucket| BucketView { bucket, layout: self.layout })
    }

    /// Adds the key of a row; `value` is what it determines.
    #[inline]
    pub(crate) fn push(&mut self, key: &[u8], value: Option<&[u8]>, row: u32) -> Result<()> {
        let key = self.key(key)?;
        let value = match value {
            Some(value) => self.key(value)?,
            None => Key::default(),
        };
        // The table of a bucket is addressed by the lowest bits and tagged by the highest.
        self.pending.buckets.push((self.hash.of(key) >> 32) as u16 % BUCKETS as u16);
        self.pending.records.push(Record { key, value, row });
        if self.pending.records.len() >= PENDING_MAX || self.pending.long.len() >= PENDING_LONG_MAX {
            self.flush()?;
        }
        Ok(())
    }

    #[inline]
    fn key(&mut self, bytes: &[u8]) -> Result<Key> {
        match Key::short(bytes) {
            Some(key) => Ok(key),
            None => keep(&mut self.pending.long, self.hash.of_long(bytes), bytes),
        }
    }

    /// Brings every key to its bucket. Needed once after the last key.
    pub(crate) fn flush(&mut self) -> Result<()> {
        let Pending { records, buckets, long } = &mut self.pending;
        let mut places = vec![0_usize; BUCKETS];
        for bucket in &*buckets {
            places.get_mut(usize::from(*bucket)).into_iter().for_each(|it| *it += 1);
        }
        let mut sum = 0;
        for place in &mut places {
            sum += std::mem::replace(place, sum);
        }
        let mut order = vec![0_u32; records.len()];
        for (number, bucket) in buckets.iter().enumerate() {
            let Some(place) = places.get_mut(usize::from(*bucket)) else { continue };
            order.get_mut(*place).into_iter().for_each(|it| *it = number as u32);
            *place += 1;
        }
        // Each place has moved to the end of its bucket, which is the start of the next.
        let mut start = 0;
        for (bucket, end) in self.buckets.iter_mut().zip(places) {
            for number in order.get(start..end).unwrap_or_default() {
                let Some(record) = records.get(*number as usize) else { continue };
                let (key, value) = (bucket.take(record.key, long)?, bucket.take(record.value, long)?);
                bucket.records.push(self.layout, Record { key, value, row: record.row });
            }
            start = end;
        }
        records.clear();
        buckets.clear();
        long.clear();
        Ok(())
    }
}

/// Appends the bytes of a long key, and gives the key with their place.
fn keep(long: &mut Vec<u8>, hash: u64, bytes: &[u8]) -> Result<Key> {
    let (Ok(place), Ok(length)) = (u32::try_from(long.len()), u32::try_from(bytes.len())) else {
        let message = "cannot keep the keys of a check: more than 4 GiB of long keys in one bucket";
        return Err(Error::new(ErrorKind::LimitExceeded, message));
    };
    long.extend_from_slice(&length.to_le_bytes());
    long.extend_from_slice(bytes);
    Ok(Key::long(hash, place))
}

/// The bytes of a long key.
#[inline]
fn bytes_of(long: &[u8], key: Key) -> Option<&[u8]> {
    let (length, bytes) = long.get(key.place()..)?.split_first_chunk()?;
    bytes.get(..u32::from_le_bytes(*length) as usize)
}

impl Bucket {
    /// Takes over the bytes of a key, if it is long, from where they lie.
    #[inline]
    fn take(&mut self, key: Key, from: &[u8]) -> Result<Key> {
        if !key.is_long() {
            return Ok(key);
        }
        keep(&mut self.long, key.hash_of_long(), bytes_of(from, key).unwrap_or_default())
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
            && bytes_of(&self.bucket.long, key) == bytes_of(&others.bucket.long, other)
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
        runs.flush().unwrap();
        let bucket = runs.bucket(0).unwrap();
        let keys: Vec<_> = bucket.records().map(|it| it.key).collect();
        assert!(!bucket.is_same(keys[0], bucket, keys[1]));
        assert!(bucket.is_same(keys[0], bucket, keys[2]));
    }
}
