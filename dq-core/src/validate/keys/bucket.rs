//! The keys of one bucket, while they are collected.

use crate::error::Error;
use crate::error::ErrorKind;
use crate::error::Result;
use crate::validate::keys::arena::{Arena, Piece};

/// Some of the keys of one partition: all with certain bits of the hash in common.
#[derive(Debug, Default)]
pub(crate) struct Bucket {
    /// The records. Every piece but the last is full.
    records: Vec<Piece>,
    /// How much of the last piece of records is taken.
    records_used: usize,
    /// Long keys, each after its length: a piece for each page of them.
    pages: Vec<Piece>,
    /// How much of the last page is taken.
    page_used: usize,
}

/// A page of long keys. A key that is longer has several, which lie side by side.
pub(crate) const PAGE_BYTES: usize = 1 << PAGE_BITS;
const PAGE_BITS: u32 = 12;

/// The sizes of the first piece of records, which is small since most tables are, and of the largest:
/// in stages.
const FIRST_STAGES: usize = 2;
const STAGES_MAX: usize = 64;

impl Bucket {
    /// Appends a full stage, or what is left in it at the end.
    #[inline]
    pub(crate) fn append(&mut self, arena: &mut Arena, stage: &[u8]) -> Result<()> {
        if self.records.last().is_none_or(|it| it.bytes as usize - self.records_used < stage.len())
        {
            self.grow(arena, stage.len())?;
        }
        let Some(piece) = self.records.last() else { return Ok(()) };
        let room = arena.get_mut(*piece).get_mut(self.records_used..);
        if let Some(room) = room.and_then(|it| it.get_mut(..stage.len())) {
            room.copy_from_slice(stage);
        }
        self.records_used += stage.len();
        Ok(())
    }

    #[cold]
    fn grow(&mut self, arena: &mut Arena, stage_bytes: usize) -> Result<()> {
        let stages = FIRST_STAGES << (2 * self.records.len().min(8));
        self.records.push(arena.piece(stages.min(STAGES_MAX) * stage_bytes)?);
        self.records_used = 0;
        Ok(())
    }

    /// Keeps the bytes of a long key, and gives their place.
    #[inline]
    pub(crate) fn keep(&mut self, arena: &mut Arena, bytes: &[u8]) -> Result<u32> {
        let (size, length) = (bytes.len() + 4, bytes.len() as u32);
        if self.pages.is_empty() || PAGE_BYTES - self.page_used < size {
            self.turn_page(arena, size)?;
        }
        let first = self.pages.len() - size.div_ceil(PAGE_BYTES).max(1);
        let place = u32::try_from(first << PAGE_BITS | self.page_used);
        let (Ok(place), true) = (place, u32::try_from(bytes.len()).is_ok()) else {
            let message =
                "cannot keep the keys of a check: more than 4 GiB of long keys in one bucket";
            return Err(Error::new(ErrorKind::LimitExceeded, message));
        };
        let page = self.pages.get(first).copied().unwrap_or_default();
        let room = arena.get_mut(page).get_mut(self.page_used..).unwrap_or_default();
        if let Some((header, rest)) = room.split_first_chunk_mut()
            && let Some(rest) = rest.get_mut(..bytes.len())
        {
            *header = length.to_le_bytes();
            rest.copy_from_slice(bytes);
        }
        self.page_used = (self.page_used + size - 1) % PAGE_BYTES + 1;
        Ok(place)
    }

    /// Makes room for a key of `size` bytes at the start of a page.
    #[cold]
    fn turn_page(&mut self, arena: &mut Arena, size: usize) -> Result<()> {
        let count = size.div_ceil(PAGE_BYTES);
        let piece = arena.piece(count * PAGE_BYTES)?;
        self.pages.extend((0..count).map(|it| piece.from(it * PAGE_BYTES)));
        self.page_used = 0;
        Ok(())
    }

    /// The records, in pieces.
    pub(crate) fn records<'a>(&'a self, arena: &'a Arena) -> impl Iterator<Item = &'a [u8]> {
        let last = self.records.len().saturating_sub(1);
        self.records.iter().enumerate().map(move |(index, piece)| {
            let piece = arena.get(*piece);
            if index == last { piece.get(..self.records_used).unwrap_or_default() } else { piece }
        })
    }

    /// The pages of long keys: from the start of each on, at least to the end of the keys that begin
    /// there.
    pub(crate) fn pages<'a>(&'a self, arena: &'a Arena) -> impl Iterator<Item = &'a [u8]> {
        self.pages.iter().map(|it| arena.get(*it))
    }

    /// The pages of long keys, each by itself.
    pub(crate) fn whole_pages<'a>(&'a self, arena: &'a Arena) -> impl Iterator<Item = &'a [u8]> {
        self.pages(arena).map(|it| it.get(..PAGE_BYTES).unwrap_or(it))
    }
}

/// The bytes of a long key at a place in `pages`.
#[inline]
pub(crate) fn bytes_at<'a>(pages: &[&'a [u8]], place: usize) -> Option<&'a [u8]> {
    let page = pages.get(place >> PAGE_BITS)?;
    let (length, bytes) = page.get(place & (PAGE_BYTES - 1)..)?.split_first_chunk()?;
    bytes.get(..u32::from_le_bytes(*length) as usize)
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;
    use std::sync::Arc;

    use crate::validate::memory::Budget;

    use super::*;

    fn arena() -> Arena {
        Arena::new(&Arc::new(Budget::new(1 << 30, PathBuf::new())))
    }

    #[test]
    fn records_come_back_in_their_order() {
        let (mut arena, mut bucket) = (arena(), Bucket::default());
        let stages: Vec<_> = (0..1000_u32).map(|it| it.to_le_bytes().repeat(8)).collect();
        for stage in &stages {
            bucket.append(&mut arena, stage).unwrap();
        }
        bucket.append(&mut arena, &[7; 4]).unwrap();
        let mut expected = stages.concat();
        expected.extend([7; 4]);
        assert_eq!(bucket.records(&arena).collect::<Vec<_>>().concat(), expected);
    }

    #[test]
    fn long_keys_are_found_at_their_places() {
        let (mut arena, mut bucket) = (arena(), Bucket::default());
        let sizes = [16, 4092, 4088, 1, 4093, 20_000, 100, 8188, 3];
        let keys: Vec<_> = sizes.iter().enumerate().map(|(i, it)| vec![i as u8; *it]).collect();
        let places: Vec<_> = keys.iter().map(|it| bucket.keep(&mut arena, it).unwrap()).collect();
        let pages: Vec<_> = bucket.pages(&arena).collect();
        for (key, place) in keys.iter().zip(places) {
            assert_eq!(bytes_at(&pages, place as usize).unwrap(), key);
        }
    }
}
