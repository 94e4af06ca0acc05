//! The search for the value of a rank among values that may come in any order and more than once.
//!
//! ```text
//! zone ─▶ see every value, count those of the zone by their next digit ─▶ narrow to one digit ─┐
//!           ▲                                                                                  │
//!           └──────────────────────────── until all digits are known ◀────────────────────────┘
//! ```
//!
//! What is kept meanwhile does not grow with the values, so that these may lie in files.

use crate::rules::measure::values::Code;
use crate::value::Number;

/// Where a number lies, in ascending order: floats below all codes of whole numbers, whole numbers below
/// zero, floats between them, whole numbers above zero, floats above all of them.
pub(crate) const ZONES: usize = 5;

/// How many bits a digit has.
const DIGIT_BITS: u32 = 16;

/// A search for the value of a rank.
#[derive(Debug)]
pub(crate) struct Search {
    zone: usize,
    /// The rank among the values of the zone that begin with the known digits, counted from 1.
    rank: u64,
    known: u128,
    bits_unknown: u32,
    /// How many values have each digit next.
    counts: Vec<u64>,
}

impl Search {
    /// The search for the value of `rank`, counted from 1, where each zone has so many values. None if
    /// there are not so many.
    pub(crate) fn new(zones: [u64; ZONES], rank: u64) -> Option<Self> {
        let mut before = 0;
        let zone = zones.iter().position(|it| {
            let is_here = rank <= before + it;
            before += if is_here { 0 } else { *it };
            is_here
        })?;
        let bits_unknown = if Code::is_whole(zone) { 128 } else { 64 };
        let counts = vec![0; 1 << DIGIT_BITS];
        Some(Self { zone, rank: rank - before, known: 0, bits_unknown, counts })
    }

    /// Looks at a value that occurs `count` times. Between two steps each is to be seen once.
    #[inline]
    pub(crate) fn see(&mut self, code: Code, count: u64) {
        let bits = code.bits();
        let begins = bits.checked_shr(self.bits_unknown).unwrap_or_default();
        if begins != self.known || code.zone() != self.zone {
            return;
        }
        let digit = (bits >> self.bits_unknown.saturating_sub(DIGIT_BITS)) as usize;
        if let Some(counted) = self.counts.get_mut(digit & ((1 << DIGIT_BITS) - 1)) {
            *counted += count;
        }
    }

    /// Learns the next digit from the values that were seen. Gives whether there is one: if not, values
    /// were lost.
    pub(crate) fn narrow(&mut self) -> bool {
        let mut before = 0;
        let digit = self.counts.iter().position(|it| {
            let is_here = self.rank <= before + it;
            before += if is_here { 0 } else { *it };
            is_here
        });
        let Some(digit) = digit else { return false };
        self.rank -= before;
        self.known = self.known << DIGIT_BITS | digit as u128;
        self.bits_unknown = self.bits_unknown.saturating_sub(DIGIT_BITS);
        self.counts.fill(0);
        true
    }

    /// The value, once it is known.
    pub(crate) fn found(&self) -> Option<Number> {
        (self.bits_unknown == 0).then(|| Code::number(self.zone, self.known))
    }
}
