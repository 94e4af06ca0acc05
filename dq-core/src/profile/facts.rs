//! What is known of the values of a column beside how often each occurs: what they read as, how long
//! they are, their least and greatest. Facts add up, in any order.

use crate::profile::kind::Kind;
use crate::profile::shape::Shapes;
use crate::profile::sum::Sum;
use crate::value::{Number, Timestamp, characters, is_blank};

/// Least and greatest texts are kept up to this many bytes.
const TEXT_BYTES_MAX: usize = 256;

/// The byte before a value that is not text. Valid UTF-8 never holds it.
pub(crate) const NOT_TEXT: u8 = 0xFF;

/// Facts about values that are not NULL.
#[derive(Debug, Default)]
pub(crate) struct Facts {
    pub(crate) blanks: u64,
    /// How many values read as each kind; blanks are of none.
    pub(crate) kinds: [u64; Kind::ALL.len()],
    pub(crate) lengths: Lengths,
    pub(crate) numbers: Option<(Number, Number)>,
    pub(crate) sum: Sum,
    pub(crate) moments: Option<(Timestamp, Timestamp)>,
    pub(crate) texts: Option<(Vec<u8>, Vec<u8>)>,
    pub(crate) shapes: Shapes,
    /// Whether some value holds a letter that is not ASCII.
    pub(crate) beyond_ascii: bool,
}

/// Numbers of characters.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Lengths {
    pub(crate) bounds: Option<(u64, u64)>,
    pub(crate) sum: u128,
    pub(crate) count: u64,
}

impl Facts {
    /// Adds a value, by its canonical bytes, that occurs `count` times.
    pub(crate) fn add(&mut self, value: &[u8], count: u64) {
        if value.first() == Some(&NOT_TEXT) {
            self.count(Kind::Bytes, count);
            return;
        }
        self.lengths.add(characters(value) as u64, count);
        if is_blank(value) {
            self.blanks += count;
            return;
        }
        let kind = Kind::of(value);
        self.count(kind, count);
        match kind {
            Kind::Integer | Kind::Decimal => self.add_number(value, count),
            Kind::Date | Kind::Timestamp => self.add_moment(value),
            Kind::Boolean | Kind::Text | Kind::Bytes => {}
        }
        self.add_text(value);
        self.beyond_ascii |= !value.is_ascii();
        self.shapes.add(value, count);
    }

    fn count(&mut self, kind: Kind, count: u64) {
        if let Some(it) = self.kinds.get_mut(kind as usize) {
            *it += count;
        }
    }

    fn add_number(&mut self, value: &[u8], count: u64) {
        let Some(number) = Number::parse(value) else { return };
        self.sum.add(number.to_f64(), count);
        let (least, greatest) = self.numbers.get_or_insert((number, number));
        if number < *least {
            *least = number;
        } else if number > *greatest {
            *greatest = number;
        }
    }

    fn add_moment(&mut self, value: &[u8]) {
        let Some(moment) = Timestamp::parse(value) else { return };
        let (first, last) = self.moments.get_or_insert((moment, moment));
        *first = moment.min(*first);
        *last = moment.max(*last);
    }

    fn add_text(&mut self, value: &[u8]) {
        let value = value.get(..TEXT_BYTES_MAX).unwrap_or(value);
        match &mut self.texts {
            None => self.texts = Some((value.to_vec(), value.to_vec())),
            Some((least, greatest)) => {
                if value < least.as_slice() {
                    value.clone_into(least);
                } else if value > greatest.as_slice() {
                    value.clone_into(greatest);
                }
            }
        }
    }

    /// How many values read as `kind`.
    pub(crate) fn of_kind(&self, kind: Kind) -> u64 {
        self.kinds.get(kind as usize).copied().unwrap_or(0)
    }

    /// How many values are neither NULL nor blank.
    pub(crate) fn filled(&self) -> u64 {
        self.kinds.iter().sum()
    }
}

impl Lengths {
    fn add(&mut self, length: u64, count: u64) {
        let (least, greatest) = self.bounds.get_or_insert((length, length));
        *least = length.min(*least);
        *greatest = length.max(*greatest);
        self.sum += u128::from(length) * u128::from(count);
        self.count += count;
    }

    /// The mean length; none of no values.
    pub(crate) fn mean(&self) -> Option<f64> {
        (self.count > 0).then(|| self.sum as f64 / self.count as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(values: &[&str]) -> Facts {
        let mut facts = Facts::default();
        values.iter().for_each(|it| facts.add(it.as_bytes(), 2));
        facts
    }

    #[test]
    fn each_value_is_of_one_kind_and_blanks_are_of_none() {
        let facts = facts(&["7", "-1.5", "x", "2020-02-29", "2020-02-29 12:00", "TRUE", " ", ""]);
        let kinds = Kind::ALL.map(|it| facts.of_kind(it));
        assert_eq!(kinds, [2, 2, 2, 2, 2, 2, 0]);
        assert_eq!((facts.blanks, facts.filled()), (4, 12));
    }

    #[test]
    fn least_greatest_and_mean_are_of_the_values_that_read_so() {
        let facts = facts(&["10", "9", "x", "", "2020-02-29", "2021-01-01T00:00"]);
        assert_eq!(facts.numbers, Some((Number::Integer(9), Number::Integer(10))));
        assert_eq!(facts.sum.mean(), Some(9.5));
        let (first, last) = facts.moments.unwrap();
        assert_eq!(
            (first.to_string(), last.to_string()),
            ("2020-02-29 00:00:00".into(), "2021-01-01 00:00:00".into())
        );
        assert_eq!(facts.texts, Some((b"10".to_vec(), b"x".to_vec())));
        assert_eq!(facts.lengths.bounds, Some((0, 16)));
    }

    #[test]
    fn bytes_that_are_not_text_are_a_kind_without_length() {
        let mut facts = Facts::default();
        facts.add(&[NOT_TEXT, 1, 2], 3);
        assert_eq!((facts.of_kind(Kind::Bytes), facts.lengths.count), (3, 0));
    }
}
