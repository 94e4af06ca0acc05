//! `${name}` in the text of a scalar.
//!
//! A value is put in after the document has been parsed, so it cannot change the structure of the document. `$${`
//! stands for `${` itself.

use std::borrow::Cow;

/// Replaces every `${…}` of `text` by what `value_of` gives for what is between the braces. Its error
/// and whatever else is wrong go to `complain`.
pub(crate) fn replace<'v>(
    text: &str,
    value_of: &dyn Fn(&str) -> Result<Cow<'v, str>, String>,
    complain: &mut dyn FnMut(String),
) -> String {
    let mut replaced = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        if let Some(escaped) = before.strip_suffix('$') {
            replaced.push_str(escaped);
            replaced.push_str("${");
            rest = after;
            continue;
        }
        replaced.push_str(before);
        let Some((name, after)) = after.split_once('}') else {
            complain(
                "`${` without a closing `}`; write `$${` for the characters themselves".to_owned(),
            );
            return replaced;
        };
        match value_of(name) {
            Ok(value) => replaced.push_str(&value),
            Err(message) => complain(message),
        }
        rest = after;
    }
    replaced.push_str(rest);
    replaced
}
