//! All values of a column, each with its number of occurrences, for quantiles.

use std::cmp::Ordering;

use crate::error::Error;
use crate::error::ErrorKind;
use crate::error::Result;
use crate::value::Number;

/// Finite numbers, each with its number of occurrences.
///
/// Numbers that a float holds exactly, which nearly all are, take eight bytes; the others sixteen.
#[derive(Clone, Debug)]
pub(crate) struct Values {
    floats: Counted<u64>,
    wholes: Counted<i128>,
    max: usize,
}

/// Up to here every whole number is a float.
const EXACT_MAX: i128 = 1 << 53;

impl Values {
    /// No values; at most `max` different ones are kept.
    pub(crate) fn new(max: usize) -> Self {
        Self { floats: Counted::default(), wholes: Counted::default(), max }
    }

    #[inline]
    pub(crate) fn add(&mut self, number: Number) {
        match number.normalized() {
            Number::Float(it) => self.floats.add(code(it), self.max),
            Number::Integer(it) if (-EXACT_MAX..=EXACT_MAX).contains(&it) => {
                self.floats.add(code(it as f64), self.max);
            }
            Number::Integer(it) => self.wholes.add(it, self.max),
        }
    }

    /// Counts the last values. Needed once, before values are merged and looked for.
    pub(crate) fn finish(&mut self) {
        self.floats.fold(self.max);
        self.wholes.fold(self.max);
    }

    pub(crate) fn merge(&mut self, other: &Self) {
        self.floats.merge(&other.floats, self.max);
        self.wholes.merge(&other.wholes, self.max);
    }

    /// The value of a rank, counted from 1; none if there are not so many.
    ///
    /// # Errors
    ///
    /// `LimitExceeded` if there are more different values than may be kept.
    pub(crate) fn at(&self, rank: u64) -> Result<Option<Number>> {
        let (floats, wholes) = (&self.floats, &self.wholes);
        let is_too_many = floats.sorted.len() + wholes.sorted.len() > self.max;
        if is_too_many || floats.is_too_many || wholes.is_too_many {
            let message = format!(
                "cannot keep the values of a quantile: more than {} different ones; allow more memory",
                self.max
            );
            return Err(Error::new(ErrorKind::LimitExceeded, message));
        }
        let floats = floats.sorted.iter().map(|(it, count)| (Number::Float(decode(*it)), *count));
        let wholes = wholes.sorted.iter().map(|(it, count)| (Number::Integer(*it), *count));
        let (mut floats, mut wholes) = (floats.peekable(), wholes.peekable());
        let mut before = 0;
        loop {
            let next = match (floats.peek(), wholes.peek()) {
                (Some((float, _)), Some((whole, _))) if whole < float => wholes.next(),
                (Some(_), _) => floats.next(),
                (None, _) => wholes.next(),
            };
            let Some((number, count)) = next else { return Ok(None) };
            before += count;
            if before >= rank {
                return Ok(Some(number));
            }
        }
    }
}

/// A code of a float, in the order of floats.
fn code(float: f64) -> u64 {
    const SIGN: u64 = 1 << 63;
    let bits = float.to_bits();
    if bits & SIGN == 0 { bits | SIGN } else { !bits }
}

fn decode(code: u64) -> f64 {
    const SIGN: u64 = 1 << 63;
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
    /// Whether there were more different ones than allowed; then none are kept.
    is_too_many: bool,
}

/// So many fresh values are counted at once, at least.
const FRESH_MIN: usize = 4096;

impl<T> Default for Counted<T> {
    fn default() -> Self {
        Self { sorted: Vec::new(), fresh: Vec::new(), is_too_many: false }
    }
}

impl<T: Copy + Ord> Counted<T> {
    #[inline]
    fn add(&mut self, value: T, max: usize) {
        if self.is_too_many {
            return;
        }
        self.fresh.push(value);
        if self.fresh.len() >= self.sorted.len().max(FRESH_MIN) {
            self.fold(max);
        }
    }

    /// Counts the fresh values.
    fn fold(&mut self, max: usize) {
        self.fresh.sort_unstable();
        let fresh = self.fresh.chunk_by(|a, b| a == b);
        let fresh = fresh.filter_map(|it| Some((*it.first()?, it.len() as u64)));
        let all = merged(&self.sorted, fresh, max);
        self.fresh.clear();
        self.keep(all);
    }

    fn merge(&mut self, other: &Self, max: usize) {
        let all = merged(&self.sorted, other.sorted.iter().copied(), max);
        self.keep(all.filter(|_| !other.is_too_many));
    }

    fn keep(&mut self, all: Option<Vec<(T, u64)>>) {
        match all {
            Some(all) if !self.is_too_many => self.sorted = all,
            _ => *self = Self { is_too_many: true, ..Self::default() },
        }
    }
}

/// Both lists, which ascend, as one; nothing if that has more than `max` values.
fn merged<T: Copy + Ord>(
    a: &[(T, u64)],
    b: impl Iterator<Item = (T, u64)>,
    max: usize,
) -> Option<Vec<(T, u64)>> {
    let mut all = Vec::with_capacity(a.len());
    let (mut a, mut b) = (a.iter().copied().peekable(), b.peekable());
    loop {
        let (left, right) = (a.peek().copied(), b.peek().copied());
        let order = match (left, right) {
            (Some(left), Some(right)) => left.0.cmp(&right.0),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (None, None) => return Some(all),
        };
        let left = if order.is_le() { a.next() } else { None };
        let right = if order.is_ge() { b.next() } else { None };
        let count = left.map_or(0, |it| it.1) + right.map_or(0, |it| it.1);
        let value = left.or(right)?.0;
        if all.len() == max {
            return None;
        }
        all.push((value, count));
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
    fn ranks_are_those_of_the_sorted_numbers() {
        let wide = i128::from(i64::MAX);
        let mut numbers = vec![Number::Integer(wide), Number::Float(9e18), Number::Float(1e19)];
        numbers.extend((0..20_000).map(|it| Number::Float(f64::from(it * 7919 % 1000) / 4.0)));
        numbers.extend((0..20_000).map(|it| Number::Integer(wide - it * 31 % 500)));
        let mut parts = [Values::new(2000), Values::new(2000), Values::new(2000)];
        for (position, number) in numbers.iter().enumerate() {
            parts[position % 7 % 3].add(*number);
        }
        parts.iter_mut().for_each(Values::finish);
        let [mut all, second, third] = parts;
        all.merge(&second);
        all.merge(&third);
        numbers.sort_by(|a, b| a.partial_cmp(b).unwrap());
        for (position, number) in numbers.iter().enumerate().step_by(997) {
            assert_eq!(all.at(position as u64 + 1).unwrap(), Some(*number), "{position}");
        }
        assert_eq!(all.at(numbers.len() as u64).unwrap(), numbers.last().copied());
        assert_eq!(all.at(numbers.len() as u64 + 1).unwrap(), None);
    }

    #[test]
    fn too_many_values_are_an_error_however_they_were_split() {
        for split in [0, 1, 500, 999] {
            let (mut first, mut second) = (Values::new(999), Values::new(999));
            (0..split).for_each(|it| first.add(Number::Integer(it)));
            (split..1000).for_each(|it| second.add(Number::Integer(it)));
            first.finish();
            second.finish();
            first.merge(&second);
            let error = first.at(1).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::LimitExceeded);
            assert!(error.message().contains("more than 999 different ones"), "{error}");
        }
        let mut enough = Values::new(1000);
        (0..9000).for_each(|it| enough.add(Number::Integer(it % 1000)));
        enough.finish();
        assert_eq!(enough.at(1).unwrap(), Some(Number::Integer(0)));
    }
}
