//! Small words of keys, in the order of their rows.

use crate::error::Result;
use crate::validate::keys::arena::{Arena, Piece};

/// Words one after the other, in pages. Rows that follow each other are a run, whose first row is enough to
/// know: a few rows without a key between them take a word too.
#[derive(Debug)]
pub(crate) struct Words<W> {
    /// Full pages.
    pages: Vec<Piece>,
    /// What goes to the next page.
    open: Vec<W>,
    runs: Vec<Run>,
    /// How many words are for rows without a key.
    gaps: usize,
    /// The row after that of the last word.
    next_row: u32,
}

#[derive(Clone, Copy, Debug)]
struct Run {
    first_row: u32,
    /// How many words come before.
    at: usize,
}

/// What is kept for a key. Zero is for a row without one.
pub(crate) trait Kept: Copy + Default + PartialEq {
    /// Writes these to a page.
    fn write(these: &[Self], page: &mut [u8]);

    /// Reads what was written to a page.
    fn read(page: &[u8]) -> impl Iterator<Item = Self>;
}

macro_rules! kept {
    ($($word:ty),*) => {
        $(impl Kept for $word {
            fn write(these: &[Self], page: &mut [u8]) {
                let places = page.as_chunks_mut().0.iter_mut();
                places.zip(these).for_each(|(it, word)| *it = word.to_ne_bytes());
            }

            #[inline]
            fn read(page: &[u8]) -> impl Iterator<Item = Self> {
                page.as_chunks().0.iter().map(|it| Self::from_ne_bytes(*it))
            }
        })*
    };
}

kept!(u32, u64);

/// The bytes of a page: the first slab of an arena has no remainder.
const PAGE_BYTES: usize = 32 << 10;
/// A gap of more rows ends a run; one of so few takes no more memory than the next run would.
const GAP_MAX: u32 = 2;

impl<W> Default for Words<W> {
    fn default() -> Self {
        Self { pages: Vec::new(), open: Vec::new(), runs: Vec::new(), gaps: 0, next_row: 0 }
    }
}

impl<W: Kept> Words<W> {
    const PAGE_WORDS: usize = PAGE_BYTES / size_of::<W>();

    /// Appends the word of a row, which comes after all rows before.
    #[inline]
    pub(crate) fn push(&mut self, arena: &mut Arena, word: W, row: u32) -> Result<()> {
        if row != self.next_row || self.runs.is_empty() {
            self.skip_to(arena, row)?;
        }
        self.next_row = row.wrapping_add(1);
        self.append(arena, word)
    }

    fn skip_to(&mut self, arena: &mut Arena, row: u32) -> Result<()> {
        let gap = row.wrapping_sub(self.next_row);
        if gap > GAP_MAX || self.runs.is_empty() {
            self.runs.push(Run { first_row: row, at: self.written() });
            return Ok(());
        }
        self.gaps += gap as usize;
        (0..gap).try_for_each(|_| self.append(arena, W::default()))
    }

    #[inline]
    fn append(&mut self, arena: &mut Arena, word: W) -> Result<()> {
        self.open.push(word);
        if self.open.len() < Self::PAGE_WORDS { Ok(()) } else { self.turn_page(arena) }
    }

    #[cold]
    fn turn_page(&mut self, arena: &mut Arena) -> Result<()> {
        let page = arena.piece(PAGE_BYTES)?;
        W::write(&self.open, arena.get_mut(page));
        self.pages.push(page);
        self.open.clear();
        Ok(())
    }

    /// How many words there are.
    pub(crate) fn len(&self) -> usize {
        self.written() - self.gaps
    }

    /// How many words there are, with those of rows without a key.
    fn written(&self) -> usize {
        self.pages.len() * Self::PAGE_WORDS + self.open.len()
    }

    /// How much memory this takes beside the arena.
    pub(crate) fn bytes(&self) -> usize {
        size_of::<W>() * self.open.capacity() + size_of::<Run>() * self.runs.capacity()
    }

    /// Every word, with its row.
    #[inline]
    pub(crate) fn iter<'a>(&'a self, arena: &'a Arena) -> impl Iterator<Item = (W, u32)> {
        let ends = self.runs.iter().skip(1).map(|it| it.at).chain([self.written()]);
        let mut runs = self.runs.iter().zip(ends);
        let (mut row, mut left) = (0_u32, 0_usize);
        let pages = self.pages.iter().flat_map(|it| W::read(arena.get(*it)));
        pages.chain(self.open.iter().copied()).filter_map(move |word| {
            row = row.wrapping_add(1);
            if left == 0
                && let Some((run, end)) = runs.next()
            {
                (row, left) = (run.first_row, end - run.at);
            }
            left = left.wrapping_sub(1);
            (word != W::default()).then_some((word, row))
        })
    }
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

    fn all<W: Kept>(words: &Words<W>, arena: &Arena) -> Vec<(W, u32)> {
        words.iter(arena).collect()
    }

    #[test]
    fn words_come_back_with_their_rows() {
        let far = |it: u32| if it.is_multiple_of(1000) { 100_000 } else { 1 + it % 5 / 4 };
        let strides: [fn(u32) -> u32; 4] = [|_| 1, |_| 3, |_| 9, |it| 1 + it % 4];
        for stride in strides.into_iter().chain([far as fn(u32) -> u32]) {
            let (mut short, mut long) = (Words::default(), Words::default());
            let (mut arena, mut expected, mut row) = (arena(), Vec::new(), 0);
            for word in 1..=20_000_u32 {
                row += stride(word);
                short.push(&mut arena, word, row).unwrap();
                long.push(&mut arena, u64::from(word) << 20, row).unwrap();
                expected.push((word, row));
            }
            assert!(all(&short, &arena) == expected);
            let expected: Vec<_> =
                expected.iter().map(|it| (u64::from(it.0) << 20, it.1)).collect();
            assert!(all(&long, &arena) == expected);
            assert_eq!(long.len(), 20_000);
            assert!(long.written() <= 60_000);
        }
        assert_eq!(all(&Words::<u64>::default(), &arena()), []);
    }

    #[test]
    fn the_last_row_that_can_be_ends_a_run() {
        let (mut arena, mut words) = (arena(), Words::default());
        for row in [u32::MAX - 2, u32::MAX] {
            words.push(&mut arena, 7_u64, row).unwrap();
        }
        assert_eq!(all(&words, &arena), [(7, u32::MAX - 2), (7, u32::MAX)]);
    }
}
