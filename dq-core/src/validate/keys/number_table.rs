//! The keys of a table whose numbers lie close together, to be looked up by their number.

use std::sync::Arc;

use crate::rules::KeySet;
use crate::validate::keys::number_form::NumberForm;
use crate::validate::keys::numbers::{Numbers, dense_range};
use crate::validate::keys::places::Places;
use crate::validate::keys::records::Scopes;
use crate::validate::memory::Budget;

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

    /// The number of a key, if it has the form of this table.
    #[inline]
    pub(crate) fn number(&self, key: &[u8]) -> Option<u32> {
        self.form.number(key)
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
