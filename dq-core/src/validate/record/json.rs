//! Records written as JSON.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error as _, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::error::{Error, ErrorKind, Result};
use crate::source::json::Kind;
use crate::validate::record::Record;
use crate::validate::record::fields::alike;
use crate::value::{OwnedValue, Value};

/// The fields of a JSON object, ordered by their names, with the values that a line of JSON Lines would
/// have. Text is borrowed from the text of the record where it has no escapes.
pub(super) struct JsonRecord<'a>(Vec<(Name<'a>, Field<'a>)>);

#[derive(Deserialize, Eq, Ord, PartialEq, PartialOrd)]
#[serde(transparent)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

enum Field<'a> {
    Borrowed(Value<'a>),
    Owned(OwnedValue),
}

/// Room for the fields of most records.
const FIELDS: usize = 32;

impl<'a> JsonRecord<'a> {
    /// Reads one JSON object.
    ///
    /// # Errors
    ///
    /// `SourceInvalid` if `text` is something else, or if a field is there twice.
    pub(super) fn parse(text: &'a str) -> Result<Self> {
        let is_object = text.trim_start().starts_with('{');
        // In an object the words of the parser repeat no value.
        let reason = match is_object.then(|| serde_json::from_str(text)) {
            Some(Ok(record)) => return Ok(record),
            Some(Err(error)) => error.to_string(),
            None => "expected a JSON object".to_owned(),
        };
        Err(Error::new(ErrorKind::SourceInvalid, format!("cannot read a record: {reason}")))
    }
}

impl Record for JsonRecord<'_> {
    fn field(&self, name: &str) -> Option<Value<'_>> {
        let found = self.0.binary_search_by(|(it, _)| (*it.0).cmp(name)).ok();
        let exact = found.and_then(|it| self.0.get(it)).map(|(_, field)| field.value());
        exact.or_else(|| alike(self.0.iter().map(|(name, it)| (&*name.0, it.value())), name))
    }
}

impl<'a> Field<'a> {
    /// The value that stands in a record as `raw`; none if it is text with an escape that is no character.
    fn of(raw: &'a str) -> Option<Self> {
        Some(Self::Borrowed(match Kind::of(raw) {
            Kind::Null => Value::Null,
            Kind::Boolean(it) => Value::Boolean(it),
            Kind::Integer(it) => Value::Integer(it),
            Kind::Float(it) => Value::Float(it),
            Kind::LongNumber | Kind::Nested => Value::from(raw),
            Kind::Text => {
                let inner = raw.strip_prefix('"')?.strip_suffix('"')?;
                if inner.contains('\\') {
                    return serde_json::from_str(raw)
                        .ok()
                        .map(|it| Self::Owned(OwnedValue::Text(it)));
                }
                Value::from(inner)
            }
        }))
    }

    fn value(&self) -> Value<'_> {
        match self {
            Self::Borrowed(value) => *value,
            Self::Owned(value) => value.as_value(),
        }
    }
}

impl<'de> Deserialize<'de> for JsonRecord<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(RecordVisitor)
    }
}

struct RecordVisitor;

impl<'de> Visitor<'de> for RecordVisitor {
    type Value = JsonRecord<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut fields: Vec<(Name<'de>, Field<'de>)> = Vec::with_capacity(FIELDS);
        while let Some((name, raw)) = map.next_entry::<Name<'de>, &RawValue>()? {
            let field = Field::of(raw.get());
            let flaw = || A::Error::custom("a text has an escape that is no character");
            fields.push((name, field.ok_or_else(flaw)?));
        }
        fields.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
        let twice = fields.windows(2).any(|it| matches!(it, [(a, _), (b, _)] if a == b));
        if twice { Err(A::Error::custom("a field is there twice")) } else { Ok(JsonRecord(fields)) }
    }
}
