//! Keys, and how a bucket keeps them.

use crate::rules::KeySet;
use crate::value::pack;

/// A key, as a bucket keeps it, with what goes with it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Record {
    pub(crate) key: Key,
    /// What the key determines; only for functional dependencies.
    pub(crate) value: Key,
    /// The row of the key, counted within the partition; only where rows are asked for.
    pub(crate) row: u32,
}

/// A key: up to 15 bytes by value, or else the hash and place of a longer one. Its last byte also says
/// in which of the scopes of its key set the row is.
///
/// ```text
/// byte   0 … 14                          15, bits 0 to 4     bits 5 to 7
///        the bytes, then zeros           their number        scopes
///        hash (8), place (4), 0 (3)      16                  scopes
/// ```
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Key(u128);

/// A set of scopes: the bit of each that a row is in.
pub(crate) type Scopes = u8;

const _: () = assert!(KeySet::SCOPES_MAX == 3, "a key has room for so many");

const LONG: u128 = 16 << 120;
const SCOPES: u128 = 0b1110_0000 << 120;

impl Key {
    /// The key of up to 15 bytes.
    #[inline]
    pub(crate) fn short(bytes: &[u8]) -> Option<Self> {
        pack(bytes).map(Self)
    }

    /// The key of more bytes, which lie at a place elsewhere.
    pub(crate) fn long(hash: u64, place: u32) -> Self {
        Self(u128::from(hash) | u128::from(place) << 64 | LONG)
    }

    /// The key of a row in these scopes.
    #[inline]
    pub(crate) fn within(self, scopes: Scopes) -> Self {
        Self(self.0 | u128::from(scopes) << 125)
    }

    /// The scopes of the row.
    #[inline]
    pub(crate) fn scopes(self) -> Scopes {
        (self.0 >> 125) as u8
    }

    /// The key without its scopes.
    #[inline]
    pub(crate) fn bare(self) -> Self {
        Self(self.0 & !SCOPES)
    }

    #[inline]
    pub(crate) fn is_long(self) -> bool {
        self.0 & LONG != 0
    }

    /// All of a short key.
    #[inline]
    pub(crate) fn bits(self) -> u128 {
        self.0
    }

    /// The hash of a long key.
    #[inline]
    pub(crate) fn hash_of_long(self) -> u64 {
        self.0 as u64
    }

    /// The place of a long key.
    #[inline]
    pub(crate) fn place(self) -> usize {
        (self.0 >> 64) as u32 as usize
    }
}

/// What goes with the keys of a list.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Layout {
    pub(crate) with_values: bool,
    pub(crate) with_rows: bool,
}

impl Layout {
    /// Whether rows go with the keys, and nothing else.
    pub(crate) fn is_of_rows(self) -> bool {
        self.with_rows && !self.with_values
    }

    /// How many bytes a key takes with what goes with it.
    #[inline]
    pub(crate) fn width(self) -> usize {
        16 + if self.with_values { 16 } else { 0 } + if self.with_rows { 4 } else { 0 }
    }

    /// Writes a record to the start of `out`.
    #[inline]
    pub(crate) fn write(self, record: Record, out: &mut [u8]) {
        let Some((key, rest)) = out.split_first_chunk_mut() else { return };
        *key = record.key.0.to_le_bytes();
        let middle = if self.with_values { 16 } else { 0 };
        let Some((value, row)) = rest.split_at_mut_checked(middle) else { return };
        value.first_chunk_mut().into_iter().for_each(|it| *it = record.value.0.to_le_bytes());
        if self.with_rows {
            row.first_chunk_mut().into_iter().for_each(|it| *it = record.row.to_le_bytes());
        }
    }

    #[inline]
    pub(crate) fn read(self, bytes: &[u8]) -> Option<Record> {
        let (key, mut rest) = bytes.split_first_chunk()?;
        let mut record =
            Record { key: Key(u128::from_le_bytes(*key)), value: Key::default(), row: 0 };
        if self.with_values {
            let (value, after) = rest.split_first_chunk()?;
            record.value = Key(u128::from_le_bytes(*value));
            rest = after;
        }
        if self.with_rows {
            record.row = u32::from_le_bytes(*rest.first_chunk()?);
        }
        Some(record)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_reads_as_it_was_written() {
        for (with_values, with_rows) in [(false, false), (false, true), (true, false), (true, true)]
        {
            let layout = Layout { with_values, with_rows };
            let record = Record { key: Key::long(1, 2), value: Key::long(3, 4), row: 5 };
            let mut bytes = vec![0; layout.width()];
            layout.write(record, &mut bytes);
            let read = layout.read(&bytes).unwrap();
            assert_eq!(read.key, record.key);
            assert!(!with_values || read.value == record.value);
            assert!(!with_rows || read.row == record.row);
        }
    }

    #[test]
    fn a_short_key_is_never_taken_for_a_long_one() {
        assert!(Key::short(&[255; 15]).is_some_and(|it| !it.is_long()));
        assert!(Key::long(0, 0).is_long());
    }

    #[test]
    fn a_key_has_scopes_beside_its_bytes() {
        for key in [Key::short(&[255; 15]).unwrap(), Key::long(u64::MAX, u32::MAX)] {
            let scoped = key.within(0b101);
            assert_eq!((scoped.scopes(), scoped.bare()), (0b101, key));
            assert_eq!((key.scopes(), scoped.is_long()), (0, key.is_long()));
        }
    }
}
