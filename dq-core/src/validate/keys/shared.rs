//! Finds the keys of one bucket that are there twice, of which there are mostly few.
//!
//! Two passes over the words find out which may be there twice, with a bit for each of some hundred
//! thousand places, and only those are compared:
//!
//! ```text
//! words ─▶ seen: one bit each ─▶ seen again: one bit each
//! words ─▶ those on a place that was seen again ─▶ equal words ─▶ equal bytes, where a word is a hash
//! ```

use crate::error::{Error, ErrorKind, Result};
use crate::validate::keys::compact::{CompactPart, WordOfRow};
use crate::validate::keys::decide::{Fails, Finding};
use crate::validate::keys::records::Scopes;
use crate::validate::keys::word::Word;

/// How many places there are for each key: of sixteen words, about one is on the place of another.
const PLACES_PER_KEY: usize = 16;

/// A word that may be there twice, with the number of its part and its row.
type Candidate = (Word, usize, u32);

/// Which keys are not alone among the rows of `scope`.
pub(crate) fn shared(
    parts: &[CompactPart<'_>],
    scope: Scopes,
    fails: Fails<'_>,
) -> Result<Finding> {
    let mut candidates = candidates(parts, scope);
    candidates.sort_unstable();
    let mut finding = Finding { violations: 0, groups: Some(0) };
    let mut found = |finding: &mut Finding, rows: &[&Candidate]| {
        finding.add(Finding { violations: rows.len() as u64, groups: Some(1) });
        for (_, part, row) in rows {
            let partition = parts.get(*part).map_or(0, |it| it.partition);
            fails(0, partition, *row);
        }
    };
    for same in candidates.chunk_by(|a, b| a.0 == b.0).filter(|it| it.len() > 1) {
        if same.first().is_some_and(|it| it.0.is_whole()) {
            found(&mut finding, &same.iter().collect::<Vec<_>>());
            continue;
        }
        let mut keys: Vec<_> =
            same.iter().map(|it| Ok((key(parts, it)?, it))).collect::<Result<_>>()?;
        keys.sort_unstable();
        for same in keys.chunk_by(|a, b| a.0 == b.0).filter(|it| it.len() > 1) {
            found(&mut finding, &same.iter().map(|it| it.1).collect::<Vec<_>>());
        }
    }
    Ok(finding)
}

/// All rows of `scope` whose words are there twice, and few others.
fn candidates(parts: &[CompactPart<'_>], scope: Scopes) -> Vec<Candidate> {
    let in_scope = |it: &WordOfRow| it.word.scopes() & scope != 0;
    let count: usize = parts.iter().map(CompactPart::len).sum();
    let mut seen = Places::new(count * PLACES_PER_KEY);
    let mut seen_again = Places::new(count * PLACES_PER_KEY);
    for it in parts.iter().flat_map(CompactPart::records).filter(in_scope) {
        let place = seen.place(it.word.bare());
        if seen.set(place) {
            seen_again.set(place);
        }
    }
    let mut candidates = Vec::new();
    for (number, part) in parts.iter().enumerate() {
        let records = part.records().filter(in_scope);
        let records = records.map(|it| (it.word.bare(), number, it.row));
        candidates.extend(records.filter(|it| seen_again.has(seen_again.place(it.0))));
    }
    candidates
}

/// The bytes of a candidate whose word is not whole.
fn key<'a>(parts: &[CompactPart<'a>], (_, part, row): &Candidate) -> Result<&'a [u8]> {
    let key = parts.get(*part).and_then(|it| it.key(*row));
    key.ok_or_else(|| Error::new(ErrorKind::Internal, "the bytes of a key are lost"))
}

/// A bit for each of many places.
struct Places {
    words: Vec<u64>,
    /// How far the product of a word is shifted to give its place.
    shift: u32,
}

impl Places {
    /// At least so many places, and at least 64.
    fn new(places: usize) -> Self {
        let bits = places.max(64).next_power_of_two().ilog2();
        Self { words: vec![0; 1 << (bits - 6)], shift: u64::BITS - bits }
    }

    #[inline]
    fn place(&self, word: Word) -> usize {
        // The golden ratio, which spreads numbers that lie close together.
        (word.bits().wrapping_mul(0x9E37_79B9_7F4A_7C15) >> self.shift) as usize
    }

    /// Sets a bit, and says whether it was set before.
    #[inline]
    fn set(&mut self, place: usize) -> bool {
        let Some(word) = self.words.get_mut(place / 64) else { return false };
        let bit = 1 << (place % 64);
        let was_set = *word & bit != 0;
        *word |= bit;
        was_set
    }

    #[inline]
    fn has(&self, place: usize) -> bool {
        self.words.get(place / 64).is_some_and(|it| it >> (place % 64) & 1 == 1)
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

    const BUCKETS: usize = 16;

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
        let mut keys = CompactKeys::new(hash, BUCKETS, &budget);
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
        ) {
            let hash = KeyHash::with_bits(bits);
            let collected: Vec<_> = partitions.iter().map(|rows| {
                let mut keys = collected(rows, lent, hash);
                keys.finish().unwrap();
                keys
            }).collect();
            let (mut found, mut finding) = (BTreeSet::new(), Finding::default());
            for bucket in 0..BUCKETS {
                let parts: Vec<_> =
                    collected.iter().enumerate().map(|(it, keys)| keys.part(bucket, it)).collect();
                let mut fails = |_, partition, row| assert!(found.insert((partition, row)));
                finding.add(shared(&parts, scope, &mut fails).unwrap());
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
