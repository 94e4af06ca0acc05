//! Text on a terminal: how wide it is, as much of it as fits, and nothing in it that acts.

use std::borrow::Cow;

use unicode_width::UnicodeWidthStr;

/// How many columns of a terminal the text takes.
pub(crate) fn width(text: &str) -> usize {
    text.width()
}

/// The text, or as much of its start as fits into `width_max` columns with an ellipsis behind it.
pub(crate) fn cut(text: &str, width_max: usize) -> String {
    if width(text) <= width_max {
        return text.to_owned();
    }
    let mut kept = fitting(text.chars(), width_max.saturating_sub(1));
    kept.push('…');
    kept
}

/// The text, or as much of its start and its end as fits into `width_max` columns with an ellipsis
/// between them: names that begin alike often end differently.
pub(crate) fn shorten(text: &str, width_max: usize) -> String {
    if width(text) <= width_max {
        return text.to_owned();
    }
    let end = fitting_end(text, width_max.saturating_sub(1) / 2);
    let mut kept = fitting(text.chars(), width_max.saturating_sub(1 + width(end)));
    kept.push('…');
    kept.push_str(end);
    kept
}

/// As much of the end of the text as fits into `width_max` columns. How wide characters are depends on
/// those before them, so it is the end as it stands that is measured; and it does not begin with a mark
/// that belongs to what was left out.
fn fitting_end(text: &str, width_max: usize) -> &str {
    let ends = text.char_indices().rev().filter_map(|(start, _)| text.get(start..));
    let end = ends.take_while(|it| width(it) <= width_max).last().unwrap_or_default();
    end.trim_start_matches(|it: char| width(it.encode_utf8(&mut [0; 4])) == 0)
}

/// As many of the characters as fit into `width_max` columns.
fn fitting(characters: impl Iterator<Item = char>, width_max: usize) -> String {
    let mut kept = String::new();
    for character in characters {
        let end = kept.len();
        kept.push(character);
        if width(&kept) > width_max {
            kept.truncate(end);
            break;
        }
    }
    kept
}

/// The text with every character that would act instead of showing itself written as an escape:
/// control characters, line separators, marks that turn the direction of writing, signs without a
/// width, and what Unicode says is no character, which no XML may hold.
pub fn visible(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_invisible) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() + 8);
    for character in text.chars() {
        if is_invisible(character) {
            escaped.extend(character.escape_default());
        } else {
            escaped.push(character);
        }
    }
    Cow::Owned(escaped)
}

fn is_invisible(character: char) -> bool {
    character.is_control()
        || u32::from(character) & 0xfffe == 0xfffe
        || matches!(
            character,
            '\u{fdd0}'..='\u{fdef}' | '\u{61c}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cutting_never_splits_a_wide_character() {
        assert_eq!(cut("北京市", 6), "北京市");
        assert_eq!(cut("北京市", 5), "北京…");
        assert_eq!(cut("北京市", 4), "北…");
        assert_eq!(cut("abc", 0), "…");
        assert_eq!(shorten("北京市", 5), "北…市");
        assert_eq!(shorten("北京市", 4), "北…");
    }

    #[test]
    fn a_shortened_name_keeps_its_end() {
        assert_eq!(shorten("facilities/missing", 11), "facil…ssing");
        assert_eq!(shorten("facilities/missing", 10), "facil…sing");
        assert_eq!(shorten("facilities/missing", 1), "…");
        assert_eq!(shorten("facilities/missing", 18), "facilities/missing");
    }

    #[test]
    fn a_shortened_name_is_as_wide_as_it_was_asked_to_be_whatever_its_characters_join_to() {
        let names = [
            "facilities/❤️ ©️ 1️⃣",
            "facilities/e\u{301}\u{301}o\u{301}a",
            "rules/שלום العربية لا",
            "a/👨‍👩‍👧👍🏽🇩🇪🇫🇷",
        ];
        for name in names {
            for width_max in 1..width(name) {
                let short = shorten(name, width_max);
                let taken = width(&short);
                assert!(taken <= width_max, "`{short}` takes {taken} of {width_max} columns");
            }
        }
        assert_eq!(shorten("abcdefe\u{301}f", 3), "a…f");
        assert_eq!(shorten("abcdefe\u{301}f", 5), "ab…e\u{301}f");
    }
}
