//! Parameters as MySQL reads them: `?`, and `:name` becomes `?`.
//!
//! What stands in quotes and in comments is left alone, and so is the assignment `:=`. A comment that begins with
//! `/*!` or `/*M!` is none to the server, and so none here.

use crate::database::Parameters;
use crate::database::parameters::bound;
use crate::database::server::{Numbered, parameter_name, word_behind};

/// Puts `?` for each parameter of `sql`, and finds the value of each.
///
/// # Errors
///
/// In words, if `parameters` do not match the text.
pub(crate) fn number<'a>(sql: &str, parameters: &'a Parameters) -> Result<Numbered<'a>, String> {
    let found = Found::in_text(sql);
    let distinct = bound(found.positions, &found.names, parameters)?;
    let values = if found.positions > 0 {
        distinct
    } else {
        found.places.iter().filter_map(|it| distinct.get(*it).copied()).collect()
    };
    Ok(Numbered { sql: found.sql, values })
}

/// The first word of a statement, which says what kind it is; empty where there is none.
pub(crate) fn first_word(sql: &str) -> &str {
    word_behind(sql, |rest| match executed(rest) {
        0 if rest.starts_with(['-', '#', '/']) => quoted(rest),
        opening => opening,
    })
}

/// The parameters in a text.
#[derive(Default)]
struct Found {
    sql: String,
    positions: usize,
    names: Vec<String>,
    /// For each parameter by name the position of its name.
    places: Vec<usize>,
}

impl Found {
    fn in_text(sql: &str) -> Self {
        let mut found = Self { sql: String::with_capacity(sql.len()), ..Self::default() };
        let mut rest = sql;
        while let Some(first) = rest.chars().next() {
            let taken = found.take(rest).max(first.len_utf8());
            rest = rest.get(taken..).unwrap_or_default();
        }
        found
    }

    /// Takes over what `rest` begins with; gives its length.
    fn take(&mut self, rest: &str) -> usize {
        let skipped = match executed(rest) {
            0 => quoted(rest),
            opening => opening,
        };
        let copied = if skipped > 0 {
            skipped
        } else if rest.starts_with(":=") || rest.starts_with("::") {
            2
        } else if let Some(name) = parameter_name(rest) {
            let known = self.names.iter().position(|it| it == name);
            self.places.push(known.unwrap_or(self.names.len()));
            if known.is_none() {
                self.names.push(name.to_owned());
            }
            self.sql.push('?');
            return name.len() + 1;
        } else {
            self.positions += usize::from(rest.starts_with('?'));
            rest.chars().next().map_or(1, char::len_utf8)
        };
        self.sql.push_str(rest.get(..copied).unwrap_or(rest));
        copied
    }
}

/// The length of the opening of a comment that the server executes, with the number of a version; 0 if `rest`
/// begins with none.
fn executed(rest: &str) -> usize {
    let Some(body) = rest.strip_prefix("/*!").or_else(|| rest.strip_prefix("/*M!")) else {
        return 0;
    };
    rest.len() - body.trim_start_matches(|it: char| it.is_ascii_digit()).len()
}

/// The length of the quoted text or comment that `rest` begins with; 0 if it begins with none. What is never
/// closed reaches to the end.
fn quoted(rest: &str) -> usize {
    let to_end = |found: Option<usize>| found.unwrap_or(rest.len());
    match rest.as_bytes() {
        [quote @ (b'\'' | b'"'), ..] => escaped(rest, *quote),
        [b'`', ..] => to_end(rest.bytes().skip(1).position(|it| it == b'`').map(|it| it + 2)),
        [b'#', ..] => to_end(rest.find('\n')),
        [b'-', b'-', after, ..] if after.is_ascii_whitespace() => to_end(rest.find('\n')),
        [b'-', b'-'] => 2,
        [b'/', b'*', ..] => to_end(rest.get(2..).and_then(|it| it.find("*/")).map(|it| it + 4)),
        _ => 0,
    }
}

/// The length of quoted text in which a backslash escapes what follows.
fn escaped(rest: &str, quote: u8) -> usize {
    let mut bytes = rest.bytes().enumerate().skip(1);
    while let Some((at, byte)) = bytes.next() {
        match byte {
            b'\\' => drop(bytes.next()),
            it if it == quote => return at + 1,
            _ => {}
        }
    }
    rest.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::database::Statement;

    fn numbered(sql: &str) -> (String, usize, Vec<String>) {
        let found = Found::in_text(sql);
        (found.sql, found.positions, found.names)
    }

    #[test]
    fn parameters_are_found_in_their_order() {
        assert_eq!(numbered("a = ? OR b=?"), ("a = ? OR b=?".to_owned(), 2, vec![]));
        let statement = Statement::new("a>=:low AND b<:high AND c>:low")
            .bind_named("high", 9)
            .bind_named("low", 1);
        let it = number(statement.sql(), statement.parameters()).unwrap();
        assert_eq!(it.sql, "a>=? AND b<? AND c>?");
        let values: Vec<_> = it.values.iter().map(|it| it.as_value().to_string()).collect();
        assert_eq!(values, ["1", "9", "1"]);
    }

    #[test]
    fn what_looks_like_a_parameter_and_is_none_is_left_alone() {
        for sql in [
            "'?' \"?\" 'it''s :a ?' `:b?` -- ?\n",
            "/* ? :a */ 1 # ?\n",
            "'\\' ? ' \"\\\" :a\"",
            "@a := 3",
            "'never closed ?",
            "größe",
        ] {
            assert_eq!(numbered(sql), (sql.to_owned(), 0, vec![]));
        }
        assert_eq!(numbered("/*!50000 :a */ + /*M! ? */ --? 1").1, 2, "the server executes these");
    }

    #[test]
    fn the_first_word_is_found_behind_comments() {
        for (sql, word) in [
            ("/* a */ -- b\n # c\n begin", "begin"),
            ("; Commit;", "Commit"),
            ("(SELECT 1)", "SELECT"),
            ("/*!COMMIT*/", "COMMIT"),
            ("/* x */ /*M!100100 rollback */", "rollback"),
            ("-- only", ""),
            ("", ""),
        ] {
            assert_eq!(first_word(sql), word, "{sql}");
        }
    }
}
