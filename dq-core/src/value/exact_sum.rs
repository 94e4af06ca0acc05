//! Sums and means without rounding on the way, so that no result depends on the order of the numbers.
//!
//! Every finite floating-point number is a whole multiple of 2^-1074 and less than 2^1024: a number
//! with some two thousand binary places behind and before its point holds any sum of them. It is kept
//! in digits of 32 bits with room for carries, which are made now and then.

use crate::value::Number;

/// The bits of a digit.
const DIGIT_BITS: usize = 32;

/// The digit that is worth 1. Those below reach down to 2^-1088.
const ONES: usize = 34;

/// So many digits hold the sum of 2^64 of the greatest numbers, with its sign.
const DIGITS: usize = 70;

/// How many additions the room in the digits bears.
const ADDITIONS_MAX: u32 = 1 << 30;

/// The place of the last bit of a subnormal number, counted from the lowest bit of the lowest digit.
const LAST_BIT: usize = ONES * DIGIT_BITS - 1074;

/// The bits of a number's fraction, as it is stored.
const FRACTION_BITS: usize = 52;

/// The exact sum of finite numbers.
#[derive(Clone, Debug, Default)]
pub(crate) struct ExactSum {
    /// The sum of whole numbers, as far as it fits.
    whole: i128,
    /// The sum of all others; nothing as long as there are none.
    rest: Option<Box<Digits>>,
}

/// A fixed-point number: digits of 32 bits, the lowest first. Each has room above, and a sign.
#[derive(Clone, Debug)]
struct Digits {
    digits: [i64; DIGITS],
    additions: u32,
}

impl ExactSum {
    /// Adds a number, which is finite.
    #[inline]
    pub(crate) fn add(&mut self, number: Number) {
        match number {
            Number::Integer(it) => self.add_whole(it),
            Number::Float(it) => self.rest.get_or_insert_default().add_float(it),
        }
    }

    /// Adds another sum.
    pub(crate) fn merge(&mut self, other: Self) {
        self.add_whole(other.whole);
        if let Some(mut rest) = other.rest {
            self.rest.get_or_insert_default().merge(&mut rest);
        }
    }

    /// The sum: whole if it is a whole number of up to 38 digits, or else rounded, once, to the
    /// nearest floating-point number.
    pub(crate) fn sum(&self) -> Number {
        self.divided_by(1)
    }

    /// The sum divided by a number of values that is not 0, rounded as [`sum`](Self::sum) is.
    pub(crate) fn divided_by(&self, count: u64) -> Number {
        let mut all = self.rest.as_deref().cloned().unwrap_or_default();
        all.add_bits(self.whole.unsigned_abs(), ONES * DIGIT_BITS, self.whole < 0);
        let (negative, mut digits) = all.into_sign_and_magnitude();
        let inexact = divide(&mut digits, count);
        round(negative, &digits, inexact)
    }

    #[inline]
    fn add_whole(&mut self, number: i128) {
        if let Some(sum) = self.whole.checked_add(number) {
            self.whole = sum;
            return;
        }
        let rest = self.rest.get_or_insert_default();
        rest.add_bits(self.whole.unsigned_abs(), ONES * DIGIT_BITS, self.whole < 0);
        self.whole = number;
    }
}

impl Default for Digits {
    fn default() -> Self {
        Self { digits: [0; DIGITS], additions: 0 }
    }
}

impl Digits {
    #[inline]
    fn add_float(&mut self, number: f64) {
        const FRACTION: u64 = (1 << FRACTION_BITS) - 1;
        let exponent = (number.to_bits() >> FRACTION_BITS & 0x7FF) as usize;
        let fraction = number.to_bits() & FRACTION;
        // A number with the exponent 0 is subnormal: it lacks the leading 1.
        let leading = if exponent == 0 { 0 } else { FRACTION + 1 };
        let place = LAST_BIT + exponent.max(1) - 1;
        self.add_bits(u128::from(fraction | leading), place, number.is_sign_negative());
    }

    /// Adds `bits` at a place, counted from the lowest bit. They have 97 bits, or any number of them at
    /// the border of a digit.
    #[inline]
    fn add_bits(&mut self, bits: u128, place: usize, negative: bool) {
        let mut bits = bits << (place % DIGIT_BITS);
        for digit in self.digits.iter_mut().skip(place / DIGIT_BITS).take(4) {
            let part = i64::from(bits as u32);
            *digit += if negative { -part } else { part };
            bits >>= DIGIT_BITS;
        }
        self.additions += 1;
        if self.additions == ADDITIONS_MAX {
            self.carry();
        }
    }

    fn merge(&mut self, other: &mut Self) {
        other.carry();
        self.carry();
        self.digits.iter_mut().zip(&other.digits).for_each(|(mine, other)| *mine += other);
        self.additions = 1;
    }

    /// Brings each digit into its range; the highest keeps the sign of the number.
    fn carry(&mut self) {
        let mut carry = 0;
        if let Some((highest, digits)) = self.digits.split_last_mut() {
            for digit in digits {
                let sum = *digit + carry;
                carry = sum >> DIGIT_BITS;
                *digit = sum & i64::from(u32::MAX);
            }
            *highest += carry;
        }
        self.additions = 0;
    }

    fn into_sign_and_magnitude(mut self) -> (bool, [u32; DIGITS]) {
        self.carry();
        let negative = self.digits.last().is_some_and(|it| *it < 0);
        if negative {
            self.digits.iter_mut().for_each(|it| *it = -*it);
            self.carry();
        }
        (negative, self.digits.map(|it| it as u32))
    }
}

/// Divides a number, and tells whether anything is left over.
fn divide(digits: &mut [u32; DIGITS], divisor: u64) -> bool {
    let divisor = u128::from(divisor.max(1));
    let mut remainder = 0;
    for digit in digits.iter_mut().rev() {
        let dividend = remainder << DIGIT_BITS | u128::from(*digit);
        *digit = (dividend / divisor) as u32;
        remainder = dividend % divisor;
    }
    remainder != 0
}

/// The number as it is if it is whole and fits, or else the nearest floating-point number, of two
/// equally near ones the even. `inexact` says that it lies a little above its digits.
fn round(negative: bool, digits: &[u32; DIGITS], inexact: bool) -> Number {
    let (fraction, whole) = digits.split_at(ONES);
    let (low, high) = whole.split_at(4);
    let is_whole = !inexact && fraction.iter().chain(high).all(|it| *it == 0);
    let magnitude = low.iter().rev().fold(0, |all, it| all << DIGIT_BITS | u128::from(*it));
    if let Ok(magnitude) = i128::try_from(magnitude)
        && is_whole
    {
        return Number::Integer(if negative { -magnitude } else { magnitude });
    }
    let magnitude = nearest_float(digits, inexact);
    Number::Float(if negative { -magnitude } else { magnitude })
}

fn nearest_float(digits: &[u32; DIGITS], inexact: bool) -> f64 {
    let bit = |place: usize| {
        digits.get(place / DIGIT_BITS).map_or(0, |it| u64::from(it >> (place % DIGIT_BITS) & 1))
    };
    let highest = digits.iter().rposition(|it| *it != 0).map_or(0, |position| {
        let digit = digits.get(position).copied().unwrap_or_default();
        position * DIGIT_BITS + digit.checked_ilog2().unwrap_or_default() as usize
    });
    let last = highest.saturating_sub(FRACTION_BITS).max(LAST_BIT);
    let significand = (last..=last + FRACTION_BITS).rev().fold(0, |all, it| all << 1 | bit(it));
    let half = bit(last - 1) == 1;
    let beyond_half = inexact || (0..last - 1).any(|it| bit(it) == 1);
    let up = half && (beyond_half || significand & 1 == 1);
    // A carry out of the fraction raises the exponent, as it must.
    let exponent = (last - LAST_BIT) as u64;
    let bits = (exponent << FRACTION_BITS) + significand + u64::from(up);
    f64::from_bits(bits.min(f64::INFINITY.to_bits()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sum_of(numbers: &[f64]) -> ExactSum {
        let mut sum = ExactSum::default();
        for number in numbers {
            sum.add(Number::Float(*number));
        }
        sum
    }

    #[test]
    fn one_number_is_its_own_sum() {
        for number in [5e-324, -5e-324, 2.5e-308, 0.1, -0.1, 1.5, 1e22 + 0.5, 1e300, f64::MAX] {
            match sum_of(&[number]).sum() {
                Number::Float(it) => assert_eq!(it.to_bits(), number.to_bits()),
                Number::Integer(it) => assert_eq!(Number::Integer(it), Number::Float(number)),
            }
        }
    }

    #[test]
    fn nothing_is_lost_beside_great_numbers() {
        assert_eq!(sum_of(&[1e300, 1.0, -1e300]).sum(), Number::Integer(1));
        assert_eq!(sum_of(&[1e16, 1.0, -1e16, 5e-324, -1.0]).sum(), Number::Float(5e-324));
        assert_eq!(sum_of(&[0.1; 10]).sum(), Number::Float(1.0));
        assert_eq!(sum_of(&[f64::MAX, f64::MAX]).sum(), Number::Float(f64::INFINITY));
        assert_eq!(sum_of(&[f64::MAX, f64::MAX]).divided_by(2), Number::Float(f64::MAX));
    }

    #[test]
    fn halves_are_rounded_to_the_even_neighbour() {
        let ulp = f64::EPSILON;
        assert_eq!(sum_of(&[1.0, ulp / 2.0]).sum(), Number::Float(1.0));
        assert_eq!(sum_of(&[1.0, ulp / 2.0, 5e-324]).sum(), Number::Float(1.0 + ulp));
        assert_eq!(sum_of(&[1.0 + ulp, ulp / 2.0]).sum(), Number::Float(1.0 + 2.0 * ulp));
        assert_eq!(sum_of(&[5e-324]).divided_by(2), Number::Float(0.0));
        assert_eq!(sum_of(&[5e-324, 5e-324, 5e-324]).divided_by(2), Number::Float(1e-323));
    }

    #[test]
    fn whole_numbers_stay_whole() {
        let mut sum = ExactSum::default();
        let greatest = Number::Integer(i128::MAX);
        (0..3).for_each(|_| sum.add(greatest));
        assert_eq!(sum.sum(), Number::Float(3.0 * 2_f64.powi(127)));
        sum.add(Number::Integer(-i128::MAX));
        sum.add(Number::Integer(i128::MIN));
        assert!(matches!(sum.sum(), Number::Integer(it) if it == i128::MAX - 1));
        assert!(matches!(sum_of(&[1.5, 1.5]).sum(), Number::Integer(3)));
        assert!(matches!(sum_of(&[-0.0]).sum(), Number::Integer(0)));
    }

    #[test]
    fn a_mean_is_rounded_once() {
        let mut sum = ExactSum::default();
        for number in [1, 2, 4] {
            sum.add(Number::Integer(number));
        }
        assert_eq!(sum.divided_by(3), Number::Float(7.0 / 3.0));
        assert!(matches!(sum.divided_by(7), Number::Integer(1)));
        sum.add(Number::Integer(-14));
        assert_eq!(sum.divided_by(3), Number::Float(-7.0 / 3.0));
    }

    #[test]
    fn parts_merge_to_the_same_sum() {
        let numbers = [0.1, -1e300, 1e-300, 7.0, 1e300, 0.7, -3.3, 1e16];
        let whole = sum_of(&numbers).sum();
        for at in 0..=numbers.len() {
            let (first, second) = numbers.split_at(at);
            let mut merged = sum_of(second);
            merged.merge(sum_of(first));
            assert_eq!(merged.sum(), whole);
        }
    }

    #[test]
    fn carries_are_made_before_the_room_is_used_up() {
        let mut sum = sum_of(&[f64::from(u32::MAX)]);
        if let Some(rest) = &mut sum.rest {
            rest.additions = ADDITIONS_MAX - 1;
        }
        sum.add(Number::Float(-0.5));
        assert_eq!(sum.rest.as_ref().map(|it| it.additions), Some(0));
        assert_eq!(sum.sum(), Number::Float(f64::from(u32::MAX) - 0.5));
    }
}
