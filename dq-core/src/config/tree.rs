//! Any YAML document as JSON, for configurations that are not ours.

use serde_json::{Map, Number, Value};

use crate::document::{Content, Node, Problems};
use crate::error::{Error, ErrorKind, Result};

/// What the YAML in `text` says, as JSON; `null` if it says nothing. Messages call it `file`.
///
/// Scalars without quotes are what YAML 1.2 takes them for: nothing, booleans, numbers, else text. Keys are text.
///
/// ```
/// let json = dq_core::config::yaml_to_json("pool:\n  size: 5\n  name: '5'\n", "a.yaml")?;
/// assert_eq!(json, r#"{"pool":{"size":5,"name":"5"}}"#);
/// # Ok::<(), dq_core::Error>(())
/// ```
///
/// # Errors
///
/// `ConfigInvalid`, with the line and the column, if `text` is no YAML, or a key stands twice in one mapping.
pub fn yaml_to_json(text: &str, file: &str) -> Result<String> {
    let mut problems = Problems::default();
    let root = Node::parse(text, &mut problems);
    if !problems.is_empty() {
        return Err(problems.into_error(ErrorKind::ConfigInvalid, file));
    }
    let value = root.as_ref().map_or(Value::Null, value);
    serde_json::to_string(&value).map_err(|it| {
        Error::new(ErrorKind::Internal, format!("cannot write `{file}` as JSON")).with_source(it)
    })
}

fn value(node: &Node) -> Value {
    match &node.content {
        Content::Scalar(text, true) => plain(text),
        Content::Scalar(text, false) => Value::String(text.clone()),
        Content::Sequence(items) => Value::Array(items.iter().map(value).collect()),
        Content::Mapping(entries) => {
            let named = entries.iter().map(|(key, it)| (name(key), value(it)));
            Value::Object(named.collect::<Map<_, _>>())
        }
    }
}

fn name(key: &Node) -> String {
    match &key.content {
        Content::Scalar(text, _) => text.clone(),
        _ => value(key).to_string(),
    }
}

/// What a scalar without quotes is.
fn plain(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Value::Null,
        "true" | "True" | "TRUE" => return Value::Bool(true),
        "false" | "False" | "FALSE" => return Value::Bool(false),
        _ => {}
    }
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if !digits.starts_with(|it: char| it.is_ascii_digit() || it == '.') {
        return Value::String(text.to_owned());
    }
    let integer = text.strip_prefix('+').unwrap_or(text).parse::<i64>().ok().map(Number::from);
    let number = integer.or_else(|| text.parse().ok().and_then(Number::from_f64));
    number.map_or_else(|| Value::String(text.to_owned()), Value::Number)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(text: &str) -> String {
        yaml_to_json(text, "a.yaml").unwrap()
    }

    #[test]
    fn scalars_are_what_yaml_takes_them_for() {
        let text =
            "[1, -2, +3, 1.5, 1e3, '1', true, False, null, ~, .inf, 1.2.3, 2026-01-31, no, 007]";
        let told =
            r#"[1,-2,3,1.5,1000.0,"1",true,false,null,null,".inf","1.2.3","2026-01-31","no",7]"#;
        assert_eq!(json(text), told);
    }

    #[test]
    fn aliases_and_keys_that_are_numbers_are_read() {
        assert_eq!(json("a: &x {1: [b]}\nc: *x"), r#"{"a":{"1":["b"]},"c":{"1":["b"]}}"#);
        assert_eq!(json(""), "null");
    }

    #[test]
    fn what_is_wrong_has_its_place() {
        let error = yaml_to_json("a: 1\na: 2\n", "a.yaml").unwrap_err();
        assert_eq!(error.to_string(), "a.yaml:2:1: `a` stands here twice");
        let error = yaml_to_json("a: [1", "a.yaml").unwrap_err();
        assert!(error.to_string().starts_with("a.yaml:"), "{error}");
    }
}
