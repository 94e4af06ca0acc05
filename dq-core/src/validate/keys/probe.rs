//! The keys of a small table that has been read: later tables look theirs up row by row.

use std::sync::Arc;

use arrow_buffer::{BooleanBuffer, BooleanBufferBuilder};
use hashbrown::HashTable;

use crate::error::Result;
use crate::rules::{KeySet, RowKernel};
use crate::validate::keys::collect::for_each_key;
use crate::validate::keys::hash::KeyHash;
use crate::validate::keys::number_table::{NumberTable, is_set};
use crate::validate::keys::numbers::Numbers;
use crate::validate::keys::places::{Places, SharedPlaces};
use crate::validate::keys::records::{Key, Record};
use crate::validate::keys::runs::KeyRuns;
use crate::value::Batch;

/// The keys of one key set: short ones, few enough to stay in the processor's cache, and any number of
/// those that are found by their number. A look-up costs less than to collect a key and to decide about
/// it later.
#[derive(Debug)]
pub(crate) struct Probe {
    hash: KeyHash,
    scope: usize,
    numbers: Option<Arc<NumberTable>>,
    /// The keys in scope that are not numbers.
    keys: HashTable<Key>,
}

/// How many keys a probe may have, numbers aside; and for how many numbers it may have one more: few
/// rows ask for such keys then.
const KEYS_MAX: u64 = 1 << 16;
const NUMBERS_PER_KEY: usize = 16;

impl Probe {
    /// The keys of the rows in `scope`, of all partitions; none if they are too many, too long or not in
    /// memory. `numbers` are those that are numbers.
    pub(crate) fn new(
        runs: &[KeyRuns],
        numbers: Option<&Arc<NumberTable>>,
        scope: usize,
        hash: KeyHash,
    ) -> Option<Arc<Self>> {
        let mut keys = HashTable::new();
        for record in short_records(runs)? {
            if record.key.scopes() >> scope & 1 == 1 {
                let key = record.key.bare();
                let entry = keys.entry(hash.of(key), |it| *it == key, |it| hash.of(*it));
                entry.or_insert(key);
            }
        }
        Some(Arc::new(Self { hash, scope, numbers: numbers.map(Arc::clone), keys }))
    }

    /// Whether there can be a probe of these keys once those that are numbers are in a table.
    pub(crate) fn is_possible(runs: &[KeyRuns]) -> bool {
        short_records(runs).is_some()
    }

    #[inline]
    fn contains(&self, key: &[u8]) -> bool {
        let find = |key| self.keys.find(self.hash.of(key), |it| *it == key);
        Key::short(key).and_then(find).is_some()
    }
}

/// The records of few short keys, numbers aside; none if a key is long, or they are many or not in
/// memory.
fn short_records(runs: &[KeyRuns]) -> Option<Vec<Record>> {
    let numbers: usize = runs.iter().filter_map(KeyRuns::numbers).map(Numbers::len).sum();
    let keys_max = KEYS_MAX.max((numbers / NUMBERS_PER_KEY) as u64);
    if runs.iter().map(KeyRuns::len).sum::<u64>() > keys_max {
        return None;
    }
    let records = runs.iter().map(KeyRuns::records_in_memory).collect::<Option<Vec<_>>>()?;
    let records = records.concat();
    records.iter().all(|it| !it.key.is_long()).then_some(records)
}

/// Judges rows by whether their key is among those of a probe.
#[derive(Clone, Debug)]
pub(crate) struct ProbeKernel {
    pub(crate) probe: Arc<Probe>,
    /// What the key of a row is.
    pub(crate) key_set: KeySet,
    places: SharedPlaces,
}

impl ProbeKernel {
    pub(crate) fn new((probe, key_set): (Arc<Probe>, &KeySet)) -> Self {
        Self { probe, key_set: key_set.clone(), places: SharedPlaces::default() }
    }

    /// The same kernel for a partition that has these places.
    pub(crate) fn with_places(&self, places: &SharedPlaces) -> Self {
        Self { places: places.clone(), ..self.clone() }
    }

    /// The rows whose keys are not there, where keys that are numbers are looked up as such.
    fn missing_numbers(&self, numbers: &Arc<NumberTable>, batch: &Batch) -> Result<BooleanBuffer> {
        let known = numbers.in_scope(self.probe.scope);
        let is_missing = |it: u32| it != Places::NONE && !is_set(known, it);
        let (missing, others) = self.places.with(numbers, (&self.key_set, batch), |places| {
            let is_missing = |row: usize| places.of_rows.get(row).copied().is_some_and(is_missing);
            (BooleanBuffer::collect_bool(batch.rows(), is_missing), places.others.clone())
        })?;
        if others.is_empty() {
            return Ok(missing);
        }
        Ok(&missing | &self.missing_keys(others.into_iter(), batch)?)
    }

    /// Those of `rows` whose keys are not there, as texts.
    fn missing_keys(
        &self,
        rows: impl Iterator<Item = usize>,
        batch: &Batch,
    ) -> Result<BooleanBuffer> {
        let mut missing = BooleanBufferBuilder::new(batch.rows());
        missing.append_n(batch.rows(), false);
        for_each_key(&self.key_set, batch, rows.map(|row| (row, row)), |row, key, _| {
            if !self.probe.contains(key) {
                missing.set_bit(row, true);
            }
            Ok(())
        })?;
        Ok(missing.finish())
    }
}

impl RowKernel for ProbeKernel {
    fn violations(&self, batch: &Batch) -> Result<BooleanBuffer> {
        match &self.probe.numbers {
            Some(numbers) => self.missing_numbers(numbers, batch),
            None => self.missing_keys(0..batch.rows(), batch),
        }
    }

    fn fork(&self) -> Box<dyn RowKernel> {
        Box::new(self.with_places(&SharedPlaces::default()))
    }
}
