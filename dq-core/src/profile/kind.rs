//! What a value reads as.

use crate::value::{Date, Number, Timestamp};

/// What a value reads as, whatever type its column is declared to have. Each value is of one kind: the
/// first that fits, in the order of this list, text last.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// An optional sign and decimal digits.
    Integer,
    /// Any other decimal number.
    Decimal,
    /// A day, `YYYY-MM-DD`.
    Date,
    /// A day with a time.
    Timestamp,
    /// `true` or `false` in any case.
    Boolean,
    /// Any other text that is not blank.
    Text,
    /// Bytes that are not text.
    Bytes,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 7] = [
        Self::Integer,
        Self::Decimal,
        Self::Date,
        Self::Timestamp,
        Self::Boolean,
        Self::Text,
        Self::Bytes,
    ];

    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Integer => "integer",
            Self::Decimal => "decimal",
            Self::Date => "date",
            Self::Timestamp => "timestamp",
            Self::Boolean => "boolean",
            Self::Text => "text",
            Self::Bytes => "bytes",
        }
    }

    /// What a text that is not blank reads as.
    pub(crate) fn of(text: &[u8]) -> Self {
        match text {
            [b'0'..=b'9' | b'-' | b'+' | b'.', ..] => Self::of_figures(text),
            [b't' | b'T' | b'f' | b'F', ..] if is_boolean(text) => Self::Boolean,
            _ => Self::Text,
        }
    }

    fn of_figures(text: &[u8]) -> Self {
        let digits = text.strip_prefix(b"-").or_else(|| text.strip_prefix(b"+")).unwrap_or(text);
        if !digits.is_empty() && digits.iter().all(u8::is_ascii_digit) {
            Self::Integer
        } else if Date::parse(text).is_some() {
            Self::Date
        } else if Timestamp::parse(text).is_some() {
            Self::Timestamp
        } else if Number::parse(text).is_some() {
            Self::Decimal
        } else {
            Self::Text
        }
    }
}

fn is_boolean(text: &[u8]) -> bool {
    text.eq_ignore_ascii_case(b"true") || text.eq_ignore_ascii_case(b"false")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_of_the_first_kind_that_fits() {
        let kinds = [
            ("007", Kind::Integer),
            ("+5", Kind::Integer),
            ("-", Kind::Text),
            ("1e3", Kind::Decimal),
            (".5", Kind::Decimal),
            ("1.2.3", Kind::Text),
            ("2026-11-23", Kind::Date),
            ("2026-13-23", Kind::Text),
            ("2026-11-23T10:00Z", Kind::Timestamp),
            ("False", Kind::Boolean),
            ("Fa", Kind::Text),
            ("35233-", Kind::Text),
        ];
        for (text, kind) in kinds {
            assert_eq!(Kind::of(text.as_bytes()), kind, "{text}");
        }
    }
}
