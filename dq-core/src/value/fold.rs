//! Full case folding: what "the same but for upper and lower case" means, everywhere.

/// Appends `text` to `out`, folded: two texts that differ in case only fold to the same text. `ß`
/// and `ẞ` fold to `ss`. No locale is asked; the dotless `ı` stays itself, as Unicode has it.
///
/// The fold of a character is the lowercase of the uppercase of its lowercase, character by
/// character, which draws the same classes as the statuses C and F of Unicode's `CaseFolding.txt`.
/// Bytes that are not valid UTF-8 are kept as they are.
pub fn fold_case(text: &[u8], out: &mut Vec<u8>) {
    if text.is_ascii() {
        out.extend(text.iter().map(u8::to_ascii_lowercase));
        return;
    }
    let mut buffer = [0; 4];
    for chunk in text.utf8_chunks() {
        for folded in chunk.valid().chars().flat_map(fold) {
            out.extend_from_slice(folded.encode_utf8(&mut buffer).as_bytes());
        }
        out.extend_from_slice(chunk.invalid());
    }
}

fn fold(character: char) -> impl Iterator<Item = char> {
    let dotless = (character == 'ı').then_some('ı');
    let other = (character != 'ı').then_some(character);
    let folded = other.into_iter().flat_map(char::to_lowercase);
    dotless.into_iter().chain(folded.flat_map(char::to_uppercase).flat_map(char::to_lowercase))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folded(text: &str) -> String {
        let mut out = Vec::new();
        fold_case(text.as_bytes(), &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn texts_that_differ_in_case_only_fold_to_the_same() {
        for (a, b) in [
            ("Straße", "STRASSE"),
            ("straẞe", "strasse"),
            ("ΣΊΣΥΦΟΣ", "σίσυφος"),
            ("İstanbul", "i\u{307}stanbul"),
            ("\u{212A}elvin", "kelvin"),
            ("ǅ", "ǆ"),
            ("ﬃ", "FFI"),
            ("ᾈ", "ἀι"),
        ] {
            assert_eq!(folded(a), folded(b), "{a} {b}");
        }
    }

    #[test]
    fn other_differences_stay() {
        for (a, b) in [("ı", "i"), ("é", "e"), ("a", "b"), ("é", "e\u{301}")] {
            assert_ne!(folded(a), folded(b), "{a} {b}");
        }
    }

    #[test]
    fn invalid_bytes_are_kept() {
        let mut out = Vec::new();
        fold_case(b"A\xff\xc3\x89", &mut out);
        assert_eq!(out, b"a\xff\xc3\xa9");
    }
}
