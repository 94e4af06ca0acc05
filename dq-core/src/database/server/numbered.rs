//! What dialects have in common in how parameters are found in the text of a statement.

use crate::value::OwnedValue;

/// A statement as the server reads it, with the values of its parameters in their order.
#[derive(Debug)]
pub(crate) struct Numbered<'a> {
    pub(crate) sql: String,
    pub(crate) values: Vec<&'a OwnedValue>,
}

/// The name of the parameter that `rest` begins with.
pub(crate) fn parameter_name(rest: &str) -> Option<&str> {
    let after = rest.strip_prefix(':')?;
    let end = after.find(|it: char| !it.is_alphanumeric() && it != '_').unwrap_or(after.len());
    let name = after.get(..end)?;
    name.starts_with(|it: char| it.is_alphabetic() || it == '_').then_some(name)
}

/// The first word of a statement, which says what kind it is; empty where there is none. `comment` tells the length of
/// the comment that a text begins with, 0 for none.
pub(crate) fn word_behind(sql: &str, comment: impl Fn(&str) -> usize) -> &str {
    let mut rest = sql;
    loop {
        rest = rest.trim_start_matches(|it: char| it.is_whitespace() || it == ';' || it == '(');
        let skipped = comment(rest);
        if skipped == 0 {
            break;
        }
        rest = rest.get(skipped..).unwrap_or_default();
    }
    let end = rest.find(|it: char| !it.is_alphanumeric() && it != '_').unwrap_or(rest.len());
    rest.get(..end).unwrap_or_default()
}
