//! What people and programs read: a [`Report`] as text, as JSON, or as JUnit XML.
//!
//! Nothing here knows of terminals: whoever has one says how wide it is and whether it shows colours.

mod json;
mod junit;
pub(crate) mod style;
pub(crate) mod table;
mod terminal;
#[cfg(test)]
mod testing;
pub(crate) mod text;
pub(crate) mod words;
mod write;

use std::fmt;
use std::io;
use std::path::Path;
use std::str::FromStr;

use crate::error::{Error, ErrorKind, Result};
use crate::validate::Report;

pub use style::TerminalStyle;
pub use text::visible;
pub use words::counted;
pub use write::{write_file, write_report};

/// A form of the report.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum ReportFormat {
    /// A table of checks and the keys of failing rows, for people.
    Text,
    /// All that is known, for programs; `docs/report.schema.json` describes it.
    Json,
    /// JUnit XML, for whatever shows the results of tests: a suite for each rule, a case for each check.
    Junit,
}

impl ReportFormat {
    /// Every form.
    pub const ALL: [Self; 3] = [Self::Text, Self::Json, Self::Junit];

    /// The word for it: `text`, `json`, `junit`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Json => "json",
            Self::Junit => "junit",
        }
    }

    /// The form that the name of a file asks for: `.json`, `.xml` or `.txt`. What has no extension,
    /// such as a pipe, gets JSON.
    ///
    /// # Errors
    ///
    /// `UsageInvalid` if the extension is another one.
    pub fn of_path(path: &Path) -> Result<Self> {
        let extension = path.extension().map(|it| it.to_string_lossy().to_ascii_lowercase());
        match extension.as_deref() {
            None | Some("json") => Ok(Self::Json),
            Some("xml") => Ok(Self::Junit),
            Some("txt") => Ok(Self::Text),
            Some(other) => Err(Error::new(
                ErrorKind::UsageInvalid,
                format!(
                    "cannot tell the format of `{}`: `.{other}` is none of .json, .xml, .txt",
                    path.display()
                ),
            )),
        }
    }
}

impl fmt::Display for ReportFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for ReportFormat {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let found = Self::ALL.into_iter().find(|it| it.as_str() == text);
        found.ok_or_else(|| format!("`{text}` is no format: text, json or junit"))
    }
}

/// Writes `report` in the given form. Text is plain and as wide as it needs to be.
///
/// # Errors
///
/// Whatever `out` reports.
pub fn render(report: &Report, format: ReportFormat, out: &mut dyn io::Write) -> io::Result<()> {
    match format {
        ReportFormat::Text => render_text(report, TerminalStyle::default(), out),
        ReportFormat::Json => json::render(report, out),
        ReportFormat::Junit => junit::render(report, out),
    }
}

/// Writes `report` as text for a terminal of the given style.
///
/// # Errors
///
/// Whatever `out` reports.
pub fn render_text(
    report: &Report,
    style: TerminalStyle,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    terminal::render(report, style, out)
}
