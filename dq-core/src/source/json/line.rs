//! One line: an object, and the kinds of its values.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::error::{Error, ErrorKind};
use crate::source::files::InputFile;

/// Takes the entries of an object.
pub(crate) trait Entries {
    /// The place of the value of `key`; `None` if it is not wanted. `at` counts the entries of the
    /// object.
    fn place(&mut self, key: &str, at: usize) -> Result<Option<usize>, Rejected>;

    /// Takes the value at `place`, as it stands in the line.
    fn value(&mut self, place: usize, raw: &str) -> Result<(), Rejected>;
}

/// Why an entry cannot be taken, in plain words.
#[derive(Debug)]
pub(crate) struct Rejected(pub(crate) String);

/// What is wrong with a line.
#[derive(Debug)]
pub(crate) struct Flaw {
    /// The byte of the line, from 0.
    offset: usize,
    reason: String,
}

impl Flaw {
    pub(crate) fn new(offset: usize, reason: impl Into<String>) -> Self {
        Self { offset, reason: reason.into() }
    }

    /// Says what is wrong in line number `number`, which is `line`, of which file.
    pub(crate) fn into_error(self, file: &InputFile, number: u64, line: &[u8]) -> Error {
        let before = line.get(..self.offset.min(line.len())).unwrap_or_default();
        let column = String::from_utf8_lossy(before).chars().count() + 1;
        let reason = self.reason;
        let message = format!("cannot read `{file}`: line {number}, column {column}: {reason}");
        Error::new(ErrorKind::SourceInvalid, message)
    }
}

/// Hands the entries of the object in `line` to `entries`; false for a line without any.
pub(crate) fn read(line: &str, entries: &mut impl Entries) -> Result<bool, Flaw> {
    let object = line.trim_start_matches([' ', '\t', '\r']);
    if object.is_empty() {
        return Ok(false);
    }
    if !object.starts_with('{') {
        return Err(Flaw::new(line.len() - object.len(), "expected an object"));
    }
    let mut deserializer = serde_json::Deserializer::from_str(line);
    let read = (&mut deserializer).deserialize_map(Object(entries));
    read.and_then(|()| deserializer.end()).map_err(|it| flaw(&it))?;
    Ok(true)
}

/// The messages of the parser end with the place, and never hold a value.
fn flaw(error: &serde_json::Error) -> Flaw {
    let text = error.to_string();
    let reason = text.rsplit_once(" at line ").map_or(text.as_str(), |(reason, _)| reason);
    let reason = match reason {
        "EOF while parsing a string" => "the line ends within a string",
        it if it.starts_with("EOF while") => "the line ends within the object",
        "trailing characters" => "expected nothing behind the object",
        other => other,
    };
    Flaw::new(error.column().saturating_sub(1), reason)
}

struct Object<'a, E>(&'a mut E);

impl<'de, E: Entries> Visitor<'de> for Object<'_, E> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<(), M::Error> {
        let mut at = 0;
        while let Some(place) = map.next_key_seed(Key { entries: &mut *self.0, at })? {
            at += 1;
            let Some(place) = place else {
                map.next_value::<IgnoredAny>()?;
                continue;
            };
            let raw = map.next_value::<&RawValue>()?.get();
            self.0.value(place, raw).map_err(|it| M::Error::custom(it.0))?;
        }
        Ok(())
    }
}

struct Key<'a, E> {
    entries: &'a mut E,
    at: usize,
}

impl<'de, E: Entries> DeserializeSeed<'de> for Key<'_, E> {
    type Value = Option<usize>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<E: Entries> Visitor<'_> for Key<'_, E> {
    type Value = Option<usize>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<F: serde::de::Error>(self, key: &str) -> Result<Self::Value, F> {
        self.entries.place(key, self.at).map_err(|it| F::custom(it.0))
    }
}

/// What a value is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Kind {
    Null,
    Boolean(bool),
    Integer(i64),
    Float(f64),
    /// A number that no type holds without loss.
    LongNumber,
    /// A string, in its quotes.
    Text,
    /// An object or array.
    Nested,
}

impl Kind {
    /// What the value is that stands in a line as `raw`.
    pub(crate) fn of(raw: &str) -> Self {
        match raw.as_bytes() {
            [b'"', ..] => Self::Text,
            [b'{' | b'[', ..] => Self::Nested,
            b"null" => Self::Null,
            b"true" => Self::Boolean(true),
            b"false" => Self::Boolean(false),
            number => Self::of_number(raw, number),
        }
    }

    fn of_number(raw: &str, number: &[u8]) -> Self {
        if !number.iter().any(|it| matches!(it, b'.' | b'e' | b'E')) {
            return raw.parse().map_or(Self::LongNumber, Self::Integer);
        }
        match raw.parse::<f64>() {
            Ok(float) if float.is_finite() => Self::Float(float),
            _ => Self::LongNumber,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_whole_without_point_and_exponent() {
        assert_eq!(Kind::of("-7"), Kind::Integer(-7));
        assert_eq!(Kind::of("7.0"), Kind::Float(7.0));
        assert_eq!(Kind::of("7e0"), Kind::Float(7.0));
        assert_eq!(Kind::of("9223372036854775807"), Kind::Integer(i64::MAX));
        assert_eq!(Kind::of("9223372036854775808"), Kind::LongNumber);
        assert_eq!(Kind::of("1e999"), Kind::LongNumber);
    }
}
