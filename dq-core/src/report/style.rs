//! What a terminal can show, and how a text stands out on it.

/// What a terminal can show.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct TerminalStyle {
    /// Whether it shows colours.
    pub color: bool,
    /// How many columns it has. Where that is too few, names are cut.
    pub width: usize,
}

impl Default for TerminalStyle {
    /// No terminal: no colours, and lines as long as they need to be.
    fn default() -> Self {
        Self { color: false, width: usize::MAX }
    }
}

/// How a text stands out.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Ink {
    Plain,
    Dim,
    Bold,
    Good,
    Warning,
    Bad,
    Worst,
}

impl TerminalStyle {
    /// The text in the given ink, if there are colours.
    pub(crate) fn paint(self, ink: Ink, text: &str) -> String {
        let code = match ink {
            _ if text.is_empty() || !self.color => return text.to_owned(),
            Ink::Plain => return text.to_owned(),
            Ink::Dim => "2",
            Ink::Bold => "1",
            Ink::Good => "32",
            Ink::Warning => "33",
            Ink::Bad => "31",
            Ink::Worst => "1;31",
        };
        format!("\u{1b}[{code}m{text}\u{1b}[0m")
    }
}
