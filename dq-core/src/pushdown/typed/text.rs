//! Values as text, and what text must be.

use crate::pushdown::fragment::Fragment;
use crate::pushdown::target::{Asked, Doubt, Reason};
use crate::pushdown::typed::words::{AsText, Ends, Words};
use crate::pushdown::typed::{format, many_kinds};
use crate::rules::TextTest;
use crate::source::SqlKind;

/// The characters of Unicode's `White_Space`: what blanks are.
pub(crate) const BLANKS: &str = "\t\n\u{b}\u{c}\r \u{85}\u{a0}\u{1680}\u{2000}\u{2001}\u{2002}\u{2003}\u{2004}\u{2005}\u{2006}\u{2007}\u{2008}\u{2009}\u{200a}\u{2028}\u{2029}\u{202f}\u{205f}\u{3000}";

/// A character of Unicode's category `Cc`.
const CONTROLS: &str = r"[\x00-\x1F\x7F-\u{9F}]";

/// Texts of a list beyond which a list is rather looked through natively.
const LIST_MAX: usize = 1_000;

/// A value of a kind as text, as a scan renders it.
///
/// # Errors
///
/// Why it cannot be written.
pub(crate) fn as_text(
    words: &dyn Words,
    value: &Fragment,
    kind: SqlKind,
) -> Result<AsText, Reason> {
    let doubts = match kind {
        SqlKind::Text => return Ok(AsText { sql: value.clone(), doubts: Vec::new() }),
        SqlKind::Any => return Err(many_kinds()),
        SqlKind::Date | SqlKind::Timestamp => vec![far_away(words, value)],
        _ => Vec::new(),
    };
    match (words.as_text(value, kind), kind) {
        (Some(sql), _) => Ok(AsText { sql, doubts }),
        (None, SqlKind::Float) => Err("it reads floating-point numbers as text".to_owned()),
        (None, _) => Err("it reads bytes as text".to_owned()),
    }
}

/// Days whose year has not four digits, or that are infinite.
pub(crate) fn far_away(words: &dyn Words, value: &Fragment) -> Doubt {
    let rows = Fragment::new("NOT ").and(&words.is_near(value));
    Doubt { rows, about: "days before the year 1 or after 9999" }
}

/// Text that is not ASCII.
pub(crate) fn not_ascii(text: &Fragment) -> Doubt {
    let rows = Fragment::new("(octet_length(").and(text).text(") <> char_length(");
    Doubt { rows: rows.and(text).text("))"), about: "text that is not ASCII" }
}

/// Whether a text passes.
///
/// # Errors
///
/// Why that cannot be asked.
pub(crate) fn passes(words: &dyn Words, text: &Fragment, test: &TextTest) -> Result<Asked, Reason> {
    let certain = |it: Fragment| Ok(Asked::certain(it));
    match test {
        TextTest::Matches(pattern) => certain(words.matches(text, pattern)?),
        TextTest::OneOf(texts) => certain(one_of(words, text, texts)?),
        TextTest::Length { min, max } => certain(length(words, text, (*min, *max))),
        TextTest::Format(it) => format::has(words, text, *it),
        TextTest::Trimmed => {
            let inner = Fragment::new("(octet_length(").and(&words.trimmed(text, Ends::Both));
            certain(inner.text(") = octet_length(").and(text).text("))"))
        }
        TextTest::NoControlCharacters => {
            certain(Fragment::new("(NOT ").and(&words.matches(text, CONTROLS)?).text(")"))
        }
    }
}

fn one_of(words: &dyn Words, text: &Fragment, texts: &[String]) -> Result<Fragment, Reason> {
    if texts.len() > LIST_MAX {
        return Err(format!("its list has more than {LIST_MAX} texts"));
    }
    // What the database cannot hold is not found in it.
    let known: Vec<_> = texts.iter().filter_map(|it| words.text(it).ok()).collect();
    if known.is_empty() {
        return Ok(Fragment::new("(").and(text).text(" IS NULL)"));
    }
    let list = Fragment::joined(&known, ", ");
    Ok(Fragment::new("(").and(text).text(" IN (").and(&list).text("))"))
}

fn length(words: &dyn Words, text: &Fragment, (min, max): (u64, u64)) -> Fragment {
    let length = Fragment::new("(char_length(").and(text).text(") BETWEEN ");
    let length = length.and(&words.whole(min.into())).text(" AND ");
    length.and(&words.whole(max.into())).text(")")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blanks_are_all_of_white_space() {
        let all: String = ('\0'..=char::MAX).filter(|it| it.is_whitespace()).collect();
        assert_eq!(BLANKS, all);
    }
}
