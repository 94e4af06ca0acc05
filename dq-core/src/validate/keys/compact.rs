//! The keys of one partition, in little memory: for checks that only ask which of them are there twice.

use std::sync::Arc;

use crate::error::{Error, ErrorKind, Result};
use crate::validate::keys::arena::Arena;
use crate::validate::keys::hash::KeyHash;
use crate::validate::keys::log::{Entry, KeyLog};
use crate::validate::keys::records::Scopes;
use crate::validate::keys::word::Word;
use crate::validate::keys::words::Words;
use crate::validate::memory::Budget;
use crate::value::TextColumn;

/// Keys in the order of their rows. Of those that the source keeps in memory anyway, four bytes: a part of
/// the hash. Of others a [`Word`], and the bytes of those that are not whole in their words in a log. The
/// bytes are looked at only where two hashes are the same.
#[derive(Debug)]
pub(crate) struct CompactKeys {
    hash: KeyHash,
    arena: Arena,
    words: Words<u64>,
    log: KeyLog,
    hashes: Words<u32>,
    lent: Vec<Lent>,
    /// The row after those of the last column that is lent.
    lent_until: u32,
}

/// Keys in the memory of the source, from a row on.
#[derive(Debug)]
struct Lent {
    first_row: u32,
    texts: TextColumn,
}

/// Of the four bytes of a key that is lent, how many bits are of its hash; the others are its scopes.
const HASH_BITS: u32 = 29;

impl CompactKeys {
    /// No keys yet.
    pub(crate) fn new(hash: KeyHash, budget: &Arc<Budget>) -> Self {
        Self {
            hash,
            arena: Arena::new(budget),
            words: Words::default(),
            log: KeyLog::default(),
            hashes: Words::default(),
            lent: Vec::new(),
            lent_until: 0,
        }
    }

    /// The keys of the next rows are `texts`, which last.
    pub(crate) fn lend(&mut self, first_row: u32, texts: &TextColumn) {
        self.lent_until = first_row + texts.len() as u32;
        self.lent.push(Lent { first_row, texts: texts.clone() });
    }

    /// Adds the key of a row, which comes after all rows before, in some scopes.
    #[inline]
    pub(crate) fn push(&mut self, key: &[u8], scopes: Scopes, row: u32) -> Result<()> {
        if row < self.lent_until {
            let hash = self.hash.of_long(key) as u32 & ((1 << HASH_BITS) - 1);
            let hash = hash | u32::from(scopes) << HASH_BITS;
            return self.hashes.push(&mut self.arena, hash, row);
        }
        let word = Word::new(key, self.hash);
        if !word.is_whole() {
            self.log.push(&mut self.arena, Entry { row, scopes, key })?;
        }
        self.words.push(&mut self.arena, word.within(scopes).bits(), row)
    }

    /// Calls `take` with every key, in any order.
    pub(crate) fn for_each(
        self,
        mut take: impl FnMut(&[u8], Scopes, u32) -> Result<()>,
    ) -> Result<()> {
        for (hash, row) in self.hashes.iter(&self.arena) {
            take(self.key(row)?, (hash >> HASH_BITS) as Scopes, row)?;
        }
        let mut key = Vec::new();
        let words = self.words.iter(&self.arena).map(|it| (Word::from_bits(it.0), it.1));
        for (word, row) in words.filter(|it| it.0.is_whole()) {
            word.write_key(&mut key);
            take(&key, word.scopes(), row)?;
        }
        self.log.entries(&self.arena).try_for_each(|it| take(it.key, it.scopes, it.row))
    }

    /// How much memory this has from the system.
    pub(crate) fn bytes(&self) -> usize {
        self.arena.bytes() + self.words.bytes() + self.hashes.bytes()
    }

    /// How many keys there are.
    pub(crate) fn len(&self) -> usize {
        self.words.len() + self.hashes.len()
    }

    /// Whether some of the keys are lent, and whether some are not.
    pub(crate) fn kinds(&self) -> (bool, bool) {
        (self.hashes.len() > 0, self.words.len() > 0)
    }

    /// Calls `take` with the words of all keys in `scope`, without it, and their rows. Those of keys that are lent are hashes,
    /// or else as those of all others.
    #[inline]
    pub(crate) fn for_each_word(
        &self,
        scope: Scopes,
        are_hashes: bool,
        mut take: impl FnMut(Word, u32),
    ) -> Result<()> {
        let words = self.words.iter(&self.arena).map(|it| (Word::from_bits(it.0), it.1));
        let words = words.filter(|it| it.0.scopes() & scope != 0);
        words.for_each(|(word, row)| take(word.bare(), row));
        let hashes = self.hashes.iter(&self.arena);
        let mut hashes = hashes.filter(|it| (it.0 >> HASH_BITS) as Scopes & scope != 0);
        hashes.try_for_each(|(hash, row)| {
            let word = if are_hashes {
                Word::of_hash(u64::from(hash & ((1 << HASH_BITS) - 1)))
            } else {
                Word::new(self.key(row)?, self.hash)
            };
            take(word, row);
            Ok(())
        })
    }

    /// The bytes of the key of a row whose word is not whole.
    pub(crate) fn key(&self, row: u32) -> Result<&[u8]> {
        let key = self.lent_key(row).or_else(|| self.log.find(&self.arena, row));
        key.ok_or_else(|| Error::new(ErrorKind::Internal, "the bytes of a key are lost"))
    }

    /// The bytes of the key of a row, where the source keeps them.
    fn lent_key(&self, row: u32) -> Option<&[u8]> {
        let place = self.lent.partition_point(|it| it.first_row <= row).checked_sub(1)?;
        let Lent { first_row, texts } = self.lent.get(place)?;
        texts.get((row - first_row) as usize)
    }
}
