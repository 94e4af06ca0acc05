//! The numbers of the keys that one partition has collected.

use std::sync::{Arc, OnceLock};

use crate::error::Result;
use crate::rules::KeySet;
use crate::validate::keys::arena::Arena;
use crate::validate::keys::number_form::{NUMBER_BITS, NumberForm};
use crate::validate::keys::records::Scopes;
use crate::validate::keys::words::Words;
use crate::validate::memory::Budget;

/// The form of the keys of one key set: that of the first key which any partition meets.
pub(crate) type SharedForm = Arc<OnceLock<Option<NumberForm>>>;

/// Keys of one [`NumberForm`], in the order of their rows: four bytes for each, which are written one
/// after the other instead of to hundreds of places.
#[derive(Debug)]
pub(crate) struct Numbers {
    form: SharedForm,
    arena: Arena,
    /// Each the scopes that a row is in, and the number of its key.
    words: Words<u32>,
    lowest: u32,
    highest: u32,
}

/// The number of a key, and its row.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Numbered {
    pub(crate) number: u32,
    pub(crate) scopes: Scopes,
    pub(crate) row: u32,
}

/// Where the scopes are beside the number.
const SCOPES_AT: u32 = NUMBER_BITS + 2;

const _: () = assert!(SCOPES_AT + KeySet::SCOPES_MAX as u32 == u32::BITS, "both have room");

/// After so many keys it shows whether their numbers lie close together.
const TRIAL: usize = 4096;

/// How many numbers there may be to choose from for each key, while a part of the keys has been seen,
/// and when all have.
const SPREAD_TRIAL: usize = 256;
const SPREAD_MAX: usize = 4;

/// A range of so many numbers is always small enough.
const SMALL: usize = 1 << 16;

impl Numbers {
    pub(crate) fn new(form: &SharedForm, budget: &Arc<Budget>) -> Self {
        Self {
            form: Arc::clone(form),
            arena: Arena::new(budget),
            words: Words::default(),
            lowest: u32::MAX,
            highest: 0,
        }
    }

    /// The form of the keys, once one has come.
    pub(crate) fn form(&self) -> Option<NumberForm> {
        self.form.get().copied().flatten()
    }

    /// Adds a key if it has the form, and says whether it has. The row comes after all rows before.
    #[inline]
    pub(crate) fn push(&mut self, key: &[u8], scopes: Scopes, row: u32) -> Result<bool> {
        let form = self.form.get_or_init(|| NumberForm::of(key));
        let Some(number) = form.as_ref().and_then(|it| it.number(key)) else { return Ok(false) };
        self.lowest = self.lowest.min(number);
        self.highest = self.highest.max(number);
        let word = u32::from(scopes) << SCOPES_AT | number;
        self.words.push(&mut self.arena, word, row)?;
        Ok(true)
    }

    /// Whether the numbers turn out to lie too far apart to go on.
    pub(crate) fn are_scattered(&self) -> bool {
        let range = (self.highest as usize + 1).saturating_sub(self.lowest as usize);
        self.len() >= TRIAL && range > SMALL.max(self.len() * SPREAD_TRIAL)
    }

    /// How many keys there are.
    pub(crate) fn len(&self) -> usize {
        self.words.len()
    }

    /// How many bytes of memory this takes.
    pub(crate) fn bytes(&self) -> usize {
        self.arena.bytes() + self.words.bytes()
    }

    /// Calls `take` with every key.
    pub(crate) fn for_each(
        &self,
        mut take: impl FnMut(&[u8], Scopes, u32) -> Result<()>,
    ) -> Result<()> {
        let (Some(form), mut key) = (self.form(), Vec::new()) else { return Ok(()) };
        self.iter().try_for_each(|it| {
            form.write(it.number, &mut key);
            take(&key, it.scopes, it.row)
        })
    }

    #[inline]
    pub(crate) fn iter(&self) -> impl Iterator<Item = Numbered> {
        self.words.iter(&self.arena).map(|(word, row)| Numbered {
            number: word & ((1 << NUMBER_BITS) - 1),
            scopes: (word >> SCOPES_AT) as Scopes,
            row,
        })
    }
}

/// The range of the numbers of all partitions: its first, and how many it has. None where there are no
/// keys, or so few that a table of the range would mostly be empty.
pub(crate) fn dense_range<'a>(all: impl Iterator<Item = &'a Numbers>) -> Option<(u32, usize)> {
    let (mut count, mut lowest, mut highest) = (0, u32::MAX, 0);
    for numbers in all {
        count += numbers.len();
        lowest = lowest.min(numbers.lowest);
        highest = highest.max(numbers.highest);
    }
    let range = (highest as usize + 1).checked_sub(lowest as usize)?;
    (count > 0 && range <= SMALL.max(count * SPREAD_MAX)).then_some((lowest, range))
}
