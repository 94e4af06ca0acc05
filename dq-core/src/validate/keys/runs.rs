//! The keys that one partition has collected.

use std::sync::Arc;

use crate::error::Result;
use crate::validate::keys::arena::Arena;
use crate::validate::keys::bucket::Bucket;
use crate::validate::keys::compact::CompactKeys;
use crate::validate::keys::hash::KeyHash;
use crate::validate::keys::numbers::{Numbers, SharedForm};
use crate::validate::keys::part::Part;
use crate::validate::keys::records::{Key, Layout, Record, Scopes};
use crate::validate::keys::spill::{Loaded, Spill};
use crate::validate::keys::stages::Stages;
use crate::validate::memory::Budget;
use crate::value::TextColumn;

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
/// A key goes first to a short stage of its bucket (see [`Stages`]).
///
/// Keys of which only their number matters go to a list of [`Numbers`] instead, as long as the numbers
/// lie close together and there is memory for it; and keys of which only those matter that are there
/// twice are [`CompactKeys`] as long as there is memory.
#[derive(Debug)]
pub(crate) struct KeyRuns {
    hash: KeyHash,
    layout: Layout,
    numbers: Option<Numbers>,
    compact: Option<CompactKeys>,
    arena: Arena,
    buckets: Vec<Bucket>,
    /// The stages of all buckets, until the last key has come.
    stages: Option<Stages>,
    keys: u64,
    budget: Arc<Budget>,
    /// How much of the budget this has taken.
    taken: usize,
    spill: Option<Spill>,
}

/// At least so many bytes go to the temporary file at once, where other keys are on their way there.
const SPILLED_AT_ONCE: usize = 1 << 20;
/// And at least this part of what there is, so that each bucket comes back in few pieces.
const SPILLED_SHARE: usize = 8;

impl KeyRuns {
    /// No keys yet, in so many buckets: a power of two, and the same for all key sets of a run.
    pub(crate) fn new(hash: KeyHash, layout: Layout, buckets: usize, budget: &Arc<Budget>) -> Self {
        Self {
            hash,
            layout,
            numbers: None,
            compact: None,
            arena: Arena::new(budget),
            stages: Some(Stages::new(buckets, layout.width())),
            buckets: (0..buckets).map(|_| Bucket::default()).collect(),
            keys: 0,
            budget: Arc::clone(budget),
            taken: 0,
            spill: None,
        }
    }

    /// These, with keys of the shared form as numbers.
    pub(crate) fn numbered(mut self, form: &SharedForm) -> Self {
        self.numbers = Some(Numbers::new(form, &self.budget));
        self
    }

    /// These, for checks that only ask which keys are there twice, and in which rows.
    pub(crate) fn compacted(mut self) -> Self {
        self.compact = Some(CompactKeys::new(self.hash, &self.budget));
        self
    }

    /// The keys of the next rows are `texts`, which need not be kept if they last.
    pub(crate) fn lend(&mut self, first_row: u32, texts: &TextColumn) {
        if let Some(compact) = self.compact.as_mut().filter(|_| texts.is_lasting()) {
            compact.lend(first_row, texts);
        }
    }

    /// Adds the key of a row in these scopes; `value` is what it determines.
    #[inline]
    pub(crate) fn push(
        &mut self,
        key: &[u8],
        value: Option<&[u8]>,
        scopes: Scopes,
        row: u32,
    ) -> Result<()> {
        if let Some(numbers) = &mut self.numbers
            && numbers.push(key, scopes, row)?
        {
            return Ok(());
        }
        if let Some(compact) = &mut self.compact {
            return compact.push(key, scopes, row);
        }
        self.push_record(key, value, scopes, row)
    }

    #[inline]
    fn push_record(
        &mut self,
        key: &[u8],
        value: Option<&[u8]>,
        scopes: Scopes,
        row: u32,
    ) -> Result<()> {
        self.keys += 1;
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
        self.stage(index, Record { key: key.within(scopes), value, row })
    }

    #[inline]
    fn stage(&mut self, index: usize, record: Record) -> Result<()> {
        let (layout, stages) = (self.layout, self.stages.as_mut());
        let stage = stages.and_then(|it| it.push(index, |out| layout.write(record, out)));
        if let Some(stage) = stage
            && let Some(bucket) = self.buckets.get_mut(index)
        {
            bucket.append(&mut self.arena, stage)?;
        }
        Ok(())
    }

    /// Keeps the bytes of a long key in its bucket.
    #[inline]
    fn keep(&mut self, index: usize, hash: u64, bytes: &[u8]) -> Result<Key> {
        let Some(bucket) = self.buckets.get_mut(index) else { return Ok(Key::default()) };
        Ok(Key::long(hash, bucket.keep(&mut self.arena, bytes)?))
    }

    /// Accounts for the memory that the keys of the last batch took. Where that of the run is used up,
    /// brings the keys to a temporary file.
    pub(crate) fn settle(&mut self) -> Result<()> {
        if self.numbers.as_ref().is_some_and(Numbers::are_scattered) {
            self.spread()?;
        }
        let bytes = self.bytes();
        let before = std::mem::replace(&mut self.taken, bytes);
        if bytes <= before {
            self.budget.give_back(before - bytes);
            return Ok(());
        }
        if self.budget.grown(before, bytes) { self.spill(before) } else { Ok(()) }
    }

    fn bytes(&self) -> usize {
        self.arena.bytes()
            + self.numbers.as_ref().map_or(0, Numbers::bytes)
            + self.compact.as_ref().map_or(0, CompactKeys::bytes)
    }

    /// Brings the keys that are numbers or compact to the buckets, as all others.
    pub(crate) fn spread(&mut self) -> Result<()> {
        self.spread_and(|_| Ok(()))
    }

    /// As [`spread`](Self::spread); after every few keys `make_room` is called.
    fn spread_and(&mut self, make_room: impl Fn(&mut Self) -> Result<()>) -> Result<()> {
        const FEW: usize = 4096;
        let (numbers, compact) = (self.numbers.take(), self.compact.take());
        let is_finished = self.stages.is_none();
        self.stages.get_or_insert_with(|| Stages::new(self.buckets.len(), self.layout.width()));
        let mut moved = 0;
        let mut take = |key: &[u8], scopes, row| {
            self.push_record(key, None, scopes, row)?;
            moved += 1;
            if moved % FEW == 0 { make_room(self) } else { Ok(()) }
        };
        numbers.map_or(Ok(()), |it| it.for_each(&mut take))?;
        compact.map_or(Ok(()), |it| it.for_each(&mut take))?;
        if is_finished { self.close_stages() } else { Ok(()) }
    }

    /// The keys, if all of them are compact.
    pub(crate) fn compact(&self) -> Option<&CompactKeys> {
        self.compact.as_ref()
    }

    /// The keys that take more keys as they are, if those are compact.
    #[inline]
    pub(crate) fn compact_mut(&mut self) -> Option<&mut CompactKeys> {
        self.compact.as_mut().filter(|_| self.numbers.is_none())
    }

    /// The keys that are numbers, if they are still kept so.
    pub(crate) fn numbers(&self) -> Option<&Numbers> {
        self.numbers.as_ref()
    }

    /// Brings the keys to a temporary file, and keeps so much memory for the following.
    pub(crate) fn spill(&mut self, bytes_kept: usize) -> Result<()> {
        let at_once = SPILLED_AT_ONCE.max(self.taken / SPILLED_SHARE);
        self.spread_and(|it| {
            let is_enough = it.arena.bytes() > at_once;
            if is_enough { it.write_out(at_once) } else { Ok(()) }
        })?;
        self.write_out(bytes_kept)?;
        self.budget.give_back(self.taken.saturating_sub(self.bytes()));
        self.taken = self.taken.min(self.bytes());
        Ok(())
    }

    fn write_out(&mut self, bytes_kept: usize) -> Result<()> {
        // A long key and its record belong to one round.
        self.empty_stages()?;
        let spill = match &mut self.spill {
            Some(spill) => spill,
            none => none.insert(Spill::new(&self.budget)?),
        };
        spill.append(&self.buckets, &self.arena)?;
        self.buckets.iter_mut().for_each(|it| *it = Bucket::default());
        self.arena.clear(bytes_kept);
        Ok(())
    }

    /// Brings every key to its bucket. Needed once, after the last key.
    pub(crate) fn finish(&mut self) -> Result<()> {
        self.close_stages()?;
        self.settle()
    }

    fn close_stages(&mut self) -> Result<()> {
        self.empty_stages()?;
        self.stages = None;
        Ok(())
    }

    fn empty_stages(&mut self) -> Result<()> {
        let Some(stages) = &mut self.stages else { return Ok(()) };
        for (bucket, stage) in self.buckets.iter_mut().zip(stages.drain()) {
            bucket.append(&mut self.arena, stage)?;
        }
        Ok(())
    }

    /// How many keys these are, numbers and compact keys aside.
    pub(crate) fn len(&self) -> u64 {
        self.keys
    }

    /// How much of the budget these have taken.
    pub(crate) fn taken(&self) -> usize {
        self.taken
    }

    /// Whether the rows of the keys are known.
    pub(crate) fn has_rows(&self) -> bool {
        self.layout.with_rows
    }

    /// Every record, if all are in memory.
    pub(crate) fn records_in_memory(&self) -> Option<Vec<Record>> {
        if self.spill.is_some() {
            return None;
        }
        let records = self.buckets.iter().flat_map(|it| it.records(&self.arena));
        let records = records.flat_map(|it| it.chunks_exact(self.layout.width()));
        Some(records.filter_map(|it| self.layout.read(it)).collect())
    }

    /// What lies in the temporary file of a bucket.
    pub(crate) fn load(&self, bucket: usize) -> Result<Loaded> {
        self.spill.as_ref().map_or_else(|| Ok(Loaded::default()), |it| it.load(bucket))
    }

    /// The keys of a bucket, as parts: what was loaded of it, and what is in memory. `partition` is the
    /// number of this partition.
    pub(crate) fn parts<'a>(
        &'a self,
        bucket: usize,
        partition: usize,
        loaded: &'a Loaded,
    ) -> impl Iterator<Item = Part<'a>> {
        let in_memory = self.buckets.get(bucket).map(|it| {
            let (records, pages) = (it.records(&self.arena), it.pages(&self.arena));
            Part::new(partition, self.layout, records.collect(), pages.collect())
        });
        let loaded = loaded
            .segments()
            .map(move |(records, pages)| Part::new(partition, self.layout, vec![records], pages));
        loaded.chain(in_memory)
    }
}

impl Drop for KeyRuns {
    fn drop(&mut self) {
        self.budget.give_back(self.taken);
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

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
        let budget = Budget::new(1 << 30, PathBuf::new());
        let mut runs = KeyRuns::new(KeyHash::with_bits(0), layout, 16, &Arc::new(budget));
        for key in ["a long key, number 1", "a long key, number 2", "a long key, number 1"] {
            runs.push(key.as_bytes(), None, 1, 0).unwrap();
        }
        runs.finish().unwrap();
        let loaded = runs.load(0).unwrap();
        let part = runs.parts(0, 0, &loaded).next().unwrap();
        let keys: Vec<_> = part.records().map(|it| it.key.bare()).collect();
        assert!(!part.is_same(keys[0], &part, keys[1]));
        assert!(part.is_same(keys[0], &part, keys[2]));
    }
}
