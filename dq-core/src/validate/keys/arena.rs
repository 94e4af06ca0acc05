//! Memory that is handed out in pieces and given back all at once.

use std::sync::Arc;

use memmap2::MmapMut;

use crate::error::Error;
use crate::error::ErrorKind;
use crate::error::Result;
use crate::validate::memory::Budget;

/// Memory in pieces that never move, so that what grows is never copied.
///
/// It comes from the system in slabs, the larger the more there are. They do not ask for huge pages: on a
/// virtual machine whose host takes back memory that is not in use, and gives it only when it is touched, the
/// first touch of a huge page costs up to 25 times what it costs elsewhere, and five times that of as many
/// small pages, which mostly were in use a moment ago. See `benches/README.md`.
#[derive(Debug)]
pub(crate) struct Arena {
    budget: Arc<Budget>,
    slabs: Vec<MmapMut>,
    /// The slab that pieces come from.
    current: usize,
    /// How much of it is taken.
    used: usize,
    /// The size of all slabs.
    bytes: usize,
}

/// Where a piece lies in an arena.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Piece {
    slab: u32,
    start: u32,
    pub(crate) bytes: u32,
}

impl Piece {
    /// What is left of this piece after its first `bytes` bytes.
    pub(crate) fn from(self, bytes: usize) -> Self {
        let bytes = bytes as u32;
        Self { start: self.start + bytes, bytes: self.bytes - bytes, ..self }
    }
}

/// The sizes of the first slab, and of the largest that is not made for one large piece.
const SLAB_BYTES_MIN: usize = 32 << 10;
const SLAB_BYTES_MAX: usize = 4 << 20;
/// The least size of a slab that is worth to be kept for the next arena.
const SLAB_BYTES_KEPT: usize = 2 << 20;

impl Arena {
    /// Nothing handed out yet. Slabs come from the pool of the budget first, and go back there.
    pub(crate) fn new(budget: &Arc<Budget>) -> Self {
        Self { budget: Arc::clone(budget), slabs: Vec::new(), current: 0, used: 0, bytes: 0 }
    }

    /// A piece of `bytes` bytes, with anything in them.
    pub(crate) fn piece(&mut self, bytes: usize) -> Result<Piece> {
        let length = u32::try_from(bytes).map_err(|_| refused(bytes))?;
        while self.slabs.get(self.current).is_some_and(|it| it.len() - self.used < bytes) {
            self.current += 1;
            self.used = 0;
        }
        if self.current >= self.slabs.len() {
            let size = SLAB_BYTES_MIN << (3 * self.slabs.len()).min(usize::BITS as usize / 4);
            let size = size.min(SLAB_BYTES_MAX).max(bytes);
            let slab = self.budget.take_slab(size).map_or_else(|| slab(size), Ok)?;
            self.slabs.push(slab);
            self.bytes += size;
        }
        let piece = Piece { slab: self.current as u32, start: self.used as u32, bytes: length };
        self.used += bytes;
        Ok(piece)
    }

    #[inline]
    pub(crate) fn get(&self, piece: Piece) -> &[u8] {
        let slab = self.slabs.get(piece.slab as usize).map_or(&[][..], |it| it);
        let start = piece.start as usize;
        slab.get(start..start + piece.bytes as usize).unwrap_or_default()
    }

    #[inline]
    pub(crate) fn get_mut(&mut self, piece: Piece) -> &mut [u8] {
        let slab = self.slabs.get_mut(piece.slab as usize).map_or(&mut [][..], |it| it);
        let start = piece.start as usize;
        slab.get_mut(start..start + piece.bytes as usize).unwrap_or_default()
    }

    /// Takes every piece back, and gives memory beyond `bytes_max` back to the system.
    pub(crate) fn clear(&mut self, bytes_max: usize) {
        self.current = 0;
        self.used = 0;
        while self.bytes > bytes_max
            && let Some(slab) = self.slabs.pop()
        {
            self.bytes -= slab.len();
            self.budget.keep_slab(slab);
        }
    }

    /// How much memory this has from the system.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }
}

impl Drop for Arena {
    fn drop(&mut self) {
        let is_large = |it: &MmapMut| (SLAB_BYTES_KEPT..=SLAB_BYTES_MAX).contains(&it.len());
        let large = self.slabs.drain(..).filter(is_large);
        large.for_each(|it| self.budget.keep_slab(it));
    }
}

fn slab(bytes: usize) -> Result<MmapMut> {
    MmapMut::map_anon(bytes).map_err(|error| refused(bytes).with_source(error))
}

fn refused(bytes: usize) -> Error {
    let message = format!("cannot keep the keys of a check: {bytes} bytes of memory are refused");
    Error::new(ErrorKind::LimitExceeded, message)
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    fn arena() -> Arena {
        Arena::new(&Arc::new(Budget::new(1 << 30, PathBuf::new())))
    }

    #[test]
    fn what_an_arena_gives_back_the_next_one_takes() {
        let mut first = arena();
        (0..1000).for_each(|_| drop(first.piece(10_000)));
        let budget = Arc::clone(&first.budget);
        drop(first);
        assert!(budget.take_slab(SLAB_BYTES_MAX).is_some());
        let mut second = Arena::new(&budget);
        (0..1000).for_each(|_| drop(second.piece(10_000)));
        assert!(budget.take_slab(SLAB_BYTES_MAX).is_none(), "the pool is used up");
    }

    #[test]
    fn pieces_do_not_overlap_and_keep_their_bytes() {
        let mut arena = arena();
        let sizes = [1, 100, SLAB_BYTES_MIN, 7, 3 * SLAB_BYTES_MAX, 5];
        let pieces = sizes.map(|bytes| arena.piece(bytes).unwrap());
        for (number, piece) in pieces.iter().enumerate() {
            arena.get_mut(*piece).fill(number as u8);
        }
        for (number, piece) in pieces.iter().enumerate() {
            assert_eq!(arena.get(*piece), vec![number as u8; sizes[number]]);
        }
    }

    #[test]
    fn a_piece_that_no_slab_can_hold_is_refused() {
        let error = arena().piece(1 << 32).unwrap_err();
        assert!(error.to_string().contains("4294967296 bytes"), "{error}");
    }

    #[test]
    fn a_cleared_arena_hands_out_the_same_memory() {
        let mut arena = arena();
        (0..100).for_each(|_| drop(arena.piece(10_000)));
        let bytes = arena.bytes();
        arena.clear(bytes);
        (0..100).for_each(|_| drop(arena.piece(10_000)));
        assert_eq!(arena.bytes(), bytes);
        arena.clear(bytes - 1);
        assert!(arena.bytes() < bytes);
    }
}
