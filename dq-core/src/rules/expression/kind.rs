//! What is known of a value before any row is read.

use std::fmt;

use crate::value::ValueType;

/// The kind of a value, as far as the schema and the expression tell.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Kind {
    /// Each row decides.
    Any,
    /// NULL, or what is already reported as an error: goes with everything.
    Null,
    Boolean,
    Number,
    Date,
    Timestamp,
    /// Also whatever a text can be read as.
    Text,
    Bytes,
}

impl From<ValueType> for Kind {
    fn from(value_type: ValueType) -> Self {
        match value_type {
            ValueType::Boolean => Self::Boolean,
            ValueType::Integer | ValueType::Float => Self::Number,
            ValueType::Date => Self::Date,
            ValueType::Timestamp => Self::Timestamp,
            ValueType::Text => Self::Text,
            ValueType::Bytes => Self::Bytes,
            ValueType::Any => Self::Any,
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Any => "a value",
            Self::Null => "NULL",
            Self::Boolean => "a boolean",
            Self::Number => "a number",
            Self::Date => "a date",
            Self::Timestamp => "a timestamp",
            Self::Text => "text",
            Self::Bytes => "bytes",
        })
    }
}

impl Kind {
    /// The kind of what is either of this kind or of `other`.
    pub(super) fn or(self, other: Self) -> Self {
        match (self, other) {
            (it, Self::Null) | (Self::Null, it) => it,
            (a, b) if a == b => a,
            _ => Self::Any,
        }
    }

    /// Whether a value of this kind can be compared with one of the kind `other`.
    pub(super) fn compares_with(self, other: Self) -> bool {
        use Kind::{Any, Boolean, Bytes, Date, Null, Number, Text, Timestamp};
        match (self, other) {
            (Any | Null, _) | (_, Any | Null) => true,
            (Bytes, _) | (_, Bytes) => self == other,
            (Boolean | Number, Date | Timestamp) | (Date | Timestamp, Boolean | Number) => false,
            (Boolean | Number | Date | Timestamp | Text, _) => true,
        }
    }

    pub(super) fn is_condition(self) -> bool {
        matches!(self, Self::Any | Self::Null | Self::Boolean | Self::Number)
    }

    pub(super) fn is_numeric(self) -> bool {
        matches!(self, Self::Any | Self::Null | Self::Boolean | Self::Number | Self::Text)
    }

    pub(super) fn is_temporal(self) -> bool {
        matches!(self, Self::Any | Self::Null | Self::Date | Self::Timestamp | Self::Text)
    }
}
