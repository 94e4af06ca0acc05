//! YAML as JSON, as an editor hands it to a schema: plain scalars are what the core schema of YAML 1.2
//! makes of them.

use regex::Regex;
use saphyr_parser::{Event, Parser, ScalarStyle};
use serde_json::{Map, Value};

/// The value of a YAML document without anchors.
pub(crate) fn json_of_yaml(text: &str) -> Value {
    let events = Parser::new_from_str(text).map(|it| it.expect("it is YAML").0);
    let mut events = events.filter(|it| {
        let is_framing = matches!(it, Event::StreamStart | Event::DocumentStart(_));
        !is_framing
    });
    let first = events.next().expect("there is a document");
    value(first, &mut events)
}

fn value<'a>(event: Event<'a>, events: &mut impl Iterator<Item = Event<'a>>) -> Value {
    match event {
        Event::Scalar(text, ScalarStyle::Plain, ..) => plain(&text),
        Event::Scalar(text, ..) => Value::from(text.into_owned()),
        Event::SequenceStart(..) => {
            let mut items = Vec::new();
            while let Some(event) = events.next().filter(|it| *it != Event::SequenceEnd) {
                items.push(value(event, events));
            }
            Value::Array(items)
        }
        Event::MappingStart(..) => {
            let mut fields = Map::new();
            while let Some(key) = events.next().filter(|it| *it != Event::MappingEnd) {
                let key = match value(key, events) {
                    Value::String(key) => key,
                    other => other.to_string(),
                };
                let event = events.next().expect("a key has a value");
                fields.insert(key, value(event, events));
            }
            Value::Object(fields)
        }
        other => panic!("not expected: {other:?}"),
    }
}

fn plain(text: &str) -> Value {
    let is = |pattern: &str| Regex::new(pattern).unwrap().is_match(text);
    match text {
        "" | "~" | "null" => Value::Null,
        "true" | "false" => Value::from(text == "true"),
        _ if is("^[-+]?[0-9]+$")
            || is(r"^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$") =>
        {
            let number = text.parse::<i64>().map(Value::from);
            number.unwrap_or_else(|_| Value::from(text.parse::<f64>().unwrap()))
        }
        _ => Value::from(text),
    }
}
