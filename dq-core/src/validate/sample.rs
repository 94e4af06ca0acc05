//! A bounded sample of failing rows: those with the lowest keys.

use std::collections::BTreeMap;

use crate::validate::row_key::RowKey;
use crate::value::Batch;
use crate::value::OwnedValue;

/// The rows with the lowest keys among those that were offered, so that the sample does not depend on
/// the order in which they come.
#[derive(Clone, Debug)]
pub(crate) struct Sample {
    limit: usize,
    rows: BTreeMap<RowKey, Vec<OwnedValue>>,
}

/// What a sample shows of a row.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shown<'a> {
    /// The columns of the primary key.
    pub(crate) key: &'a [usize],
    /// The columns whose values are shown; none unless the caller asked.
    pub(crate) values: &'a [usize],
}

impl Sample {
    pub(crate) fn new(limit: usize) -> Self {
        Self { limit, rows: BTreeMap::new() }
    }

    /// Offers a row of a batch.
    #[inline]
    pub(crate) fn offer(&mut self, batch: &Batch, row: usize, shown: Shown<'_>) {
        if self.excludes(batch, row, shown) {
            return;
        }
        let value = |it: &usize| OwnedValue::from(batch.column(*it).value(row));
        let values = shown.values.iter().map(value).collect();
        self.insert(RowKey::of(batch, shown.key, row), values);
    }

    /// Whether there is no room for a row: then there is none for any row with a higher key.
    #[inline]
    pub(crate) fn excludes(&self, batch: &Batch, row: usize, shown: Shown<'_>) -> bool {
        let last = || self.rows.last_key_value();
        self.rows.len() >= self.limit
            && last().is_none_or(|(last, _)| last.compare(batch, shown.key, row).is_lt())
    }

    /// Takes over the rows of another sample.
    pub(crate) fn merge(&mut self, other: Self) {
        for (key, values) in other.rows {
            self.insert(key, values);
        }
    }

    fn insert(&mut self, key: RowKey, values: Vec<OwnedValue>) {
        self.rows.insert(key, values);
        if self.rows.len() > self.limit {
            self.rows.pop_last();
        }
    }

    /// The rows, lowest key first.
    pub(crate) fn into_rows(self) -> impl ExactSizeIterator<Item = (RowKey, Vec<OwnedValue>)> {
        self.rows.into_iter()
    }
}
