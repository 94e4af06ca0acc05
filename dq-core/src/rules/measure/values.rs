//! All values of a column, each with its number of occurrences, for quantiles.

use std::cmp::Ordering;

use crate::rules::measure::search::{Search, ZONES};
use crate::value::Number;

/// Finite numbers, each with its number of occurrences.
///
/// Numbers that a float holds exactly, which nearly all are, take eight bytes; the others sixteen.
#[derive(Clone, Debug, Default)]
pub(crate) struct Values {
    floats: Counted<u64>,
    wholes: Counted<i128>,
    /// How many there are in each zone, with those that were taken out.
    zones: [u64; ZONES],
}

/// A number as bits, which ascend within a zone as numbers do.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Code {
    /// A float.
    Float(u64),
    /// A whole number that is beyond those which floats hold exactly.
    Whole(i128),
}

/// Values that were taken out, each with its number of occurrences.
#[derive(Debug)]
pub(crate) struct Taken {
    pub(crate) floats: Vec<(u64, u64)>,
    pub(crate) wholes: Vec<(i128, u64)>,
}

/// Up to here every whole number is a float.
const EXACT_MAX: i128 = 1 << 53;

/// The codes of the least and the greatest of them.
const EXACT_CODES: [u64; 2] = [code(-(EXACT_MAX as f64)), code(EXACT_MAX as f64)];

const SIGN: u64 = 1 << 63;
const WIDE_SIGN: u128 = 1 << 127;

impl Code {
    #[inline]
    fn of(number: Number) -> Self {
        match number.normalized() {
            Number::Float(it) => Self::Float(code(it)),
            Number::Integer(it) if (-EXACT_MAX..=EXACT_MAX).contains(&it) => {
                Self::Float(code(it as f64))
            }
            Number::Integer(it) => Self::Whole(it),
        }
    }

    /// Which of the zones it lies in. Floats beyond whole numbers are beyond all that have 128 bits.
    #[inline]
    pub(crate) fn zone(self) -> usize {
        let [least, greatest] = EXACT_CODES;
        match self {
            Self::Float(it) if it < least => 0,
            Self::Whole(it) if it < 0 => 1,
            Self::Float(it) if it <= greatest => 2,
            Self::Whole(_) => 3,
            Self::Float(_) => 4,
        }
    }

    /// Whether a zone is one of whole numbers.
    pub(crate) fn is_whole(zone: usize) -> bool {
        matches!(zone, 1 | 3)
    }

    #[inline]
    pub(crate) fn bits(self) -> u128 {
        match self {
            Self::Float(it) => it.into(),
            Self::Whole(it) => it as u128 ^ WIDE_SIGN,
        }
    }

    /// The number with these bits in a zone.
    pub(crate) fn number(zone: usize, bits: u128) -> Number {
        if Self::is_whole(zone) {
            Number::Integer((bits ^ WIDE_SIGN) as i128)
        } else {
            Number::Float(decode(bits as u64))
        }
    }
}

impl Values {
    #[inline]
    pub(crate) fn add(&mut self, number: Number) {
        let code = Code::of(number);
        if let Some(count) = self.zones.get_mut(code.zone()) {
            *count += 1;
        }
        match code {
            Code::Float(it) => self.floats.add(it),
            Code::Whole(it) => self.wholes.add(it),
        }
    }

    /// Counts the last values. Needed before values are merged and seen.
    pub(crate) fn finish(&mut self) {
        self.floats.fold();
        self.wholes.fold();
    }

    pub(crate) fn merge(&mut self, other: &Self) {
        self.floats.merge(&other.floats);
        self.wholes.merge(&other.wholes);
        self.zones.iter_mut().zip(other.zones).for_each(|(all, more)| *all += more);
    }

    /// How much memory they take, also while the last of them are counted.
    pub(crate) fn bytes(&self) -> usize {
        self.floats.bytes() + self.wholes.bytes()
    }

    /// Takes the values out; they still count for the ranks of others.
    pub(crate) fn take(&mut self) -> Taken {
        self.finish();
        let (floats, wholes) = (std::mem::take(&mut self.floats), std::mem::take(&mut self.wholes));
        Taken { floats: floats.sorted, wholes: wholes.sorted }
    }

    /// Calls `see` with each value that was not taken out, and its number of occurrences.
    pub(crate) fn each(&self, mut see: impl FnMut(Code, u64)) {
        self.floats.sorted.iter().for_each(|(it, count)| see(Code::Float(*it), *count));
        self.wholes.sorted.iter().for_each(|(it, count)| see(Code::Whole(*it), *count));
    }

    /// The search for the value of a rank, counted from 1; none if there are not so many.
    pub(crate) fn search(&self, rank: u64) -> Option<Search> {
        Search::new(self.zones, rank)
    }
}

/// A code of a float, in the order of floats.
const fn code(float: f64) -> u64 {
    let bits = float.to_bits();
    if bits & SIGN == 0 { bits | SIGN } else { !bits }
}

fn decode(code: u64) -> f64 {
    f64::from_bits(if code & SIGN == 0 { !code } else { code & !SIGN })
}

/// Values, each with its number of occurrences.
#[derive(Clone, Debug)]
struct Counted<T> {
    /// In ascending order.
    sorted: Vec<(T, u64)>,
    /// Those that are not counted yet: no more than there are others, so that counting them all is
    /// done once for each doubling.
    fresh: Vec<T>,
}

/// So many fresh values are counted at once, at least.
const FRESH_MIN: usize = 4096;

impl<T> Default for Counted<T> {
    fn default() -> Self {
        Self { sorted: Vec::new(), fresh: Vec::new() }
    }
}

impl<T: Copy + Ord> Counted<T> {
    #[inline]
    fn add(&mut self, value: T) {
        self.fresh.push(value);
        if self.fresh.len() >= self.sorted.len().max(FRESH_MIN) {
            self.fold();
        }
    }

    /// Counts the fresh values.
    fn fold(&mut self) {
        self.fresh.sort_unstable();
        let fresh = self.fresh.chunk_by(|a, b| a == b);
        let fresh = fresh.filter_map(|it| Some((*it.first()?, it.len() as u64)));
        self.sorted = merged(&self.sorted, fresh);
        self.fresh.clear();
    }

    fn merge(&mut self, other: &Self) {
        self.sorted = merged(&self.sorted, other.sorted.iter().copied());
    }

    /// Counting makes a list that may be twice as long while the old one is still there.
    fn bytes(&self) -> usize {
        3 * self.sorted.len() * size_of::<(T, u64)>() + self.fresh.capacity() * size_of::<T>()
    }
}

/// Both lists, which ascend, as one.
fn merged<T: Copy + Ord>(a: &[(T, u64)], b: impl Iterator<Item = (T, u64)>) -> Vec<(T, u64)> {
    let mut all = Vec::with_capacity(a.len());
    let (mut a, mut b) = (a.iter().copied().peekable(), b.peekable());
    loop {
        let (left, right) = (a.peek().copied(), b.peek().copied());
        let order = match (left, right) {
            (Some(left), Some(right)) => left.0.cmp(&right.0),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (None, None) => return all,
        };
        let left = if order.is_le() { a.next() } else { None };
        let right = if order.is_ge() { b.next() } else { None };
        let count = left.map_or(0, |it| it.1) + right.map_or(0, |it| it.1);
        all.extend(left.or(right).map(|it| (it.0, count)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_have_the_order_of_floats() {
        let floats = [-1e300, -1.0, -5e-324, 0.0, 5e-324, 0.5, 1.0, 1e300];
        assert!(floats.is_sorted_by_key(|it| code(*it)));
        assert!(floats.iter().all(|it| decode(code(*it)).to_bits() == it.to_bits()));
    }

    #[test]
    fn numbers_of_all_zones_keep_their_order() {
        let wholes = [i128::MIN, -(1 << 60), -EXACT_MAX - 1, EXACT_MAX + 1, i128::MAX];
        let wholes = wholes.into_iter().map(Number::Integer);
        let floats = [-1e300, -1e39, -9e15, -0.5, 0.0, 0.5, 9e15, 1e39, 1e300].map(Number::Float);
        let mut numbers: Vec<_> = wholes.chain(floats).collect();
        numbers.sort_by(|a, b| a.partial_cmp(b).unwrap());
        let codes: Vec<_> = numbers.iter().map(|it| Code::of(*it)).collect();
        assert!(codes.is_sorted_by_key(|it| (it.zone(), it.bits())), "{codes:?}");
        let back = codes.iter().map(|it| Code::number(it.zone(), it.bits()));
        assert_eq!(back.collect::<Vec<_>>(), numbers);
    }

    #[test]
    fn ranks_are_those_of_the_sorted_numbers() {
        let wide = i128::from(i64::MAX);
        let mut numbers = vec![Number::Integer(wide), Number::Float(9e18), Number::Float(1e40)];
        numbers.extend((0..20_000).map(|it| Number::Float(f64::from(it * 7919 % 1000) / 4.0)));
        numbers.extend((0..20_000).map(|it| Number::Integer(wide - it * 31 % 500)));
        numbers.extend((0..20).map(|it| Number::Integer(it - wide)));
        let mut parts = [Values::default(), Values::default(), Values::default()];
        let mut taken = Vec::new();
        for (position, number) in numbers.iter().enumerate() {
            parts[position % 7 % 3].add(*number);
            if position % 9000 == 0 {
                taken.push(parts[1].take());
            }
        }
        parts.iter_mut().for_each(Values::finish);
        let [mut all, second, third] = parts;
        all.merge(&second);
        all.merge(&third);
        numbers.sort_by(|a, b| a.partial_cmp(b).unwrap());
        let ranks = (0..numbers.len()).step_by(997).chain([0, numbers.len() - 1]);
        for position in ranks {
            let mut search = all.search(position as u64 + 1).unwrap();
            while search.found().is_none() {
                all.each(|code, count| search.see(code, count));
                let floats = taken.iter().flat_map(|it| &it.floats);
                floats.for_each(|(it, count)| search.see(Code::Float(*it), *count));
                let wholes = taken.iter().flat_map(|it| &it.wholes);
                wholes.for_each(|(it, count)| search.see(Code::Whole(*it), *count));
                assert!(search.narrow());
            }
            assert_eq!(search.found(), Some(numbers[position]), "{position}");
        }
        assert!(all.search(numbers.len() as u64 + 1).is_none());
    }
}
