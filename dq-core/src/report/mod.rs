//! What people and programs read: a [`Report`] as text, JSON, JUnit XML, HTML, Markdown, SARIF, CSV,
//! GitHub annotations, or a workbook of Excel.
//!
//! Nothing here knows of terminals: whoever has one says how wide it is and whether it shows colours.
//!
//! ```
//! use std::collections::BTreeMap;
//! use std::sync::Arc;
//!
//! use arrow_array::{ArrayRef, RecordBatch, StringArray};
//! use dq_core::report::{ReportFormat, render};
//! use dq_core::rules::RuleSet;
//! use dq_core::source::memory::MemorySource;
//! use dq_core::validate::{ValidateOptions, validate};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let rules = "
//! version: 1
//! rules:
//!   - { id: zip, table: places, checks: [{ id: form, column: zip, format: us_zip }] }
//! ";
//! let rules = RuleSet::parse("rules.yaml", rules, &BTreeMap::new())?;
//! let zip: ArrayRef = Arc::new(StringArray::from(vec!["86503", "8650"]));
//! let places = RecordBatch::try_from_iter([("zip", zip)])?;
//! let source = MemorySource::new("an example").table("places", vec![places])?;
//! let report = validate(&source, &rules, &ValidateOptions::default()).await?;
//!
//! let mut lines = Vec::new();
//! render(&report, ReportFormat::Csv, &mut lines)?;
//! let lines = String::from_utf8(lines)?;
//! assert_eq!(lines.lines().count(), 2, "the names of the columns, and a line for each check");
//! # Ok(())
//! # }
//! ```

mod columns;
mod csv;
mod destination;
mod draft;
mod github;
mod html;
mod json;
mod junit;
mod markdown;
mod sarif;
mod scores;
mod statistics;
pub(crate) mod style;
pub(crate) mod table;
mod terminal;
#[cfg(test)]
mod testing;
pub(crate) mod text;
#[cfg(target_os = "linux")]
mod unnamed;
mod violations;
#[cfg(feature = "parquet")]
mod violations_parquet;
pub(crate) mod words;
mod wrap;
mod write;
#[cfg(feature = "xlsx")]
mod xlsx;

use std::fmt;
use std::io;
use std::path::Path;
use std::str::FromStr;

use crate::error::{Error, ErrorKind, Result};
use crate::validate::Report;

pub use style::TerminalStyle;
pub use text::visible;
pub use violations::ViolationsFile;
pub use words::counted;
pub use write::{write_file, write_report};
#[cfg(feature = "xlsx")]
pub use xlsx::{ReportWorkbook, Sheet, Workbook};

/// A form of the report.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum ReportFormat {
    /// A table of checks and the keys of failing rows, for people.
    Text,
    /// All that is known, for programs; `docs/report.schema.json` describes it.
    Json,
    /// JUnit XML, for whatever shows the results of tests: a suite for each rule, a case for each check.
    Junit,
    /// One page for a browser, with charts, filters and everything else in it; needs no network.
    Html,
    /// A comment of a pull request.
    Markdown,
    /// SARIF 2.1.0, for code scanning and editors: checks are rules, findings are results.
    Sarif,
    /// A line for each check, for spreadsheets.
    Csv,
    /// Workflow commands that make annotations on GitHub.
    Github,
    /// A workbook of Excel. Alone of all it is no text.
    Xlsx,
}

impl ReportFormat {
    /// Every form.
    pub const ALL: [Self; 9] = [
        Self::Text,
        Self::Json,
        Self::Junit,
        Self::Html,
        Self::Markdown,
        Self::Sarif,
        Self::Csv,
        Self::Github,
        Self::Xlsx,
    ];

    /// The word for it, such as `text` or `json`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Json => "json",
            Self::Junit => "junit",
            Self::Html => "html",
            Self::Markdown => "markdown",
            Self::Sarif => "sarif",
            Self::Csv => "csv",
            Self::Github => "github",
            Self::Xlsx => "xlsx",
        }
    }

    /// Whether it is text, so that it can be printed.
    pub const fn is_text(self) -> bool {
        !matches!(self, Self::Xlsx)
    }

    /// The form that the name of a file asks for: `.json`, `.xml` (JUnit), `.html`, `.md`, `.sarif`
    /// (also `.sarif.json`), `.csv`, `.xlsx` or `.txt`. What has no extension, such as a pipe, gets JSON.
    ///
    /// # Errors
    ///
    /// `UsageInvalid` if the extension is another one; `FeatureDisabled` for `.xlsx` where that was left out.
    pub fn of_path(path: &Path) -> Result<Self> {
        let extension =
            |it: &Path| it.extension().map(|it| it.to_string_lossy().to_ascii_lowercase());
        let before = path.file_stem().and_then(|it| extension(Path::new(it)));
        match extension(path).as_deref() {
            Some("json") if before.as_deref() == Some("sarif") => Ok(Self::Sarif),
            None | Some("json") => Ok(Self::Json),
            Some("xml") => Ok(Self::Junit),
            Some("html" | "htm") => Ok(Self::Html),
            Some("md" | "markdown") => Ok(Self::Markdown),
            Some("sarif") => Ok(Self::Sarif),
            Some("csv") => Ok(Self::Csv),
            Some("txt") => Ok(Self::Text),
            Some("xlsx") if cfg!(feature = "xlsx") => Ok(Self::Xlsx),
            Some("xlsx") => Err(Error::new(ErrorKind::FeatureDisabled, NO_XLSX)),
            Some(other) => Err(Error::new(
                ErrorKind::UsageInvalid,
                format!(
                    "cannot tell the format of `{}`: `.{other}` is none of {EXTENSIONS}",
                    path.display()
                ),
            )),
        }
    }
}

/// What [`ReportFormat::of_path`] knows, as its message tells.
const EXTENSIONS: &str = ".json, .xml, .html, .md, .sarif, .csv, .xlsx, .txt";

const NO_XLSX: &str = "cannot write a workbook: dq was built without the feature `xlsx`";

impl fmt::Display for ReportFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for ReportFormat {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let found = Self::ALL.into_iter().find(|it| it.as_str() == text);
        found.ok_or_else(|| {
            let words = Self::ALL.map(Self::as_str).join(", ");
            format!("`{text}` is no format: {words}")
        })
    }
}

/// Writes `report` in the given form. Text is plain and as wide as it needs to be. A workbook has the failing rows
/// that the report shows; a `ReportWorkbook` has all.
///
/// # Errors
///
/// Whatever `out` reports.
pub fn render(report: &Report, format: ReportFormat, out: &mut dyn io::Write) -> io::Result<()> {
    match format {
        ReportFormat::Text => render_text(report, TerminalStyle::default(), out),
        ReportFormat::Json => json::render(report, out),
        ReportFormat::Junit => junit::render(report, out),
        ReportFormat::Html => html::render(report, out),
        ReportFormat::Markdown => markdown::render(report, out),
        ReportFormat::Sarif => sarif::render(report, out),
        ReportFormat::Csv => csv::render(report, out),
        ReportFormat::Github => github::render(report, out),
        #[cfg(feature = "xlsx")]
        ReportFormat::Xlsx => xlsx::render(report, out),
        #[cfg(not(feature = "xlsx"))]
        ReportFormat::Xlsx => Err(io::Error::new(io::ErrorKind::Unsupported, NO_XLSX)),
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
