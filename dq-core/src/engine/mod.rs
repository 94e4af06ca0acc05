//! From what a user types to a source: the one place that knows every backend.

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use crate::error::Error;
use crate::error::ErrorKind;
use crate::error::Result;
use crate::source::Source;
use crate::source::files::FileFormat;

/// How a source is opened. Options of one kind of source are ignored by the others.
#[derive(Clone, Debug, Default, serde::Deserialize, serde::Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct OpenOptions {
    /// CSV files.
    #[cfg(feature = "csv")]
    pub csv: crate::source::csv::CsvOptions,
    /// Parquet files.
    #[cfg(feature = "parquet")]
    pub parquet: crate::source::parquet::ParquetOptions,
    /// How SQLite tables are scanned.
    #[cfg(feature = "sqlite")]
    pub sqlite_scan: crate::database::sqlite::ScanMethod,
}

/// How the kinds of sources are named.
const SCHEMES: &str = "`sqlite:`, `csv:` and `parquet:`";

/// The first bytes of every SQLite database; see "The Database Header" in SQLite's file format.
const SQLITE_MAGIC: &[u8; 16] = b"SQLite format 3\0";

/// How SQLite databases are usually called.
const SQLITE_EXTENSIONS: [&str; 4] = ["db", "db3", "sqlite", "sqlite3"];

/// Opens the source that `spec` names.
///
/// `sqlite:PATH` is a SQLite database and `csv:PATH` a CSV file, folder or glob. Without a scheme, a
/// file that is called like a SQLite database (`.db`, `.db3`, `.sqlite`, `.sqlite3`) or begins like one
/// is one, and everything else is CSV; `-` is CSV on standard input.
///
/// # Errors
///
/// `FeatureDisabled` if dq was compiled without what `spec` needs; `UsageInvalid` for a scheme that
/// nobody knows; whatever keeps the source from being opened.
pub fn open(spec: &str, options: &OpenOptions) -> Result<Arc<dyn Source>> {
    if let Some(path) = spec.strip_prefix("sqlite:") {
        return sqlite(path.strip_prefix("//").unwrap_or(path), options);
    }
    if let Some(path) = spec.strip_prefix("csv:") {
        return csv(path, options);
    }
    if let Some(path) = spec.strip_prefix("parquet:") {
        return parquet(path, options);
    }
    if let Some((scheme, _)) = spec.split_once("://") {
        let message = format!("cannot open a source of scheme `{scheme}:`: known are {SCHEMES}");
        return Err(Error::new(ErrorKind::UsageInvalid, message));
    }
    let path = Path::new(spec);
    match FileFormat::of(path) {
        Some(FileFormat::Parquet) => parquet(spec, options),
        None if is_sqlite(path) => sqlite(spec, options),
        Some(FileFormat::Csv) | None => csv(spec, options),
    }
}

/// Judges by the name first: to open and close a database file beside SQLite, in a process that has
/// it open, would drop SQLite's locks.
fn is_sqlite(path: &Path) -> bool {
    let extension = path.extension().and_then(|it| it.to_str());
    if extension
        .is_some_and(|it| SQLITE_EXTENSIONS.iter().any(|known| it.eq_ignore_ascii_case(known)))
    {
        return true;
    }
    let mut first = [0; SQLITE_MAGIC.len()];
    let is_file = std::fs::metadata(path).is_ok_and(|it| it.is_file());
    is_file
        && File::open(path).and_then(|mut it| it.read_exact(&mut first)).is_ok()
        && first == *SQLITE_MAGIC
}

#[cfg(feature = "sqlite")]
fn sqlite(path: &str, options: &OpenOptions) -> Result<Arc<dyn Source>> {
    use crate::database::sqlite::{SqliteConfig, SqliteSource};

    let config = SqliteConfig {
        path: path.into(),
        scan_method: options.sqlite_scan,
        ..SqliteConfig::default()
    };
    Ok(Arc::new(SqliteSource::new(config)?))
}

#[cfg(feature = "csv")]
fn csv(path: &str, options: &OpenOptions) -> Result<Arc<dyn Source>> {
    Ok(Arc::new(crate::source::csv::CsvSource::open(path, options.csv.clone())?))
}

#[cfg(feature = "parquet")]
fn parquet(path: &str, options: &OpenOptions) -> Result<Arc<dyn Source>> {
    let options = options.parquet.clone();
    Ok(Arc::new(crate::source::parquet::ParquetSource::open(path, options)?))
}

#[cfg(not(feature = "sqlite"))]
fn sqlite(path: &str, _: &OpenOptions) -> Result<Arc<dyn Source>> {
    Err(disabled("sqlite", path))
}

#[cfg(not(feature = "csv"))]
fn csv(path: &str, _: &OpenOptions) -> Result<Arc<dyn Source>> {
    Err(disabled("csv", path))
}

#[cfg(not(feature = "parquet"))]
fn parquet(path: &str, _: &OpenOptions) -> Result<Arc<dyn Source>> {
    Err(disabled("parquet", path))
}

#[cfg(not(all(feature = "sqlite", feature = "csv", feature = "parquet")))]
fn disabled(feature: &str, path: &str) -> Error {
    let message = format!("cannot open `{path}`: dq was compiled without the feature `{feature}`");
    Error::new(ErrorKind::FeatureDisabled, message)
}
