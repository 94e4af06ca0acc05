//! Values as text, and what text must be.

use crate::pushdown::fragment::Fragment;
use crate::pushdown::postgres::format;
use crate::pushdown::postgres::pattern;
use crate::pushdown::target::{Asked, Doubt, Reason, Site};
use crate::rules::TextTest;
use crate::source::SqlKind;
use crate::value::OwnedValue;

/// The characters of Unicode's `White_Space`: what blanks are.
pub(crate) const BLANKS: &str = "\t\n\u{b}\u{c}\r \u{85}\u{a0}\u{1680}\u{2000}\u{2001}\u{2002}\u{2003}\u{2004}\u{2005}\u{2006}\u{2007}\u{2008}\u{2009}\u{200a}\u{2028}\u{2029}\u{202f}\u{205f}\u{3000}";

/// A character of Unicode's category `Cc`.
const CONTROLS: &str = r"[\u0001-\u001F\u007F-\u009F]";

/// Texts of a list beyond which a list is rather looked through natively.
const LIST_MAX: usize = 1_000;

/// A value as text, with the rows of which the text is not known.
#[derive(Clone, Debug)]
pub(crate) struct AsText {
    pub(crate) sql: Fragment,
    pub(crate) doubts: Vec<Doubt>,
}

/// A value of a kind as text, as a scan renders it.
///
/// # Errors
///
/// Why it cannot be written.
pub(crate) fn as_text(value: &Fragment, kind: SqlKind) -> Result<AsText, Reason> {
    let certain = |sql| Ok(AsText { sql, doubts: Vec::new() });
    let rendered = |format: Fragment| {
        // Beyond these years it could not be made a point in time.
        let near = Fragment::new("(CASE WHEN ").and(&is_near(value)).text(" THEN to_char((");
        let sql = near.and(value).text(")::timestamp, ").and(&format).text(") END COLLATE \"C\")");
        AsText { sql, doubts: vec![far_away(value)] }
    };
    match kind {
        SqlKind::Text => certain(value.clone()),
        SqlKind::Integer | SqlKind::Boolean => {
            certain(Fragment::new("((").and(value).text(")::text COLLATE \"C\")"))
        }
        SqlKind::Date => Ok(rendered(Fragment::new("'YYYY-MM-DD'"))),
        SqlKind::Timestamp => {
            let micros = Fragment::new("CASE WHEN extract(microseconds FROM ").and(value);
            let second = " % 1000000 = 0 THEN 'YYYY-MM-DD HH24:MI:SS' \
                          ELSE 'YYYY-MM-DD HH24:MI:SS.US' END";
            Ok(rendered(micros.text(")::int8").text(second)))
        }
        SqlKind::Float => Err("it reads floating-point numbers as text".to_owned()),
        _ => Err("it reads bytes as text".to_owned()),
    }
}

/// Days whose year has not four digits, or that are infinite.
pub(crate) fn far_away(value: &Fragment) -> Doubt {
    let rows = Fragment::new("NOT ").and(&is_near(value));
    Doubt { rows, about: "days before the year 1 or after 9999" }
}

/// Whether the year of a day or point in time has four digits.
pub(crate) fn is_near(value: &Fragment) -> Fragment {
    let after = Fragment::new("(").and(value).text(" >= '0001-01-01' AND ");
    after.and(value).text(" < '10000-01-01')")
}

/// Text that is not ASCII.
pub(crate) fn not_ascii(text: &Fragment) -> Doubt {
    let rows = Fragment::new("(octet_length(").and(text).text(") <> char_length(");
    Doubt { rows: rows.and(text).text("))"), about: "text that is not ASCII" }
}

/// An operator that compares texts by their bytes, whatever their collation.
pub(crate) fn by_bytes(operator: &str) -> &str {
    match operator {
        " < " => " ~<~ ",
        " <= " => " ~<=~ ",
        " > " => " ~>~ ",
        " >= " => " ~>=~ ",
        other => other,
    }
}

const UPPER: &str = "'ABCDEFGHIJKLMNOPQRSTUVWXYZ'";
const LOWER: &str = "'abcdefghijklmnopqrstuvwxyz'";

/// A text whose letters of ASCII are lower case, whatever its collation.
pub(crate) fn lower(text: &Fragment) -> Fragment {
    Fragment::new("translate(").and(text).text(&format!(", {UPPER}, {LOWER})"))
}

/// A text whose letters of ASCII are upper case, whatever its collation.
pub(crate) fn upper(text: &Fragment) -> Fragment {
    Fragment::new("translate(").and(text).text(&format!(", {LOWER}, {UPPER})"))
}

/// A text without blanks at its ends.
pub(crate) fn trimmed(text: &Fragment) -> Fragment {
    Fragment::new("btrim(").and(text).text(", ").bind(BLANKS).text("::text)")
}

/// Whether a text is blank.
pub(crate) fn is_blank(text: &Fragment) -> Fragment {
    Fragment::new("(octet_length(").and(&trimmed(text)).text(") = 0)")
}

/// Whether a text passes.
///
/// # Errors
///
/// Why that cannot be asked.
pub(crate) fn passes(text: &Fragment, test: &TextTest, site: Site) -> Result<Asked, Reason> {
    let certain = |it: Fragment| Ok(Asked::certain(it));
    match test {
        TextTest::Matches(pattern) => certain(matches(text, pattern)?),
        TextTest::OneOf(texts) => certain(one_of(text, texts)?),
        TextTest::Length { min, max } => certain(length(text, *min, *max)),
        TextTest::Format(it) => certain(format::has(text, *it, site)?),
        TextTest::Trimmed => {
            let inner = Fragment::new("(octet_length(").and(&trimmed(text));
            certain(inner.text(") = octet_length(").and(text).text("))"))
        }
        TextTest::NoControlCharacters => {
            let control = Fragment::new("(").and(text).text(" !~ ").bind(CONTROLS);
            certain(control.text("::text)").with_pattern())
        }
    }
}

/// Whether a regular expression is found in a text.
pub(crate) fn matches(text: &Fragment, pattern: &str) -> Result<Fragment, Reason> {
    let pattern = pattern::translated(pattern)?;
    let found = Fragment::new("(").and(text).text(" ~ ").bind(OwnedValue::Text(pattern));
    Ok(found.text("::text)").with_pattern())
}

fn one_of(text: &Fragment, texts: &[String]) -> Result<Fragment, Reason> {
    if texts.len() > LIST_MAX {
        return Err(format!("its list has more than {LIST_MAX} texts"));
    }
    // PostgreSQL has no text with U+0000.
    let known = texts.iter().filter(|it| !it.contains('\0'));
    let bound = known.map(|it| Fragment::default().bind(it.as_str()).text("::text"));
    let bound: Vec<_> = bound.collect();
    if bound.is_empty() {
        return Ok(Fragment::new("(").and(text).text(" IS NULL)"));
    }
    let list = Fragment::joined(&bound, ", ");
    Ok(Fragment::new("(").and(text).text(" IN (").and(&list).text("))"))
}

fn length(text: &Fragment, min: u64, max: u64) -> Fragment {
    let bound = |it: u64| i64::try_from(it).unwrap_or(i64::MAX);
    let length = Fragment::new("(char_length(").and(text).text(") BETWEEN ").bind(bound(min));
    length.text("::int8 AND ").bind(bound(max)).text("::int8)")
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
