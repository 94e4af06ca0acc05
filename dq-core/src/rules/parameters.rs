//! `${name}` in the values of a rule file.
//!
//! A parameter is put into the value of a scalar after the file has been parsed.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::collections::HashSet;

use crate::document::{Content, Node, Place, Problems, nearest, replace};

/// How deep checks lie: in a list, in a rule, in a list, in the rule set.
const DEPTH_OF_CHECKS: usize = 4;

/// Replaces parameters in every scalar of `root`. The file's own values stand in its mapping
/// `parameters`; those of `given` win over them. A scalar that cannot be filled in stays as it is
/// written; gives the places that nothing else can be said about for it.
pub(crate) fn substitute(
    root: &mut Node,
    given: &BTreeMap<String, String>,
    problems: &mut Problems,
) -> HashSet<Place> {
    let mut values = declared(root, problems);
    for (name, value) in given {
        if values.insert(name.clone(), Some(value.clone())).is_none() {
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
            problems.add(place, message);
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
