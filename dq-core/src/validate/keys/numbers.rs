//! The numbers of the keys that one partition has collected.

use std::sync::{Arc, OnceLock};

use crate::error::Result;
use crate::validate::keys::number_form::{NUMBER_BITS, NumberForm};
use crate::validate::keys::records::Scopes;

/// The form of the keys of one key set: that of the first key which any partition meets.
pub(crate) type SharedForm = Arc<OnceLock<Option<NumberForm>>>;

/// Keys of one [`NumberForm`], in the order of their rows: half of what a list of keys takes, and
/// written one after the other instead of to hundreds of places.
#[derive(Debug)]
pub(crate) struct Numbers {
    form: SharedForm,
    /// Each a row, the scopes it is in, and the number of its key.
    entries: Vec<u64>,
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

/// After so many keys it shows whether their numbers lie close together.
const TRIAL: usize = 4096;

/// How many numbers there may be to choose from for each key, while a part of the keys has been seen,
/// and when all have.
const SPREAD_TRIAL: usize = 256;
const SPREAD_MAX: usize = 4;

/// A range of so many numbers is always small enough.
const SMALL: usize = 1 << 16;

impl Numbers {
    pub(crate) fn new(form: &SharedForm) -> Self {
        Self { form: Arc::clone(form), entries: Vec::new(), lowest: u32::MAX, highest: 0 }
    }

    /// The form of the keys, once one has come.
    pub(crate) fn form(&self) -> Option<NumberForm> {
        self.form.get().copied().flatten()
    }

    /// Adds a key if it has the form.
    #[inline]
    pub(crate) fn push(&mut self, key: &[u8], scopes: Scopes, row: u32) -> bool {
        let form = self.form.get_or_init(|| NumberForm::of(key));
        let Some(number) = form.as_ref().and_then(|it| it.number(key)) else { return false };
        self.lowest = self.lowest.min(number);
        self.highest = self.highest.max(number);
        let entry = u64::from(row) << 32 | u64::from(scopes) << (NUMBER_BITS + 2);
        self.entries.push(entry | u64::from(number));
        true
    }

    /// Whether the numbers turn out to lie too far apart to go on.
    pub(crate) fn are_scattered(&self) -> bool {
        let range = (self.highest as usize + 1).saturating_sub(self.lowest as usize);
        self.entries.len() >= TRIAL && range > SMALL.max(self.entries.len() * SPREAD_TRIAL)
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// How many bytes of memory this takes.
    pub(crate) fn bytes(&self) -> usize {
        size_of_val(self.entries.as_slice())
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
        self.entries.iter().map(|it| Numbered {
            number: *it as u32 & ((1 << NUMBER_BITS) - 1),
            scopes: (*it >> (NUMBER_BITS + 2)) as Scopes & 0b111,
            row: (*it >> 32) as u32,
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
