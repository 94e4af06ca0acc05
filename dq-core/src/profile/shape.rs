//! The shape of a text: its characters by class, `AAA-99999999` for `PRV-00000017`.
//!
//! An upper-case letter is `A`, any other letter `a`, a digit `9`; everything else is itself. Where a
//! column has too many shapes, runs of a class are one: `A+-9+`.

use crate::profile::thinned::{Thinned, hash};

/// Texts of more bytes have no shape of their own: nobody would read it.
const TEXT_BYTES_MAX: usize = 64;

/// The shape of those.
pub(crate) const LONG: &[u8] = "…".as_bytes();

/// How much memory the shapes of one column may take: some two thousand of them.
const MEMORY_BYTES: usize = 192 << 10;

/// Appends the shape of `text` to `out`.
pub(crate) fn of(text: &[u8], out: &mut Vec<u8>) {
    if text.len() > TEXT_BYTES_MAX {
        out.extend_from_slice(LONG);
        return;
    }
    if text.is_ascii() {
        out.extend(text.iter().map(|it| match it {
            b'A'..=b'Z' => b'A',
            b'a'..=b'z' => b'a',
            b'0'..=b'9' => b'9',
            other => *other,
        }));
        return;
    }
    for character in String::from_utf8_lossy(text).chars() {
        match character {
            it if it.is_uppercase() => out.push(b'A'),
            it if it.is_alphabetic() => out.push(b'a'),
            it if it.is_ascii_digit() => out.push(b'9'),
            other => out.extend_from_slice(other.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
}

/// Whether a byte of a shape stands for a class of characters.
pub(crate) const fn is_class(byte: u8) -> bool {
    matches!(byte, b'A' | b'a' | b'9')
}

/// The shape with each run of a class as one: `A+-9+` for `AAA-99999999`.
pub(crate) fn collapsed(shape: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(shape.len());
    for run in shape.chunk_by(|a, b| a == b && is_class(*a)) {
        match run {
            [class, ..] if is_class(*class) => out.extend_from_slice(&[*class, b'+']),
            other => out.extend_from_slice(other),
        }
    }
    out
}

/// The shapes of a column with their counts.
#[derive(Debug)]
pub(crate) struct Shapes {
    counts: Thinned,
    detail: Detail,
    scratch: Vec<u8>,
}

/// How finely shapes are told apart.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Detail {
    /// Character by character.
    Exact,
    /// By runs: there were too many exact shapes.
    Runs,
    /// Not at all: there were too many even so.
    None,
}

impl Default for Shapes {
    fn default() -> Self {
        let counts = Thinned::new(MEMORY_BYTES);
        Self { counts, detail: Detail::Exact, scratch: Vec::new() }
    }
}

impl Shapes {
    /// Counts the shape of a text.
    pub(crate) fn add(&mut self, text: &[u8], count: u64) {
        if self.detail == Detail::None {
            return;
        }
        let mut shape = std::mem::take(&mut self.scratch);
        shape.clear();
        of(text, &mut shape);
        if self.detail == Detail::Runs {
            shape = collapsed(&shape);
        }
        if self.counts.add(hash(&shape), &shape, count) {
            self.coarsen();
        }
        self.scratch = shape;
    }

    /// How finely shapes are told apart. It depends on how many there are, never on their order.
    pub(crate) fn detail(&self) -> Detail {
        self.detail
    }

    /// The shapes with their counts, the most frequent first.
    pub(crate) fn ranked(&self) -> Vec<(&[u8], u64)> {
        self.counts.ranked()
    }

    fn coarsen(&mut self) {
        let fine = std::mem::replace(&mut self.counts, Thinned::new(MEMORY_BYTES));
        if self.detail == Detail::Runs {
            self.detail = Detail::None;
            return;
        }
        self.detail = Detail::Runs;
        for (shape, count) in fine.iter() {
            let shape = collapsed(shape);
            if self.counts.add(hash(&shape), &shape, count) {
                return self.coarsen();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(text: &str) -> String {
        let mut out = Vec::new();
        of(text.as_bytes(), &mut out);
        String::from_utf8(out).unwrap()
    }

    fn runs(text: &str) -> String {
        String::from_utf8(collapsed(shape(text).as_bytes())).unwrap()
    }

    #[test]
    fn letters_and_digits_are_classes_and_the_rest_is_itself() {
        assert_eq!(shape("PRV-00000017"), "AAA-99999999");
        assert_eq!(shape("Zürich, 8001 ✓"), "Aaaaaa, 9999 ✓");
        assert_eq!(shape(""), "");
        assert_eq!(shape(&"x".repeat(65)), "…");
    }

    #[test]
    fn runs_of_a_class_are_one_and_other_runs_are_not() {
        assert_eq!(runs("PRV-00000017"), "A+-9+");
        assert_eq!(runs("a--b"), "a+--a+");
        assert_eq!(runs("5+"), "9++");
    }

    #[test]
    fn too_many_shapes_are_told_apart_by_runs_and_then_not_at_all() {
        let mut shapes = Shapes::default();
        for number in 0..5000 {
            let text: String =
                (0..13).map(|bit| if number >> bit & 1 == 0 { 'a' } else { '1' }).collect();
            shapes.add(text.as_bytes(), 1);
        }
        assert_eq!(shapes.detail(), Detail::Runs);
        let total: u64 = shapes.ranked().iter().map(|(_, count)| count).sum();
        assert_eq!(total, 5000);
        for number in 0..5000 {
            let text: String =
                (0..13).map(|bit| if number >> bit & 1 == 0 { '-' } else { '/' }).collect();
            shapes.add(text.as_bytes(), 1);
        }
        assert_eq!((shapes.detail(), shapes.ranked().len()), (Detail::None, 0));
    }
}
