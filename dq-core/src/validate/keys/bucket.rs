//! The keys that one partition has collected.

use crate::error::Error;
use crate::error::ErrorKind;
use crate::error::Result;
use crate::validate::keys::chunks::Chunks;
use crate::validate::keys::hash::KeyHash;

/// How many buckets there are: of 10 million keys each holds some 40,000, which with their table fit
/// into the cache of one core.
pub(crate) const BUCKETS: usize = 256;

/// The keys that one partition has collected, spread over buckets by their hash.
#[derive(Debug)]
pub(crate) struct KeyRuns {
    hash: KeyHash,
    buckets: Vec<Bucket>,
}

/// Some of the keys of one partition: all with certain bits of the hash in common.
#[derive(Debug, Default)]
pub(crate) struct Bucket {
    keys: Chunks<Key>,
    /// What each key determines; only for functional dependencies.
    values: Chunks<Key>,
    /// The row of each key, counted within the partition; only where rows are asked for.
    rows: Chunks<u32>,
    /// Long keys, each after its length.
    long: Vec<u8>,
}

/// A key: up to 15 bytes by value, or else the hash and place of a longer one.
///
/// ```text
/// byte   0 … 14                          15
///        the bytes, then zeros           their number, 0 to 15
///        hash (8), place (4), 0 (3)      255
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Key(u128);

const LONG: u8 = 255;

impl Key {
    /// The key of up to 15 bytes.
    ///
    /// Reads whole words from both ends, which overlap, instead of copying a number of bytes that the
    /// processor cannot foresee.
    #[inline]
    fn short(bytes: &[u8]) -> Option<Self> {
        let length = bytes.len();
        let value = if let (Some(first), Some(last)) = (bytes.first_chunk(), bytes.last_chunk()) {
            let shift = 8 * (length - 8);
            if length > 15 {
                return None;
            }
            u128::from(u64::from_le_bytes(*first)) | u128::from(u64::from_le_bytes(*last)) << shift
        } else if let (Some(first), Some(last)) = (bytes.first_chunk(), bytes.last_chunk()) {
            let shift = 8 * (length - 4);
            u128::from(u32::from_le_bytes(*first)) | u128::from(u32::from_le_bytes(*last)) << shift
        } else {
            bytes.iter().rev().fold(0, |value, byte| value << 8 | u128::from(*byte))
        };
        Some(Self(value | (length as u128) << 120))
    }

    fn long(hash: u64, place: u32) -> Self {
        Self(u128::from(hash) | u128::from(place) << 64 | u128::from(LONG) << 120)
    }

    #[inline]
    pub(crate) fn is_long(self) -> bool {
        (self.0 >> 120) as u8 == LONG
    }

    #[inline]
    pub(crate) fn hash(self, hash: KeyHash) -> u64 {
        if self.is_long() { self.0 as u64 } else { hash.of_short(self.0) }
    }
}

impl KeyRuns {
    pub(crate) fn new(hash: KeyHash) -> Self {
        Self { hash, buckets: (0..BUCKETS).map(|_| Bucket::default()).collect() }
    }

    pub(crate) fn bucket(&self, index: usize) -> Option<&Bucket> {
        self.buckets.get(index)
    }

    /// Adds the key of a row; `value` is what it determines.
    #[inline]
    pub(crate) fn push(
        &mut self,
        key: &[u8],
        value: Option<&[u8]>,
        row: Option<u32>,
    ) -> Result<()> {
        let short = Key::short(key);
        let hash = short.map_or_else(|| self.hash.of_long(key), |it| self.hash.of_short(it.0));
        // The table of a bucket is addressed by the lowest bits and tagged by the highest.
        let index = (hash >> 32) as usize % BUCKETS;
        let Some(bucket) = self.buckets.get_mut(index) else { return Ok(()) };
        let key = match short {
            Some(key) => key,
            None => bucket.keep(hash, key)?,
        };
        bucket.keys.push(key);
        if let Some(value) = value {
            let value = match Key::short(value) {
                Some(value) => value,
                None => bucket.keep(self.hash.of_long(value), value)?,
            };
            bucket.values.push(value);
        }
        if let Some(row) = row {
            bucket.rows.push(row);
        }
        Ok(())
    }
}

impl Bucket {
    pub(crate) fn len(&self) -> usize {
        self.keys.len()
    }

    pub(crate) fn keys(&self) -> impl Iterator<Item = Key> {
        self.keys.iter()
    }

    pub(crate) fn values(&self) -> impl Iterator<Item = Key> {
        self.values.iter()
    }

    pub(crate) fn rows(&self) -> impl Iterator<Item = u32> {
        self.rows.iter()
    }

    /// Whether `key` of this bucket is `other` of `others`.
    #[inline]
    pub(crate) fn is_same(&self, key: Key, others: &Self, other: Key) -> bool {
        if !key.is_long() || !other.is_long() {
            return key == other;
        }
        key.0 as u64 == other.0 as u64 && self.bytes(key) == others.bytes(other)
    }

    /// The bytes of a long key.
    fn bytes(&self, key: Key) -> Option<&[u8]> {
        let (length, bytes) =
            self.long.get((key.0 >> 64) as u32 as usize..)?.split_first_chunk()?;
        bytes.get(..u32::from_le_bytes(*length) as usize)
    }

    fn keep(&mut self, hash: u64, bytes: &[u8]) -> Result<Key> {
        let (Ok(place), Ok(length)) = (u32::try_from(self.long.len()), u32::try_from(bytes.len()))
        else {
            let message =
                "cannot keep the keys of a check: more than 4 GiB of long keys in one bucket";
            return Err(Error::new(ErrorKind::LimitExceeded, message));
        };
        self.long.extend_from_slice(&length.to_le_bytes());
        self.long.extend_from_slice(bytes);
        Ok(Key::long(hash, place))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_key_is_its_bytes_and_their_number() {
        assert_ne!(Key::short(b""), Key::short(b"\0"));
        assert_ne!(Key::short(b"a"), Key::short(b"a\0"));
        assert!(Key::short(&[255; 15]).is_some_and(|it| !it.is_long()));
        assert_eq!(Key::short(&[b'a'; 16]), None);
    }

    #[test]
    fn long_keys_of_equal_hash_are_told_apart() {
        let mut runs = KeyRuns::new(KeyHash::with_bits(0));
        for key in ["a long key, number 1", "a long key, number 2", "a long key, number 1"] {
            runs.push(key.as_bytes(), None, None).unwrap();
        }
        let bucket = runs.bucket(0).unwrap();
        let keys: Vec<_> = bucket.keys().collect();
        assert!(!bucket.is_same(keys[0], bucket, keys[1]));
        assert!(bucket.is_same(keys[0], bucket, keys[2]));
    }
}
