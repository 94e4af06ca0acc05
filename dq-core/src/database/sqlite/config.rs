//! How a SQLite database is opened and read.

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::error::{Error, ErrorKind, Result};

/// How a SQLite database is opened and read.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct SqliteConfig {
    /// The database file. Default: none; it must be given.
    pub path: PathBuf,
    /// Whether a writer creates the file if it is missing. Default: no, so that a misspelt path is an
    /// error and not an empty database. A reader never creates it.
    pub create_if_missing: bool,
    /// How long to wait for a lock that another connection holds, in milliseconds. Default: 5000,
    /// longer than any sane commit and shorter than a person's patience.
    pub busy_timeout_ms: u64,
    /// How many connections may read at once. Default: 10; a connection costs a page cache and a file
    /// handle, and beyond the number of cores more of them gain nothing.
    pub readers: usize,
    /// How long to wait for a connection of the pool, in milliseconds. Default: 30000, as pools
    /// elsewhere do.
    pub acquire_timeout_ms: u64,
    /// The page cache of each connection that runs queries, in KiB. Default: 8192, which holds the
    /// upper levels of every index of a large database. Scans read each page once and keep little.
    pub cache_size_kib: u32,
    /// How many bytes of values the result of a query may hold in memory. Default: 268435456, which
    /// is 256 MiB: more should be streamed.
    pub result_size_max_bytes: usize,
    /// How much of the file is mapped into memory, in MiB. Default: 0. Mapping it all makes a run a
    /// twentieth cheaper, and a tenth or more where the file comes from the disk, but where the file is
    /// cut short or its disk fails while it is read, the operating system sends the program a SIGBUS, where
    /// otherwise the scan would report an error. The program `dq` maps all and handles that signal.
    /// SQLite maps at most 2 GiB unless it is compiled with a larger `SQLITE_MAX_MMAP_SIZE`.
    pub mmap_size_mib: u32,
    /// The journal mode that a writer sets. Default: WAL, in which readers and the writer do not wait
    /// for each other.
    pub journal_mode: JournalMode,
    /// When a writer waits for the disk. Default: normal, which in WAL mode cannot corrupt the
    /// database; a power failure may undo the last commits.
    pub synchronous: Synchronous,
    /// Whether a writer enforces foreign keys. Default: yes; SQLite's own default is no only for the
    /// sake of old programs.
    pub foreign_keys: bool,
    /// How tables are scanned. Default: auto.
    pub scan_method: ScanMethod,
    /// How many connections a scan by statements may use at once. Default: 4; each reads its own
    /// range of rows, and all see the same moment.
    pub scan_connections: usize,
}

/// The journal mode of a database.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum JournalMode {
    /// Whatever the file says.
    Keep,
    /// A write-ahead log.
    Wal,
    /// A rollback journal.
    Delete,
}

/// When a writer waits until its data are on the disk.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Synchronous {
    /// Never.
    Off,
    /// At checkpoints.
    Normal,
    /// At every commit.
    Full,
    /// At every commit, and once more for the folder.
    Extra,
}

/// How tables are scanned. The rows are the same; the speed is not.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ScanMethod {
    #[default]
    /// By pages where that is possible, by statements elsewhere.
    Auto,
    /// By pages only: a table that must be read by statements is an error of kind `Unsupported`.
    Pages,
    /// By statements only.
    Statements,
}

impl Default for SqliteConfig {
    fn default() -> Self {
        Self {
            path: PathBuf::new(),
            create_if_missing: false,
            busy_timeout_ms: 5_000,
            readers: 10,
            acquire_timeout_ms: 30_000,
            cache_size_kib: 8_192,
            result_size_max_bytes: 256 << 20,
            mmap_size_mib: 0,
            journal_mode: JournalMode::Wal,
            synchronous: Synchronous::Normal,
            foreign_keys: true,
            scan_method: ScanMethod::Auto,
            scan_connections: 4,
        }
    }
}

impl SqliteConfig {
    /// The defaults for the file at `path`.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), ..Self::default() }
    }

    /// How long to wait for a lock.
    pub fn busy_timeout(&self) -> Duration {
        Duration::from_millis(self.busy_timeout_ms)
    }

    /// How long to wait for a connection of the pool.
    pub fn acquire_timeout(&self) -> Duration {
        Duration::from_millis(self.acquire_timeout_ms)
    }

    /// Whether every field has a sensible value.
    ///
    /// # Errors
    ///
    /// `ConfigInvalid`, naming the field.
    pub fn validate(&self) -> Result<()> {
        let wrong = if self.path.as_os_str().is_empty() {
            "`path` is empty"
        } else if self.path.as_os_str().as_encoded_bytes().contains(&0) {
            "`path` contains a NUL"
        } else if self.busy_timeout_ms > i32::MAX as u64 {
            "`busy_timeout_ms` is above 2147483647"
        } else if self.cache_size_kib > i32::MAX as u32 {
            "`cache_size_kib` is above 2147483647"
        } else if self.readers == 0 {
            "`readers` is 0"
        } else if self.scan_connections == 0 {
            "`scan_connections` is 0"
        } else {
            return Ok(());
        };
        Err(Error::new(
            ErrorKind::ConfigInvalid,
            format!("cannot use the SQLite configuration: {wrong}"),
        ))
    }
}

impl JournalMode {
    /// SQLite's word for it; `None` to keep what the file says.
    pub const fn as_sql(self) -> Option<&'static str> {
        match self {
            Self::Keep => None,
            Self::Wal => Some("WAL"),
            Self::Delete => Some("DELETE"),
        }
    }
}

impl Synchronous {
    /// SQLite's word for it.
    pub const fn as_sql(self) -> &'static str {
        match self {
            Self::Off => "OFF",
            Self::Normal => "NORMAL",
            Self::Full => "FULL",
            Self::Extra => "EXTRA",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_key_is_an_error() {
        assert!(serde_json::from_str::<SqliteConfig>(r#"{"path": "a.db", "reader": 3}"#).is_err());
        let config: SqliteConfig = serde_json::from_str(r#"{"path": "a.db"}"#).unwrap();
        assert_eq!(config, SqliteConfig::new("a.db"));
    }

    #[test]
    fn a_wrong_value_is_named() {
        let config = SqliteConfig { readers: 0, ..SqliteConfig::new("a.db") };
        let error = config.validate().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConfigInvalid);
        assert!(error.message().contains("`readers`"), "{error}");
        assert!(SqliteConfig::default().validate().is_err(), "the path is missing");
    }
}
