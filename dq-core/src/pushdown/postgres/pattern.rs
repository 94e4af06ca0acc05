//! Regular expressions of Rust's `regex`, written as the advanced ones of PostgreSQL.
//!
//! What is written is not the text of the expression but what the parser of `regex` made of it: literals,
//! sets of code points, repetitions. So `\w`, `\d`, `(?i)` and `.` are the same sets of characters in both,
//! whatever the locale of the database. What PostgreSQL would read in another way is refused.

use std::fmt::Write;

use regex_syntax::hir::{Class, Hir, HirKind, Look, Repetition};

use crate::pushdown::target::Reason;

/// How often PostgreSQL repeats at most.
const REPEATS_MAX: u32 = 255;
/// How many ranges of characters a set may have: each makes the automaton larger.
const RANGES_MAX: usize = 200;
/// How many characters, sets and ranges an expression may have once its repetitions are written out.
const WEIGHT_MAX: usize = 20_000;

/// The expression as PostgreSQL has it.
///
/// # Errors
///
/// Why it cannot be written so.
pub(crate) fn translated(pattern: &str) -> Result<String, Reason> {
    let parsed = regex_syntax::ParserBuilder::new().utf8(false).build().parse(pattern);
    let hir = parsed.map_err(|_| "the regular expression does not compile".to_owned())?;
    if weight(&hir) > WEIGHT_MAX {
        return Err("the regular expression is too large for PostgreSQL".to_owned());
    }
    let mut text = String::new();
    write(&hir, &mut text)?;
    Ok(text)
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

fn write(hir: &Hir, out: &mut String) -> Result<(), Reason> {
    match hir.kind() {
        HirKind::Empty => out.push_str("(?:)"),
        HirKind::Literal(it) => {
            let text = std::str::from_utf8(&it.0).map_err(|_| not_text())?;
            text.chars().try_for_each(|it| write_character(it, out))?;
        }
        HirKind::Class(Class::Unicode(it)) => {
            write_set(it.ranges().iter().map(|it| (it.start(), it.end())), out)?;
        }
        HirKind::Class(Class::Bytes(it)) => {
            if !it.is_ascii() {
                return Err(not_text());
            }
            let ranges = it.ranges().iter();
            write_set(ranges.map(|it| (char::from(it.start()), char::from(it.end()))), out)?;
        }
        HirKind::Look(Look::Start) => out.push_str(r"\A"),
        HirKind::Look(Look::End) => out.push_str(r"\Z"),
        HirKind::Look(_) => {
            return Err("anchors of lines and words mean something else there".to_owned());
        }
        HirKind::Repetition(it) => write_repetition(it, out)?,
        HirKind::Capture(it) => write_group(&it.sub, out)?,
        HirKind::Concat(them) => them.iter().try_for_each(|it| write(it, out))?,
        HirKind::Alternation(them) => {
            for (position, it) in them.iter().enumerate() {
                out.push_str(if position == 0 { "(?:" } else { "|" });
                write(it, out)?;
            }
            out.push(')');
        }
    }
    Ok(())
}

fn not_text() -> Reason {
    "the regular expression is about bytes that are not text".to_owned()
}

fn write_group(hir: &Hir, out: &mut String) -> Result<(), Reason> {
    out.push_str("(?:");
    write(hir, out)?;
    out.push(')');
    Ok(())
}

fn write_repetition(repetition: &Repetition, out: &mut String) -> Result<(), Reason> {
    if repetition.sub.properties().maximum_len() == Some(0) {
        return Err("the regular expression repeats what is empty".to_owned());
    }
    if repetition.min.max(repetition.max.unwrap_or_default()) > REPEATS_MAX {
        return Err(format!("the regular expression repeats more than {REPEATS_MAX} times"));
    }
    write_group(&repetition.sub, out)?;
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
fn write_character(character: char, out: &mut String) -> Result<(), Reason> {
    let code = u32::from(character);
    let _ = match character {
        '\0' => return Err("PostgreSQL has no U+0000".to_owned()),
        'A'..='Z' | 'a'..='z' | '0'..='9' => write!(out, "{character}"),
        _ if code <= 0xFFFF => write!(out, "\\u{code:04X}"),
        _ => write!(out, "\\U{code:08X}"),
    };
    Ok(())
}

/// Writes a set of characters, or else the set of all others.
fn write_set(ranges: impl Iterator<Item = (char, char)>, out: &mut String) -> Result<(), Reason> {
    // Text has no U+0000 there.
    let ranges = ranges.map(|(first, last)| (first.max('\u{1}'), last));
    let ranges: Vec<_> = ranges.filter(|(first, last)| first <= last).collect();
    let others = others(&ranges);
    let (mark, shorter) = if others.len() < ranges.len() { ("^", &others) } else { ("", &ranges) };
    match (shorter.len(), mark) {
        (0, "^") => out.push('.'),
        (0, _) => return Err("the regular expression has a set without characters".to_owned()),
        (RANGES_MAX.., _) => {
            return Err(format!("it has a set of more than {RANGES_MAX} ranges of characters"));
        }
        _ => {
            out.push('[');
            out.push_str(mark);
            for (first, last) in shorter {
                write_character(*first, out)?;
                if first < last {
                    out.push('-');
                    write_character(*last, out)?;
                }
            }
            out.push(']');
        }
    }
    Ok(())
}

/// The characters between the ranges.
fn others(ranges: &[(char, char)]) -> Vec<(char, char)> {
    let (mut others, mut next) = (Vec::new(), Some('\u{1}'));
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
    ('\u{1}'..character).next_back()
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
            assert_eq!(translated(pattern).as_deref(), Ok(expected), "{pattern}");
        }
    }

    #[test]
    fn what_would_mean_something_else_is_refused() {
        for pattern in [r"\bword", "(?m)^a", r"(?-u:\xff)", "a{300}", r"\x00", "(?:^)*", r"\w{60}"]
        {
            assert!(translated(pattern).is_err(), "{pattern}");
        }
    }
}
