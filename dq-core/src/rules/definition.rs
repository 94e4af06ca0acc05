//! What makes a check the same check in two runs.

use crate::document::{Content, Node};

/// What a check's author says about it, which changes nothing about the rows that violate it.
const WORDS: [&str; 5] = ["id", "severity", "tolerance", "message", "dimension"];

/// A number that stays the same as long as a check judges the same rows of a table in the same way:
/// 16 hexadecimal digits of what it is made of, whatever its order and its quotes. Compared between
/// reports, so how it is made must not change.
pub(crate) fn definition(table: &str, filter: Option<&str>, check: &Node) -> String {
    let mut hash = Fnv::default();
    hash.text(table);
    if let Some(filter) = filter {
        hash.text(filter);
    }
    if let Content::Mapping(entries) = &check.content {
        let judged =
            entries.iter().filter(|(key, _)| key.as_text().is_none_or(|it| !WORDS.contains(&it)));
        hash.entries(judged.collect());
    }
    format!("{:016x}", hash.0)
}

/// The 64-bit hash FNV-1a, which needs no library that might change it.
struct Fnv(u64);

impl Default for Fnv {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Fnv {
    fn byte(&mut self, byte: u8) {
        self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }

    fn text(&mut self, text: &str) {
        text.bytes().for_each(|it| self.byte(it));
        // No text has this byte, so that no two lists of texts read alike.
        self.byte(0xff);
    }

    fn node(&mut self, node: &Node) {
        match &node.content {
            _ if node.is_null() => self.byte(b'~'),
            Content::Scalar(text, _) => self.text(text),
            Content::Sequence(items) => {
                self.byte(b'[');
                for item in items {
                    self.node(item);
                }
                self.byte(b']');
            }
            Content::Mapping(entries) => self.entries(entries.iter().collect()),
        }
    }

    fn entries(&mut self, mut entries: Vec<&(Node, Node)>) {
        entries.sort_by_key(|(key, _)| key.as_text());
        self.byte(b'{');
        for (key, value) in entries {
            self.node(key);
            self.node(value);
        }
        self.byte(b'}');
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::Problems;

    fn of(table: &str, filter: Option<&str>, check: &str) -> String {
        definition(table, filter, &Node::parse(check, &mut Problems::default()).unwrap())
    }

    #[test]
    fn it_stays_the_same_from_version_to_version() {
        let check = "{ id: zip, column: zip, matches: '^[0-9]{5}$' }";
        assert_eq!(of("data", Some("state = 'OH'"), check), "f38f628c6586117d");
    }

    #[test]
    fn order_quotes_and_words_change_nothing() {
        let first = of("data", None, "{ id: a, column: zip, length: { min: 1, max: 5 } }");
        for same in [
            "{ length: { max: '5', min: 1 }, column: \"zip\" }",
            "{ column: zip, severity: high, length: { min: 1, max: 5 }, tolerance: { fail: 3 } }",
            "{ column: zip, message: m, dimension: validity, length: { min: 1, max: 5 } }",
        ] {
            assert_eq!(of("data", None, same), first, "{same}");
        }
    }

    #[test]
    fn whatever_decides_about_rows_changes_it() {
        let check = "{ column: zip, one_of: [a, b] }";
        let mut all = vec![
            of("data", None, check),
            of("other", None, check),
            of("data", Some("zip > 1"), check),
            of("data", None, "{ column: zap, one_of: [a, b] }"),
            of("data", None, "{ column: zip, one_of: [b, a] }"),
            of("data", None, "{ column: zip, one_of: [ab] }"),
            of("data", None, "{ column: zip, one_of: [a, [b]] }"),
            of("data", None, "{ column: zip, one_of: [a, b], ignore: blank }"),
        ];
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), 8);
    }
}
