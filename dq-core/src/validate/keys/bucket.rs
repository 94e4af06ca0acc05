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
    pub(crate) fn push(&mut self, bytes: &[u8], value: Option<&[u8]>, row: u32) -> Result<()> {
        let (key, bucket) = self.place(bytes);
        let Some(bucket) = self.buckets.get_mut(bucket) else { return Ok(()) };
        let key = bucket.keep_long(key, bytes)?;
        let value = match value {
            None => Key::default(),
            Some(value) => {
                let short = Key::short(value);
                let key = short.unwrap_or_else(|| Key::long(self.hash.of_long(value), 0));
                bucket.keep_long(key, value)?
            }
        };
        bucket.records.push(self.layout, Record { key, value, row });
        Ok(())
    }

    /// Adds the keys of many rows, bucket by bucket, so that each bucket is fetched into the cache once
    /// and takes all that it gets.
    pub(crate) fn push_texts<'t>(
        &mut self,
        texts: impl Iterator<Item = (u32, &'t [u8])>,
    ) -> Result<()> {
        let mut pending = Vec::with_capacity(texts.size_hint().1.unwrap_or_default());
        let mut ends = vec![0; BUCKETS];
        for (row, bytes) in texts {
            let (key, bucket) = self.place(bytes);
            ends.get_mut(bucket).into_iter().for_each(|it| *it += 1);
            pending.push(Pending { key, bytes, row, bucket });
        }
        for pending in sorted(&pending, ends) {
            let Some(bucket) = self.buckets.get_mut(pending.bucket) else { continue };
            let key = bucket.keep_long(pending.key, pending.bytes)?;
            let record = Record { key, value: Key::default(), row: pending.row };
            bucket.records.push(self.layout, record);
        }
        Ok(())
    }

    /// The key of some bytes, without its place if it is long, and its bucket.
    #[inline]
    fn place(&self, bytes: &[u8]) -> (Key, usize) {
        let key = Key::short(bytes).unwrap_or_else(|| Key::long(self.hash.of_long(bytes), 0));
        // The table of a bucket is addressed by the lowest bits and tagged by the highest.
        (key, (self.hash.of(key) >> 32) as usize % BUCKETS)
    }
}

/// A key on its way to its bucket.
struct Pending<'t> {
    key: Key,
    bytes: &'t [u8],
    row: u32,
    bucket: usize,
}

/// The keys sorted by bucket, in the order in which they came. `counts` are the keys of each bucket.
fn sorted<'p, 't>(
    pending: &'p [Pending<'t>],
    counts: Vec<usize>,
) -> impl Iterator<Item = &'p Pending<'t>> {
    let mut places = counts;
    let mut sum = 0;
    for place in &mut places {
        sum += std::mem::replace(place, sum);
    }
    let mut order = vec![0_u32; pending.len()];
    for (number, it) in pending.iter().enumerate() {
        let Some(place) = places.get_mut(it.bucket) else { continue };
        order.get_mut(*place).into_iter().for_each(|it| *it = number as u32);
        *place += 1;
    }
    order.into_iter().filter_map(|it| pending.get(it as usize))
}

impl Bucket {
    /// Keeps the bytes of a long key, and gives the key with its place.
    #[inline]
    fn keep_long(&mut self, key: Key, bytes: &[u8]) -> Result<Key> {
        if key.is_long() { self.keep(key.hash_of_long(), bytes) } else { Ok(key) }
    }

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
