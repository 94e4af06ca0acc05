//! The keys of a table whose numbers lie close together, to be looked up by their number.

use std::sync::Arc;

use crate::error::Result;
use crate::rules::KeySet;
use crate::validate::keys::collect::for_each_key;
use crate::validate::keys::number_form::NumberForm;
use crate::validate::keys::numbers::{Numbers, dense_range};
use crate::validate::keys::records::Scopes;
use crate::validate::memory::Budget;
use crate::value::Batch;

/// Which numbers are there: a bit for each of a range. A look-up costs one access to memory, and needs no
/// hash.
#[derive(Debug)]
pub(crate) struct NumberTable {
    form: NumberForm,
    lowest: u32,
    places: usize,
    /// For each scope, which numbers have rows in it; nothing for a scope without any.
    scopes: Vec<Bits>,
    budget: Arc<Budget>,
    taken: usize,
}

/// A bit for each place.
pub(crate) type Bits = Vec<u64>;

/// How many bytes so many bits take.
pub(crate) fn bytes_of_bits(bits: usize) -> usize {
    bits.div_ceil(64) * 8
}

/// Where the keys of the rows of a batch lie in a [`NumberTable`].
#[derive(Debug, Default)]
pub(crate) struct Places(Vec<u32>);

impl Places {
    /// The place of a key that is not compared, or that need not be looked for any more.
    pub(crate) const NONE: u32 = u32::MAX;
    /// The place of a number that is out of range.
    pub(crate) const NOWHERE: u32 = u32::MAX - 1;

    /// Looks for the key of each row. Of a key that is no number `elsewhere` says which of the two above
    /// its place is; it gets the number of the row and the key.
    pub(crate) fn find(
        &mut self,
        table: &NumberTable,
        (key_set, batch): (&KeySet, &Batch),
        mut elsewhere: impl FnMut(usize, &[u8]) -> u32,
    ) -> Result<&[u32]> {
        self.0.clear();
        self.0.resize(batch.rows(), Self::NONE);
        let rows = self.0.iter_mut().enumerate();
        for_each_key(key_set, batch, rows.map(|it| (it.0, it)), |(row, place), key, _| {
            *place = match table.form.number(key) {
                Some(number) => table.place(number),
                None => elsewhere(row, key),
            };
            Ok(())
        })?;
        Ok(&self.0)
    }
}

impl NumberTable {
    /// The table of all these numbers. None if they lie too far apart, or if the table, with
    /// `counters` bytes for each of its places, would take more than is left of the budget.
    pub(crate) fn new(
        all: &[&Numbers],
        counters: usize,
        budget: &Arc<Budget>,
    ) -> Option<Arc<Self>> {
        let form = all.iter().find_map(|it| it.form())?;
        let (lowest, places) = dense_range(all.iter().copied())?;
        let taken = bytes_of_bits(places) * KeySet::SCOPES_MAX;
        if !budget.has_room(taken + places * counters) {
            return None;
        }
        budget.grown(0, taken);
        let scopes = (0..KeySet::SCOPES_MAX).map(|it| bits(all, 1 << it, lowest, places)).collect();
        Some(Arc::new(Self { form, lowest, places, scopes, budget: Arc::clone(budget), taken }))
    }

    /// The place of a number.
    #[inline]
    pub(crate) fn place(&self, number: u32) -> u32 {
        let place = number.wrapping_sub(self.lowest);
        if (place as usize) < self.places { place } else { Places::NOWHERE }
    }

    /// Which places have rows in the scope with this number.
    pub(crate) fn in_scope(&self, scope: usize) -> &[u64] {
        self.scopes.get(scope).map_or(&[], Vec::as_slice)
    }

    /// How many places there are.
    pub(crate) fn places(&self) -> usize {
        self.places
    }
}

/// Which numbers have rows in `scope`.
fn bits(all: &[&Numbers], scope: Scopes, lowest: u32, places: usize) -> Bits {
    let mut bits = vec![0; places.div_ceil(64)];
    for it in all.iter().flat_map(|it| it.iter()).filter(|it| it.scopes & scope != 0) {
        set(&mut bits, it.number.wrapping_sub(lowest));
    }
    bits
}

#[inline]
pub(crate) fn set(bits: &mut [u64], place: u32) {
    if let Some(word) = bits.get_mut(place as usize / 64) {
        *word |= 1 << (place % 64);
    }
}

#[inline]
pub(crate) fn is_set(bits: &[u64], place: u32) -> bool {
    bits.get(place as usize / 64).is_some_and(|it| it >> (place % 64) & 1 == 1)
}

impl Drop for NumberTable {
    fn drop(&mut self) {
        self.budget.give_back(self.taken);
    }
}
