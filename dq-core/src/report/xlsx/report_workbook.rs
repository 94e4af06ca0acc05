//! A report as a workbook: failing rows wait in a temporary file until the report is there.

use std::collections::HashMap;
use std::env;
use std::fmt;
use std::io::{self, BufRead, BufReader, BufWriter, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::value::RawValue;
use serde_json::{Map, Value as Json};
use tempfile::SpooledTempFile;

use crate::error::{Error, ErrorKind, Result};
use crate::report::xlsx::summary;
use crate::report::xlsx::violations::ViolationSheets;
use crate::report::xlsx::workbook::Workbook;
use crate::rules::Severity;
use crate::validate::{Report, Violation};
use crate::value::Date;

/// Beyond so many bytes, failing rows wait in a file.
const BYTES_IN_MEMORY: usize = 16 << 20;

/// Writes a report and its failing rows to workbooks of Excel: the sheets `Summary`, `All_Violations` and one for
/// each rule that is violated.
///
/// It hears of the rows while the run is made; several threads may add. What a workbook cannot hold (texts above
/// 32,767 characters, more than 250 sheets) is said on `Summary`, beside how many of the rows of each check the
/// workbook shows.
///
/// ```
/// use std::sync::Arc;
///
/// use dq_core::report::ReportWorkbook;
/// use dq_core::validate::ValidateOptions;
///
/// let workbook = Arc::new(ReportWorkbook::new(&std::env::temp_dir()));
/// let heard = Arc::clone(&workbook);
/// let options = ValidateOptions {
///     violations: Some(Arc::new(move |it| heard.add(it))),
///     ..ValidateOptions::default()
/// };
/// // let report = validate(&source, &rules, &options).await?;
/// // workbook.write(&report, Path::new("report.xlsx"))?;
/// # let _ = (options, workbook);
/// ```
pub struct ReportWorkbook {
    temp_dir: PathBuf,
    kept: Mutex<Kept>,
}

/// What was heard.
struct Kept {
    /// A line of JSON for each row: the number of the check, the key, the values.
    rows: BufWriter<SpooledTempFile>,
    checks: Vec<KeptCheck>,
    /// The numbers of the checks, by rule and check.
    numbers: HashMap<String, HashMap<String, usize>>,
}

/// A check of which there are rows.
pub(crate) struct KeptCheck {
    pub(crate) table: String,
    pub(crate) rule: String,
    pub(crate) check: String,
    pub(crate) severity: Severity,
    /// The names of the columns of keys.
    pub(crate) key: Vec<String>,
    /// The names of the columns of values.
    pub(crate) values: Vec<String>,
    /// How many rows of it are in the workbook.
    pub(crate) shown: u64,
}

impl fmt::Debug for ReportWorkbook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReportWorkbook").field("temp_dir", &self.temp_dir).finish_non_exhaustive()
    }
}

impl ReportWorkbook {
    /// No rows yet. Many of them, and the sheets, are in temporary files in `temp_dir`.
    pub fn new(temp_dir: &Path) -> Self {
        let rows = BufWriter::new(tempfile::spooled_tempfile_in(BYTES_IN_MEMORY, temp_dir));
        let kept = Kept { rows, checks: Vec::new(), numbers: HashMap::new() };
        Self { temp_dir: temp_dir.to_owned(), kept: Mutex::new(kept) }
    }

    /// Adds a failing row.
    ///
    /// # Errors
    ///
    /// `WriteFailed` if the temporary file cannot be written.
    pub fn add(&self, violation: &Violation<'_>) -> Result<()> {
        self.lock().add(violation).map_err(|error| self.failed(error))
    }

    /// Writes the workbook of `report` and the rows that were added to the file at `path`, whole or not at all.
    ///
    /// # Errors
    ///
    /// `WriteFailed`, which names the path or the temporary file.
    pub fn write(&self, report: &Report, path: &Path) -> Result<()> {
        self.workbook(report)?.save(path)
    }

    fn workbook(&self, report: &Report) -> Result<Workbook> {
        let created = Date::parse(report.as_of.as_bytes());
        let mut book = Workbook::new(&self.temp_dir, created.unwrap_or(Date::from_days(0)))?;
        self.lock().fill(report, &mut book)?;
        Ok(book)
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn failed(&self, error: io::Error) -> Error {
        let folder = self.temp_dir.display();
        let message = format!("cannot write a temporary file in `{folder}`: {error}");
        Error::new(ErrorKind::WriteFailed, message).with_source(error)
    }
}

impl Kept {
    fn add(&mut self, violation: &Violation<'_>) -> io::Result<()> {
        let (number, row) = (self.number(violation), violation.row());
        if let Some(check) = self.checks.get_mut(number) {
            note_names(&mut check.key, &row.key);
            row.values.iter().for_each(|it| note_names(&mut check.values, it));
        }
        let line = (number, &row.key, &row.values);
        serde_json::to_writer(&mut self.rows, &line)?;
        self.rows.write_all(b"\n")
    }

    fn number(&mut self, violation: &Violation<'_>) -> usize {
        let known = self.numbers.get(violation.rule).and_then(|it| it.get(violation.check));
        if let Some(number) = known {
            return *number;
        }
        let number = self.checks.len();
        self.checks.push(KeptCheck {
            table: violation.table.to_owned(),
            rule: violation.rule.to_owned(),
            check: violation.check.to_owned(),
            severity: violation.severity,
            key: Vec::new(),
            values: Vec::new(),
            shown: 0,
        });
        let of_rule = self.numbers.entry(violation.rule.to_owned()).or_default();
        of_rule.insert(violation.check.to_owned(), number);
        number
    }

    fn fill(&mut self, report: &Report, book: &mut Workbook) -> Result<()> {
        self.checks.iter_mut().for_each(|it| it.shown = 0);
        let summary = summary::begin(report, book)?;
        let mut sheets = ViolationSheets::new(report, &self.checks, book)?;
        self.rows.flush().map_err(unread)?;
        let file = self.rows.get_mut();
        file.seek(SeekFrom::Start(0)).map_err(unread)?;
        let mut lines = BufReader::new(&mut *file);
        let mut line = Vec::new();
        while lines.read_until(b'\n', &mut line).map_err(unread)? > 0 {
            let row: (usize, &RawValue, Option<&RawValue>) =
                serde_json::from_slice(&line).map_err(|it| unread(it.into()))?;
            if let Some(check) = self.checks.get_mut(row.0) {
                let is_shown = sheets.add(row.0, check, (row.1, row.2), book)?;
                check.shown += u64::from(is_shown);
            }
            line.clear();
        }
        // Whoever adds more goes on at the end.
        file.seek(SeekFrom::End(0)).map_err(unread)?;
        summary::fill(report, summary, (&self.checks, &sheets), book)
    }
}

fn note_names(names: &mut Vec<String>, fields: &Map<String, Json>) {
    for name in fields.keys() {
        if !names.iter().any(|it| it == name) {
            names.push(name.clone());
        }
    }
}

fn unread(error: io::Error) -> Error {
    let message = "cannot read failing rows from a temporary file";
    Error::new(ErrorKind::Internal, message).with_source(error)
}

/// Writes `report` as a workbook with the failing rows that it shows.
pub(crate) fn render(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let mut bytes = Vec::new();
    let rendered = of_samples(report).and_then(|it| it.write(&mut bytes));
    rendered.map_err(io::Error::other)??;
    out.write_all(&bytes)
}

fn of_samples(report: &Report) -> Result<Workbook> {
    let workbook = ReportWorkbook::new(&env::temp_dir());
    for rule in &report.rules {
        for check in &rule.checks {
            let add = |row| {
                let table = rule.table_of(check);
                let (rule, check, severity) = (&rule.id, &check.id, check.severity);
                workbook.add(&Violation::new(table, (rule, check), severity, row))
            };
            check.sample.iter().cloned().try_for_each(add)?;
        }
    }
    workbook.workbook(report)
}
