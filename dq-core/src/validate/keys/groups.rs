//! The distinct keys of one bucket, numbered.

use hashbrown::HashTable;
use hashbrown::hash_table::Entry;

use crate::validate::keys::hash::KeyHash;
use crate::validate::keys::part::Part;
use crate::validate::keys::records::Key;

/// The distinct keys of some parts of a bucket. Each has a number, in the order in which they came.
pub(crate) struct Groups<'a> {
    hash: KeyHash,
    numbers: HashTable<u32>,
    keys: Vec<(Key, &'a Part<'a>)>,
}

impl<'a> Groups<'a> {
    /// No keys yet, and room for so many.
    pub(crate) fn with_capacity(keys: usize, hash: KeyHash) -> Self {
        Self { hash, numbers: HashTable::with_capacity(keys), keys: Vec::with_capacity(keys) }
    }

    /// The number of `key`, which lies in `part`, after adding it if it is new.
    #[inline]
    pub(crate) fn number(&mut self, part: &'a Part<'a>, key: Key) -> usize {
        let Self { hash, numbers, keys } = self;
        let is_it = |it: &u32| keys.get(*it as usize).is_some_and(|it| is_same(it, part, key));
        let rehash = |it: &u32| keys.get(*it as usize).map_or(0, |it| hash.of(it.0));
        match numbers.entry(hash.of(key), is_it, rehash) {
            Entry::Occupied(number) => *number.get() as usize,
            Entry::Vacant(vacant) => {
                vacant.insert(keys.len() as u32);
                keys.push((key, part));
                keys.len() - 1
            }
        }
    }

    /// How many keys there are.
    pub(crate) fn len(&self) -> usize {
        self.keys.len()
    }

    /// The number of `key`, which lies in `part`, if it is here.
    #[inline]
    pub(crate) fn find(&self, part: &Part<'_>, key: Key) -> Option<usize> {
        let is_it = |it: &u32| self.keys.get(*it as usize).is_some_and(|it| is_same(it, part, key));
        self.numbers.find(self.hash.of(key), is_it).map(|it| *it as usize)
    }
}

#[inline]
fn is_same((known, known_part): &(Key, &Part<'_>), part: &Part<'_>, key: Key) -> bool {
    if known.is_long() { known_part.is_same(*known, part, key) } else { *known == key }
}
