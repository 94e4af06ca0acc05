//! `${name}` in the values of a rule file.
//!
//! A parameter is put into the value of a scalar after the file has been parsed.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::collections::HashSet;

use crate::document::{Content, Node, Place, Problems, nearest, replace};

/// How deep checks lie: in a list, in a rule, in a list, in the rule set.
const DEPTH_OF_CHECKS: usize = 4;

/// What is known of a parameter.
enum Declared {
    Value(String),
    /// It has none of its own: one must be given.
    Open,
    /// What is wrong with it is told where it is declared, and nowhere else.
    Broken,
}

/// Replaces parameters in every scalar of `root`. The file's own values stand in its mapping
/// `parameters`, which is taken out; those of `given` win over them. A scalar that cannot be filled in stays
/// as it is written; gives the places that nothing else can be said about for it.
pub(crate) fn substitute(
    root: &mut Node,
    given: &BTreeMap<String, String>,
    problems: &mut Problems,
) -> HashSet<Place> {
    let mut values = declared(root, problems);
    for (name, value) in given {
        if values.insert(name.clone(), Declared::Value(value.clone())).is_none() {
            let hint = nearest(name, values.keys().filter(|it| *it != name).map(String::as_str));
            let message = format!("the file declares no parameter `{name}`{hint}");
            problems.add(Place { line: 1, column: 1 }, message);
        }
    }
    let mut unfilled = HashSet::new();
    root.for_each_scalar(&mut |place, text| {
        if !text.contains("${") {
            return;
        }
        let value_of = |name: &str| value_of(name, &values).map(Cow::Borrowed);
        let filled = replace(text, &value_of, &mut |message| {
            if !message.is_empty() {
                problems.add(place, message);
            }
            unfilled.insert(place);
        });
        if !unfilled.contains(&place) {
            *text = filled;
        }
    });
    mark(root, 0, &mut unfilled);
    unfilled
}

/// Adds the places of what has a check's unfilled scalars in it, below the check itself: a range whose bound
/// is missing is no range. Gives whether the node has one in it.
fn mark(node: &Node, depth: usize, unfilled: &mut HashSet<Place>) -> bool {
    // Counted, not sought: all of them are looked at.
    let marked = match &node.content {
        Content::Scalar(..) => return unfilled.contains(&node.place),
        Content::Sequence(items) => items.iter().filter(|it| mark(it, depth + 1, unfilled)).count(),
        Content::Mapping(entries) => {
            entries.iter().filter(|(_, it)| mark(it, depth + 1, unfilled)).count()
        }
    };
    let is_marked = marked > 0;
    if is_marked && depth > DEPTH_OF_CHECKS {
        unfilled.insert(node.place);
    }
    is_marked
}

/// Takes out what the file declares; `null` is a parameter without a value of its own.
fn declared(root: &mut Node, problems: &mut Problems) -> BTreeMap<String, Declared> {
    let mut values = BTreeMap::new();
    let Content::Mapping(fields) = &mut root.content else { return values };
    let field = fields.iter().position(|(key, _)| key.as_text() == Some("parameters"));
    let Some((_, parameters)) = field.map(|it| fields.remove(it)) else { return values };
    match parameters.content {
        Content::Mapping(entries) => {
            for (key, value) in entries {
                match key.as_text() {
                    Some(name) => {
                        values.insert(name.to_owned(), read(name, &value, problems));
                    }
                    None => problems.add(key.place, "a parameter has a name and a single value"),
                }
            }
        }
        _ if parameters.is_null() => {}
        _ => {
            let kind = parameters.kind();
            let message = format!("expected `parameters` as a mapping, found {kind}");
            problems.add(parameters.place, message);
        }
    }
    values
}

/// Reads the value of a parameter, in which there are no others: the order of them would matter.
fn read(name: &str, value: &Node, problems: &mut Problems) -> Declared {
    if value.is_null() {
        return Declared::Open;
    }
    let Some(text) = value.as_text() else {
        let kind = value.kind();
        let message = format!("the parameter `{name}` is {kind}: give it a single value");
        problems.add(value.place, message);
        return Declared::Broken;
    };
    let mut is_whole = true;
    let other = |it: &str| {
        let message = format!(
            "the parameter `{name}` takes no other, such as `{it}`; write `$${{` for the characters themselves"
        );
        Err(message)
    };
    let text = replace(text, &other, &mut |message| {
        problems.add(value.place, message);
        is_whole = false;
    });
    if is_whole { Declared::Value(text) } else { Declared::Broken }
}

/// The value to fill in, or why there is none; an empty message where that has been told.
fn value_of<'v>(name: &str, values: &'v BTreeMap<String, Declared>) -> Result<&'v str, String> {
    match values.get(name) {
        Some(Declared::Value(value)) => Ok(value),
        Some(Declared::Open) => Err(format!("parameter `{name}` has no value: pass one")),
        Some(Declared::Broken) => Err(String::new()),
        None => {
            let hint = nearest(name, values.keys().map(String::as_str));
            Err(format!("parameter `{name}` is not declared under `parameters`{hint}"))
        }
    }
}
