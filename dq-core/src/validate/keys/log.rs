//! The bytes of keys of which otherwise only a hash is kept.

use crate::error::Result;
use crate::validate::keys::arena::{Arena, Piece};
use crate::validate::keys::records::Scopes;

/// The bytes of keys in the order of their rows, in pages: written one after the other, and found by
/// their row again.
///
/// ```text
/// page    first row │ entry │ entry │ …
/// entry   rows since the last entry · 8 + scopes │ length │ bytes      (the first two as varints)
/// ```
#[derive(Debug, Default)]
pub(crate) struct KeyLog {
    pages: Vec<Page>,
    /// The first row of each page: close together, so that a search stays in the cache.
    first_rows: Vec<u32>,
    /// The row of the last entry.
    row: u32,
}

#[derive(Debug)]
struct Page {
    piece: Piece,
    used: u32,
}

/// An entry of the log.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Entry<'a> {
    pub(crate) row: u32,
    pub(crate) scopes: Scopes,
    pub(crate) key: &'a [u8],
}

/// The size of a page that no key is too long for: a search goes through half of one, which is seldom in
/// the cache.
const PAGE_BYTES: usize = 512;
/// The most that the two varints of an entry take.
const HEADER_BYTES_MAX: usize = 10;
const SCOPE_BITS: u32 = 3;

impl KeyLog {
    /// Appends the key of a row, which comes after all rows before.
    #[inline]
    pub(crate) fn push(&mut self, arena: &mut Arena, entry: Entry<'_>) -> Result<()> {
        let bytes_max = entry.key.len() + HEADER_BYTES_MAX;
        let has_room = |it: &Page| (it.piece.bytes - it.used) as usize >= bytes_max;
        if !self.pages.last().is_some_and(has_room) {
            let piece = arena.piece(bytes_max.max(PAGE_BYTES))?;
            self.pages.push(Page { piece, used: 0 });
            self.first_rows.push(entry.row);
            self.row = entry.row;
        }
        let Some(page) = self.pages.last_mut() else { return Ok(()) };
        let room = arena.get_mut(page.piece).get_mut(page.used as usize..).unwrap_or_default();
        let rows = u64::from(entry.row.wrapping_sub(self.row));
        let mut header_bytes = 0;
        for number in [rows << SCOPE_BITS | u64::from(entry.scopes), entry.key.len() as u64] {
            header_bytes += put(number, room.get_mut(header_bytes..).unwrap_or_default());
        }
        let bytes = header_bytes + entry.key.len();
        if let Some(bytes) = room.get_mut(header_bytes..bytes) {
            bytes.copy_from_slice(entry.key);
        }
        page.used += bytes as u32;
        self.row = entry.row;
        Ok(())
    }

    /// The bytes of the key of a row.
    pub(crate) fn find<'a>(&self, arena: &'a Arena, row: u32) -> Option<&'a [u8]> {
        let page = self.first_rows.partition_point(|it| *it <= row).checked_sub(1)?;
        let entries = self.pages.get(page)?.entries(arena, *self.first_rows.get(page)?);
        entries.take_while(|it| it.row <= row).find(|it| it.row == row).map(|it| it.key)
    }

    /// All entries, in the order of their rows.
    pub(crate) fn entries<'a>(&'a self, arena: &'a Arena) -> impl Iterator<Item = Entry<'a>> {
        self.pages.iter().zip(&self.first_rows).flat_map(|(it, row)| it.entries(arena, *row))
    }
}

impl Page {
    /// The entries of this page, which begins with this row.
    fn entries<'a>(
        &self,
        arena: &'a Arena,
        mut row: u32,
    ) -> impl Iterator<Item = Entry<'a>> + use<'a> {
        let mut rest = arena.get(self.piece).get(..self.used as usize).unwrap_or_default();
        std::iter::from_fn(move || {
            let (first, length) = (take(&mut rest)?, take(&mut rest)?);
            row += (first >> SCOPE_BITS) as u32;
            let (key, after) = rest.split_at_checked(length as usize)?;
            rest = after;
            Some(Entry { row, scopes: first as Scopes & ((1 << SCOPE_BITS) - 1), key })
        })
    }
}

/// Writes a varint, and gives how many bytes it took: seven bits in each, the lowest first.
#[inline]
fn put(mut number: u64, out: &mut [u8]) -> usize {
    let mut bytes = 0;
    for byte in out {
        bytes += 1;
        if number < 0x80 {
            *byte = number as u8;
            break;
        }
        *byte = number as u8 | 0x80;
        number >>= 7;
    }
    bytes
}

/// Takes a varint off the front.
#[inline]
fn take(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..u64::BITS).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= u64::from(byte & 0x7F) << shift;
        if *byte < 0x80 {
            return Some(number);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;
    use std::sync::Arc;

    use crate::validate::memory::Budget;

    use super::*;

    #[test]
    fn a_key_is_found_by_its_row() {
        let mut arena = Arena::new(&Arc::new(Budget::new(1 << 30, PathBuf::new())));
        let mut log = KeyLog::default();
        let lengths = [0, 20, 200, 5, 4000, 4095, 4096, 70_000, 1, 300, 90, 40, 4086, 16];
        let rows = [0, 1, 2, 500, 501, 70_000, 70_001, 70_002, 1 << 30, u32::MAX - 200];
        let mut expected = Vec::new();
        for (number, length) in lengths.iter().cycle().take(200).enumerate() {
            let row = rows.get(number).copied().unwrap_or(u32::MAX - 200 + number as u32);
            expected.push((row, number as u8 % 8, vec![number as u8; *length]));
        }
        for (row, scopes, key) in &expected {
            log.push(&mut arena, Entry { row: *row, scopes: *scopes, key }).unwrap();
        }
        for (row, _, key) in &expected {
            assert_eq!(log.find(&arena, *row), Some(key.as_slice()), "{row}");
        }
        assert_eq!(log.find(&arena, 3), None);
        assert_eq!(log.find(&arena, 1 << 29), None);
        let entries: Vec<_> =
            log.entries(&arena).map(|it| (it.row, it.scopes, it.key.to_vec())).collect();
        assert_eq!(entries, expected);
        assert_eq!(KeyLog::default().find(&arena, 0), None);
    }
}
