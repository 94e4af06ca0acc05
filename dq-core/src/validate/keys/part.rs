//! Some keys of one bucket, to look into.

use crate::validate::keys::bucket::bytes_at;
use crate::validate::keys::records::{Key, Layout, Record};

/// Some keys of one bucket, all of one partition.
#[derive(Debug)]
pub(crate) struct Part<'a> {
    /// The number of the partition.
    pub(crate) partition: usize,
    layout: Layout,
    records: Vec<&'a [u8]>,
    pages: Vec<&'a [u8]>,
}

impl<'a> Part<'a> {
    pub(crate) fn new(
        partition: usize,
        layout: Layout,
        records: Vec<&'a [u8]>,
        pages: Vec<&'a [u8]>,
    ) -> Self {
        Self { partition, layout, records, pages }
    }

    pub(crate) fn len(&self) -> usize {
        self.records.iter().map(|it| it.len()).sum::<usize>() / self.layout.width()
    }

    #[inline]
    pub(crate) fn records(&self) -> impl Iterator<Item = Record> {
        let (layout, width) = (self.layout, self.layout.width());
        let records = self.records.iter().flat_map(move |it| it.chunks_exact(width));
        records.filter_map(move |it| layout.read(it))
    }

    /// Whether `key` of this part is `other` of `others`; both without their scopes.
    #[inline]
    pub(crate) fn is_same(&self, key: Key, others: &Self, other: Key) -> bool {
        if !key.is_long() || !other.is_long() {
            return key == other;
        }
        key.hash_of_long() == other.hash_of_long()
            && bytes_at(&self.pages, key.place()) == bytes_at(&others.pages, other.place())
    }
}
