//! LIKE: `%` stands for any text, `_` for any one character.

use memchr::memmem::Finder;

use crate::value::fold_case;

/// A pattern of LIKE or ILIKE, made ready.
#[derive(Clone, Debug)]
pub(crate) struct Pattern {
    shape: Shape,
    ignore_case: bool,
}

#[derive(Clone, Debug)]
enum Shape {
    Exact(Vec<u8>),
    Prefix(Vec<u8>),
    Suffix(Vec<u8>),
    Contains(Box<Finder<'static>>),
    Pieces(Vec<Piece>),
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Piece {
    AnyText,
    AnyCharacter,
    Character(char),
}

impl Pattern {
    /// Reads a pattern. After the `escape` character the next one stands for itself; `None` if there
    /// is no next one.
    pub(super) fn new(pattern: &str, escape: Option<char>, ignore_case: bool) -> Option<Self> {
        let mut pieces = Vec::new();
        let mut characters = pattern.chars();
        while let Some(character) = characters.next() {
            match character {
                _ if Some(character) == escape => {
                    push(&mut pieces, characters.next()?, ignore_case);
                }
                '%' if pieces.last() == Some(&Piece::AnyText) => {}
                '%' => pieces.push(Piece::AnyText),
                '_' => pieces.push(Piece::AnyCharacter),
                _ => push(&mut pieces, character, ignore_case),
            }
        }
        Some(Self { shape: Shape::of(pieces), ignore_case })
    }

    /// The pattern in which `\\` escapes; `None` if case does not matter.
    pub(crate) fn escaped(&self) -> Option<String> {
        let escaped = |text: &[u8]| {
            let text = String::from_utf8_lossy(text);
            let characters = text.chars().map(Piece::Character);
            characters.map(Piece::escaped).collect::<String>()
        };
        let text = match &self.shape {
            Shape::Exact(it) => escaped(it),
            Shape::Prefix(it) => format!("{}%", escaped(it)),
            Shape::Suffix(it) => format!("%{}", escaped(it)),
            Shape::Contains(it) => format!("%{}%", escaped(it.needle())),
            Shape::Pieces(it) => it.iter().copied().map(Piece::escaped).collect(),
        };
        (!self.ignore_case).then_some(text)
    }

    /// Whether the pattern stands for the whole of `text`, which is valid UTF-8.
    pub(super) fn matches(&self, text: &[u8]) -> bool {
        if !self.ignore_case {
            return self.shape.matches(text);
        }
        let mut folded = Vec::with_capacity(text.len());
        fold_case(text, &mut folded);
        self.shape.matches(&folded)
    }
}

impl Piece {
    fn escaped(self) -> String {
        match self {
            Self::AnyText => "%".to_owned(),
            Self::AnyCharacter => "_".to_owned(),
            Self::Character(it @ ('%' | '_' | '\\')) => format!("\\{it}"),
            Self::Character(it) => it.to_string(),
        }
    }
}

fn push(pieces: &mut Vec<Piece>, character: char, ignore_case: bool) {
    if !ignore_case {
        pieces.push(Piece::Character(character));
        return;
    }
    let mut folded = Vec::new();
    fold_case(character.encode_utf8(&mut [0; 4]).as_bytes(), &mut folded);
    pieces.extend(String::from_utf8_lossy(&folded).chars().map(Piece::Character));
}

impl Shape {
    fn of(pieces: Vec<Piece>) -> Self {
        let text = |pieces: &[Piece]| {
            let characters = pieces.iter().map(|it| match it {
                Piece::Character(it) => Some(*it),
                Piece::AnyText | Piece::AnyCharacter => None,
            });
            characters.collect::<Option<String>>().map(String::into_bytes)
        };
        let shape = match &*pieces {
            [Piece::AnyText, middle @ .., Piece::AnyText] => {
                text(middle).map(|it| Self::Contains(Box::new(Finder::new(&it).into_owned())))
            }
            [Piece::AnyText, end @ ..] => text(end).map(Self::Suffix),
            [start @ .., Piece::AnyText] => text(start).map(Self::Prefix),
            all => text(all).map(Self::Exact),
        };
        shape.unwrap_or(Self::Pieces(pieces))
    }

    fn matches(&self, text: &[u8]) -> bool {
        match self {
            Self::Exact(it) => text == it,
            Self::Prefix(it) => text.starts_with(it),
            Self::Suffix(it) => text.ends_with(it),
            Self::Contains(it) => it.find(text).is_some(),
            Self::Pieces(it) => std::str::from_utf8(text).is_ok_and(|text| stands_for(it, text)),
        }
    }
}

/// Whether `pieces` stand for the whole of `text`. Only the last `%` is ever tried again with more
/// text, which is enough: so the time is at most pieces times characters.
fn stands_for(pieces: &[Piece], text: &str) -> bool {
    let (mut rest, mut left) = (pieces, text.chars());
    let mut retry = None;
    loop {
        match (rest.split_first(), left.clone().next()) {
            (Some((Piece::AnyText, after)), _) => {
                rest = after;
                retry = Some((after, left.clone()));
            }
            (None, None) => return true,
            (Some((Piece::AnyCharacter, after)), Some(_)) => {
                rest = after;
                left.next();
            }
            (Some((Piece::Character(wanted), after)), Some(found)) if *wanted == found => {
                rest = after;
                left.next();
            }
            _ => {
                let Some((after, from)) = &mut retry else { return false };
                if from.next().is_none() {
                    return false;
                }
                rest = after;
                left = from.clone();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn like(text: &str, pattern: &str) -> bool {
        Pattern::new(pattern, Some('\\'), false).unwrap().matches(text.as_bytes())
    }

    #[test]
    fn patterns_match_the_whole_text_by_character() {
        #[rustfmt::skip]
        let cases = [
            ("abc", "abc", true), ("abc", "ab", false), ("abc", "ABC", false), ("", "", true),
            ("abc", "a%", true), ("abc", "%c", true), ("abc", "%b%", true), ("abc", "%", true), ("", "%", true),
            ("abc", "%%", true), ("abc", "b%", false), ("abc", "%b", false), ("abc", "%x%", false),
            ("abc", "a_c", true), ("aéc", "a_c", true), ("ac", "a_c", false), ("é", "_", true), ("é", "__", false),
            ("abcbc", "a%bc", true), ("abcbd", "a%bc", false), ("aXbXc", "a%b%c", true), ("mississippi", "m%iss%pi", true),
            ("mississippi", "m%iss%iss%iss%", false), ("a%c", "a\\%c", true), ("abc", "a\\%c", false),
            ("a_c", "a\\_c", true), ("a\\c", "a\\\\c", true), ("abc", "_%_", true), ("a", "_%_", false), ("a", "%_", true),
        ];
        for (text, pattern, expected) in cases {
            assert_eq!(like(text, pattern), expected, "{text:?} LIKE {pattern:?}");
        }
    }

    #[test]
    fn a_pattern_must_not_end_with_its_escape() {
        assert!(Pattern::new("abc!", Some('!'), false).is_none());
        assert!(Pattern::new("abc!!", Some('!'), false).is_some());
        assert!(Pattern::new("abc!", None, false).is_some());
    }

    #[test]
    fn case_is_folded_fully_if_asked() {
        let ilike = |text: &str, pattern: &str| {
            Pattern::new(pattern, None, true).unwrap().matches(text.as_bytes())
        };
        assert!(ilike("Hauptstraße", "HAUPTSTRASSE"));
        assert!(ilike("ST. MARY'S", "st.%"));
        assert!(ilike("ΟΔΟΣ", "%οδος"));
        assert!(!ilike("St Mary", "st.%"));
    }
}
