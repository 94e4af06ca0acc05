//! Counts, while a table is read, how often the keys of another one occur in it.

use std::sync::Arc;

use arrow_buffer::BooleanBuffer;

use crate::error::Result;
use crate::rules::KeySet;
use crate::validate::keys::join::Join;
use crate::validate::keys::number_table::{Bits, NumberTable, bytes_of_bits, is_set, set};
use crate::validate::keys::numbers::{Numbered, Numbers};
use crate::validate::keys::places::{Places, SharedPlaces};
use crate::validate::memory::Budget;
use crate::value::Batch;

/// For several checks at once, how many rows of one partition have each key of a [`NumberTable`].
#[derive(Debug)]
pub(crate) struct Counter {
    table: Arc<NumberTable>,
    checks: Vec<CountingCheck>,
    /// How often each key occurs, for each check.
    counts: Vec<Counts>,
    places: SharedPlaces,
    budget: Arc<Budget>,
    taken: usize,
}

/// A check that wants keys to occur a number of times.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct CountingCheck {
    /// Its position in the plan.
    pub(crate) position: usize,
    /// The scope, of the key set that is counted, whose rows count.
    pub(crate) scope: usize,
    /// From this number on one more makes no difference.
    pub(crate) enough: u8,
}

/// How often each key occurs, as far as a check wants to know.
#[derive(Debug)]
enum Counts {
    /// Whether it does.
    Once(Bits),
    /// Up to 255.
    Bytes(Vec<u8>),
}

impl CountingCheck {
    /// The check at `position` in the plan, which wants from `min` to `max` rows; none if a byte is too
    /// small to tell.
    pub(crate) fn new(position: usize, scope: usize, (min, max): (u64, u64)) -> Option<Self> {
        let enough = if max == u64::MAX { min } else { max + 1 };
        u8::try_from(enough).ok().map(|enough| Self { position, scope, enough })
    }
}

impl Counter {
    /// Nothing counted yet.
    pub(crate) fn new(
        table: &Arc<NumberTable>,
        checks: &[CountingCheck],
        places: &SharedPlaces,
        budget: &Arc<Budget>,
    ) -> Self {
        let counts: Vec<_> = checks.iter().map(|it| Counts::new(it, table.places())).collect();
        let taken = counts.iter().map(Counts::bytes).sum();
        budget.grown(0, taken);
        let (table, checks, budget) = (Arc::clone(table), checks.to_vec(), Arc::clone(budget));
        Self { table, checks, counts, places: places.clone(), budget, taken }
    }

    /// The checks whose keys are counted.
    pub(crate) fn checks(&self) -> &[CountingCheck] {
        &self.checks
    }

    /// Counts the keys of the rows of a batch. `filters` are what the filters of the table let through;
    /// `elsewhere` gets the rows whose keys are no numbers.
    pub(crate) fn count(
        &mut self,
        key_set: &KeySet,
        batch: &Batch,
        filters: &[BooleanBuffer],
        mut elsewhere: impl FnMut(usize),
    ) -> Result<()> {
        // First all places, then all counts: the processor waits for many places of memory at once.
        let Self { table, checks, counts, places, .. } = self;
        places.with(table, (key_set, batch), |places| {
            places.others.iter().for_each(|row| elsewhere(*row));
            for (check, counts) in checks.iter().zip(counts) {
                let filter = key_set.scopes.get(check.scope).copied().flatten();
                counts.add_rows(&places.of_rows, filter.and_then(|it| filters.get(it)));
            }
        })
    }

    /// Adds what was counted for the same checks in another partition.
    pub(crate) fn merge(&mut self, other: &Self) {
        self.counts.iter_mut().zip(&other.counts).for_each(|(counts, it)| counts.merge(it));
    }

    /// The rows among `numbers` that fail the check at this position in the plan, which is `join`.
    pub(crate) fn failing<'a>(
        &'a self,
        position: usize,
        join: &'a Join,
        numbers: &'a Numbers,
    ) -> impl Iterator<Item = Numbered> {
        let counts = self.checks.iter().zip(&self.counts).find(|it| it.0.position == position);
        let count = move |number| counts.map_or(0, |it| it.1.of(self.table.place(number)));
        let asked = numbers.iter().filter(|it| it.scopes & join.asked != 0);
        asked.filter(move |it| !join.rows.contains(&count(it.number)))
    }
}

impl Counts {
    fn new(check: &CountingCheck, places: usize) -> Self {
        match check.enough {
            0 | 1 => Self::Once(vec![0; places.div_ceil(64)]),
            _ => Self::Bytes(vec![0; places]),
        }
    }

    fn bytes(&self) -> usize {
        match self {
            Self::Once(bits) => bytes_of_bits(bits.len() * 64),
            Self::Bytes(bytes) => bytes.len(),
        }
    }

    /// Counts the places of the rows that a filter lets through.
    fn add_rows(&mut self, places: &[u32], filter: Option<&BooleanBuffer>) {
        let Some(filter) = filter else { return self.add(places.iter().copied()) };
        let place = |row: usize| places.get(row).copied().unwrap_or(Places::NONE);
        self.add(filter.set_indices().map(place));
    }

    #[inline]
    fn add(&mut self, places: impl Iterator<Item = u32>) {
        match self {
            Self::Once(bits) => places.for_each(|it| set(bits, it)),
            Self::Bytes(bytes) => places.for_each(|it| {
                if let Some(count) = bytes.get_mut(it as usize) {
                    *count = count.saturating_add(1);
                }
            }),
        }
    }

    fn merge(&mut self, other: &Self) {
        match (self, other) {
            (Self::Once(mine), Self::Once(other)) => {
                mine.iter_mut().zip(other).for_each(|(mine, it)| *mine |= it);
            }
            (Self::Bytes(mine), Self::Bytes(other)) => {
                mine.iter_mut().zip(other).for_each(|(mine, it)| *mine = mine.saturating_add(*it));
            }
            // Counts of the same check are of the same kind.
            (Self::Once(_), Self::Bytes(_)) | (Self::Bytes(_), Self::Once(_)) => {}
        }
    }

    #[inline]
    fn of(&self, place: u32) -> u64 {
        match self {
            Self::Once(bits) => u64::from(is_set(bits, place)),
            Self::Bytes(bytes) => bytes.get(place as usize).copied().map_or(0, u64::from),
        }
    }
}

impl Drop for Counter {
    fn drop(&mut self) {
        self.budget.give_back(self.taken);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_check_counts_no_further_than_it_needs() {
        let enough = |min, max| CountingCheck::new(0, 0, (min, max)).map(|it| it.enough);
        assert_eq!(enough(1, u64::MAX), Some(1));
        assert_eq!(enough(1, 1), Some(2));
        assert_eq!(enough(0, 254), Some(255));
        assert_eq!(enough(0, 255), None);
        assert_eq!(enough(256, u64::MAX), None);
    }

    #[test]
    fn counts_stop_at_the_end_of_a_byte() {
        let check = CountingCheck { position: 0, scope: 0, enough: 255 };
        let (mut counts, mut others) = (Counts::new(&check, 2), Counts::new(&check, 2));
        counts.add([0; 200].into_iter());
        others.add([0, 1, Places::NOWHERE, Places::NONE].into_iter().chain([0; 100]));
        counts.merge(&others);
        assert_eq!([counts.of(0), counts.of(1), counts.of(Places::NONE)], [255, 1, 0]);
    }
}
