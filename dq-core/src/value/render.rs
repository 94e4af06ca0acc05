//! Values as text: one spelling for each value, on every source.

use std::fmt;
use std::io::Write;

use crate::value::Value;

impl Value<'_> {
    /// Appends the text of this value to `out`; nothing for NULL.
    ///
    /// Text and bytes are themselves. Whole numbers are decimal digits; floats are the shortest
    /// decimal that reads back as the same number and always show that they are floats (`1.0`,
    /// `1e21`); booleans are `true` and `false`; days are `YYYY-MM-DD`; points in time are
    /// `YYYY-MM-DD HH:MM:SS` with six more digits if they are not whole seconds.
    pub fn render(&self, out: &mut Vec<u8>) {
        let written = match self {
            Self::Null => Ok(()),
            Self::Text(bytes) | Self::Bytes(bytes) => out.write_all(bytes),
            Self::Boolean(it) => write!(out, "{it}"),
            Self::Integer(it) => write!(out, "{it}"),
            Self::Float(it) => write!(out, "{it:?}"),
            Self::Date(it) => write!(out, "{it}"),
            Self::Timestamp(it) => write!(out, "{it}"),
        };
        debug_assert!(written.is_ok(), "writing to memory cannot fail");
    }
}

impl fmt::Display for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = Vec::new();
        self.render(&mut text);
        if self.is_null() {
            f.write_str("NULL")
        } else {
            f.write_str(&String::from_utf8_lossy(&text))
        }
    }
}
