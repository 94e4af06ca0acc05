//! The four outcomes of a condition, for one row and for the rows of a batch.

use arrow_buffer::{BooleanBuffer, Buffer};

/// What a condition says of one row. Each outcome is a bit of its own, so that a batch of them is
/// three bitmaps.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(u8)]
pub(crate) enum Outcome {
    /// NULL: it cannot be told.
    Unknown = 0,
    /// It holds.
    True = 1,
    /// It does not hold.
    False = 2,
    /// It asks something of a value that the value cannot answer.
    Invalid = 4,
}

impl Outcome {
    pub(crate) const fn of(holds: bool) -> Self {
        if holds { Self::True } else { Self::False }
    }

    pub(crate) const fn not(self) -> Self {
        match self {
            Self::True => Self::False,
            Self::False => Self::True,
            Self::Unknown | Self::Invalid => self,
        }
    }

    /// FALSE wins, then INVALID, then UNKNOWN. Stops at the first FALSE.
    pub(crate) fn all(outcomes: impl Iterator<Item = Self>) -> Self {
        let mut all = Self::True;
        for outcome in outcomes {
            match outcome {
                Self::False => return Self::False,
                Self::Invalid => all = Self::Invalid,
                Self::Unknown if all == Self::True => all = Self::Unknown,
                Self::Unknown | Self::True => {}
            }
        }
        all
    }

    /// TRUE wins, then INVALID, then UNKNOWN. Stops at the first TRUE.
    pub(crate) fn any(outcomes: impl Iterator<Item = Self>) -> Self {
        Self::all(outcomes.map(Self::not)).not()
    }
}

/// What a condition says of each row of a batch: no row is set in two of the three, and a row that
/// is set in none is UNKNOWN.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Outcomes {
    pub(crate) holds: BooleanBuffer,
    pub(crate) fails: BooleanBuffer,
    pub(crate) invalid: BooleanBuffer,
}

impl Outcomes {
    /// The outcome of each of `rows` rows.
    #[inline]
    pub(crate) fn collect(rows: usize, mut outcome: impl FnMut(usize) -> Outcome) -> Self {
        let words = rows.div_ceil(64);
        let mut bitmaps = [(); 3].map(|()| Vec::with_capacity(words));
        for start in (0..rows).step_by(64) {
            let (mut holds, mut fails, mut invalid) = (0_u64, 0_u64, 0_u64);
            for bit in 0..(rows - start).min(64) {
                let outcome = outcome(start + bit) as u64;
                holds |= (outcome & 1) << bit;
                fails |= (outcome >> 1 & 1) << bit;
                invalid |= (outcome >> 2) << bit;
            }
            for (bitmap, word) in bitmaps.iter_mut().zip([holds, fails, invalid]) {
                bitmap.push(word);
            }
        }
        let [holds, fails, invalid] =
            bitmaps.map(|it| BooleanBuffer::new(Buffer::from_vec(it), 0, rows));
        Self { holds, fails, invalid }
    }

    /// The same outcome for each of `rows` rows.
    pub(crate) fn constant(rows: usize, outcome: Outcome) -> Self {
        let bitmap = |it: Outcome| {
            if it == outcome {
                BooleanBuffer::new_set(rows)
            } else {
                BooleanBuffer::new_unset(rows)
            }
        };
        Self {
            holds: bitmap(Outcome::True),
            fails: bitmap(Outcome::False),
            invalid: bitmap(Outcome::Invalid),
        }
    }

    /// TRUE where `holds`, else FALSE.
    pub(crate) fn certain(holds: BooleanBuffer) -> Self {
        let invalid = BooleanBuffer::new_unset(holds.len());
        Self { fails: !&holds, holds, invalid }
    }

    pub(crate) fn not(self) -> Self {
        Self { holds: self.fails, fails: self.holds, invalid: self.invalid }
    }

    pub(crate) fn and(&self, other: &Self) -> Self {
        let fails = &self.fails | &other.fails;
        let invalid = &(&self.invalid | &other.invalid) & &!&fails;
        Self { holds: &self.holds & &other.holds, fails, invalid }
    }

    pub(crate) fn or(&self, other: &Self) -> Self {
        let holds = &self.holds | &other.holds;
        let invalid = &(&self.invalid | &other.invalid) & &!&holds;
        Self { holds, fails: &self.fails & &other.fails, invalid }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::rules::expression::truth::Outcome::{False, Invalid, True, Unknown};

    const ALL: [Outcome; 4] = [True, Unknown, Invalid, False];

    #[test]
    fn false_wins_a_conjunction_then_invalid_then_unknown() {
        #[rustfmt::skip]
        let expected = [
            True,    Unknown, Invalid, False,
            Unknown, Unknown, Invalid, False,
            Invalid, Invalid, Invalid, False,
            False,   False,   False,   False,
        ];
        for (at, outcome) in expected.into_iter().enumerate() {
            let (a, b) = (ALL[at / 4], ALL[at % 4]);
            assert_eq!(Outcome::all([a, b].into_iter()), outcome, "{a:?} AND {b:?}");
        }
    }

    #[test]
    fn true_wins_a_disjunction_then_invalid_then_unknown() {
        #[rustfmt::skip]
        let expected = [
            True, True,    True,    True,
            True, Unknown, Invalid, Unknown,
            True, Invalid, Invalid, Invalid,
            True, Unknown, Invalid, False,
        ];
        for (at, outcome) in expected.into_iter().enumerate() {
            let (a, b) = (ALL[at / 4], ALL[at % 4]);
            assert_eq!(Outcome::any([a, b].into_iter()), outcome, "{a:?} OR {b:?}");
        }
    }

    #[test]
    fn bitmaps_say_what_single_rows_say() {
        let left = Outcomes::collect(1000, |row| ALL[row / 4 % 4]);
        let right = Outcomes::collect(1000, |row| ALL[row % 4]);
        let pair = |row: usize| [ALL[row / 4 % 4], ALL[row % 4]].into_iter();
        assert_eq!(left.and(&right), Outcomes::collect(1000, |row| Outcome::all(pair(row))));
        assert_eq!(left.or(&right), Outcomes::collect(1000, |row| Outcome::any(pair(row))));
        assert_eq!(right.not(), Outcomes::collect(1000, |row| ALL[row % 4].not()));
        for outcome in ALL {
            assert_eq!(Outcomes::constant(70, outcome), Outcomes::collect(70, |_| outcome));
        }
    }
}
