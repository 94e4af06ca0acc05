//! The rows of one bucket, grouped by key.

use hashbrown::HashTable;
use hashbrown::hash_table::Entry;

use crate::validate::keys::bucket::BucketView;
use crate::validate::keys::hash::KeyHash;
use crate::validate::keys::records::Key;

/// The distinct keys of one bucket of all partitions, each with a number of rows.
pub(crate) struct Groups<'a> {
    parts: &'a [BucketView<'a>],
    hash: KeyHash,
    table: HashTable<Group>,
}

/// A distinct key.
#[derive(Debug)]
pub(crate) struct Group {
    key: Key,
    part: u32,
    pub(crate) rows: u64,
}

impl<'a> Groups<'a> {
    /// Groups every key of `parts`.
    pub(crate) fn new(parts: &'a [BucketView<'a>], hash: KeyHash) -> Self {
        let capacity = parts.iter().map(|it| it.len()).sum();
        let mut groups = Self { parts, hash, table: HashTable::with_capacity(capacity) };
        for (part, bucket) in parts.iter().enumerate() {
            for record in bucket.records() {
                groups.add(part, *bucket, record.key);
            }
        }
        groups
    }

    #[inline]
    fn add(&mut self, part: usize, bucket: BucketView<'_>, key: Key) {
        let (parts, hash) = (self.parts, self.hash);
        let is_it = |it: &Group| is_same(parts, it, bucket, key);
        match self.table.entry(hash.of(key), is_it, |it| hash.of(it.key)) {
            Entry::Occupied(mut group) => group.get_mut().rows += 1,
            Entry::Vacant(vacant) => {
                vacant.insert(Group { key, part: part as u32, rows: 1 });
            }
        }
    }

    /// The group of `key`, which lies in `bucket`.
    #[inline]
    pub(crate) fn find(&self, bucket: BucketView<'_>, key: Key) -> Option<&Group> {
        self.table.find(self.hash.of(key), |it| is_same(self.parts, it, bucket, key))
    }

    /// Every group, in no order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Group> {
        self.table.iter()
    }
}

#[inline]
fn is_same(parts: &[BucketView<'_>], group: &Group, bucket: BucketView<'_>, key: Key) -> bool {
    if !key.is_long() {
        return group.key == key;
    }
    parts.get(group.part as usize).is_some_and(|it| it.is_same(group.key, bucket, key))
}
