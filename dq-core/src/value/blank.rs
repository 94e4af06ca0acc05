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

/// The number of Unicode code points of `text`.
#[inline]
pub fn characters(text: &[u8]) -> usize {
    // Every code point has one byte that is not a continuation byte, 10xxxxxx.
    text.iter().filter(|it| **it & 0xC0 != 0x80).count()
}
