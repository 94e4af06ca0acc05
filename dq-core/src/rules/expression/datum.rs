//! One value while an expression is evaluated: read, compared, computed with.

use std::borrow::Cow;
use std::cmp::Ordering;

use crate::rules::expression::syntax::{Comparison, Operator, Type};
use crate::rules::expression::truth::Outcome;
use crate::value::lens;
use crate::value::{Date, Number, Timestamp, Value};

/// How long a text may become that is put together of others; a longer one is INVALID. Calls that stand inside of
/// one another could fill any memory.
pub(crate) const TEXT_BYTES_MAX: usize = 256 << 20;

/// A value; or INVALID, which stays INVALID whatever is done with it.
#[derive(Clone, Debug, Default)]
pub(crate) enum Datum<'a> {
    #[default]
    Null,
    Invalid,
    Boolean(bool),
    Number(Number),
    Date(Date),
    Timestamp(Timestamp),
    /// Valid UTF-8.
    Text(Cow<'a, [u8]>),
    /// Bytes that are not text.
    Bytes(&'a [u8]),
}

impl<'a> From<Value<'a>> for Datum<'a> {
    #[inline]
    fn from(value: Value<'a>) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Boolean(it) => Self::Boolean(it),
            Value::Integer(it) => Self::Number(Number::Integer(i128::from(it))),
            Value::Float(it) => Self::Number(Number::Float(it)),
            Value::Date(it) => Self::Date(it),
            Value::Timestamp(it) => Self::Timestamp(it),
            Value::Text(it) => Self::Text(Cow::Borrowed(it)),
            Value::Bytes(it) => Self::Bytes(it),
        }
    }
}

impl From<Outcome> for Datum<'_> {
    #[inline]
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::True => Self::Boolean(true),
            Outcome::False => Self::Boolean(false),
            Outcome::Unknown => Self::Null,
            Outcome::Invalid => Self::Invalid,
        }
    }
}

impl Datum<'_> {
    /// The same value, borrowing its text.
    #[inline]
    pub(crate) fn borrowed(&self) -> Datum<'_> {
        match self {
            Self::Null => Datum::Null,
            Self::Invalid => Datum::Invalid,
            Self::Boolean(it) => Datum::Boolean(*it),
            Self::Number(it) => Datum::Number(*it),
            Self::Date(it) => Datum::Date(*it),
            Self::Timestamp(it) => Datum::Timestamp(*it),
            Self::Text(it) => Datum::Text(Cow::Borrowed(it)),
            Self::Bytes(it) => Datum::Bytes(it),
        }
    }

    /// The same value, owning its text. Bytes come from columns only, never from a constant.
    pub(crate) fn into_owned(self) -> Datum<'static> {
        match self {
            Self::Null => Datum::Null,
            Self::Invalid | Self::Bytes(_) => Datum::Invalid,
            Self::Boolean(it) => Datum::Boolean(it),
            Self::Number(it) => Datum::Number(it),
            Self::Date(it) => Datum::Date(it),
            Self::Timestamp(it) => Datum::Timestamp(it),
            Self::Text(it) => Datum::Text(Cow::Owned(it.into_owned())),
        }
    }

    pub(crate) fn text(text: impl Into<Vec<u8>>) -> Self {
        Self::Text(Cow::Owned(text.into()))
    }

    pub(crate) fn integer(number: impl Into<i128>) -> Self {
        Self::Number(Number::Integer(number.into()))
    }

    /// A computed number: INVALID if it is none that a number can hold.
    pub(crate) fn float(number: f64) -> Self {
        if number.is_finite() { Self::Number(Number::Float(number)) } else { Self::Invalid }
    }

    /// `Some` value, or else INVALID.
    pub(crate) fn or_invalid(value: Option<Self>) -> Self {
        value.unwrap_or(Self::Invalid)
    }

    /// What this value says as a condition: itself if it is a boolean, whether it is not 0 if it is
    /// a number. Text is no condition, whatever it spells.
    pub(crate) fn outcome(&self) -> Outcome {
        match self {
            Self::Null => Outcome::Unknown,
            Self::Boolean(it) => Outcome::of(*it),
            Self::Number(Number::Integer(it)) => Outcome::of(*it != 0),
            Self::Number(Number::Float(it)) if !it.is_nan() => Outcome::of(*it != 0.0),
            Self::Number(_)
            | Self::Date(_)
            | Self::Timestamp(_)
            | Self::Text(_)
            | Self::Bytes(_)
            | Self::Invalid => Outcome::Invalid,
        }
    }

    /// This value as another type, as CAST reads it: INVALID if it cannot be read so.
    pub(crate) fn cast(self, to: Type) -> Self {
        if matches!(self, Self::Null | Self::Invalid) {
            return self;
        }
        match to {
            Type::Text => self.into_text(),
            Type::Float => {
                Self::or_invalid(self.number().map(|it| Self::Number(Number::Float(it.to_f64()))))
            }
            Type::Integer => Self::or_invalid(self.number().and_then(whole).map(Self::integer)),
            Type::Date => Self::or_invalid(self.date().map(Self::Date)),
            Type::Timestamp => Self::or_invalid(self.timestamp().map(Self::Timestamp)),
            Type::Boolean => Self::or_invalid(self.boolean().map(Self::Boolean)),
        }
    }

    /// This value as text; NULL and INVALID stay, bytes are INVALID.
    pub(crate) fn into_text(self) -> Self {
        match self {
            Self::Null | Self::Invalid | Self::Text(_) => self,
            Self::Boolean(it) => Self::text(it.to_string()),
            Self::Number(Number::Integer(it)) => Self::text(it.to_string()),
            Self::Number(Number::Float(it)) => Self::text(Value::Float(it).to_string()),
            Self::Date(it) => Self::text(it.to_string()),
            Self::Timestamp(it) => Self::text(it.to_string()),
            Self::Bytes(_) => Self::Invalid,
        }
    }

    #[inline]
    pub(crate) fn number(&self) -> Option<Number> {
        match self {
            Self::Number(it) => Some(*it),
            Self::Boolean(it) => Some(Number::Integer(i128::from(*it))),
            Self::Text(it) => Number::parse(it),
            _ => None,
        }
    }

    pub(crate) fn date(&self) -> Option<Date> {
        match self {
            Self::Date(it) => Some(*it),
            Self::Timestamp(it) => Some(it.date()),
            Self::Text(it) => lens::date_of(Value::Text(it)),
            _ => None,
        }
    }

    pub(crate) fn timestamp(&self) -> Option<Timestamp> {
        match self {
            Self::Date(it) => Some(it.midnight()),
            Self::Timestamp(it) => Some(*it),
            Self::Text(it) => Timestamp::parse(it),
            _ => None,
        }
    }

    fn boolean(&self) -> Option<bool> {
        match self {
            Self::Boolean(it) => Some(*it),
            Self::Number(it) if *it == Number::Integer(0) => Some(false),
            Self::Number(it) if *it == Number::Integer(1) => Some(true),
            Self::Text(it) => boolean_of_text(it),
            _ => None,
        }
    }

    /// What `comparison` says of this value and `other`.
    #[inline]
    pub(crate) fn compare(&self, comparison: Comparison, other: &Self) -> Outcome {
        match (self, other) {
            (Self::Invalid, _) | (_, Self::Invalid) => Outcome::Invalid,
            (Self::Null, _) | (_, Self::Null) => Outcome::Unknown,
            _ => self.order(other).map_or(Outcome::Invalid, |it| Outcome::of(comparison.holds(it))),
        }
    }

    /// Whether the two differ, where NULL is a value that equals itself only.
    pub(crate) fn distinct(&self, other: &Self) -> Outcome {
        match (self, other) {
            (Self::Invalid, _) | (_, Self::Invalid) => Outcome::Invalid,
            (Self::Null, Self::Null) => Outcome::False,
            (Self::Null, _) | (_, Self::Null) => Outcome::True,
            _ => self.compare(Comparison::NOT_EQUAL, other),
        }
    }

    /// The order of two values, neither NULL nor INVALID; none if one cannot be read as what the
    /// other is. Text next to something else is read as that.
    fn order(&self, other: &Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Text(a), Self::Text(b)) => Some(a.cmp(b)),
            (Self::Bytes(a), Self::Bytes(b)) => Some(a.cmp(b)),
            (Self::Boolean(_), Self::Boolean(_) | Self::Text(_))
            | (Self::Text(_), Self::Boolean(_)) => Some(self.boolean()?.cmp(&other.boolean()?)),
            (Self::Date(a), Self::Date(b)) => Some(a.cmp(b)),
            (Self::Date(_) | Self::Timestamp(_), _) | (_, Self::Date(_) | Self::Timestamp(_)) => {
                Some(self.timestamp()?.cmp(&other.timestamp()?))
            }
            _ => self.number()?.partial_cmp(&other.number()?),
        }
    }

    /// What `operator` makes of this value and `other`.
    pub(crate) fn compute(self, operator: Operator, other: Self) -> Self {
        match (&self, &other) {
            (Self::Invalid, _) | (_, Self::Invalid) => Self::Invalid,
            (Self::Null, _) | (_, Self::Null) => Self::Null,
            _ if operator == Operator::Concatenate => {
                concatenate(self.into_text(), other.into_text())
            }
            (Self::Date(_), _) | (_, Self::Date(_)) => {
                Self::or_invalid(compute_with_days(operator, &self, &other))
            }
            _ => match (self.number(), other.number()) {
                (Some(a), Some(b)) => compute_with_numbers(operator, a, b),
                _ => Self::Invalid,
            },
        }
    }

    /// The number with the other sign.
    pub(crate) fn negate(self) -> Self {
        match self {
            Self::Null => Self::Null,
            _ => match self.number() {
                Some(Number::Integer(it)) => Self::or_invalid(it.checked_neg().map(Self::integer)),
                Some(Number::Float(it)) => Self::float(-it),
                None => Self::Invalid,
            },
        }
    }
}

/// The whole number that a number is, if it is one.
pub(crate) fn whole(number: Number) -> Option<i128> {
    match number {
        Number::Integer(it) => Some(it),
        Number::Float(it) => {
            let whole = it as i128;
            (Number::Integer(whole) == number).then_some(whole)
        }
    }
}

fn boolean_of_text(text: &[u8]) -> Option<bool> {
    let spells = |words: [&[u8]; 3]| words.iter().any(|it| it.eq_ignore_ascii_case(text));
    if spells([b"true", b"t", b"1"]) {
        return Some(true);
    }
    spells([b"false", b"f", b"0"]).then_some(false)
}

fn concatenate<'a>(left: Datum<'a>, right: Datum<'a>) -> Datum<'a> {
    match (left, right) {
        (Datum::Text(left), Datum::Text(right)) if left.len() + right.len() <= TEXT_BYTES_MAX => {
            let mut text = left.into_owned();
            text.extend_from_slice(&right);
            Datum::text(text)
        }
        _ => Datum::Invalid,
    }
}

fn compute_with_days<'a>(
    operator: Operator,
    left: &Datum<'a>,
    right: &Datum<'a>,
) -> Option<Datum<'a>> {
    let days_of = |it: &Datum<'a>| it.number().and_then(whole);
    let day = |days: i128| Some(Datum::Date(Date::from_days(i32::try_from(days).ok()?)));
    match (operator, left, right) {
        (Operator::Add, Datum::Date(date), number) | (Operator::Add, number, Datum::Date(date)) => {
            day(i128::from(date.days()).checked_add(days_of(number)?)?)
        }
        (
            Operator::Subtract,
            Datum::Date(date),
            number @ (Datum::Number(_) | Datum::Boolean(_)),
        ) => day(i128::from(date.days()).checked_sub(days_of(number)?)?),
        (Operator::Subtract, left, right) => {
            Some(Datum::integer(i128::from(left.date()?.days()) - i128::from(right.date()?.days())))
        }
        _ => None,
    }
}

fn compute_with_numbers<'a>(operator: Operator, left: Number, right: Number) -> Datum<'a> {
    match operator {
        Operator::Divide if right.to_f64() == 0.0 => Datum::Null,
        Operator::Divide => Datum::float(left.to_f64() / right.to_f64()),
        Operator::Remainder => match (whole(left), whole(right)) {
            (Some(_), Some(0)) => Datum::Null,
            (Some(a), Some(b)) => Datum::or_invalid(a.checked_rem(b).map(Datum::integer)),
            _ => Datum::Invalid,
        },
        _ => match (left, right) {
            (Number::Integer(a), Number::Integer(b)) => Datum::or_invalid(
                match operator {
                    Operator::Add => a.checked_add(b),
                    Operator::Subtract => a.checked_sub(b),
                    _ => a.checked_mul(b),
                }
                .map(Datum::integer),
            ),
            _ => Datum::float(match operator {
                Operator::Add => left.to_f64() + right.to_f64(),
                Operator::Subtract => left.to_f64() - right.to_f64(),
                _ => left.to_f64() * right.to_f64(),
            }),
        },
    }
}
