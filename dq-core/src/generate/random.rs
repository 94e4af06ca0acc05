//! Numbers that look random and are a function of the seed alone.
//!
//! Every row of every table has a stream of its own, so a row does not depend on the rows before it,
//! on threads, or on how rows are grouped. The generator is splitmix64 (G. Steele, D. Lea, C. Flood,
//! "Fast Splittable Pseudorandom Number Generators", OOPSLA 2014): a counter and a mixing function,
//! written here so that no release of another crate can change what a seed means.

/// What the counter grows by: 2^64 divided by the golden ratio.
const STEP: u64 = 0x9E37_79B9_7F4A_7C15;

/// How often a shuffle mixes; four rounds make a pseudorandom permutation (Luby and Rackoff).
const ROUNDS: u64 = 4;

/// Keeps the streams of different things apart.
#[derive(Clone, Copy, Debug)]
pub(super) enum Stream {
    Provider = 1,
    Facility,
    Affiliation,
    Defect,
    ProviderOrder,
    FacilityOrder,
    AffiliationCount,
    Name,
    Npi,
}

/// The numbers of one row.
#[derive(Debug)]
pub(super) struct Random(u64);

impl Random {
    pub(super) fn new(seed: u64, stream: Stream, row: u64) -> Self {
        Self(mix(key(seed, stream).wrapping_add(row)))
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(STEP);
        mix(self.0)
    }

    /// A number below `limit`; 0 if there is none.
    pub(super) fn below(&mut self, limit: u64) -> u64 {
        ((u128::from(self.next()) * u128::from(limit)) >> 64) as u64
    }

    /// A number from `low` to `high`, both included.
    pub(super) fn between(&mut self, low: i32, high: i32) -> i32 {
        low + self.below((high - low + 1).max(1) as u64) as i32
    }

    /// True in `share` of 100 cases.
    pub(super) fn percent(&mut self, share: u64) -> bool {
        self.below(100) < share
    }

    /// One of `choices`.
    pub(super) fn pick(&mut self, choices: &[&'static str]) -> &'static str {
        let position = self.below(choices.len() as u64) as usize;
        choices.get(position).copied().unwrap_or_default()
    }
}

/// A shuffle of `0..count` that can be asked both ways and needs no memory: a Feistel network over
/// the next power of four, walked until it lands inside.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shuffle {
    key: u64,
    count: u64,
    half_bits: u32,
}

impl Shuffle {
    pub(super) fn new(seed: u64, stream: Stream, count: u64) -> Self {
        let bits = u64::BITS - count.saturating_sub(1).leading_zeros();
        Self { key: key(seed, stream), count, half_bits: bits.div_ceil(2).max(1) }
    }

    /// Where `index` comes.
    pub(super) fn position(&self, index: u64) -> u64 {
        self.walk(index, |it, value| (0..ROUNDS).fold(value, |value, round| it.mix(value, round)))
    }

    /// What comes at `position`.
    pub(super) fn index(&self, position: u64) -> u64 {
        self.walk(position, |it, value| {
            (0..ROUNDS).rev().fold(value, |value, round| it.unmix(value, round))
        })
    }

    fn walk(&self, start: u64, step: impl Fn(&Self, u64) -> u64) -> u64 {
        let mut value = step(self, start);
        // Each step is a permutation of a larger range, so the walk comes back inside.
        while value >= self.count && start < self.count {
            value = step(self, value);
        }
        value
    }

    fn mix(&self, value: u64, round: u64) -> u64 {
        let (left, right) = (value >> self.half_bits, value & self.mask());
        right << self.half_bits | (left ^ self.scramble(right, round))
    }

    fn unmix(&self, value: u64, round: u64) -> u64 {
        let (right, mixed) = (value >> self.half_bits, value & self.mask());
        (mixed ^ self.scramble(right, round)) << self.half_bits | right
    }

    fn scramble(&self, half: u64, round: u64) -> u64 {
        mix(self.key.wrapping_add(half << 3 | round)) & self.mask()
    }

    fn mask(&self) -> u64 {
        (1 << self.half_bits) - 1
    }
}

fn key(seed: u64, stream: Stream) -> u64 {
    mix(mix(seed.wrapping_add(STEP)).wrapping_add(stream as u64))
}

/// The mixing function of splitmix64.
fn mix(value: u64) -> u64 {
    let value = (value ^ (value >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    value ^ (value >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mixing_function_is_that_of_the_reference() {
        // The first numbers of the reference implementation for the seed 1234567.
        let mut random = Random(1_234_567);
        let numbers = [random.next(), random.next(), random.next()];
        assert_eq!(
            numbers,
            [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]
        );
    }

    #[test]
    fn a_shuffle_moves_everything_somewhere_and_back() {
        for count in [1, 2, 3, 5, 64, 1000, 4097] {
            let shuffle = Shuffle::new(7, Stream::ProviderOrder, count);
            let mut seen = vec![false; count as usize];
            for index in 0..count {
                let position = shuffle.position(index);
                assert_eq!(shuffle.index(position), index);
                assert!(!std::mem::replace(&mut seen[position as usize], true), "{count}: {index}");
            }
        }
    }

    #[test]
    fn streams_and_seeds_differ() {
        let first = |seed, stream, row| Random::new(seed, stream, row).next();
        let one = first(1, Stream::Provider, 0);
        assert_ne!(one, first(2, Stream::Provider, 0));
        assert_ne!(one, first(1, Stream::Facility, 0));
        assert_ne!(one, first(1, Stream::Provider, 1));
    }
}
