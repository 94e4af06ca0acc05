//! The keys of one partition, in little memory: for checks that only ask which of them are there twice.

use std::sync::Arc;

use crate::error::Result;
use crate::validate::keys::arena::Arena;
use crate::validate::keys::bucket::Bucket;
use crate::validate::keys::hash::KeyHash;
use crate::validate::keys::log::{Entry, KeyLog};
use crate::validate::keys::records::Scopes;
use crate::validate::keys::stages::Stages;
use crate::validate::keys::word::Word;
use crate::validate::memory::Budget;
use crate::value::TextColumn;

/// Keys as words of eight bytes, each with its row, spread over buckets by their hash. The bytes of keys
/// that are not whole in their words lie in a log, unless the source keeps them in memory anyway: they are
/// looked at only where two words are the same.
#[derive(Debug)]
pub(crate) struct CompactKeys {
    hash: KeyHash,
    arena: Arena,
    buckets: Vec<Bucket>,
    stages: Stages,
    log: KeyLog,
    lent: Vec<Lent>,
    /// The row after those of the last column that is lent.
    lent_until: u32,
}

/// Keys in the memory of the source, from a row on.
#[derive(Debug)]
struct Lent {
    first_row: u32,
    texts: TextColumn,
}

/// The word of a key, and its row.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WordOfRow {
    pub(crate) word: Word,
    pub(crate) row: u32,
}

/// The keys of one bucket.
#[derive(Debug)]
pub(crate) struct CompactPart<'a> {
    /// The number of the partition.
    pub(crate) partition: usize,
    records: Vec<&'a [u8]>,
    keys: &'a CompactKeys,
}

impl CompactKeys {
    /// No keys yet, in so many buckets: a power of two.
    pub(crate) fn new(hash: KeyHash, buckets: usize, budget: &Arc<Budget>) -> Self {
        Self {
            hash,
            arena: Arena::new(budget),
            buckets: (0..buckets).map(|_| Bucket::default()).collect(),
            stages: Stages::new(buckets, WordOfRow::WIDTH),
            log: KeyLog::default(),
            lent: Vec::new(),
            lent_until: 0,
        }
    }

    /// The keys of the next rows are `texts`, which last.
    pub(crate) fn lend(&mut self, first_row: u32, texts: &TextColumn) {
        self.lent_until = first_row + texts.len() as u32;
        self.lent.push(Lent { first_row, texts: texts.clone() });
    }

    /// Adds the key of a row, which comes after all rows before.
    #[inline]
    pub(crate) fn push(&mut self, key: &[u8], scopes: Scopes, row: u32) -> Result<()> {
        let (word, hash) = Word::new(key, self.hash);
        if !word.is_whole() && row >= self.lent_until {
            self.log.push(&mut self.arena, Entry { row, scopes, key })?;
        }
        let index = (hash >> 32) as usize & (self.buckets.len() - 1);
        let record = WordOfRow { word: word.within(scopes), row };
        if let Some(stage) = self.stages.push(index, |it| record.write(it))
            && let Some(bucket) = self.buckets.get_mut(index)
        {
            bucket.append(&mut self.arena, stage)?;
        }
        Ok(())
    }

    /// Brings every key to its bucket. Needed after the last key.
    pub(crate) fn finish(&mut self) -> Result<()> {
        for (bucket, stage) in self.buckets.iter_mut().zip(self.stages.drain()) {
            bucket.append(&mut self.arena, stage)?;
        }
        Ok(())
    }

    /// Calls `take` with every key, in any order.
    pub(crate) fn for_each(
        mut self,
        mut take: impl FnMut(&[u8], Scopes, u32) -> Result<()>,
    ) -> Result<()> {
        // Also before the last key some are still on their way to a bucket.
        self.finish()?;
        let records = || self.buckets.iter().flat_map(|it| it.records(&self.arena));
        let words = || records().flat_map(WordOfRow::read_all);
        let mut key = Vec::new();
        for it in words().filter(|it| it.word.is_whole()) {
            it.word.write_key(&mut key);
            take(&key, it.word.scopes(), it.row)?;
        }
        for it in words().filter(|it| !it.word.is_whole()) {
            self.lent_key(it.row).map_or(Ok(()), |key| take(key, it.word.scopes(), it.row))?;
        }
        self.log.entries(&self.arena).try_for_each(|it| take(it.key, it.scopes, it.row))
    }

    /// The bytes of the key of a row, where the source keeps them.
    fn lent_key(&self, row: u32) -> Option<&[u8]> {
        let place = self.lent.partition_point(|it| it.first_row <= row).checked_sub(1)?;
        let Lent { first_row, texts } = self.lent.get(place)?;
        texts.get((row - first_row) as usize)
    }

    /// How much memory this has from the system.
    pub(crate) fn bytes(&self) -> usize {
        self.arena.bytes()
    }

    /// The keys of a bucket. `partition` is the number of this partition.
    pub(crate) fn part(&self, bucket: usize, partition: usize) -> CompactPart<'_> {
        let records = self.buckets.get(bucket).map(|it| it.records(&self.arena).collect());
        CompactPart { partition, records: records.unwrap_or_default(), keys: self }
    }
}

impl WordOfRow {
    const WIDTH: usize = Word::WIDTH + size_of::<u32>();

    #[inline]
    fn write(self, out: &mut [u8]) {
        let Some((word, rest)) = out.split_first_chunk_mut() else { return };
        *word = self.word.bits().to_le_bytes();
        rest.first_chunk_mut().into_iter().for_each(|it| *it = self.row.to_le_bytes());
    }

    #[inline]
    fn read(bytes: &[u8; Self::WIDTH]) -> Option<Self> {
        let (word, row) = bytes.split_first_chunk()?;
        let row = u32::from_le_bytes(*row.first_chunk()?);
        Some(Self { word: Word::from_bits(u64::from_le_bytes(*word)), row })
    }

    #[inline]
    fn read_all(records: &[u8]) -> impl Iterator<Item = Self> {
        records.as_chunks().0.iter().filter_map(Self::read)
    }
}

impl<'a> CompactPart<'a> {
    /// How many keys there are.
    pub(crate) fn len(&self) -> usize {
        self.records.iter().map(|it| it.len()).sum::<usize>() / WordOfRow::WIDTH
    }

    #[inline]
    pub(crate) fn records(&self) -> impl Iterator<Item = WordOfRow> {
        self.records.iter().flat_map(|it| WordOfRow::read_all(it))
    }

    /// The bytes of the key of a row whose word is not whole.
    pub(crate) fn key(&self, row: u32) -> Option<&'a [u8]> {
        self.keys.lent_key(row).or_else(|| self.keys.log.find(&self.keys.arena, row))
    }
}
