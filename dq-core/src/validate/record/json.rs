//! Records written as JSON.

use std::collections::HashMap;
use std::fmt;

use serde::de::Error as _;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::Value as Json;
use serde_json::error::Category;

use crate::error::{Error, ErrorKind, Result};
use crate::value::OwnedValue;

/// The fields of the JSON object in `text`.
///
/// # Errors
///
/// `SourceInvalid` if `text` is not one JSON object, or if a field is there twice.
pub(super) fn fields_of(text: &str) -> Result<HashMap<String, OwnedValue>> {
    let fields = serde_json::from_str::<Fields>(text).map_err(|error| {
        // The words of the parser may repeat a value, so they are not passed on.
        let reason = match error.classify() {
            Category::Data => "expected an object whose fields differ in name",
            Category::Eof => "the text ends too early",
            Category::Syntax | Category::Io => "this is not JSON",
        };
        let place = format!("{}:{}", error.line(), error.column());
        Error::new(ErrorKind::SourceInvalid, format!("cannot read a record: {place}: {reason}"))
    })?;
    Ok(fields.0)
}

struct Fields(HashMap<String, OwnedValue>);

struct FieldsVisitor;

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        deserializer.deserialize_map(FieldsVisitor)
    }
}

impl<'de> Visitor<'de> for FieldsVisitor {
    type Value = Fields;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> std::result::Result<Fields, A::Error> {
        let mut fields = HashMap::new();
        while let Some((name, value)) = map.next_entry()? {
            if fields.insert(name, value_of(value)).is_some() {
                return Err(A::Error::custom("a field is there twice"));
            }
        }
        Ok(Fields(fields))
    }
}

/// The value of a field. A whole number beyond 64 bits is the text of its digits, which compares as the
/// number; arrays and objects are bytes, since no check reads them.
fn value_of(value: Json) -> OwnedValue {
    match value {
        Json::Null => OwnedValue::Null,
        Json::Bool(it) => OwnedValue::Boolean(it),
        Json::String(it) => OwnedValue::Text(it),
        Json::Number(it) => match (it.as_i64(), it.as_u64(), it.as_f64()) {
            (Some(it), ..) => OwnedValue::Integer(it),
            (None, Some(it), _) => OwnedValue::Text(it.to_string()),
            (None, None, it) => it.map_or(OwnedValue::Null, OwnedValue::Float),
        },
        Json::Array(_) | Json::Object(_) => OwnedValue::Bytes(value.to_string().into_bytes()),
    }
}
