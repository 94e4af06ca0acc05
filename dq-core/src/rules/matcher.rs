//! Regular expressions that are matched millions of times.

use std::sync::Arc;

use regex::bytes::Regex;
use regex_automata::dfa::Automaton as _;
use regex_automata::dfa::dense;
use regex_automata::util::syntax;
use regex_automata::{Input, MatchKind};
use regex_syntax::hir::{Class, Hir, HirKind, Look};

use crate::rules::shifts::Shifts;
use crate::value::pack;

/// A regular expression, compiled for speed.
///
/// The expressions of reference data are mostly of three kinds, and each has a form that costs a few
/// nanoseconds for each text. All forms have the meaning of the `regex` crate.
#[derive(Clone, Debug)]
pub(crate) enum Matcher {
    /// `^[A-Z]{2}[0-9]{6}$`: so many bytes, each of a range of ASCII. Eight are compared at once.
    Ranges(Arc<Ranges>),
    /// `^[A-Za-z]{2}[02468]$`: so many bytes, each of a set. Bytes are looked up independently.
    Bytes(Arc<[ByteSet]>),
    /// `^[a-z.]+@[a-z.]+$`: an automaton of up to ten states; a shift for each byte.
    Shifts(Arc<Shifts>),
    /// `^[0-9]{5}(-[0-9]{4})?$`: a whole automaton of more states; a look-up for each byte.
    Automaton(Arc<dense::DFA<Vec<u32>>>),
    /// All else, such as large classes of Unicode.
    Regex(Regex),
}

type ByteSet = [bool; 256];

/// What an automaton and its making may cost.
const AUTOMATON_BYTES_MAX: usize = 256 << 10;
/// How many bytes a text of the first kind may have.
const BYTES_MAX: usize = 256;

impl Matcher {
    /// Compiles an expression.
    ///
    /// # Errors
    ///
    /// Why the expression is none.
    pub(crate) fn new(pattern: &str) -> Result<Self, regex::Error> {
        let regex = Regex::new(pattern)?;
        let hir = regex_syntax::ParserBuilder::new().utf8(false).build().parse(pattern);
        if let Some(sets) = hir.ok().and_then(|it| byte_sets(&it)) {
            let ranges = Ranges::new(&sets).map(|it| Self::Ranges(Arc::new(it)));
            return Ok(ranges.unwrap_or_else(|| Self::Bytes(sets.into())));
        }
        let limit = Some(AUTOMATON_BYTES_MAX);
        let automaton = dense::Builder::new()
            .configure(dense::Config::new().match_kind(MatchKind::All).dfa_size_limit(limit))
            .configure(dense::Config::new().determinize_size_limit(limit).minimize(false))
            .syntax(syntax::Config::new().utf8(false))
            .build(pattern);
        let Ok(automaton) = automaton else { return Ok(Self::Regex(regex)) };
        let shifts = Shifts::new(&automaton).map(|it| Self::Shifts(Arc::new(it)));
        Ok(shifts.unwrap_or_else(|| Self::Automaton(Arc::new(automaton))))
    }

    /// Whether the expression is found in `text`.
    #[inline]
    pub(crate) fn is_match(&self, text: &[u8]) -> bool {
        match self {
            Self::Ranges(ranges) => ranges.is_match(text),
            Self::Bytes(sets) => {
                let is_in =
                    |(byte, set): (&u8, &ByteSet)| set.get(usize::from(*byte)) == Some(&true);
                text.len() == sets.len() && text.iter().zip(&**sets).all(is_in)
            }
            Self::Shifts(shifts) => shifts.is_match(text),
            Self::Regex(regex) => regex.is_match(text),
            Self::Automaton(automaton) => {
                let found = automaton.try_search_fwd(&Input::new(text).earliest(true));
                found.is_ok_and(|it| it.is_some())
            }
        }
    }
}

/// For each byte of a text, the range of ASCII that it lies in.
#[derive(Debug)]
pub(crate) struct Ranges {
    bytes: usize,
    /// The first eight bytes and the last, which may overlap, and those between.
    ends: [WordRange; 2],
    between: Vec<WordRange>,
}

/// The lowest and the highest that eight bytes may be.
#[derive(Clone, Copy, Debug)]
struct WordRange {
    /// Where the eight bytes begin.
    at: usize,
    low: u64,
    high: u64,
}

impl Ranges {
    /// The ranges that these sets are, if each is one.
    fn new(sets: &[ByteSet]) -> Option<Self> {
        let range = |set: &ByteSet| {
            let first = set.iter().position(|it| *it)?;
            let length = set.iter().skip(first).take_while(|it| **it).count();
            let is_one = set.iter().filter(|it| **it).count() == length;
            (is_one && first + length <= 128).then(|| (first as u8, (first + length - 1) as u8))
        };
        let ranges: Vec<_> = sets.iter().map(range).collect::<Option<_>>()?;
        let word = |at: usize| {
            // Fewer than eight bytes are filled up with zeros.
            let of = |part: fn((u8, u8)) -> u8| {
                let bytes = ranges.iter().skip(at).take(8).rev();
                bytes.fold(0, |word, it| word << 8 | u64::from(part(*it)))
            };
            WordRange { at, low: of(|it| it.0), high: of(|it| it.1) }
        };
        let last = ranges.len().saturating_sub(8);
        let between = (8..last).step_by(8).map(word).collect();
        Some(Self { bytes: ranges.len(), ends: [word(0), word(last)], between })
    }

    /// Whether each byte of `text` is in its range, and there are no others.
    #[inline]
    pub(crate) fn is_match(&self, text: &[u8]) -> bool {
        if text.len() != self.bytes {
            return false;
        }
        let holds = |it: &WordRange| it.holds(word_at(text, it.at));
        let [first, last] = &self.ends;
        holds(first) & holds(last) && (self.between.is_empty() || self.between.iter().all(holds))
    }
}

impl WordRange {
    /// Whether each byte of `word` is ASCII and in its range. Adding the high bit to each byte before
    /// subtracting keeps the bytes from borrowing of each other; it is left where nothing is missing.
    #[inline]
    fn holds(&self, word: u64) -> bool {
        const HIGH_BITS: u64 = 0x8080_8080_8080_8080;
        let above = (word | HIGH_BITS).wrapping_sub(self.low);
        let below = (self.high | HIGH_BITS).wrapping_sub(word);
        above & below & !word & HIGH_BITS == HIGH_BITS
    }
}

/// Eight bytes of `text`, or all of them if there are fewer.
#[inline]
fn word_at(text: &[u8], at: usize) -> u64 {
    let bytes = text.get(at..).and_then(<[u8]>::first_chunk);
    bytes.map_or_else(|| pack(text).unwrap_or_default() as u64, |it| u64::from_le_bytes(*it))
}

/// The sets of the bytes of a text, if the expression describes all of it, byte by byte.
fn byte_sets(hir: &Hir) -> Option<Vec<ByteSet>> {
    let HirKind::Concat(parts) = hir.kind() else { return None };
    let [first, parts @ .., last] = &parts[..] else { return None };
    let is_anchored =
        *first.kind() == HirKind::Look(Look::Start) && *last.kind() == HirKind::Look(Look::End);
    let mut sets = Vec::new();
    parts.iter().filter(|_| is_anchored).try_for_each(|it| append_sets(it, &mut sets))?;
    (!sets.is_empty()).then_some(sets)
}

fn append_sets(hir: &Hir, sets: &mut Vec<ByteSet>) -> Option<()> {
    match hir.kind() {
        HirKind::Literal(literal) => sets.extend(literal.0.iter().map(|it| set_of([(*it, *it)]))),
        HirKind::Class(Class::Bytes(class)) => {
            sets.push(set_of(class.ranges().iter().map(|it| (it.start(), it.end()))));
        }
        // Only ASCII characters are one byte each.
        HirKind::Class(Class::Unicode(class)) if class.is_ascii() => {
            sets.push(set_of(class.ranges().iter().map(|it| (it.start() as u8, it.end() as u8))));
        }
        HirKind::Repetition(repetition) if repetition.max == Some(repetition.min) => {
            for _ in 0..repetition.min {
                append_sets(&repetition.sub, sets)?;
            }
        }
        HirKind::Capture(capture) => append_sets(&capture.sub, sets)?,
        HirKind::Concat(parts) => parts.iter().try_for_each(|it| append_sets(it, sets))?,
        _ => return None,
    }
    (sets.len() <= BYTES_MAX).then_some(())
}

fn set_of(ranges: impl IntoIterator<Item = (u8, u8)>) -> ByteSet {
    let mut set = [false; 256];
    for (start, end) in ranges {
        set.get_mut(usize::from(start)..=usize::from(end)).into_iter().for_each(|it| it.fill(true));
    }
    set
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_to_match_agrees() {
        let patterns = [
            "^[0-9]{5}$",
            "^[0-9]{5}(-[0-9]{4})?$",
            "^[0-9]{5}-[0-9]{4}$",
            "^(a|b)c$",
            "^(?:ab){2}$",
            "(?i)^ab$",
            "(?m)^ab$",
            "^ab\\z",
            "\\Aé$",
            "^.$",
            "^[^a]$",
            "a|bc",
            "",
            "^$",
            "[^@ ]+@[^@ ]+\\.[a-z]{2,}$",
            "(?i)müller",
            "(?-u)^[\\x80-\\xFF]{2}$",
            "\\bx",
            "^\\S+$",
            "x$|^y",
        ];
        let texts = [
            "",
            "12345",
            "12345\n",
            "1234",
            "12345-6789",
            "abc",
            "ac",
            "bc",
            "ab",
            "AB",
            "abab",
            "ab\n",
            "\nab",
            "a@b.cd",
            "MÜLLER",
            "x",
            "ax x",
            "y",
            "\u{a0}",
            "é",
            "a",
            "b",
        ];
        for pattern in patterns {
            let (matcher, regex) = (Matcher::new(pattern).unwrap(), Regex::new(pattern).unwrap());
            for text in texts {
                let expected = regex.is_match(text.as_bytes());
                assert_eq!(matcher.is_match(text.as_bytes()), expected, "`{pattern}` in {text:?}");
            }
        }
    }

    #[test]
    fn ranges_hold_at_every_place_and_length() {
        for length in 1..=20 {
            let pattern = format!("^[b-y]{{{length}}}$");
            let (matcher, regex) = (Matcher::new(&pattern).unwrap(), Regex::new(&pattern).unwrap());
            assert!(matches!(matcher, Matcher::Ranges(_)), "{pattern}");
            for (place, byte) in (0..length).flat_map(|it| (0..=255).map(move |byte| (it, byte))) {
                let mut text = vec![b'm'; length];
                text[place] = byte;
                assert_eq!(matcher.is_match(&text), regex.is_match(&text), "{text:?}");
            }
            assert!(!matcher.is_match(&vec![b'm'; length + 1]));
            assert!(!matcher.is_match(&vec![b'm'; length - 1]));
        }
    }

    #[test]
    fn plain_expressions_get_a_fast_form() {
        let form = |it: &str| match Matcher::new(it).unwrap() {
            Matcher::Ranges(ranges) => format!("{} ranges", ranges.bytes),
            Matcher::Bytes(sets) => format!("{} bytes", sets.len()),
            Matcher::Shifts(_) => "shifts".to_owned(),
            Matcher::Automaton(_) => "automaton".to_owned(),
            Matcher::Regex(_) => "regex".to_owned(),
        };
        assert_eq!(form("^PRV-[0-9]{8}$"), "12 ranges");
        assert_eq!(form(r"^\([0-9]{3}\) [0-9]{3}-[0-9]{4}$"), "14 ranges");
        assert_eq!(form("^[0-9]{3}[02468]$"), "4 bytes");
        assert_eq!(form("^[0-9]{5}(-[0-9]{4})?$"), "automaton");
        assert_eq!(form("^[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\\.[A-Za-z]{2,}$"), "shifts");
        assert_eq!(form("^\\w{100}$"), "regex");
    }
}
