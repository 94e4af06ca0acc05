//! A list that grows without moving what it holds.

/// A list that grows by whole chunks: unlike a `Vec` it never copies what it holds, and never
/// reserves twice what it needs.
#[derive(Debug)]
pub(crate) struct Chunks<T> {
    full: Vec<Vec<T>>,
    last: Vec<T>,
}

/// The first chunk is small, since most tables are.
const FIRST: usize = 16;
const CHUNK: usize = 2048;

impl<T: Copy> Chunks<T> {
    #[inline]
    pub(crate) fn push(&mut self, item: T) {
        if self.last.len() == self.last.capacity() {
            self.grow();
        }
        self.last.push(item);
    }

    #[cold]
    fn grow(&mut self) {
        let capacity = self.last.capacity();
        if capacity < CHUNK {
            self.last.reserve_exact((capacity * 2).clamp(FIRST, CHUNK) - self.last.len());
        } else {
            let full = std::mem::replace(&mut self.last, Vec::with_capacity(CHUNK));
            self.full.push(full);
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.full.len() * CHUNK + self.last.len()
    }

    #[inline]
    pub(crate) fn iter(&self) -> impl Iterator<Item = T> {
        self.full.iter().flatten().chain(&self.last).copied()
    }
}

impl<T> Default for Chunks<T> {
    fn default() -> Self {
        Self { full: Vec::new(), last: Vec::new() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_of_many_chunks_keeps_its_order() {
        let mut list = Chunks::default();
        for number in 0..3 * CHUNK + 7 {
            list.push(number);
        }
        assert_eq!(list.len(), 3 * CHUNK + 7);
        assert!(list.iter().eq(0..3 * CHUNK + 7));
    }
}
