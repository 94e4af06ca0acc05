//! The list of the keys of a bucket.

/// A key, as a bucket keeps it, with what goes with it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Record {
    pub(crate) key: Key,
    /// What the key determines; only for functional dependencies.
    pub(crate) value: Key,
    /// The row of the key, counted within the partition; only where rows are asked for.
    pub(crate) row: u32,
}

/// A key: up to 15 bytes by value, or else the hash and place of a longer one.
///
/// ```text
/// byte   0 … 14                          15
///        the bytes, then zeros           their number, 0 to 15
///        hash (8), place (4), 0 (3)      255
/// ```
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Key(u128);

const LONG: u8 = 255;

impl Key {
    /// The key of up to 15 bytes.
    ///
    /// Reads whole words from both ends, which overlap, instead of copying a number of bytes that the
    /// processor cannot foresee.
    #[inline]
    pub(crate) fn short(bytes: &[u8]) -> Option<Self> {
        let length = bytes.len();
        let value = match length {
            0..4 => bytes.iter().rev().fold(0, |value, byte| value << 8 | u128::from(*byte)),
            4..8 => {
                let (first, last) = (bytes.first_chunk()?, bytes.last_chunk()?);
                let last = u128::from(u32::from_le_bytes(*last)) << (8 * (length - 4));
                u128::from(u32::from_le_bytes(*first)) | last
            }
            8..16 => {
                let (first, last) = (bytes.first_chunk()?, bytes.last_chunk()?);
                let last = u128::from(u64::from_le_bytes(*last)) << (8 * (length - 8));
                u128::from(u64::from_le_bytes(*first)) | last
            }
            _ => return None,
        };
        Some(Self(value | (length as u128) << 120))
    }

    /// The key of more bytes, which lie at a place elsewhere.
    pub(crate) fn long(hash: u64, place: u32) -> Self {
        Self(u128::from(hash) | u128::from(place) << 64 | u128::from(LONG) << 120)
    }

    #[inline]
    pub(crate) fn is_long(self) -> bool {
        (self.0 >> 120) as u8 == LONG
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

/// A list of keys that grows by whole chunks: unlike a `Vec` it never copies what it holds and never
/// reserves twice what it needs.
#[derive(Debug, Default)]
pub(crate) struct Records {
    last: Vec<u8>,
    full: Vec<Vec<u8>>,
}

/// How many keys the first chunk holds, which is small since most tables are, and the following.
const FIRST: usize = 16;
const CHUNK: usize = 512;

impl Layout {
    /// How many bytes a key takes with what goes with it.
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
    fn read(self, bytes: &[u8]) -> Option<Record> {
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

impl Records {
    /// Appends keys as [`Layout::write`] has written them.
    pub(crate) fn append(&mut self, layout: Layout, records: &[u8]) {
        if self.last.capacity() - self.last.len() < records.len() {
            self.grow(layout.width());
        }
        self.last.extend_from_slice(records);
    }

    /// Makes room. Chunks hold whole appendices, all but the last of which are of one size.
    #[cold]
    fn grow(&mut self, width: usize) {
        let held = self.last.len() / width;
        if held < CHUNK {
            let mut larger = Vec::with_capacity((held * 4).clamp(FIRST, CHUNK) * width);
            larger.extend_from_slice(&self.last);
            self.last = larger;
        } else {
            let full = std::mem::replace(&mut self.last, Vec::with_capacity(CHUNK * width));
            self.full.push(full);
        }
    }

    pub(crate) fn len(&self, layout: Layout) -> usize {
        self.full.len() * CHUNK + self.last.len() / layout.width()
    }

    #[inline]
    pub(crate) fn iter(&self, layout: Layout) -> impl Iterator<Item = Record> {
        let chunks = self.full.iter().chain([&self.last]);
        chunks
            .flat_map(move |it| it.chunks_exact(layout.width()))
            .filter_map(move |it| layout.read(it))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_of_many_chunks_keeps_its_order() {
        for (with_values, with_rows) in [(false, false), (false, true), (true, false), (true, true)]
        {
            let layout = Layout { with_values, with_rows };
            let mut list = Records::default();
            let count = 3 * CHUNK + 7;
            for row in 0..count as u32 {
                let (key, value) = (Key::long(row.into(), row), Key::long(7, row));
                let mut bytes = vec![0; layout.width()];
                layout.write(Record { key, value, row }, &mut bytes);
                list.append(layout, &bytes);
            }
            assert_eq!(list.len(layout), count);
            for (number, record) in list.iter(layout).enumerate() {
                assert_eq!(record.key.place(), number);
                assert!(!with_values || record.value.place() == number);
                assert!(!with_rows || record.row as usize == number);
            }
        }
    }

    #[test]
    fn a_short_key_is_its_bytes_and_their_number() {
        let text = b"abcdefghijklmnop";
        for length in 0..=15 {
            let mut expected = [0; 16];
            expected[..length].copy_from_slice(&text[..length]);
            expected[15] = length as u8;
            assert_eq!(Key::short(&text[..length]), Some(Key(u128::from_le_bytes(expected))));
        }
        assert_eq!(Key::short(text), None);
        assert_ne!(Key::short(b"a"), Key::short(b"a\0"));
        assert!(Key::short(&[255; 15]).is_some_and(|it| !it.is_long()));
    }
}
