//! How text counts in the keys of a check: `ignore` and `normalize`.

use crate::rules::fields::Fields;
use crate::rules::plan::{Blank, KeyForm};

/// Takes `ignore` and `normalize`, which stand beside the name of the check.
pub(in crate::rules::check) fn key_form(fields: &mut Fields<'_>) -> Option<KeyForm> {
    let blank = blank(fields);
    let normalizes = names(fields, "normalize", &["case", "blanks"])?;
    let has = |name: &str| normalizes.iter().any(|it| it == name);
    Some(KeyForm { blank: blank?, folds_case: has("case"), collapses_blanks: has("blanks") })
}

/// Takes `ignore`, which may only be `blank`.
pub(in crate::rules::check) fn blank(fields: &mut Fields<'_>) -> Option<Blank> {
    let names = names(fields, "ignore", &["blank"])?;
    Some(if names.is_empty() { Blank::IsValue } else { Blank::IsIgnored })
}

/// Notes a problem for each of `ignore` and `normalize` that stands inside the argument of the check.
pub(in crate::rules::check) fn beside_not_inside(inside: &mut Fields<'_>) {
    for name in ["ignore", "normalize"] {
        if let Some(node) = inside.take(name) {
            let message = format!("`{name}` stands beside the name of the check, not inside");
            inside.problem(node.place, message);
        }
    }
}

/// Takes a list of names, each of which must be `known`; empty if there is none.
fn names(fields: &mut Fields<'_>, field: &'static str, known: &[&str]) -> Option<Vec<String>> {
    let Some(node) = fields.take(field) else { return Some(Vec::new()) };
    let names = fields.texts_of(node, field)?;
    if names.iter().all(|it| known.contains(&it.as_str())) {
        return Some(names);
    }
    let known: Vec<_> = known.iter().map(|it| format!("`{it}`")).collect();
    fields.problem(node.place, format!("`{field}` can only be {}", known.join(" or ")));
    None
}
