//! The JSON Schema of rule sets, which editors complete from and warn by.
//!
//! Every check tells what stands under its name and beside it; the rest is here. A schema sees the form
//! of a file and no more: whether a regular expression compiles, an expression can be read or a
//! column exists, only reading and planning tell.

use serde_json::{Map, Value as Json, json};

use crate::rules::check::Check;
use crate::rules::dimension::Dimension;
use crate::rules::format::Format;
use crate::rules::severity::Severity;

/// The fields of one kind of check, as schemas.
#[derive(Debug)]
pub(crate) struct CheckSchema {
    argument: Json,
    fields: Vec<(&'static str, Json)>,
    required: Vec<&'static str>,
    /// Fields of which exactly one must be there; empty if there are none.
    alternatives: Vec<&'static str>,
}

impl CheckSchema {
    /// A check whose name stands before `argument`.
    pub(crate) fn new(argument: Json) -> Self {
        Self { argument, fields: Vec::new(), required: Vec::new(), alternatives: Vec::new() }
    }

    /// A check of one column.
    pub(crate) fn of_column(argument: Json) -> Self {
        Self::new(argument).requiring("column", defined("value"))
    }

    /// A check by key.
    pub(crate) fn of_keys(argument: Json) -> Self {
        Self::new(argument)
            .allowing("ignore", options(&["blank"]))
            .allowing("normalize", options(&["case", "blanks"]))
    }

    /// With a field that must stand beside the name of the check.
    pub(crate) fn requiring(mut self, name: &'static str, schema: Json) -> Self {
        self.required.push(name);
        self.allowing(name, schema)
    }

    /// With fields of which exactly one must stand beside the name of the check.
    pub(crate) fn requiring_one_of(mut self, fields: [(&'static str, Json); 2]) -> Self {
        self.alternatives.extend(fields.iter().map(|(name, _)| *name));
        self.fields.extend(fields);
        self
    }

    /// With a field that may stand beside the name of the check.
    pub(crate) fn allowing(mut self, name: &'static str, schema: Json) -> Self {
        self.fields.push((name, schema));
        self
    }

    /// All fields of a check called `name`, and which of them must be there.
    fn into_object(self, name: &'static str) -> Json {
        let mut properties = common_fields();
        properties.insert(name.to_owned(), self.argument);
        properties.extend(self.fields.into_iter().map(|(name, it)| (name.to_owned(), it)));
        let required: Vec<_> = std::iter::once(name).chain(self.required).collect();
        let mut object = json!({ "required": required, "properties": properties, "additionalProperties": false });
        let alternatives = self.alternatives.iter().map(|it| json!({ "required": [it] }));
        if let Some(object) = object.as_object_mut().filter(|_| !self.alternatives.is_empty()) {
            object.insert("oneOf".to_owned(), alternatives.collect());
        }
        object
    }
}

/// The JSON Schema (draft 7, which editors know best) of rule sets; `docs/rules.schema.json` is this
/// with descriptions. A parameter may stand for any single value, but not for the name of a field or
/// for a list.
pub fn schema() -> Json {
    let mut schema = object(
        &["version", "rules"],
        &json!({
            "$schema": { "type": "string" },
            "version": { "enum": [1, "1"] },
            "description": defined("value"),
            "parameters": {
                "type": "object",
                "additionalProperties": { "type": ["string", "number", "boolean", "null"] },
            },
            "rules": { "type": "array", "items": defined("rule") },
        }),
    );
    let definitions = json!({
        "value": { "type": ["string", "number", "boolean"] },
        "id": { "type": ["string", "number", "boolean"], "pattern": r"\S" },
        "values": list_or_one(&defined("value")),
        "columns": columns(),
        "count": number_like("integer", "[0-9]+"),
        "severity": named(&Severity::ALL.map(Severity::as_str)),
        "allowance": number_like("integer", r"[0-9]+|0*(100(\.0{0,12})?|[0-9]{1,2}(\.[0-9]{0,12})?)%"),
        "format": named(&Format::ALL.iter().map(|it| it.name()).collect::<Vec<_>>()),
        "rule": rule(),
        "check": check(),
    });
    if let Some(fields) = schema.as_object_mut() {
        fields.insert("definitions".to_owned(), definitions);
        fields.shift_insert(
            0,
            "$schema".to_owned(),
            json!("http://json-schema.org/draft-07/schema#"),
        );
        fields.shift_insert(1, "$id".to_owned(), json!("urn:dq:rules:1"));
        fields.shift_insert(2, "title".to_owned(), json!("dq rule set"));
    }
    schema
}

fn rule() -> Json {
    object(
        &["id", "table", "checks"],
        &json!({
            "id": defined("id"),
            "description": defined("value"),
            "table": defined("value"),
            "severity": defined("severity"),
            "where": defined("value"),
            "aliases": defined("values"),
            "optional": defined("values"),
            "checks": { "type": "array", "items": defined("check"), "minItems": 1 },
        }),
    )
}

/// One check of any kind. All fields stand in one list, for editors to complete from; which go together
/// is told for each kind.
fn check() -> Json {
    let mut properties = common_fields();
    let (mut names, mut kinds) = (Vec::new(), Vec::new());
    for (name, schema) in Check::schemas() {
        for (field, _) in &schema.fields {
            properties.entry(*field).or_insert(json!(true));
        }
        properties.insert(name.to_owned(), json!(true));
        names.push(json!({ "required": [name] }));
        kinds.push(json!({ "if": { "required": [name] }, "then": schema.into_object(name) }));
    }
    json!({ "type": "object", "properties": properties, "oneOf": names, "allOf": kinds })
}

/// The fields that every check has.
fn common_fields() -> Map<String, Json> {
    let tolerance = json!({
        "anyOf": [
            defined("allowance"),
            at_least_one(&json!({ "warn": defined("allowance"), "fail": defined("allowance") })),
        ],
    });
    Map::from_iter([
        ("dimension".to_owned(), named(&Dimension::ALL.map(Dimension::as_str))),
        ("id".to_owned(), defined("id")),
        ("message".to_owned(), defined("value")),
        ("severity".to_owned(), defined("severity")),
        ("table".to_owned(), defined("value")),
        ("tolerance".to_owned(), tolerance),
        ("where".to_owned(), defined("value")),
    ])
}

/// What is defined once under a name: a single `value`, one or more `values`, a `count`, a `format`.
pub(crate) fn defined(name: &str) -> Json {
    json!({ "$ref": format!("#/definitions/{name}") })
}

/// `true`: the argument of a check that is only switched on.
pub(crate) fn switched_on() -> Json {
    json!({ "enum": [true, "true"] })
}

/// One of some names, or a parameter.
pub(crate) fn named(names: &[&str]) -> Json {
    json!({ "anyOf": [{ "enum": names }, { "type": "string", "pattern": r"\$\{" }] })
}

/// A number of a type, or text that matches all of `pattern`, or a parameter.
pub(crate) fn number_like(number: &str, pattern: &str) -> Json {
    let pattern = format!(r"^({pattern})$|\$\{{");
    json!({ "type": [number, "string"], "minimum": 0, "pattern": pattern })
}

/// An object with these fields and no others.
pub(crate) fn object(required: &[&str], properties: &Json) -> Json {
    json!({
        "type": "object",
        "required": required,
        "properties": properties,
        "additionalProperties": false,
    })
}

/// An object with some of these fields and no others.
pub(crate) fn at_least_one(properties: &Json) -> Json {
    json!({
        "type": "object",
        "properties": properties,
        "minProperties": 1,
        "additionalProperties": false,
    })
}

/// `min` and `max`, of which one must be there.
pub(crate) fn between(bound: &Json) -> Json {
    at_least_one(&json!({ "min": bound, "max": bound }))
}

/// An object that needs `min`, `max` or both.
pub(crate) fn with_bounds(mut object: Json) -> Json {
    if let Some(object) = object.as_object_mut() {
        let bounds = ["min", "max"].map(|it| json!({ "required": [it] }));
        object.insert("anyOf".to_owned(), json!(bounds));
    }
    object
}

/// A number or a day.
pub(crate) fn bound() -> Json {
    let day = "today|[0-9]{4}-[0-9]{2}-[0-9]{2}";
    let number = r"[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?";
    let pattern = format!(r"^({day}|{number})$|\$\{{");
    json!({ "type": ["number", "string"], "pattern": pattern })
}

/// A share, such as 0.5 or 50%.
pub(crate) fn share() -> Json {
    number_like("number", r"[0-9]+(\.[0-9]*)?%?|\.[0-9]+%?")
}

/// Options, each of which is one of some words.
pub(crate) fn options(known: &[&str]) -> Json {
    list_or_one(&json!({ "enum": known }))
}

/// One column or several different ones.
fn columns() -> Json {
    let value = defined("value");
    let list = json!({ "type": "array", "items": value, "minItems": 1, "uniqueItems": true });
    json!({ "anyOf": [value, list] })
}

fn list_or_one(item: &Json) -> Json {
    json!({ "anyOf": [item, { "type": "array", "items": item, "minItems": 1 }] })
}
