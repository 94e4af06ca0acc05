//! Whole numbers of the rows of a batch, kept in little memory.

use crate::error::Result;
use crate::validate::keys::{Arena, Piece};

/// Numbers in an arena, each in as few bytes as their range needs: none where each is one more than the
/// number before it, as the keys of rows mostly are.
#[derive(Clone, Copy, Debug)]
pub(crate) struct KeptNumbers {
    form: Form,
    numbers: Piece,
}

#[derive(Clone, Copy, Debug)]
enum Form {
    /// How many there are, and the first.
    Consecutive { count: usize, first: i64 },
    /// What each adds to the lowest, in so many bytes.
    Offsets { lowest: i64, bytes: usize },
}

impl KeptNumbers {
    /// Keeps `numbers`.
    pub(crate) fn new(numbers: &[i64], arena: &mut Arena) -> Result<Self> {
        let first = numbers.first().copied().unwrap_or_default();
        if (0..).zip(numbers).all(|(row, it)| first.checked_add(row) == Some(*it)) {
            let form = Form::Consecutive { count: numbers.len(), first };
            return Ok(Self { form, numbers: Piece::default() });
        }
        let lowest = numbers.iter().copied().min().unwrap_or_default();
        let highest = numbers.iter().copied().max().unwrap_or_default();
        let bytes = match highest.wrapping_sub(lowest) as u64 {
            0..=0xFF => 1,
            0..=0xFFFF => 2,
            0..=0xFFFF_FFFF => 4,
            _ => 8,
        };
        let piece = arena.piece(bytes * numbers.len())?;
        let room = arena.get_mut(piece);
        match bytes {
            1 => write::<1>(numbers, lowest, room),
            2 => write::<2>(numbers, lowest, room),
            4 => write::<4>(numbers, lowest, room),
            _ => write::<8>(numbers, lowest, room),
        }
        Ok(Self { form: Form::Offsets { lowest, bytes }, numbers: piece })
    }

    /// The number of a row; none if there is no such row.
    #[inline]
    pub(crate) fn get(&self, row: usize, arena: &Arena) -> Option<i64> {
        match self.form {
            Form::Consecutive { count, first } => (row < count).then(|| first + row as i64),
            Form::Offsets { lowest, bytes } => {
                let offset = arena.get(self.numbers).get(row * bytes..(row + 1) * bytes)?;
                let offset = offset.iter().rev().fold(0, |all, it| all << 8 | u64::from(*it));
                Some(lowest.wrapping_add(offset as i64))
            }
        }
    }
}

/// Writes what each of `numbers` adds to the lowest, which takes no more than `BYTES` bytes.
fn write<const BYTES: usize>(numbers: &[i64], lowest: i64, room: &mut [u8]) {
    for (place, number) in room.as_chunks_mut::<BYTES>().0.iter_mut().zip(numbers) {
        let offset = number.wrapping_sub(lowest).to_le_bytes();
        if let Some(offset) = offset.first_chunk() {
            *place = *offset;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;
    use std::sync::Arc;

    use crate::validate::memory::Budget;

    use super::*;

    #[test]
    fn numbers_come_back_and_take_as_little_as_their_range_needs() {
        let cases: [(&[i64], u32); 9] = [
            (&[], 0),
            (&[-1, 0, 1, 2], 0),
            (&[i64::MAX - 1, i64::MAX], 0),
            (&[3, 2, 1], 3),
            (&[-200, 55, 7], 3),
            (&[-200, 56], 4),
            (&[0, 0xFFFF_FFFF], 8),
            (&[0, 0x1_0000_0000], 16),
            (&[i64::MAX, i64::MIN, 0], 24),
        ];
        let mut arena = Arena::new(&Arc::new(Budget::new(1 << 30, PathBuf::new())));
        for (numbers, bytes) in cases {
            let kept = KeptNumbers::new(numbers, &mut arena).unwrap();
            assert_eq!(kept.numbers.bytes, bytes, "{numbers:?}");
            let given: Vec<_> = (0..numbers.len()).map(|row| kept.get(row, &arena)).collect();
            assert_eq!(given, numbers.iter().copied().map(Some).collect::<Vec<_>>());
            assert_eq!(kept.get(numbers.len(), &arena), None);
        }
    }
}
