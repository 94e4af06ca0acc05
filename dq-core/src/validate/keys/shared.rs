//! Finds the keys that are there twice, of which there are mostly few.
//!
//! Two passes over the words find out which may be there twice, with a bit for each of some million places
//! and for each of fewer marks; and those are compared. All is done once more with those that are left,
//! since some come to the place of another by chance.
//!
//! ```text
//! words ─▶ a place for each: seen before? ─▶ a mark
//! words ─▶ those that have a mark ─▶ equal words ─▶ equal bytes, where a word is a hash
//! ```
//!
//! The places of a large table would not lie in the cache. Then they are cut into slices, each of which is
//! decided by itself, and goes through all words to find its own.

use std::ops::Range;
use std::sync::Arc;

use crate::error::Result;
use crate::validate::keys::arena::Arena;
use crate::validate::keys::compact::CompactKeys;
use crate::validate::keys::decide::{Fails, Finding};
use crate::validate::keys::records::Scopes;
use crate::validate::keys::word::Word;
use crate::validate::memory::Budget;

/// How many places there are for each word: about one word of sixteen comes to a place that was seen before.
const PLACES_PER_WORD: usize = 8;
/// How many there are for each mark: about one word of fifty comes to a mark by chance.
const PLACES_PER_MARK: usize = 32;
/// How many places a slice has, and how many marks at most: the bits of either take 2 MiB.
const SLICE_PLACES: usize = 1 << 24;

/// What spreads words over places and marks, and once more: the golden ratio, then digits of pi.
const SPREADS: [u64; 4] =
    [0x9E37_79B9_7F4A_7C15, 0x243F_6A88_85A3_08D3, 0x1319_8A2E_0370_7345, 0xA409_3822_299F_31D1];

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

/// A word that may be there twice, with the number of its partition, and its row.
type Candidate = (Word, u32, u32);

impl<'a> Shared<'a> {
    /// What is to be decided of the keys of `partitions`, in no more slices than this power of two.
    pub(crate) fn new(partitions: Vec<&'a CompactKeys>, scope: Scopes, slices_max: usize) -> Self {
        let keys: usize = partitions.iter().map(|it| it.len()).sum();
        let places = places_for(keys);
        let slices = (places / SLICE_PLACES).clamp(1, slices_max);
        let are_hashes = partitions.iter().all(|it| matches!(it.kinds(), (_, false)));
        Self { partitions, scope, are_hashes, places, slices }
    }

    /// How many slices are to be decided.
    pub(crate) fn slices(&self) -> usize {
        self.slices
    }

    /// Which keys of a slice are not alone. Memory that others have given back to `budget` is used first.
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
            for (_, partition, row) in rows {
                fails(0, *partition as usize, *row);
            }
        };
        for same in candidates.chunk_by(|a, b| a.0 == b.0).filter(|it| it.len() > 1) {
            if same.first().is_some_and(|it| it.0.is_whole()) {
                found(&mut finding, &same.iter().collect::<Vec<_>>());
                continue;
            }
            let mut keys = Vec::with_capacity(same.len());
            for it in same {
                let partition = self.partitions.get(it.1 as usize);
                keys.push((partition.map(|keys| keys.key(it.2)).transpose()?, it));
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
        let [spread, spread_marks, spread_again, spread_marks_again] = SPREADS;
        let (mut arena, count) = (Arena::new(budget), self.places / self.slices);
        let here = slice * count..(slice + 1) * count;
        let places = Places { spread, all: self.places, here };
        let marks = places.marks(self, spread_marks, &mut arena)?;
        let mut candidates = Vec::new();
        self.for_each(|it| {
            if places.place(it.0).is_some() && marks.has(it.0) {
                candidates.push(it);
            }
        })?;
        let places = Places::new(spread_again, places_for(candidates.len()).min(SLICE_PLACES));
        let marks = places.marks(candidates.as_slice(), spread_marks_again, &mut arena)?;
        candidates.retain(|it| marks.has(it.0));
        candidates.sort_unstable();
        Ok(candidates)
    }
}

/// Words that can be gone through again.
trait Source {
    fn for_each(&self, take: impl FnMut(Candidate)) -> Result<()>;
}

impl Source for Shared<'_> {
    #[inline]
    fn for_each(&self, mut take: impl FnMut(Candidate)) -> Result<()> {
        let mut partitions = (0..).zip(&self.partitions);
        partitions.try_for_each(|(number, keys)| {
            keys.for_each_word(self.scope, self.are_hashes, |word, row| take((word, number, row)))
        })
    }
}

impl Source for [Candidate] {
    #[inline]
    fn for_each(&self, take: impl FnMut(Candidate)) -> Result<()> {
        self.iter().copied().for_each(take);
        Ok(())
    }
}

/// Places that words are spread over.
#[derive(Clone, Debug)]
struct Places {
    /// What a word is multiplied by: the highest bits are its place.
    spread: u64,
    /// How many places there are: a power of two.
    all: usize,
    /// Those that are looked at.
    here: Range<usize>,
}

/// How many places so many words need: a power of two.
fn places_for(words: usize) -> usize {
    (words * PLACES_PER_WORD).next_power_of_two()
}

impl Places {
    /// So many places, a power of two, all of which are looked at.
    fn new(spread: u64, all: usize) -> Self {
        Self { spread, all, here: 0..all }
    }

    /// Marks, spread by `spread`, on those of `words` that have not their place for themselves.
    fn marks<'a, S>(&self, words: &S, spread: u64, arena: &'a mut Arena) -> Result<Marks<'a>>
    where
        S: Source + ?Sized,
    {
        let (seen, mut again) = (self.bits(arena)?, Vec::new());
        words.for_each(|(word, ..)| {
            if self.place(word).is_some_and(|place| set(seen, place)) {
                again.push(word);
            }
        })?;
        let count = (again.len() * PLACES_PER_MARK).next_power_of_two().min(SLICE_PLACES);
        let places = Self::new(spread, count);
        let bits = places.bits(arena)?;
        for place in again.iter().filter_map(|it| places.place(*it)) {
            set(bits, place);
        }
        Ok(Marks { places, bits })
    }

    /// A bit for each place.
    fn bits<'a>(&self, arena: &'a mut Arena) -> Result<&'a mut [u8]> {
        let piece = arena.piece(self.here.len().div_ceil(8))?;
        let bits = arena.get_mut(piece);
        bits.fill(0);
        Ok(bits)
    }

    /// The place of a word, counted from the first of these, if it is one of them.
    #[inline]
    fn place(&self, word: Word) -> Option<usize> {
        let place = word.bits().wrapping_mul(self.spread).rotate_left(self.all.ilog2());
        let place = (place as usize & (self.all - 1)).wrapping_sub(self.here.start);
        (place < self.here.len()).then_some(place)
    }
}

/// Places of which some have a mark.
#[derive(Debug)]
struct Marks<'a> {
    places: Places,
    bits: &'a [u8],
}

impl Marks<'_> {
    /// Whether the place of a word has a mark.
    #[inline]
    fn has(&self, word: Word) -> bool {
        let bit =
            |place: usize| self.bits.get(place / 8).is_some_and(|it| it >> (place % 8) & 1 == 1);
        self.places.place(word).is_some_and(bit)
    }
}

/// Sets a bit, and says whether it was set before.
#[inline]
fn set(bits: &mut [u8], place: usize) -> bool {
    let Some(byte) = bits.get_mut(place / 8) else { return false };
    let bit = 1 << (place % 8);
    let was_set = *byte & bit != 0;
    *byte |= bit;
    was_set
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
