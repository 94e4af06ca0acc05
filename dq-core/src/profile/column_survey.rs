//! What a scan finds out about one column.

use crate::profile::canonical::{HashedColumn, fingerprint, is_long};
use crate::profile::facts::Facts;
use crate::profile::thinned::Thinned;

/// What a scan finds out about one column, in any order of the rows.
///
/// The facts about a value are found once for each distinct value, when the column is settled; those of
/// values that do not stay in the thinned set are found as they go by. Either way every row counts.
#[derive(Debug)]
pub(crate) struct ColumnSurvey {
    pub(crate) nulls: u64,
    pub(crate) values: Thinned,
    pub(crate) facts: Facts,
}

impl ColumnSurvey {
    /// Nothing yet; distinct values may take `memory_bytes`.
    pub(crate) fn new(memory_bytes: usize) -> Self {
        Self { nulls: 0, values: Thinned::new(memory_bytes), facts: Facts::default() }
    }

    /// Takes the values of a batch.
    pub(crate) fn take(&mut self, column: &HashedColumn<'_>) {
        for (text, hash) in column.texts.iter().zip(&column.hashes) {
            match text {
                None => self.nulls += 1,
                Some(text) => self.add(text, *hash),
            }
        }
    }

    #[inline]
    fn add(&mut self, text: &[u8], hash: u64) {
        if is_long(text) {
            return self.add_long(text, hash);
        }
        if !self.values.admits(hash) {
            self.facts.add(text, 1);
        } else if self.values.add(hash, text, 1) {
            self.thin();
        }
    }

    /// The facts about a long value cannot be found from its fingerprint later.
    fn add_long(&mut self, text: &[u8], hash: u64) {
        self.facts.add(text, 1);
        if self.values.admits(hash) && self.values.add(hash, &fingerprint(text, hash), 1) {
            self.thin();
        }
    }

    fn thin(&mut self) {
        let facts = &mut self.facts;
        self.values.thin(|value, count| settle(facts, value, count));
    }

    /// Finds the facts about the values that have stayed; called once, after the last batch.
    pub(crate) fn settle(&mut self) {
        let facts = &mut self.facts;
        self.values.iter().for_each(|(value, count)| settle(facts, value, count));
    }
}

fn settle(facts: &mut Facts, value: &[u8], count: u64) {
    if !is_long(value) {
        facts.add(value, count);
    }
}
