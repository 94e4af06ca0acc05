//! Words on as many lines of a terminal as they need.

use std::borrow::Cow;
use std::io;

use crate::report::style::{Ink, TerminalStyle};
use crate::report::text::width;

/// What stays on one line: a word, or several that belong together.
#[derive(Clone, Debug)]
pub(crate) struct Word<'a> {
    text: Cow<'a, str>,
    ink: Ink,
    /// What stands behind it, without ink.
    mark: &'static str,
}

impl<'a> Word<'a> {
    /// A text in ink, with a mark such as a comma behind it.
    pub(crate) const fn new(text: Cow<'a, str>, ink: Ink, mark: &'static str) -> Self {
        Self { text, ink, mark }
    }

    fn width(&self) -> usize {
        width(&self.text) + width(self.mark)
    }
}

impl<'a> From<&'a str> for Word<'a> {
    fn from(text: &'a str) -> Self {
        Self::new(Cow::Borrowed(text), Ink::Plain, "")
    }
}

/// Writes words one after the other behind `label`, under which further lines are indented.
pub(crate) fn write<'a, W: Into<Word<'a>>>(
    label: &str,
    words: impl IntoIterator<Item = W>,
    style: TerminalStyle,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let indent = width(label);
    let mut line = style.paint(Ink::Dim, label);
    let mut used = indent;
    for word in words {
        let word = word.into();
        if used > indent && used + 1 + word.width() > style.width {
            writeln!(out, "{line}")?;
            line = " ".repeat(indent);
            used = indent;
        }
        if used > indent {
            line.push(' ');
            used += 1;
        }
        line.push_str(&style.paint(word.ink, &word.text));
        line.push_str(word.mark);
        used += word.width();
    }
    writeln!(out, "{line}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written<'a, W: Into<Word<'a>>>(words: impl IntoIterator<Item = W>, width: usize) -> String {
        let mut out = Vec::new();
        write("label: ", words, TerminalStyle { color: true, width }, &mut out).unwrap();
        String::from_utf8(out).unwrap().replace("\u{1b}[", "␛")
    }

    #[test]
    fn words_that_do_not_fit_stand_below_the_first() {
        assert_eq!(written("one two three".split(' '), 14), "␛2mlabel: ␛0mone two\n       three\n");
        assert_eq!(written("one two three".split(' '), 20), "␛2mlabel: ␛0mone two three\n");
    }

    #[test]
    fn neither_ink_nor_what_belongs_together_is_broken() {
        let words = ["1 passed", "2 failed"].map(|it| Word::new(it.into(), Ink::Bad, ","));
        let line = "␛31m1 passed␛0m, ␛31m2 failed␛0m,\n";
        assert_eq!(written(words.clone(), 26), format!("␛2mlabel: ␛0m{line}"));
        let lines = line.replace(", ", ",\n       ");
        assert_eq!(written(words, 25), format!("␛2mlabel: ␛0m{lines}"));
    }
}
