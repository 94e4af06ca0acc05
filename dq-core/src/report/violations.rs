//! Every failing row in a file: CSV, JSON Lines or Parquet.

use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use serde_json::{Map, Value as Json};

use crate::error::{Error, ErrorKind, Result};
use crate::report::csv::write_line;
use crate::report::destination::Destination;
#[cfg(feature = "parquet")]
use crate::report::violations_parquet::ParquetRows;
use crate::validate::Violation;

/// Writes violations to a file as they come: one line or row each, with the `table`, the `rule`, the
/// `check`, its `severity`, the `key` of the failing row, and its `values` where they are shown.
///
/// In JSON Lines key and values are objects; in CSV and Parquet they are JSON text, since each table
/// has its own columns. The file is written beside its place and renamed when it is whole; one that is
/// not [`finish`](Self::finish)ed leaves nothing. Several threads may write.
///
/// ```
/// use dq_core::report::ViolationsFile;
///
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("violations.jsonl");
/// let file = ViolationsFile::create(&path)?;
/// // … ValidateOptions { violations: Some(Arc::new(move |it| file.write(it))), .. }
/// file.finish()?;
/// assert!(path.exists());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct ViolationsFile {
    path: PathBuf,
    rows: Mutex<Option<Rows>>,
}

#[derive(Debug)]
enum Rows {
    Csv(Output),
    JsonLines(Output),
    #[cfg(feature = "parquet")]
    Parquet(Box<ParquetRows<Output>>),
}

type Output = BufWriter<Destination>;

impl ViolationsFile {
    /// Prepares the file at `path`: `.csv`, `.jsonl`, `.ndjson` or `.parquet`.
    ///
    /// # Errors
    ///
    /// `UsageInvalid` for any other extension, `FeatureDisabled` for Parquet where that was left out,
    /// `WriteFailed` where there is no such folder or it cannot be written.
    pub fn create(path: &Path) -> Result<Self> {
        let extension = path.extension().map(|it| it.to_string_lossy().to_ascii_lowercase());
        let failed = |error| failed(path, &error);
        let output = || Destination::of(path).map(BufWriter::new).map_err(failed);
        let rows = match extension.as_deref() {
            Some("csv") => {
                let mut output = output()?;
                let names = ["table", "rule", "check", "severity", "key", "values"];
                write_line(&names.map(str::to_owned), &mut output).map_err(failed)?;
                Rows::Csv(output)
            }
            None | Some("jsonl" | "ndjson") => Rows::JsonLines(output()?),
            #[cfg(feature = "parquet")]
            Some("parquet") => {
                Rows::Parquet(Box::new(ParquetRows::new(output()?).map_err(failed)?))
            }
            #[cfg(not(feature = "parquet"))]
            Some("parquet") => {
                let message = "cannot write Parquet: dq was built without the feature `parquet`";
                return Err(Error::new(ErrorKind::FeatureDisabled, message));
            }
            Some(other) => {
                let message = format!(
                    "cannot tell the format of `{}`: `.{other}` is none of .csv, .jsonl, .ndjson, .parquet",
                    path.display()
                );
                return Err(Error::new(ErrorKind::UsageInvalid, message));
            }
        };
        Ok(Self { path: path.to_owned(), rows: Mutex::new(Some(rows)) })
    }

    /// Adds a violation.
    ///
    /// # Errors
    ///
    /// `WriteFailed`, which names the path.
    pub fn write(&self, violation: &Violation<'_>) -> Result<()> {
        let mut rows = self.rows.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(rows) = rows.as_mut() else { return Ok(()) };
        rows.write(violation).map_err(|error| failed(&self.path, &error))
    }

    /// Puts the file in its place, whole.
    ///
    /// # Errors
    ///
    /// `WriteFailed`, which names the path; then what was there before is still there.
    pub fn finish(&self) -> Result<()> {
        let rows = self.rows.lock().unwrap_or_else(PoisonError::into_inner).take();
        let finish = |rows: Rows| rows.into_output()?.into_inner()?.put_in_place(&self.path);
        rows.map_or(Ok(()), finish).map_err(|error| failed(&self.path, &error))
    }

    /// Gives the file up: nothing of it is left, and violations that come later are put nowhere. For a run that was
    /// stopped and may hold the file a while longer.
    pub fn discard(&self) {
        drop(self.rows.lock().unwrap_or_else(PoisonError::into_inner).take());
    }
}

impl Rows {
    fn write(&mut self, violation: &Violation<'_>) -> io::Result<()> {
        match self {
            Self::Csv(output) => write_line(&fields(violation), output),
            Self::JsonLines(output) => {
                serde_json::to_writer(&mut *output, &object(violation))?;
                output.write_all(b"\n")
            }
            #[cfg(feature = "parquet")]
            Self::Parquet(rows) => rows.write(fields(violation)),
        }
    }

    fn into_output(self) -> io::Result<Output> {
        match self {
            Self::Csv(output) | Self::JsonLines(output) => Ok(output),
            #[cfg(feature = "parquet")]
            Self::Parquet(rows) => rows.finish(),
        }
    }
}

fn failed(path: &Path, error: &io::Error) -> Error {
    Error::new(ErrorKind::WriteFailed, format!("cannot write `{}`: {error}", path.display()))
}

fn fields(violation: &Violation<'_>) -> [String; 6] {
    let text = |it: &Map<String, Json>| serde_json::to_string(it).unwrap_or_default();
    let row = violation.row();
    [
        violation.table.to_owned(),
        violation.rule.to_owned(),
        violation.check.to_owned(),
        violation.severity.to_string(),
        text(&row.key),
        row.values.as_ref().map(text).unwrap_or_default(),
    ]
}

fn object(violation: &Violation<'_>) -> Map<String, Json> {
    let mut object = Map::new();
    object.insert("table".to_owned(), Json::from(violation.table));
    object.insert("rule".to_owned(), Json::from(violation.rule));
    object.insert("check".to_owned(), Json::from(violation.check));
    object.insert("severity".to_owned(), Json::from(violation.severity.as_str()));
    let row = violation.row().into_owned();
    object.insert("key".to_owned(), Json::Object(row.key));
    if let Some(values) = row.values {
        object.insert("values".to_owned(), Json::Object(values));
    }
    object
}
