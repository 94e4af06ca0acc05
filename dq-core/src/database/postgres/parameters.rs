//! Parameters as PostgreSQL numbers them: `?` and `:name` become `$1`, `$2`, …
//!
//! What stands in quotes, in comments and in dollar quotes is left alone, and so are casts (`a::date`), the
//! bounds of slices (`a[1:2]`), and `??`, which is the operator `?`.

use crate::database::Parameters;
use crate::database::parameters::bound;
use crate::database::server::{Numbered, parameter_name, word_behind};

/// Numbers the parameters of `sql`, and finds the value of each.
///
/// # Errors
///
/// In words, if `parameters` do not match the text.
pub(crate) fn number<'a>(sql: &str, parameters: &'a Parameters) -> Result<Numbered<'a>, String> {
    let found = Found::in_text(sql);
    let values = bound(found.positions, &found.names, parameters)?;
    Ok(Numbered { sql: found.sql, values })
}

/// The first word of a statement, which says what kind it is; empty where there is none.
pub(crate) fn first_word(sql: &str) -> &str {
    word_behind(sql, |rest| {
        let is_comment = rest.starts_with("--") || rest.starts_with("/*");
        if is_comment { quoted(rest) } else { 0 }
    })
}

/// Where the first statement of a text ends, if a semicolon ends it.
pub(crate) fn statement_end(sql: &str) -> Option<usize> {
    let (mut at, mut before) = (0, ' ');
    while let Some(rest) = sql.get(at..).filter(|it| !it.is_empty()) {
        if rest.starts_with(';') {
            return Some(at);
        }
        let is_word = before.is_alphanumeric() || before == '_';
        let quote = if is_word { in_word(rest, before) } else { quoted(rest) };
        let taken = quote.max(rest.chars().next().map_or(1, char::len_utf8));
        before = rest.get(..taken).and_then(|it| it.chars().next_back()).unwrap_or(' ');
        at += taken;
    }
    None
}

/// The parameters in a text.
#[derive(Default)]
struct Found {
    sql: String,
    positions: usize,
    names: Vec<String>,
}

impl Found {
    fn in_text(sql: &str) -> Self {
        let mut found = Self { sql: String::with_capacity(sql.len() + 8), ..Self::default() };
        let mut rest = sql;
        let mut before = ' ';
        while let Some(first) = rest.chars().next() {
            let taken = found.take(rest, before).max(first.len_utf8());
            let (text, tail) = rest.split_at_checked(taken).unwrap_or((rest, ""));
            before = text.chars().next_back().unwrap_or(' ');
            rest = tail;
        }
        found
    }

    /// Takes over what `rest` begins with; gives its length.
    fn take(&mut self, rest: &str, before: char) -> usize {
        let quote = if before.is_alphanumeric() || before == '_' {
            in_word(rest, before)
        } else {
            quoted(rest)
        };
        let copied = if quote > 0 {
            quote
        } else if rest.starts_with("::") || rest.starts_with(":=") {
            2
        } else if rest.starts_with("??") {
            self.sql.push('?');
            return 2;
        } else if rest.starts_with('?') {
            self.positions += 1;
            self.sql.push('$');
            self.sql.push_str(&self.positions.to_string());
            return 1;
        } else if let Some(name) = parameter_name(rest) {
            let known = self.names.iter().position(|it| it == name);
            let place = known.unwrap_or_else(|| {
                self.names.push(name.to_owned());
                self.names.len() - 1
            });
            self.sql.push('$');
            self.sql.push_str(&(place + 1).to_string());
            return name.len() + 1;
        } else {
            rest.chars().next().map_or(1, char::len_utf8)
        };
        self.sql.push_str(rest.get(..copied).unwrap_or(rest));
        copied
    }
}

/// As [`quoted`], after a letter or digit: `$` belongs to the word, and so does an `E` before a quote, which has
/// then been seen.
fn in_word(rest: &str, before: char) -> usize {
    match rest.chars().next() {
        Some('$') => 1,
        Some('\'') if matches!(before, 'e' | 'E') => escaped(rest),
        _ => quoted(rest),
    }
}

/// The length of the quoted text or comment that `rest` begins with; 0 if it begins with none. What is
/// never closed reaches to the end.
fn quoted(rest: &str) -> usize {
    let to_end = |found: Option<usize>| found.unwrap_or(rest.len());
    match rest.as_bytes() {
        [quote @ (b'\'' | b'"'), ..] => {
            to_end(rest.bytes().skip(1).position(|it| it == *quote).map(|it| it + 2))
        }
        [b'-', b'-', ..] => to_end(rest.find('\n')),
        [b'/', b'*', ..] => block_comment(rest),
        [b'$', ..] => dollar_quoted(rest),
        _ => 0,
    }
}

/// The length of `'…'` in which a backslash escapes what follows.
fn escaped(rest: &str) -> usize {
    let mut bytes = rest.bytes().enumerate().skip(1);
    while let Some((at, byte)) = bytes.next() {
        match byte {
            b'\\' => drop(bytes.next()),
            b'\'' => return at + 1,
            _ => {}
        }
    }
    rest.len()
}

/// The length of `/*…*/`, which may hold others.
fn block_comment(rest: &str) -> usize {
    let (mut depth, mut at) = (0_usize, 0);
    while let Some(tail) = rest.as_bytes().get(at..).filter(|it| !it.is_empty()) {
        match tail {
            [b'/', b'*', ..] => depth += 1,
            [b'*', b'/', ..] => depth -= 1,
            _ => {
                at += 1;
                continue;
            }
        }
        at += 2;
        if depth == 0 {
            return at;
        }
    }
    rest.len()
}

/// The length of `$tag$…$tag$`; 0 if it is none, such as `$1`.
fn dollar_quoted(rest: &str) -> usize {
    let Some((tag, body)) = rest.get(1..).and_then(|it| it.split_once('$')) else { return 0 };
    let is_tag = tag.chars().all(|it| it.is_alphanumeric() || it == '_')
        && !tag.starts_with(|it: char| it.is_ascii_digit());
    if !is_tag {
        return 0;
    }
    let mark = format!("${tag}$");
    body.find(&mark).map_or(rest.len(), |it| it + 2 * mark.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbered(sql: &str) -> (String, usize, Vec<String>) {
        let found = Found::in_text(sql);
        (found.sql, found.positions, found.names)
    }

    #[test]
    fn parameters_are_numbered_in_their_order() {
        assert_eq!(numbered("a = ? OR b=?"), ("a = $1 OR b=$2".to_owned(), 2, vec![]));
        let (sql, positions, names) = numbered("a>=:low AND b<:high AND c>:low");
        assert_eq!((sql.as_str(), positions), ("a>=$1 AND b<$2 AND c>$1", 0));
        assert_eq!(names, ["low", "high"]);
    }

    #[test]
    fn what_looks_like_a_parameter_and_is_none_is_left_alone() {
        for sql in [
            "'?' \"?\" 'it''s :a ?' -- ?\n",
            "/* ? /* :a */ ? */ 1",
            "a::date, b[1:2], c := 3",
            "$$ ? $$ $x$ $$ :a $x$",
            "E'\\' ? ' e'\\\\'",
            "a$b$ c",
            "'never closed ?",
            "größe::text",
        ] {
            assert_eq!(numbered(sql), (sql.to_owned(), 0, vec![]));
        }
        assert_eq!(numbered("j ?? 'a' AND k = ?").0, "j ? 'a' AND k = $1");
        assert_eq!(numbered("e'?' || ? || 'x'").0, "e'?' || $1 || 'x'");
    }

    #[test]
    fn a_statement_ends_at_a_semicolon_that_is_not_quoted() {
        for (sql, end) in
            [("a; -- b", Some(1)), ("';' $$;$$ -- ;", None), ("E'\\';' || 1;", Some(11))]
        {
            assert_eq!(statement_end(sql), end, "{sql}");
        }
    }

    #[test]
    fn the_first_word_is_found_behind_comments() {
        for (sql, word) in [
            ("/* a /* b */ */ -- b\n begin", "begin"),
            ("; Commit;", "Commit"),
            ("(SELECT 1)", "SELECT"),
            ("-- only", ""),
            ("", ""),
        ] {
            assert_eq!(first_word(sql), word, "{sql}");
        }
    }
}
