//! Small facts about text.

/// Whether `text` is empty or of Unicode `White_Space` alone.
#[inline]
pub fn is_blank(text: &[u8]) -> bool {
    match text.first() {
        None => true,
        Some(byte) if byte.is_ascii_graphic() => false,
        Some(_) => std::str::from_utf8(text).is_ok_and(|it| it.chars().all(char::is_whitespace)),
    }
}

/// `text` without Unicode `White_Space` at both ends. Bytes that are not valid UTF-8 are kept as they
/// are.
#[inline]
pub fn trim_blanks(text: &[u8]) -> &[u8] {
    match (text.first(), text.last()) {
        (Some(first), Some(last)) if first.is_ascii_graphic() && last.is_ascii_graphic() => text,
        _ => std::str::from_utf8(text).map_or(text, |it| it.trim().as_bytes()),
    }
}

/// Whether `text` holds a control character: one of Unicode's category `Cc`.
#[inline]
pub fn has_control_character(text: &[u8]) -> bool {
    // U+0080 to U+009F are the byte C2 and one of 80 to 9F, which never follows a C2 otherwise.
    text.iter().any(u8::is_ascii_control)
        || (!text.is_ascii() && text.windows(2).any(|it| matches!(it, [0xC2, 0x80..=0x9F])))
}

/// The number of Unicode code points of `text`.
#[inline]
pub fn characters(text: &[u8]) -> usize {
    // Every code point has one byte that is not a continuation byte, 10xxxxxx.
    text.iter().filter(|it| **it & 0xC0 != 0x80).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_character_is_judged_as_unicode_has_it() {
        for character in '\0'..=char::MAX {
            let text = character.to_string();
            let around = format!("{character}a{character}");
            let blank = character.is_whitespace();
            assert_eq!(is_blank(text.as_bytes()), blank, "{character:?}");
            assert_eq!(has_control_character(around.as_bytes()), character.is_control());
            let trimmed = if blank { "a" } else { &around };
            assert_eq!(trim_blanks(around.as_bytes()), trimmed.as_bytes(), "{character:?}");
        }
    }

    #[test]
    fn blanks_within_a_text_stay() {
        assert_eq!(trim_blanks(b" a b\t"), b"a b");
        assert_eq!(trim_blanks("\u{a0}é a\u{2003}".as_bytes()), "é a".as_bytes());
        assert_eq!(trim_blanks(b" \n "), b"");
        assert_eq!(trim_blanks(b""), b"");
    }
}
