//! A value that owns its bytes: a parameter of a statement, a key that outlives its batch.

use std::fmt;

use crate::value::{Date, Timestamp, Value};

/// One value that owns its bytes.
#[derive(Clone, PartialEq)]
pub enum OwnedValue {
    /// SQL NULL.
    Null,
    /// True or false.
    Boolean(bool),
    /// A whole number.
    Integer(i64),
    /// A binary floating-point number.
    Float(f64),
    /// A day of the proleptic Gregorian calendar.
    Date(Date),
    /// A point in time, without a time zone.
    Timestamp(Timestamp),
    /// Text.
    Text(String),
    /// Bytes that are not text.
    Bytes(Vec<u8>),
}

impl OwnedValue {
    /// The same value, borrowed.
    pub fn as_value(&self) -> Value<'_> {
        match self {
            Self::Null => Value::Null,
            Self::Boolean(it) => Value::Boolean(*it),
            Self::Integer(it) => Value::Integer(*it),
            Self::Float(it) => Value::Float(*it),
            Self::Date(it) => Value::Date(*it),
            Self::Timestamp(it) => Value::Timestamp(*it),
            Self::Text(it) => Value::Text(it.as_bytes()),
            Self::Bytes(it) => Value::Bytes(it),
        }
    }
}

/// Shows the type and never the value, since values are rows' or users' data and logs travel far.
impl fmt::Debug for OwnedValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Null => "Null",
            Self::Boolean(_) => "Boolean(…)",
            Self::Integer(_) => "Integer(…)",
            Self::Float(_) => "Float(…)",
            Self::Date(_) => "Date(…)",
            Self::Timestamp(_) => "Timestamp(…)",
            Self::Text(_) => "Text(…)",
            Self::Bytes(_) => "Bytes(…)",
        })
    }
}

impl From<Value<'_>> for OwnedValue {
    fn from(value: Value<'_>) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Boolean(it) => Self::Boolean(it),
            Value::Integer(it) => Self::Integer(it),
            Value::Float(it) => Self::Float(it),
            Value::Date(it) => Self::Date(it),
            Value::Timestamp(it) => Self::Timestamp(it),
            Value::Text(it) => Self::Text(String::from_utf8_lossy(it).into_owned()),
            Value::Bytes(it) => Self::Bytes(it.to_vec()),
        }
    }
}

macro_rules! from {
    ($($type:ty: $value:ident => $owned:expr;)*) => {
        $(impl From<$type> for OwnedValue {
            fn from($value: $type) -> Self { $owned }
        })*
    };
}

from! {
    bool: it => Self::Boolean(it);
    i32: it => Self::Integer(i64::from(it));
    u32: it => Self::Integer(i64::from(it));
    i64: it => Self::Integer(it);
    f64: it => Self::Float(it);
    Date: it => Self::Date(it);
    Timestamp: it => Self::Timestamp(it);
    &str: it => Self::Text(it.to_owned());
    String: it => Self::Text(it);
    &[u8]: it => Self::Bytes(it.to_vec());
    Vec<u8>: it => Self::Bytes(it);
}

impl<T: Into<Self>> From<Option<T>> for OwnedValue {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_borrowed_value_survives_the_round_trip() {
        let values: [OwnedValue; 8] = [
            OwnedValue::Null,
            true.into(),
            7.into(),
            1.5.into(),
            Date::from_days(20_000).into(),
            Timestamp::from_micros(1).into(),
            "zürich".into(),
            vec![0xff_u8, 0].into(),
        ];
        for value in values {
            assert!(OwnedValue::from(value.as_value()) == value, "{value:?}");
        }
    }

    #[test]
    fn debug_hides_the_value() {
        assert_eq!(format!("{:?}", OwnedValue::from("secret")), "Text(…)");
    }
}
