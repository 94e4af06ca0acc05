//! Where a data set is written: all of it, or what was there before.

mod csv;
mod folder;
#[cfg(feature = "parquet")]
mod parquet;
#[cfg(feature = "sqlite")]
mod sqlite;

use std::fmt;
use std::path::{Path, PathBuf};

use arrow_array::RecordBatch;

use crate::error::{Error, ErrorKind, Result};
use crate::generate::GenerateOptions;
use crate::generate::table::Table;

/// How SQLite databases are usually called.
const SQLITE_EXTENSIONS: [&str; 4] = ["db", "db3", "sqlite", "sqlite3"];

/// Where a data set is written, and in which form.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Target {
    /// A SQLite database.
    Sqlite(PathBuf),
    /// A folder with a CSV file for each table.
    Csv(PathBuf),
    /// A folder with a Parquet file for each table.
    Parquet(PathBuf),
}

/// Writes one table after the other to a place that nobody sees until [`finish`](Self::finish).
/// Dropped before that, it leaves nothing behind.
pub(super) trait TableWriter {
    /// Begins a table.
    fn begin(&mut self, table: Table) -> Result<()>;

    /// Adds rows to the table.
    fn write(&mut self, rows: &RecordBatch) -> Result<()>;

    /// Ends the table.
    fn end(&mut self) -> Result<()>;

    /// Moves what was written to where it belongs.
    fn finish(self: Box<Self>) -> Result<()>;
}

impl Target {
    /// The target that `text` names: `sqlite:PATH`, `csv:FOLDER` or `parquet:FOLDER`, or a path that
    /// is called like a SQLite database.
    ///
    /// # Errors
    ///
    /// `UsageInvalid` if it names none.
    pub fn parse(text: &str) -> Result<Self> {
        let (scheme, path) = text.split_once(':').unwrap_or(("", text));
        let path = PathBuf::from(path.strip_prefix("//").unwrap_or(path));
        let extension = path.extension().and_then(|it| it.to_str()).unwrap_or_default();
        let is_sqlite = SQLITE_EXTENSIONS.iter().any(|it| extension.eq_ignore_ascii_case(it));
        match scheme {
            "sqlite" => Ok(Self::Sqlite(path)),
            "csv" => Ok(Self::Csv(path)),
            "parquet" => Ok(Self::Parquet(path)),
            "" if is_sqlite => Ok(Self::Sqlite(path)),
            _ => {
                let message = format!(
                    "cannot tell the form of `{text}`: write sqlite:FILE, csv:FOLDER or parquet:FOLDER"
                );
                Err(Error::new(ErrorKind::UsageInvalid, message))
            }
        }
    }

    /// The file or folder.
    pub fn path(&self) -> &Path {
        match self {
            Self::Sqlite(path) | Self::Csv(path) | Self::Parquet(path) => path,
        }
    }

    /// # Errors
    ///
    /// `Conflict` if there is something already and it may not be replaced; `FeatureDisabled`; the
    /// place cannot be written to.
    pub(super) fn writer(&self, options: &GenerateOptions) -> Result<Box<dyn TableWriter>> {
        let existing = options.existing;
        match self {
            #[cfg(feature = "sqlite")]
            Self::Sqlite(path) => {
                let stop = &options.cancellation;
                Ok(Box::new(sqlite::SqliteWriter::new(path, existing, stop)?))
            }
            #[cfg(not(feature = "sqlite"))]
            Self::Sqlite(_) => Err(disabled(self, "sqlite")),
            Self::Csv(path) => Ok(Box::new(csv::CsvWriter::new(path, existing)?)),
            #[cfg(feature = "parquet")]
            Self::Parquet(path) => Ok(Box::new(parquet::ParquetWriter::new(path, existing)?)),
            #[cfg(not(feature = "parquet"))]
            Self::Parquet(_) => Err(disabled(self, "parquet")),
        }
    }
}

/// What happens to what is there already.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Existing {
    /// It is kept, and nothing is written.
    #[default]
    Keep,
    /// It is replaced once the new data are whole.
    Replace,
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = match self {
            Self::Sqlite(_) => "sqlite",
            Self::Csv(_) => "csv",
            Self::Parquet(_) => "parquet",
        };
        write!(f, "{scheme}:{}", self.path().display())
    }
}

#[cfg(not(all(feature = "sqlite", feature = "parquet")))]
fn disabled(target: &Target, feature: &str) -> Error {
    let message =
        format!("cannot write `{target}`: dq was compiled without the feature `{feature}`");
    Error::new(ErrorKind::FeatureDisabled, message)
}

/// Refuses to overwrite, unless that is wanted.
fn keep_existing(path: &Path, existing: Existing) -> Result<()> {
    if existing == Existing::Replace || !path.exists() {
        return Ok(());
    }
    let message = format!("cannot write `{}`: it exists; `--force` replaces it", path.display());
    Err(Error::new(ErrorKind::Conflict, message))
}

/// The folder that holds `path`.
fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|it| !it.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn cannot_write(path: &Path, error: std::io::Error) -> Error {
    let message = format!("cannot write `{}`: {error}", path.display());
    Error::new(ErrorKind::WriteFailed, message).with_source(error)
}
