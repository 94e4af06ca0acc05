//! Numbers that compare exactly.

use std::cmp::Ordering;

use crate::value::Value;

/// A number: whole, or binary floating-point. The two compare by their exact values, so that
/// 9007199254740993 is greater than 9007199254740992.0.
#[derive(Clone, Copy, Debug)]
pub enum Number {
    /// A whole number.
    Integer(i128),
    /// A floating-point number.
    Float(f64),
}

/// 2^127: whole numbers below it fit into 128 bits with a sign.
const WHOLE_LIMIT: f64 = 170_141_183_460_469_231_731_687_303_715_884_105_728.0;

impl Number {
    /// Reads a decimal number: an optional sign, digits with an optional point, an optional exponent.
    /// Nothing around it is trimmed. Whole numbers of up to 38 digits are exact.
    pub fn parse(text: &[u8]) -> Option<Self> {
        let unsigned = text.strip_prefix(b"-").or_else(|| text.strip_prefix(b"+")).unwrap_or(text);
        if !unsigned.is_empty() && unsigned.len() <= 18 && unsigned.iter().all(u8::is_ascii_digit) {
            let magnitude = unsigned.iter().fold(0, |it, byte| it * 10 + i64::from(byte - b'0'));
            let negative = text.first() == Some(&b'-');
            return Some(Self::Integer(i128::from(if negative { -magnitude } else { magnitude })));
        }
        let first = unsigned.first()?;
        if !first.is_ascii_digit() && *first != b'.' {
            return None;
        }
        let text = std::str::from_utf8(text).ok()?;
        match text.parse() {
            Ok(whole) => Some(Self::Integer(whole)),
            Err(_) => text.parse().ok().filter(|it: &f64| it.is_finite()).map(Self::Float),
        }
    }

    /// The number that a value is, or that its text spells. `None` for NULL and whatever is no number.
    #[inline]
    pub fn of(value: Value<'_>) -> Option<Self> {
        match value {
            Value::Integer(it) => Some(Self::Integer(i128::from(it))),
            Value::Float(it) => Some(Self::Float(it)),
            Value::Text(it) => Self::parse(it),
            Value::Boolean(it) => Some(Self::Integer(i128::from(it))),
            Value::Null | Value::Date(_) | Value::Timestamp(_) | Value::Bytes(_) => None,
        }
    }

    /// The same number in one form: an integer if it is whole and fits, however it was spelled.
    #[must_use]
    pub(crate) fn normalized(self) -> Self {
        match self {
            Self::Float(it) if it.fract() == 0.0 && it.abs() < WHOLE_LIMIT => {
                Self::Integer(it as i128)
            }
            other => other,
        }
    }

    /// The nearest floating-point number.
    pub fn to_f64(self) -> f64 {
        match self {
            Self::Integer(it) => it as f64,
            Self::Float(it) => it,
        }
    }
}

impl PartialEq for Number {
    fn eq(&self, other: &Self) -> bool {
        self.partial_cmp(other) == Some(Ordering::Equal)
    }
}

impl PartialOrd for Number {
    #[inline]
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Integer(a), Self::Integer(b)) => Some(a.cmp(b)),
            (Self::Float(a), Self::Float(b)) => a.partial_cmp(b),
            (Self::Integer(a), Self::Float(b)) => compare_exactly(*a, *b),
            (Self::Float(a), Self::Integer(b)) => compare_exactly(*b, *a).map(Ordering::reverse),
        }
    }
}

fn compare_exactly(whole: i128, float: f64) -> Option<Ordering> {
    // Up to here every whole number is a float too, and rounding would cost more than all the rest.
    const EXACT_MAX: u64 = 1 << f64::MANTISSA_DIGITS;
    if let Ok(small) = i64::try_from(whole)
        && small.unsigned_abs() <= EXACT_MAX
    {
        return (small as f64).partial_cmp(&float);
    }
    if float.is_nan() {
        return None;
    }
    if float >= WHOLE_LIMIT {
        return Some(Ordering::Less);
    }
    if float < -WHOLE_LIMIT {
        return Some(Ordering::Greater);
    }
    let floor = float.floor();
    let by_floor = whole.cmp(&(floor as i128));
    Some(by_floor.then(if float > floor { Ordering::Less } else { Ordering::Equal }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_compare_exactly_with_floats() {
        let beyond = Number::Integer(9_007_199_254_740_993);
        assert!(beyond > Number::Float(9_007_199_254_740_992.0));
        assert!(Number::Integer(-1) > Number::Float(-1.5));
        assert!(Number::Integer(1) < Number::Float(1.5));
        assert!(Number::Integer(9_007_199_254_740_992) < Number::Float(9_007_199_254_740_994.0));
        assert!(Number::Integer(i128::MAX) < Number::Float(f64::INFINITY));
        assert!(Number::Integer(0) > Number::Float(f64::NEG_INFINITY));
        assert_eq!(Number::Integer(2), Number::Float(2.0));
        assert_eq!(Number::Integer(2).partial_cmp(&Number::Float(f64::NAN)), None);
    }

    #[test]
    fn only_decimal_numbers_are_read() {
        for text in [
            "7",
            "-7",
            "+7",
            "007",
            "1.5",
            ".5",
            "5.",
            "1e3",
            "-2.5E-3",
            "123456789012345678901234567890",
        ] {
            assert!(Number::parse(text.as_bytes()).is_some(), "{text}");
        }
        for text in [
            "", " 7", "7 ", "-", "+", ".", "inf", "-inf", "NaN", "0x10", "1_000", "1,5", "e3",
            "--7", "+-7", "1e999",
        ] {
            assert!(Number::parse(text.as_bytes()).is_none(), "{text}");
        }
    }
}
