//! Finds the keys that are there twice, of which there are mostly few.
//!
//! Two passes over the words find out which may be there twice, with two bits for each of some million
//! places, and those are compared. Twice, with other places, since the first time some are on the place of
//! another by chance:
//!
//! ```text
//! words ─▶ a place for each: seen, seen again
//! words ─▶ those on a place that was seen again ─▶ equal words ─▶ equal bytes, where a word is a hash
//! ```
//!
//! The places of a large table would not lie in the cache. Then they are cut into slices, each of which is
//! decided by itself.

use std::sync::Arc;

use crate::error::Result;
use crate::validate::keys::arena::Arena;
use crate::validate::keys::compact::{CompactKeys, WordOfRow};
use crate::validate::keys::decide::{Fails, Finding};
use crate::validate::keys::records::Scopes;
use crate::validate::keys::word::Word;
use crate::validate::memory::Budget;

/// How many places there are for each key: of eight words, about one is on the place of another.
const PLACES_PER_KEY: usize = 8;
/// How many places a slice has: they take 4 MiB.
const SLICE_PLACES: usize = 1 << 24;

/// What spreads words over places, the first time and the second: the golden ratio, and the digits of pi.
const FIRST: u64 = 0x9E37_79B9_7F4A_7C15;
const SECOND: u64 = 0x243F_6A88_85A3_08D3;

/// Which keys of some partitions are not alone among the rows of a scope.
#[derive(Debug)]
pub(crate) struct Shared<'a> {
    partitions: Vec<&'a CompactKeys>,
    scope: Scopes,
    /// Whether the words of keys that are lent are hashes: all keys are lent then.
    are_hashes: bool,
    places: usize,
    slices: usize,
}

/// A word that may be there twice, with the number of its partition.
type Candidate = (WordOfRow, u32);

impl<'a> Shared<'a> {
    /// What is to be decided of the keys of `partitions`, in no more slices than this power of two.
    pub(crate) fn new(partitions: Vec<&'a CompactKeys>, scope: Scopes, slices_max: usize) -> Self {
        let keys: usize = partitions.iter().map(|it| it.len()).sum();
        let places = (keys * PLACES_PER_KEY).next_power_of_two();
        let slices = (places / SLICE_PLACES).clamp(1, slices_max);
        let are_hashes = partitions.iter().all(|it| matches!(it.kinds(), (_, false)));
        Self { partitions, scope, are_hashes, places, slices }
    }

    /// How many slices are to be decided.
    pub(crate) fn slices(&self) -> usize {
        self.slices
    }

    /// Which keys of a slice are not alone. The memory of `budget` is taken while it is decided.
    pub(crate) fn decide(
        &self,
        slice: usize,
        budget: &Arc<Budget>,
        fails: Fails<'_>,
    ) -> Result<Finding> {
        let candidates = self.candidates(slice, budget)?;
        let mut finding = Finding { violations: 0, groups: Some(0) };
        let mut found = |finding: &mut Finding, rows: &[&Candidate]| {
            finding.add(Finding { violations: rows.len() as u64, groups: Some(1) });
            rows.iter().for_each(|(it, partition)| fails(0, *partition as usize, it.row));
        };
        for same in candidates.chunk_by(|a, b| a.0.word == b.0.word).filter(|it| it.len() > 1) {
            if same.first().is_some_and(|it| it.0.word.is_whole()) {
                found(&mut finding, &same.iter().collect::<Vec<_>>());
                continue;
            }
            let mut keys = Vec::with_capacity(same.len());
            for it in same {
                let partition = self.partitions.get(it.1 as usize);
                keys.push((partition.map(|keys| keys.key(it.0.row)).transpose()?, it));
            }
            keys.sort_unstable();
            for same in keys.chunk_by(|a, b| a.0 == b.0).filter(|it| it.len() > 1) {
                found(&mut finding, &same.iter().map(|it| it.1).collect::<Vec<_>>());
            }
        }
        Ok(finding)
    }

    /// All rows of a slice whose words are there twice, and few others, ordered by their words.
    fn candidates(&self, slice: usize, budget: &Arc<Budget>) -> Result<Vec<Candidate>> {
        let mut arena = Arena::new(budget);
        let count = self.places / self.slices;
        let mut seen = Seen::new(FIRST, (self.places, slice * count), count, &mut arena)?;
        self.for_each(|(it, _)| seen.note(it.word))?;
        let mut candidates = Vec::new();
        self.for_each(|it| candidates.extend(seen.is_twice(it.0.word).then_some(it)))?;
        let places = (candidates.len() * PLACES_PER_KEY).next_power_of_two();
        let mut seen = Seen::new(SECOND, (places, 0), places, &mut arena)?;
        candidates.iter().for_each(|it| seen.note(it.0.word));
        candidates.retain(|it| seen.is_twice(it.0.word));
        candidates.sort_unstable();
        Ok(candidates)
    }

    /// The words of all rows of the scope.
    #[inline]
    fn for_each(&self, mut take: impl FnMut(Candidate)) -> Result<()> {
        let mut partitions = (0..).zip(&self.partitions);
        partitions.try_for_each(|(number, keys)| {
            keys.for_each_word(self.scope, self.are_hashes, |it| take((it, number)))
        })
    }
}

/// Which of the places that words are spread over have been seen, and which more than once: two bits for
/// each place, side by side, since a place is mostly not in the nearest cache.
#[derive(Debug)]
struct Seen<'a> {
    /// What a word is multiplied by: the highest bits are its place.
    spread: u64,
    /// How many places there are: a power of two.
    places: usize,
    /// The first of them whose bits are here.
    first: usize,
    bits: &'a mut [u8],
}

/// How many places have their bits in a byte, and where the bit is that says that a place was seen again.
const PLACES_PER_BYTE: usize = 4;
const AGAIN: u32 = 4;

impl<'a> Seen<'a> {
    /// Of `places`, those from `first` on.
    fn new(
        spread: u64,
        (places, first): (usize, usize),
        count: usize,
        arena: &'a mut Arena,
    ) -> Result<Self> {
        let piece = arena.piece(count.div_ceil(PLACES_PER_BYTE))?;
        let bits = arena.get_mut(piece);
        bits.fill(0);
        Ok(Self { spread, places, first, bits })
    }

    /// Where the bits of a word are.
    #[inline]
    fn place(&self, word: Word) -> (usize, u32) {
        let place = word.bits().wrapping_mul(self.spread).rotate_left(self.places.ilog2());
        let place = (place as usize & (self.places - 1)).wrapping_sub(self.first);
        (place / PLACES_PER_BYTE, (place % PLACES_PER_BYTE) as u32)
    }

    #[inline]
    fn note(&mut self, word: Word) {
        let (byte, bit) = self.place(word);
        if let Some(byte) = self.bits.get_mut(byte) {
            *byte |= (*byte >> bit & 1) << (bit + AGAIN) | 1 << bit;
        }
    }

    /// Whether the place of a word has been seen twice.
    #[inline]
    fn is_twice(&self, word: Word) -> bool {
        let (byte, bit) = self.place(word);
        self.bits.get(byte).is_some_and(|it| it >> (bit + AGAIN) & 1 == 1)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};
    use std::path::PathBuf;
    use std::sync::Arc;

    use proptest::prelude::*;

    use crate::validate::keys::compact::CompactKeys;
    use crate::validate::keys::hash::KeyHash;
    use crate::validate::memory::Budget;

    use super::*;

    use arrow_array::StringArray;

    use crate::value::{Column, TextColumn};

    /// A key, and the scopes of its row.
    fn row() -> impl Strategy<Value = (String, Scopes)> {
        let key = prop_oneof![
            "[0-9]{1,2}",
            "0{0,2}[1-3]{0,1}",
            "[ab]{0,2}",
            "[0-9]{9}[0-3]{6}",
            "a long key, number [0-9]",
            "[ab\u{e9}]{7,9}",
            "[AB]{1,4}-?0{0,4}[0-2]{2,5}",
        ];
        (key, 1..8_u8)
    }

    fn lasting(texts: &StringArray) -> TextColumn {
        let column = Column::from_arrow(texts).unwrap().lasting();
        let Column::Text(texts) = column else { panic!("no text") };
        assert!(texts.is_lasting());
        texts
    }

    /// Keys that are kept, and from row `lent` on keys that their source keeps, in pieces of 7 rows.
    fn collected(rows: &[(String, Scopes)], lent: usize, hash: KeyHash) -> CompactKeys {
        let budget = Arc::new(Budget::new(1 << 30, PathBuf::new()));
        let mut keys = CompactKeys::new(hash, &budget);
        for (row, (key, scopes)) in rows.iter().enumerate() {
            if row >= lent && (row - lent).is_multiple_of(7) {
                let texts = rows.iter().skip(row).take(7).map(|it| Some(&it.0));
                keys.lend(row as u32, &lasting(&texts.collect()));
            }
            keys.push(key.as_bytes(), *scopes, row as u32).unwrap();
        }
        keys
    }

    /// The rows of `scope` that share their key, as partition and row, and how many keys they have.
    fn expected(
        partitions: &[Vec<(String, Scopes)>],
        scope: Scopes,
    ) -> (BTreeSet<(usize, u32)>, u64) {
        let mut rows = BTreeMap::<_, Vec<_>>::new();
        for (partition, keys) in partitions.iter().enumerate() {
            for (row, (key, _)) in keys.iter().enumerate().filter(|it| it.1.1 & scope != 0) {
                rows.entry(key).or_default().push((partition, row as u32));
            }
        }
        rows.retain(|_, it| it.len() > 1);
        (rows.values().flatten().copied().collect(), rows.len() as u64)
    }

    proptest! {
        #[test]
        fn the_rows_that_share_a_key_are_found_whatever_the_hash(
            partitions in prop::collection::vec(prop::collection::vec(row(), 0..80), 1..4),
            scope in prop::sample::select(vec![1, 2, 4]),
            bits in prop::sample::select(vec![0, 4, 64]),
            lent in prop::sample::select(vec![0, 20, 80]),
            slices in prop::sample::select(vec![1, 4, 64]),
        ) {
            let hash = KeyHash::with_bits(bits);
            let collected: Vec<_> =
                partitions.iter().map(|rows| collected(rows, lent, hash)).collect();
            let mut shared = Shared::new(collected.iter().collect(), scope, 1);
            prop_assert_eq!(shared.slices(), 1);
            shared.slices = slices.min(shared.places);
            let budget = Arc::new(Budget::new(1 << 30, PathBuf::new()));
            let (mut found, mut finding) = (BTreeSet::new(), Finding::default());
            for slice in 0..shared.slices() {
                let mut fails = |_, partition, row| assert!(found.insert((partition, row)));
                finding.add(shared.decide(slice, &budget, &mut fails).unwrap());
            }
            let (rows, groups) = expected(&partitions, scope);
            prop_assert_eq!((finding.violations, finding.groups), (rows.len() as u64, Some(groups)));
            prop_assert_eq!(found, rows);
        }

        #[test]
        fn every_key_is_given_back(
            rows in prop::collection::vec(row(), 0..200),
            lent in prop::sample::select(vec![0, 50, 200]),
        ) {
            let keys = collected(&rows, lent, KeyHash::ALL_BITS);
            let mut given = BTreeMap::new();
            keys.for_each(|key, scopes, row| {
                given.insert(row as usize, (String::from_utf8(key.to_vec()).unwrap(), scopes));
                Ok(())
            }).unwrap();
            prop_assert_eq!(given.into_values().collect::<Vec<_>>(), rows);
        }
    }
}
