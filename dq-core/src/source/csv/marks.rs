//! Finds the bytes that mean something.
//!
//! Marks lie some ten bytes apart, too close for one search after another. So 64 bytes at a time are
//! compared at once, which compilers turn into vector instructions, and the results are gathered into
//! the bits of one word.

const CHUNK: usize = 64;

/// The positions of all bytes that equal one of `N` needles, in ascending order.
#[derive(Clone, Debug)]
pub(crate) struct Marks<'a, const N: usize> {
    needles: [u8; N],
    chunks: std::slice::Iter<'a, [u8; CHUNK]>,
    rest: &'a [u8],
    /// The marks of the current chunk that have not been told: a bit for each byte.
    bits: u64,
    /// Where the current chunk starts.
    start: usize,
    /// Where the next chunk starts.
    next_start: usize,
}

impl<'a, const N: usize> Marks<'a, N> {
    /// The marks of `bytes`.
    pub(crate) fn new(bytes: &'a [u8], needles: [u8; N]) -> Self {
        let (chunks, rest) = bytes.as_chunks();
        Self { needles, chunks: chunks.iter(), rest, bits: 0, start: 0, next_start: 0 }
    }

    /// Goes on to the next chunk that has marks.
    #[inline]
    fn advance(&mut self) -> Option<()> {
        while self.bits == 0 {
            let mut last = [0; CHUNK];
            let (chunk, length) = match self.chunks.next() {
                Some(chunk) => (chunk, CHUNK),
                None if self.rest.is_empty() => return None,
                None => {
                    let rest = std::mem::take(&mut self.rest);
                    last.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
                    (&last, rest.len())
                }
            };
            self.bits = bits_of(chunk, self.needles) & (u64::MAX >> (CHUNK - length));
            self.start = self.next_start;
            self.next_start += CHUNK;
        }
        Some(())
    }
}

impl<const N: usize> Iterator for Marks<'_, N> {
    type Item = usize;

    #[inline]
    fn next(&mut self) -> Option<usize> {
        if self.bits == 0 {
            self.advance()?;
        }
        let at = self.start + self.bits.trailing_zeros() as usize;
        self.bits &= self.bits - 1;
        Some(at)
    }
}

/// A bit for each byte of `chunk`, the lowest for the first: whether it is one of `needles`.
#[inline]
fn bits_of<const N: usize>(chunk: &[u8; CHUNK], needles: [u8; N]) -> u64 {
    let mut hits = [0_u8; CHUNK];
    for (hit, byte) in hits.iter_mut().zip(chunk) {
        *hit = needles.iter().fold(0, |hit, needle| hit | u8::from(byte == needle));
    }
    // Multiplying moves the lowest bits of eight bytes next to each other, into the highest byte.
    let (eights, _) = hits.as_chunks::<8>();
    eights.iter().rev().fold(0, |bits, eight| {
        let gathered = u64::from_le_bytes(*eight).wrapping_mul(0x0102_0408_1020_4080) >> 56;
        bits << 8 | gathered
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mark_is_found_wherever_it_lies() {
        for length in 0..300_usize {
            let bytes: Vec<u8> = (0..length).map(|it| (it * it % 7) as u8).collect();
            let naive: Vec<_> = (0..length).filter(|it| [0, 2].contains(&bytes[*it])).collect();
            assert_eq!(Marks::new(&bytes, [0, 2]).collect::<Vec<_>>(), naive);
        }
    }
}
