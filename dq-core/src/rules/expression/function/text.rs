//! Functions of text. Arguments arrive as text and whole numbers, never NULL unless said.

use std::borrow::Cow;

use memchr::memmem;

use crate::rules::expression::datum::Datum;
use crate::rules::expression::datum::TEXT_BYTES_MAX;
use crate::rules::format::Format;
use crate::value::Number;
use crate::value::fold_case;

pub(super) fn lower<'a>(arguments: &mut [Datum<'a>]) -> Datum<'a> {
    let [Datum::Text(text)] = arguments else { return Datum::Invalid };
    if text.is_ascii() {
        Datum::text(text.to_ascii_lowercase())
    } else {
        Datum::text(utf8(text).to_lowercase())
    }
}

pub(super) fn upper<'a>(arguments: &mut [Datum<'a>]) -> Datum<'a> {
    let [Datum::Text(text)] = arguments else { return Datum::Invalid };
    if text.is_ascii() {
        Datum::text(text.to_ascii_uppercase())
    } else {
        Datum::text(utf8(text).to_uppercase())
    }
}

pub(super) fn trim<'a>(arguments: &mut [Datum<'a>]) -> Datum<'a> {
    part(arguments, |text, _| Some(text.trim()))
}

pub(super) fn trim_start<'a>(arguments: &mut [Datum<'a>]) -> Datum<'a> {
    part(arguments, |text, _| Some(text.trim_start()))
}

pub(super) fn trim_end<'a>(arguments: &mut [Datum<'a>]) -> Datum<'a> {
    part(arguments, |text, _| Some(text.trim_end()))
}

pub(super) fn substring<'a>(arguments: &mut [Datum<'a>]) -> Datum<'a> {
    part(arguments, |text, numbers| {
        let (start, end) = match numbers {
            [start] => (whole(start)?, None),
            [start, length] => {
                let (start, length) = (whole(start)?, count(length)?);
                (start, Some(start.saturating_add(length).saturating_sub(1)))
            }
            _ => return None,
        };
        let skipped = start.saturating_sub(1).max(0);
        let rest = split(text, skipped).1;
        Some(end.map_or(rest, |end| split(rest, end.saturating_sub(skipped)).0))
    })
}

pub(super) fn left<'a>(arguments: &mut [Datum<'a>]) -> Datum<'a> {
    part(arguments, |text, numbers| Some(split(text, count(numbers.first()?)?).0))
}

pub(super) fn right<'a>(arguments: &mut [Datum<'a>]) -> Datum<'a> {
    part(arguments, |text, numbers| {
        let skipped = (text.chars().count() as i128).saturating_sub(count(numbers.first()?)?);
        Some(split(text, skipped).1)
    })
}

pub(super) fn length<'a>(arguments: &mut [Datum<'a>]) -> Datum<'a> {
    let [Datum::Text(text)] = arguments else { return Datum::Invalid };
    let starts = |byte: &&u8| **byte & 0b1100_0000 != 0b1000_0000;
    Datum::integer(text.iter().filter(starts).count() as i128)
}

pub(super) fn replace<'a>(arguments: &mut [Datum<'a>]) -> Datum<'a> {
    let [Datum::Text(text), Datum::Text(from), Datum::Text(to)] = arguments else {
        return Datum::Invalid;
    };
    if from.is_empty() {
        return Datum::Text(std::mem::take(text));
    }
    // It may grow with every call that stands inside of another.
    let growth = to.len().saturating_sub(from.len());
    if growth > 0 {
        let count = memmem::find_iter(text, &**from).count();
        if count > 0 && count.saturating_mul(growth).saturating_add(text.len()) > TEXT_BYTES_MAX {
            return Datum::Invalid;
        }
    }
    Datum::text(utf8(text).replace(utf8(from), utf8(to)))
}

/// Sees NULLs.
pub(super) fn concat<'a>(arguments: &mut [Datum<'a>]) -> Datum<'a> {
    let mut all = Vec::new();
    for argument in arguments {
        match argument {
            Datum::Text(text) if all.len() + text.len() <= TEXT_BYTES_MAX => {
                all.extend_from_slice(text);
            }
            Datum::Null => {}
            _ => return Datum::Invalid,
        }
    }
    Datum::text(all)
}

pub(super) fn digits<'a>(arguments: &mut [Datum<'a>]) -> Datum<'a> {
    let [Datum::Text(text)] = arguments else { return Datum::Invalid };
    if text.iter().all(u8::is_ascii_digit) {
        return Datum::Text(std::mem::take(text));
    }
    Datum::text(text.iter().copied().filter(u8::is_ascii_digit).collect::<Vec<_>>())
}

pub(super) fn words<'a>(arguments: &mut [Datum<'a>]) -> Datum<'a> {
    let [Datum::Text(text)] = arguments else { return Datum::Invalid };
    let mut words = Vec::with_capacity(text.len());
    for word in utf8(text).split(|it: char| !it.is_alphanumeric()).filter(|it| !it.is_empty()) {
        if !words.is_empty() {
            words.push(b' ');
        }
        fold_case(word.as_bytes(), &mut words);
    }
    Datum::text(words)
}

pub(super) fn luhn<'a>(arguments: &mut [Datum<'a>]) -> Datum<'a> {
    let [Datum::Text(text)] = arguments else { return Datum::Invalid };
    Datum::Boolean(Format::Luhn.matches(text))
}

pub(super) fn starts_with<'a>(arguments: &mut [Datum<'a>]) -> Datum<'a> {
    let [Datum::Text(text), Datum::Text(start)] = arguments else { return Datum::Invalid };
    Datum::Boolean(text.starts_with(start))
}

pub(super) fn ends_with<'a>(arguments: &mut [Datum<'a>]) -> Datum<'a> {
    let [Datum::Text(text), Datum::Text(end)] = arguments else { return Datum::Invalid };
    Datum::Boolean(text.ends_with(end))
}

pub(super) fn contains<'a>(arguments: &mut [Datum<'a>]) -> Datum<'a> {
    let [Datum::Text(text), Datum::Text(wanted)] = arguments else { return Datum::Invalid };
    Datum::Boolean(memmem::find(text, wanted).is_some())
}

/// A part of the first argument, chosen by the others; INVALID if they choose none.
fn part<'a>(
    arguments: &mut [Datum<'a>],
    choose: impl for<'t> Fn(&'t str, &[Datum<'a>]) -> Option<&'t str>,
) -> Datum<'a> {
    let Some((Datum::Text(text), others)) = arguments.split_first_mut() else {
        return Datum::Invalid;
    };
    let part = match std::mem::take(text) {
        Cow::Borrowed(text) => choose(utf8(text), others).map(|it| Cow::Borrowed(it.as_bytes())),
        Cow::Owned(text) => {
            choose(utf8(&text), others).map(|it| Cow::Owned(it.as_bytes().to_vec()))
        }
    };
    Datum::or_invalid(part.map(Datum::Text))
}

/// The text before and after its first `count` characters.
fn split(text: &str, count: i128) -> (&str, &str) {
    let at = match usize::try_from(count) {
        Ok(count) => text.char_indices().nth(count).map(|(at, _)| at),
        Err(_) if count < 0 => Some(0),
        Err(_) => None,
    };
    at.and_then(|at| text.split_at_checked(at)).unwrap_or((text, ""))
}

fn whole(argument: &Datum<'_>) -> Option<i128> {
    match argument {
        Datum::Number(Number::Integer(it)) => Some(*it),
        _ => None,
    }
}

fn count(argument: &Datum<'_>) -> Option<i128> {
    whole(argument).filter(|it| *it >= 0)
}

fn utf8(text: &[u8]) -> &str {
    std::str::from_utf8(text).unwrap_or_default()
}
