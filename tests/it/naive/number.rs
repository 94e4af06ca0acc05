//! Numbers, compared digit by digit.

use std::cmp::Ordering;

use crate::naive::pattern::is_found;

#[derive(Clone, Copy, Debug)]
pub(crate) enum Number {
    Whole(i128),
    Float(f64),
}

const DECIMAL: &str = r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$";

impl Number {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        if !is_found(DECIMAL, text) {
            return None;
        }
        if let Ok(whole) = text.parse() {
            return Some(Self::Whole(whole));
        }
        text.parse().ok().filter(|it: &f64| it.is_finite()).map(Self::Float)
    }

    pub(crate) fn compare(self, other: Self) -> Option<Ordering> {
        if let (Self::Float(a), Self::Float(b)) = (self, other) {
            return a.partial_cmp(&b);
        }
        match (self, other) {
            (Self::Float(it), _) if !it.is_finite() => return it.partial_cmp(&0.0),
            (_, Self::Float(it)) if !it.is_finite() => return 0.0.partial_cmp(&it),
            _ => {}
        }
        let (a, b) = (self.digits()?, other.digits()?);
        Some(match (a.negative, b.negative) {
            (false, false) => a.magnitude().cmp(&b.magnitude()),
            (true, true) => b.magnitude().cmp(&a.magnitude()),
            (negative, _) if negative => Ordering::Less,
            _ => Ordering::Greater,
        })
    }

    /// How many digits [`decimals`](Self::decimals) has behind the point.
    pub(crate) const PLACES: usize = 1074;

    /// Whether it is negative, and all its digits, the lowest first.
    pub(crate) fn decimals(self) -> (bool, Vec<u8>) {
        let digits = self.digits().expect("a finite number");
        let text = digits.whole + &digits.fraction;
        (digits.negative, text.bytes().rev().map(|it| it - b'0').collect())
    }

    /// All digits that there are: no float has more than 1,074 behind its point.
    fn digits(self) -> Option<Digits> {
        let text = match self {
            Self::Whole(it) => format!("{it}.{}", "0".repeat(1074)),
            Self::Float(it) if it.is_finite() => {
                format!("{:.1074}", if it == 0.0 { 0.0 } else { it })
            }
            Self::Float(_) => return None,
        };
        let (negative, text) = match text.strip_prefix('-') {
            Some(text) => (true, text.to_owned()),
            None => (false, text),
        };
        let (whole, fraction) = text.split_once('.')?;
        Some(Digits { negative, whole: whole.to_owned(), fraction: fraction.to_owned() })
    }
}

struct Digits {
    negative: bool,
    whole: String,
    fraction: String,
}

impl Digits {
    fn magnitude(&self) -> (usize, &str, &str) {
        (self.whole.len(), &self.whole, &self.fraction)
    }
}

#[test]
fn numbers_compare_digit_by_digit() {
    let compare =
        |a: &str, b: &str| Number::parse(a).unwrap().compare(Number::parse(b).unwrap()).unwrap();
    assert_eq!(compare("9007199254740993", "9007199254740992.0"), Ordering::Greater);
    assert_eq!(compare("-2", "-1.5"), Ordering::Less);
    assert_eq!(compare("0", "-0.0"), Ordering::Equal);
    assert_eq!(compare("1e300", "170141183460469231731687303715884105727"), Ordering::Greater);
    assert_eq!(compare("10", "9.5"), Ordering::Greater);
}
