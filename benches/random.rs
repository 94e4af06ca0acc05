//! Numbers that look random and are the same on every machine.

/// The splitmix64 generator: a counter and a good mixing function.
#[derive(Debug)]
pub(crate) struct Random(u64);

impl Random {
    /// The numbers of one row of one table.
    pub(crate) fn new(table: u64, row: u64) -> Self {
        Self(mix(table << 56 | row))
    }

    /// A number below `limit`.
    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        ((u128::from(mix(self.0)) * u128::from(limit)) >> 64) as u64
    }

    /// True in `share` of 100 cases.
    pub(crate) fn percent(&mut self, share: u64) -> bool {
        self.below(100) < share
    }

    /// One of `choices`.
    pub(crate) fn pick<'a>(&mut self, choices: &[&'a str]) -> &'a str {
        let position = self.below(choices.len() as u64) as usize;
        choices.get(position).copied().unwrap_or_default()
    }
}

/// Where `index` comes in a shuffle of `0..count`: a Feistel network over the next power of four,
/// walked until it lands inside.
pub(crate) fn shuffled(index: u64, count: u64) -> u64 {
    let half_bits = (64 - (count - 1).leading_zeros()).div_ceil(2);
    let mask = (1 << half_bits) - 1;
    let mut value = index;
    loop {
        for round in 0..4 {
            let (left, right) = (value >> half_bits, value & mask);
            value = right << half_bits | (left ^ (mix(right << 8 | round) & mask));
        }
        if value < count {
            return value;
        }
    }
}

fn mix(value: u64) -> u64 {
    let value = (value ^ (value >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    value ^ (value >> 31)
}
