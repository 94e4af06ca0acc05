//! Regular expressions of Rust's `regex`, written in the syntax of a database.
//!
//! What is written is not the text of the expression but what the parser of `regex` made of it: literals,
//! sets of code points, repetitions. So `\w`, `\d`, `(?i)` and `.` are the same sets of characters everywhere,
//! whatever the locale of the database. What a database would read in another way is refused.

use std::fmt::Write;

use regex_syntax::hir::{Class, Hir, HirKind, Look, Repetition};

use crate::pushdown::target::Reason;

/// How a database writes regular expressions.
#[derive(Debug)]
pub(crate) struct Syntax {
    pub(crate) database: &'static str,
    /// The least character that its text can have.
    pub(crate) first: char,
    /// A character that stands for itself, within brackets and without, by its code.
    pub(crate) character: fn(u32) -> String,
    /// Any character.
    pub(crate) any: &'static str,
    /// What is never found.
    pub(crate) nothing: Option<&'static str>,
    /// The end of the text.
    pub(crate) end: &'static str,
    /// The start and the end of a line.
    pub(crate) lines: Option<[&'static str; 2]>,
    /// How often it repeats at most.
    pub(crate) repeats_max: u32,
    /// How many ranges of characters a set may have: each makes the automaton larger.
    pub(crate) ranges_max: usize,
    /// How many characters, sets and ranges an expression may have once its repetitions are written out.
    pub(crate) weight_max: usize,
}

/// The advanced regular expressions of PostgreSQL.
pub(crate) const POSTGRES: Syntax = Syntax {
    database: "PostgreSQL",
    first: '\u{1}',
    character: |code| match code {
        0..=0xFFFF => format!("\\u{code:04X}"),
        _ => format!("\\U{code:08X}"),
    },
    any: ".",
    nothing: None,
    end: r"\Z",
    lines: None,
    repeats_max: 255,
    ranges_max: 200,
    weight_max: 20_000,
};

/// Those of PCRE2, which MariaDB has. What is compiled may take 64 KiB.
pub(crate) const PCRE: Syntax = Syntax {
    database: "MariaDB",
    first: '\0',
    character: |code| format!("\\x{{{code:X}}}"),
    any: r"[\x{0}-\x{10FFFF}]",
    nothing: Some("(?!)"),
    end: r"\z",
    lines: Some([r"(?:\A|(?<=\n))", r"(?=\n|\z)"]),
    repeats_max: 1_000,
    ranges_max: 1_000,
    weight_max: 3_000,
};

impl Syntax {
    /// A regular expression as the database has it.
    ///
    /// # Errors
    ///
    /// Why it cannot be written so.
    pub(crate) fn translated(&self, pattern: &str) -> Result<String, Reason> {
        let parsed = regex_syntax::ParserBuilder::new().utf8(false).build().parse(pattern);
        let hir = parsed.map_err(|_| "the regular expression does not compile".to_owned())?;
        if weight(&hir) > self.weight_max {
            return Err(format!("the regular expression is too large for {}", self.database));
        }
        let mut text = String::new();
        self.write(&hir, &mut text)?;
        Ok(text)
    }

    fn write(&self, hir: &Hir, out: &mut String) -> Result<(), Reason> {
        match hir.kind() {
            HirKind::Empty => out.push_str("(?:)"),
            HirKind::Literal(it) => {
                let text = std::str::from_utf8(&it.0).map_err(|_| not_text())?;
                text.chars().try_for_each(|it| self.write_character(it, out))?;
            }
            HirKind::Class(Class::Unicode(it)) => {
                self.write_set(it.ranges().iter().map(|it| (it.start(), it.end())), out)?;
            }
            HirKind::Class(Class::Bytes(it)) => {
                if !it.is_ascii() {
                    return Err(not_text());
                }
                let ranges = it.ranges().iter();
                let ranges = ranges.map(|it| (char::from(it.start()), char::from(it.end())));
                self.write_set(ranges, out)?;
            }
            HirKind::Look(it) => out.push_str(self.look(*it)?),
            HirKind::Repetition(it) => self.write_repetition(it, out)?,
            HirKind::Capture(it) => self.write_group(&it.sub, out)?,
            HirKind::Concat(them) => them.iter().try_for_each(|it| self.write(it, out))?,
            HirKind::Alternation(them) => self.write_choice(them, out)?,
        }
        Ok(())
    }

    fn write_choice(&self, them: &[Hir], out: &mut String) -> Result<(), Reason> {
        for (position, it) in them.iter().enumerate() {
            out.push_str(if position == 0 { "(?:" } else { "|" });
            self.write(it, out)?;
        }
        out.push(')');
        Ok(())
    }

    fn look(&self, look: Look) -> Result<&'static str, Reason> {
        match (look, self.lines) {
            (Look::Start, _) => Ok(r"\A"),
            (Look::End, _) => Ok(self.end),
            (Look::StartLF, Some([start, _])) => Ok(start),
            (Look::EndLF, Some([_, end])) => Ok(end),
            _ => Err("anchors of lines and words mean something else there".to_owned()),
        }
    }

    fn write_group(&self, hir: &Hir, out: &mut String) -> Result<(), Reason> {
        out.push_str("(?:");
        self.write(hir, out)?;
        out.push(')');
        Ok(())
    }

    fn write_repetition(&self, repetition: &Repetition, out: &mut String) -> Result<(), Reason> {
        if repetition.sub.properties().maximum_len() == Some(0) {
            return Err("the regular expression repeats what is empty".to_owned());
        }
        let most = self.repeats_max;
        if repetition.min.max(repetition.max.unwrap_or_default()) > most {
            return Err(format!("the regular expression repeats more than {most} times"));
        }
        self.write_group(&repetition.sub, out)?;
        // Writing into a string does not fail.
        let _ = match (repetition.min, repetition.max) {
            (0, None) => write!(out, "*"),
            (1, None) => write!(out, "+"),
            (0, Some(1)) => write!(out, "?"),
            (min, None) => write!(out, "{{{min},}}"),
            (min, Some(max)) => write!(out, "{{{min},{max}}}"),
        };
        Ok(())
    }

    /// Writes a character that stands for itself, within brackets and without.
    fn write_character(&self, character: char, out: &mut String) -> Result<(), Reason> {
        if character < self.first {
            return Err(format!("{} has no U+0000", self.database));
        }
        match character {
            'A'..='Z' | 'a'..='z' | '0'..='9' => out.push(character),
            _ => out.push_str(&(self.character)(u32::from(character))),
        }
        Ok(())
    }

    /// Writes a set of characters, or else the set of all others.
    fn write_set(
        &self,
        ranges: impl Iterator<Item = (char, char)>,
        out: &mut String,
    ) -> Result<(), Reason> {
        // Text has nothing before the first.
        let ranges = ranges.map(|(first, last)| (first.max(self.first), last));
        let ranges: Vec<_> = ranges.filter(|(first, last)| first <= last).collect();
        let others = others(self.first, &ranges);
        let (mark, shorter) =
            if others.len() < ranges.len() { ("^", &others) } else { ("", &ranges) };
        match (shorter.len(), mark) {
            (0, "^") => out.push_str(self.any),
            (0, _) => {
                let nothing = self.nothing;
                let reason = "the regular expression has a set without characters";
                out.push_str(nothing.ok_or(reason)?);
            }
            (count, _) if count >= self.ranges_max => {
                let most = self.ranges_max;
                return Err(format!("it has a set of more than {most} ranges of characters"));
            }
            _ => {
                out.push('[');
                out.push_str(mark);
                shorter.iter().try_for_each(|it| self.write_range(*it, out))?;
                out.push(']');
            }
        }
        Ok(())
    }

    fn write_range(&self, (first, last): (char, char), out: &mut String) -> Result<(), Reason> {
        self.write_character(first, out)?;
        if first < last {
            out.push('-');
            self.write_character(last, out)?;
        }
        Ok(())
    }
}

fn weight(hir: &Hir) -> usize {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => 1,
        HirKind::Literal(it) => it.0.len(),
        HirKind::Class(Class::Unicode(it)) => 1 + it.ranges().len(),
        HirKind::Class(Class::Bytes(it)) => 1 + it.ranges().len(),
        HirKind::Repetition(it) => {
            let times = it.max.unwrap_or(it.min).max(1) as usize;
            weight(&it.sub).saturating_mul(times)
        }
        HirKind::Capture(it) => weight(&it.sub),
        HirKind::Concat(them) | HirKind::Alternation(them) => {
            them.iter().map(weight).fold(1, usize::saturating_add)
        }
    }
}

fn not_text() -> Reason {
    "the regular expression is about bytes that are not text".to_owned()
}

/// The characters between the ranges.
fn others(least: char, ranges: &[(char, char)]) -> Vec<(char, char)> {
    let (mut others, mut next) = (Vec::new(), Some(least));
    let mut skip = |from: Option<char>, to: Option<char>| {
        if let (Some(from), Some(to)) = (from, to)
            && from <= to
        {
            others.push((from, to));
        }
    };
    for (first, last) in ranges {
        skip(next, before(*first));
        next = after(*last);
    }
    skip(next, Some(char::MAX));
    others
}

fn before(character: char) -> Option<char> {
    ('\0'..character).next_back()
}

fn after(character: char) -> Option<char> {
    (character..=char::MAX).nth(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_are_those_of_the_regex_crate_and_anchors_are_those_of_the_text() {
        for (pattern, expected) in [
            ("^[0-9]{5}$", r"\A(?:[0-9]){5,5}\Z"),
            ("a.c", r"a[^\u000A]c"),
            ("(?s)a.", r"a."),
            ("(?i)k", r"[Kk\u212A]"),
            ("a|bc", r"(?:a|bc)"),
            (r"\.", r"\u002E"),
            ("(ab)*", r"(?:(?:ab))*"),
            ("é|😀", r"[\u00E9\U0001F600]"),
            ("[^b]*", r"(?:[^b])*"),
        ] {
            assert_eq!(POSTGRES.translated(pattern).as_deref(), Ok(expected), "{pattern}");
        }
    }

    #[test]
    fn what_would_mean_something_else_is_refused() {
        for pattern in [r"\bword", "(?m)^a", r"(?-u:\xff)", "a{300}", r"\x00", "(?:^)*", r"\w{60}"]
        {
            assert!(POSTGRES.translated(pattern).is_err(), "{pattern}");
        }
    }

    #[test]
    fn pcre_has_anchors_of_lines_and_what_is_never_found() {
        for (pattern, expected) in [
            ("^[0-9]{5}$", r"\A(?:[0-9]){5,5}\z"),
            ("a.c", r"a[^\x{A}]c"),
            ("(?s).", r"[\x{0}-\x{10FFFF}]"),
            (r"\x00|é", r"[\x{0}\x{E9}]"),
            ("(?m)^a$", r"(?:\A|(?<=\n))a(?=\n|\z)"),
            (r"[a&&b]", "(?!)"),
        ] {
            assert_eq!(PCRE.translated(pattern).as_deref(), Ok(expected), "{pattern}");
        }
        for pattern in [r"\bword", "(?mR)^a", r"(?-u:\xff)", "a{2000}", "(?:^)*", r"\w{60}"] {
            assert!(PCRE.translated(pattern).is_err(), "{pattern}");
        }
    }
}
