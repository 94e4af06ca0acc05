//! What sources that are made of files have in common: which files a specification names, what they
//! are by their names, and whether they are still the same.

#[cfg(any(feature = "ipc", feature = "parquet"))]
pub(crate) mod fields;
#[cfg(any(feature = "csv", feature = "json"))]
mod foreign;
mod identity;
#[cfg(any(feature = "csv", feature = "ipc", feature = "json"))]
mod input;
mod locate;
#[cfg(any(feature = "csv", feature = "ipc", feature = "json"))]
pub(crate) mod scan;
#[cfg(any(feature = "csv", feature = "ipc"))]
mod seen;

use std::ffi::OsStr;
use std::fmt;
use std::path::{Path, PathBuf};

pub(crate) use identity::Identity;
#[cfg(feature = "ipc")]
pub(crate) use input::peek;
#[cfg(any(feature = "csv", feature = "ipc", feature = "json"))]
pub(crate) use input::{ByteStream, InputFile, input_tables};
#[cfg(any(feature = "csv", feature = "ipc", feature = "json"))]
use locate::only_table;
pub(crate) use locate::{Located, matching_pattern, same_table, tables};
#[cfg(any(feature = "csv", feature = "ipc"))]
pub(crate) use seen::{FeedFile, SeenFile};

/// A format of files that hold one table each.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum FileFormat {
    /// Comma-separated values: `.csv` and `.tsv`, also with `.gz` behind.
    Csv,
    /// Apache Parquet: `.parquet` and `.pq`.
    Parquet,
    /// The files and streams of Apache Arrow: `.arrow`, `.feather`, `.ipc` and `.arrows`.
    Ipc,
    /// A JSON object in each line: `.jsonl` and `.ndjson`, also with `.gz` behind.
    Json,
}

impl FileFormat {
    /// Every format.
    pub(crate) const ALL: [Self; 4] = [Self::Csv, Self::Parquet, Self::Ipc, Self::Json];

    /// The format of files that are called like the one at `path`.
    pub(crate) fn of(path: &Path) -> Option<Self> {
        let inner: PathBuf = if is_gzip(path) { path.with_extension("") } else { path.to_owned() };
        let is_called =
            |it: &Self| it.extensions().iter().any(|known| has_extension(&inner, known));
        let format = Self::ALL.into_iter().find(is_called)?;
        (format.may_be_gzipped() || !is_gzip(path)).then_some(format)
    }

    /// What a specification begins with to say that its files are of this format.
    pub(crate) fn scheme(self) -> &'static str {
        match self {
            Self::Csv => "csv:",
            Self::Parquet => "parquet:",
            Self::Ipc => "ipc:",
            Self::Json => "json:",
        }
    }

    fn extensions(self) -> &'static [&'static str] {
        match self {
            Self::Csv => &["csv", "tsv"],
            Self::Parquet => &["parquet", "pq"],
            Self::Ipc => &["arrow", "feather", "ipc", "arrows"],
            Self::Json => &["jsonl", "ndjson"],
        }
    }

    fn may_be_gzipped(self) -> bool {
        match self {
            Self::Csv | Self::Json => true,
            Self::Parquet | Self::Ipc => false,
        }
    }
}

impl fmt::Display for FileFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Csv => "CSV",
            Self::Parquet => "Parquet",
            Self::Ipc => "Arrow IPC",
            Self::Json => "JSON Lines",
        })
    }
}

/// The format of the file at `path` and the name of its table, which is that of the file up to the
/// extension. Directories, hidden files and files of other formats hold none.
pub(crate) fn table_in(path: &Path) -> Option<(FileFormat, String)> {
    let format = FileFormat::of(path).filter(|_| !path.is_dir())?;
    let inner: PathBuf = if is_gzip(path) { path.with_extension("") } else { path.to_owned() };
    let stem = inner.file_stem()?.to_string_lossy().into_owned();
    (!stem.starts_with('.')).then_some((format, stem))
}

/// Whether `path` ends with `.gz`.
pub(crate) fn is_gzip(path: &Path) -> bool {
    has_extension(path, "gz")
}

/// Whether the extension of `path` is `extension`, in capitals or not.
pub(crate) fn has_extension(path: &Path, extension: &str) -> bool {
    path.extension().and_then(OsStr::to_str).is_some_and(|it| it.eq_ignore_ascii_case(extension))
}
