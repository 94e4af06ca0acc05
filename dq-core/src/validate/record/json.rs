//! Records written as JSON.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::Value as Json;
use serde_json::error::Category;

use crate::error::{Error, ErrorKind, Result};
use crate::validate::record::Record;
use crate::validate::record::fields::alike;
use crate::value::{OwnedValue, Value};

/// The fields of a JSON object, ordered by their names. Text is borrowed from the text of the record where
/// it has no escapes.
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
        serde_json::from_str(text).map_err(|error| {
            // The words of the parser may repeat a value, so they are not passed on.
            let reason = match error.classify() {
                Category::Data => "expected an object whose fields differ in name",
                Category::Eof => "the text ends too early",
                Category::Syntax | Category::Io => "this is not JSON",
            };
            let place = format!("{}:{}", error.line(), error.column());
            let message = format!("cannot read a record: {place}: {reason}");
            Error::new(ErrorKind::SourceInvalid, message)
        })
    }
}

impl Record for JsonRecord<'_> {
    fn field(&self, name: &str) -> Option<Value<'_>> {
        let found = self.0.binary_search_by(|(it, _)| (*it.0).cmp(name)).ok();
        let exact = found.and_then(|it| self.0.get(it)).map(|(_, field)| field.value());
        exact.or_else(|| alike(self.0.iter().map(|(name, it)| (&*name.0, it.value())), name))
    }
}

impl Field<'_> {
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

impl<'de> Deserialize<'de> for Field<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(FieldVisitor)
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
        while let Some(field) = map.next_entry()? {
            fields.push(field);
        }
        fields.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
        let twice = fields.windows(2).any(|it| matches!(it, [(a, _), (b, _)] if a == b));
        if twice { Err(A::Error::custom("a field is there twice")) } else { Ok(JsonRecord(fields)) }
    }
}

/// A whole number beyond 64 bits is the text of its digits, which compares as the number; arrays and
/// objects are bytes, since no check reads them.
struct FieldVisitor;

impl<'de> Visitor<'de> for FieldVisitor {
    type Value = Field<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Field::Borrowed(Value::Null))
    }

    fn visit_bool<E>(self, it: bool) -> Result<Self::Value, E> {
        Ok(Field::Borrowed(Value::Boolean(it)))
    }

    fn visit_i64<E>(self, it: i64) -> Result<Self::Value, E> {
        Ok(Field::Borrowed(Value::Integer(it)))
    }

    fn visit_u64<E>(self, it: u64) -> Result<Self::Value, E> {
        let large = |_| Field::Owned(OwnedValue::Text(it.to_string()));
        Ok(i64::try_from(it).map_or_else(large, |it| Field::Borrowed(Value::Integer(it))))
    }

    fn visit_f64<E>(self, it: f64) -> Result<Self::Value, E> {
        Ok(Field::Borrowed(Value::Float(it)))
    }

    fn visit_borrowed_str<E>(self, it: &'de str) -> Result<Self::Value, E> {
        Ok(Field::Borrowed(it.into()))
    }

    fn visit_str<E>(self, it: &str) -> Result<Self::Value, E> {
        Ok(Field::Owned(it.into()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, it: A) -> Result<Self::Value, A::Error> {
        Json::deserialize(SeqAccessDeserializer::new(it)).map(|it| nested(&it))
    }

    fn visit_map<A: MapAccess<'de>>(self, it: A) -> Result<Self::Value, A::Error> {
        Json::deserialize(MapAccessDeserializer::new(it)).map(|it| nested(&it))
    }
}

fn nested<'a>(json: &Json) -> Field<'a> {
    Field::Owned(OwnedValue::Bytes(json.to_string().into_bytes()))
}
