//! Characters that JSON writes as two escapes.
//!
//! JSON escapes a character beyond the first 65,536 as a surrogate pair, such as `\ud83d\ude00`, which
//! YAML does not know.

use std::borrow::Cow;

/// The text of a JSON document with its surrogate pairs put together; any other text as it is.
pub(crate) fn join(text: &str) -> Cow<'_, str> {
    if !text.trim_start().starts_with('{') || !text.contains("\\u") {
        return Cow::Borrowed(text);
    }
    let mut joined = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('\\') {
        joined.push_str(before);
        if let Some((character, after)) = pair(after) {
            joined.push(character);
            rest = after;
            continue;
        }
        // Whatever is escaped, a backslash too, starts no escape of its own.
        let length = after.chars().next().map_or(0, char::len_utf8);
        let (escaped, after) = after.split_at_checked(length).unwrap_or((after, ""));
        joined.push('\\');
        joined.push_str(escaped);
        rest = after;
    }
    joined.push_str(rest);
    Cow::Owned(joined)
}

/// The character of `uXXXX\uXXXX` at the start of `text`, and what follows.
fn pair(text: &str) -> Option<(char, &str)> {
    let unit = |text: &str| u16::from_str_radix(text.strip_prefix('u')?, 16).ok();
    let (high, rest) = text.split_at_checked(5)?;
    let (low, rest) = rest.strip_prefix('\\')?.split_at_checked(5)?;
    let character = char::decode_utf16([unit(high)?, unit(low)?]).next()?.ok()?;
    (character.len_utf16() == 2).then_some((character, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_may_escape_characters_in_pairs() {
        assert_eq!(join(r#"{"a": "\ud83d\ude00!"}"#), "{\"a\": \"\u{1F600}!\"}");
    }

    #[test]
    fn all_else_stays() {
        for text in
            [r#"{"a": "\\ud83d\\ude00 é\u00e9 \ud83d"}"#, r"a: '\ud83d\ude00'", r#"{"a": "\"#]
        {
            assert_eq!(join(text), text);
        }
    }
}
