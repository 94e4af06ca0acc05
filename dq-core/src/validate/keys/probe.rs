//! The keys of a small table that has been read: later tables look theirs up row by row.

use std::sync::Arc;

use arrow_buffer::{BooleanBuffer, BooleanBufferBuilder};
use hashbrown::HashTable;

use crate::error::Result;
use crate::rules::{KeySet, RowKernel};
use crate::validate::keys::collect::for_each_key;
use crate::validate::keys::hash::KeyHash;
use crate::validate::keys::records::{Key, Scopes};
use crate::validate::keys::runs::KeyRuns;
use crate::value::Batch;

/// The short keys of one key set, few enough to stay in the processor's cache: a look-up costs less
/// than to collect a key and to decide about it later.
#[derive(Debug)]
pub(crate) struct Probe {
    hash: KeyHash,
    keys: HashTable<Key>,
}

/// How many keys a probe may have.
const KEYS_MAX: u64 = 1 << 16;

impl Probe {
    /// The keys of the rows in `scope`, of all partitions; none if they are too many, too long or not in
    /// memory.
    pub(crate) fn new(runs: &[KeyRuns], scope: Scopes, hash: KeyHash) -> Option<Arc<Self>> {
        if runs.iter().map(KeyRuns::len).sum::<u64>() > KEYS_MAX {
            return None;
        }
        let mut keys = HashTable::new();
        let records = runs.iter().map(KeyRuns::records_in_memory).collect::<Option<Vec<_>>>()?;
        for record in records.iter().flatten() {
            if record.key.is_long() {
                return None;
            }
            if record.key.scopes() & scope != 0 {
                let key = record.key.bare();
                let entry = keys.entry(hash.of(key), |it| *it == key, |it| hash.of(*it));
                entry.or_insert(key);
            }
        }
        Some(Arc::new(Self { hash, keys }))
    }

    #[inline]
    fn contains(&self, key: &[u8]) -> bool {
        let find = |key| self.keys.find(self.hash.of(key), |it| *it == key);
        Key::short(key).and_then(find).is_some()
    }
}

/// Judges rows by whether their key is among those of a probe.
#[derive(Clone, Debug)]
pub(crate) struct ProbeKernel {
    pub(crate) probe: Arc<Probe>,
    /// What the key of a row is.
    pub(crate) key_set: KeySet,
}

impl RowKernel for ProbeKernel {
    fn violations(&self, batch: &Batch) -> Result<BooleanBuffer> {
        let mut missing = BooleanBufferBuilder::new(batch.rows());
        missing.append_n(batch.rows(), false);
        let rows = (0..batch.rows()).map(|row| (row, row));
        for_each_key(&self.key_set, batch, rows, |row, key, _| {
            if !self.probe.contains(key) {
                missing.set_bit(row, true);
            }
            Ok(())
        })?;
        Ok(missing.finish())
    }

    fn fork(&self) -> Box<dyn RowKernel> {
        Box::new(self.clone())
    }
}
