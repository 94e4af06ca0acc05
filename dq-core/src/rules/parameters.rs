//! `${name}` in the values of a rule file.
//!
//! A parameter is put into the value of a scalar after the file has been parsed.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::document::{Content, Node, Place, Problems, nearest, replace};

/// Replaces parameters in every scalar of `root`. The file's own values stand in its mapping
/// `parameters`; those of `given` win over them.
pub(crate) fn substitute(
    root: &mut Node,
    given: &BTreeMap<String, String>,
    problems: &mut Problems,
) {
    let mut values = declared(root, problems);
    for (name, value) in given {
        if values.insert(name.clone(), Some(value.clone())).is_none() {
            let hint = nearest(name, values.keys().filter(|it| *it != name).map(String::as_str));
            let message = format!("the file declares no parameter `{name}`{hint}");
            problems.add(Place { line: 1, column: 1 }, message);
        }
    }
    root.for_each_scalar(&mut |place, text| {
        if text.contains("${") {
            let value_of = |name: &str| value_of(name, &values).map(Cow::Borrowed);
            *text = replace(text, &value_of, &mut |message| problems.add(place, message));
        }
    });
}

/// The parameters that the file declares; `null` is one without a value of its own.
fn declared(root: &Node, problems: &mut Problems) -> BTreeMap<String, Option<String>> {
    let Content::Mapping(fields) = &root.content else { return BTreeMap::new() };
    let field = fields.iter().find(|(key, _)| key.as_text() == Some("parameters"));
    let Some((_, Node { content: Content::Mapping(entries), .. })) = field else {
        return BTreeMap::new();
    };
    let mut values = BTreeMap::new();
    for (key, value) in entries {
        match key.as_text() {
            Some(name) if value.is_null() || value.as_text().is_some() => {
                values.insert(name.to_owned(), value.as_text().map(str::to_owned));
            }
            _ => problems.add(key.place, "a parameter is a name and a single value"),
        }
    }
    values
}

fn value_of<'v>(
    name: &str,
    values: &'v BTreeMap<String, Option<String>>,
) -> Result<&'v str, String> {
    match values.get(name) {
        Some(Some(value)) => Ok(value),
        Some(None) => Err(format!("parameter `{name}` has no value: pass one")),
        None => {
            let hint = nearest(name, values.keys().map(String::as_str));
            Err(format!("parameter `{name}` is not declared under `parameters`{hint}"))
        }
    }
}
