//! From what a user types to a source: the one place that knows every backend.
//!
//! [`open`] gives a source that is scanned; [`DatabaseFactory`] a database that runs statements, too.
//!
//! ```
//! # #[cfg(feature = "csv")]
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use dq_core::engine::{OpenOptions, open};
//!
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("hospitals.csv").to_string_lossy().into_owned();
//! std::fs::write(&path, "name,zip\nMercy,86503\n")?;
//! let source = open(&path, &OpenOptions::default())?;
//! let snapshot = source.snapshot().await?;
//! let columns: Vec<_> = snapshot.tables()[0].columns.iter().map(|it| it.name.as_str()).collect();
//! assert_eq!(columns, ["name", "zip"]);
//! # Ok(())
//! # }
//! # #[cfg(not(feature = "csv"))]
//! # fn main() {}
//! ```

#[cfg(feature = "redis")]
mod cache;
mod check;
mod directory;
mod factory;
#[cfg(feature = "postgres")]
mod hosts;
mod inputs;
mod name;
mod opened;
mod spec;

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use crate::database::DatabaseManager;
use crate::engine::directory::DirectorySource;
use crate::engine::spec::Spec;
use crate::error::Error;
use crate::error::ErrorKind;
use crate::error::Result;
use crate::source::Source;
use crate::source::combined::CombinedSource;
use crate::source::files::{self, FileFormat};

#[cfg(feature = "redis")]
pub use cache::open_cache;
pub use check::{DatabaseCheck, DatabaseTable};
pub use factory::DatabaseFactory;
pub use inputs::files_of;
pub use opened::Opened;
pub use spec::{is_url, path_of};

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
    /// JSON Lines.
    #[cfg(feature = "json")]
    pub json: crate::source::json::JsonOptions,
    /// How SQLite databases are opened and scanned. Their path is that of the source.
    #[cfg(feature = "sqlite")]
    pub sqlite: crate::database::sqlite::SqliteConfig,
    /// How PostgreSQL databases are reached. Their URL is that of the source; the password goes along if the
    /// URL here is of the same server, database and user.
    #[cfg(feature = "postgres")]
    pub postgres: crate::database::postgres::PostgresConfig,
    /// How MySQL databases are reached; as for PostgreSQL.
    #[cfg(feature = "mysql")]
    pub mysql: crate::database::mysql::MySqlConfig,
}

/// The kinds of sources by which a specification can begin.
const SCHEMES: &str =
    "`sqlite:`, `postgres:`, `mysql:`, `mariadb:`, `csv:`, `parquet:`, `ipc:` and `json:`";

/// How the URL of a PostgreSQL database begins.
const POSTGRES: [&str; 2] = ["postgres://", "postgresql://"];

/// How the URL of a MySQL or MariaDB database begins.
const MYSQL: [&str; 2] = ["mysql://", "mariadb://"];

/// The first bytes of every SQLite database; see "The Database Header" in SQLite's file format.
const SQLITE_MAGIC: &[u8; 16] = b"SQLite format 3\0";

/// How SQLite databases are usually called.
const SQLITE_EXTENSIONS: [&str; 4] = ["db", "db3", "sqlite", "sqlite3"];

/// Opens the source that `spec` names.
///
/// `sqlite:PATH` is a SQLite database, `postgres://…` the URL of a PostgreSQL database, with several hosts that
/// of a primary and its replicas, `mysql://…` and `mariadb://…` of a MySQL or MariaDB one; `csv:PATH`, `parquet:PATH`, `ipc:PATH` and
/// `json:PATH` are a file, the files of a pattern, or those of a directory. Without a scheme the name tells: `.db`,
/// `.db3`, `.sqlite` and `.sqlite3` are SQLite, and so is what begins like a database; `.parquet` and `.pq`
/// are Parquet; `.arrow`, `.feather`, `.ipc` and `.arrows` are Arrow IPC; `.jsonl` and `.ndjson` are JSON
/// Lines; everything else is CSV, and `-` is CSV on standard input. A directory without a scheme has a table for
/// each file of any known format in it.
///
/// `NAME=SPEC` gives the table of a source another name; several tables of one source are then called
/// `NAME.TABLE`. A name has none of the characters `/ \ : * ? [`, and a file that is called like the
/// whole is that file.
///
/// # Errors
///
/// `FeatureDisabled` if dq was compiled without what `spec` needs; `UsageInvalid` for a scheme that
/// nobody knows, and for a pattern whose files have different formats; whatever keeps the source from
/// being opened.
pub fn open(spec: &str, options: &OpenOptions) -> Result<Arc<dyn Source>> {
    open_all(&[spec], options)
}

/// Opens several sources as one, each as [`open`] does. Their tables can be checked against each
/// other; see [`CombinedSource`] for what is one moment then.
///
/// # Errors
///
/// As [`open`], and `UsageInvalid` if there is no source, or if two want standard input. Two tables of
/// the same name are an error of the snapshot.
pub fn open_all<S: AsRef<str>>(specs: &[S], options: &OpenOptions) -> Result<Arc<dyn Source>> {
    open_by_kind(specs, options).map(Opened::source)
}

/// As [`open_all`], and tells a database from what can only be scanned. Of a server nothing is asked yet.
///
/// ```no_run
/// # fn main() -> dq_core::Result<()> {
/// use std::sync::Arc;
///
/// use dq_core::clock::SystemClock;
/// use dq_core::engine::{OpenOptions, open_by_kind};
/// use dq_core::executor::{Call, ExecutorConfig};
///
/// let opened = open_by_kind(&["sqlite:providers.db"], &OpenOptions::default())?;
/// let call = Call::named("nightly");
/// let source = opened.within(ExecutorConfig::default(), Arc::new(SystemClock), call)?;
/// // Whatever is done with it passes the limits, and is counted there.
/// assert_eq!(source.gate().statistics().running, 0);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// As [`open_all`].
pub fn open_by_kind<S: AsRef<str>>(specs: &[S], options: &OpenOptions) -> Result<Opened> {
    let specs: Vec<_> = specs.iter().map(|it| Spec::of(it.as_ref())).collect();
    if specs.iter().filter(|it| it.is_stdin()).count() > 1 {
        let message = "cannot read standard input as two sources";
        return Err(Error::new(ErrorKind::UsageInvalid, message));
    }
    match specs.as_slice() {
        [] => Err(Error::new(ErrorKind::UsageInvalid, "cannot check no source at all")),
        [Spec { name: None, source }] => open_one(source, options),
        specs => {
            let mut combined = CombinedSource::new();
            for Spec { name, source } in specs {
                let source = open_one(source, options)?.source();
                combined = match name {
                    Some(name) => combined.with_named(*name, source),
                    None => combined.with(source),
                };
            }
            Ok(Opened::Source(Arc::new(combined)))
        }
    }
}

fn begins(source: &str, schemes: [&str; 2]) -> bool {
    schemes.iter().any(|it| source.starts_with(it))
}

fn open_one(spec: &str, options: &OpenOptions) -> Result<Opened> {
    if begins(spec, POSTGRES) {
        return postgres(spec, options).map(Opened::Database);
    }
    if begins(spec, MYSQL) {
        return mysql(spec, options).map(Opened::Database);
    }
    if let Some(path) = spec.strip_prefix("sqlite:") {
        let path = path.strip_prefix("//").unwrap_or(path);
        return sqlite(path, options).map(Opened::Database);
    }
    for format in FileFormat::ALL {
        if let Some(path) = spec.strip_prefix(format.scheme()) {
            return files(path, format, options).map(Opened::Source);
        }
    }
    if let Some((scheme, _)) = spec.split_once("://") {
        let message = format!("cannot open a source of scheme `{scheme}:`: known are {SCHEMES}");
        return Err(Error::new(ErrorKind::UsageInvalid, message));
    }
    let path = Path::new(spec);
    if is_like_a_server(spec) && !path.exists() {
        let message = "cannot open such a source: the URL of a database on a server begins like \
                       `postgres://user@host/database`";
        return Err(Error::new(ErrorKind::UsageInvalid, message));
    }
    if path.is_dir() {
        return Ok(Opened::Source(Arc::new(DirectorySource::open(path, options)?)));
    }
    match format_of(spec)? {
        Some(format) => files(spec, format, options).map(Opened::Source),
        None if is_sqlite(path) => sqlite(spec, options).map(Opened::Database),
        None => files(spec, FileFormat::Csv, options).map(Opened::Source),
    }
}

/// Whether `spec` is meant to name a database on a server, in a way that is none, and may hold a password, which no
/// message must show.
fn is_like_a_server(spec: &str) -> bool {
    let scheme = spec.split_once(':').map_or("", |it| it.0);
    let known = POSTGRES.into_iter().chain(MYSQL).filter_map(|it| it.strip_suffix("://"));
    known.into_iter().any(|it| scheme.eq_ignore_ascii_case(it)) || spec.contains("password=")
}

/// The source of the files of `format` that `path` names.
fn files(path: &str, format: FileFormat, options: &OpenOptions) -> Result<Arc<dyn Source>> {
    match format {
        FileFormat::Csv => csv(path, options),
        FileFormat::Parquet => parquet(path, options),
        FileFormat::Ipc => ipc(path),
        FileFormat::Json => json(path, options),
    }
}

/// The format of the file or pattern, by its name, or by the names of the files that match.
fn format_of(spec: &str) -> Result<Option<FileFormat>> {
    if let Some(format) = FileFormat::of(Path::new(spec)) {
        return Ok(Some(format));
    }
    let Some(paths) = files::matching_pattern(spec)? else { return Ok(None) };
    let mut formats = paths.iter().map(|it| (it, FileFormat::of(it)));
    let Some((one, format)) = formats.next() else { return Ok(None) };
    if let Some((other, _)) = formats.find(|(_, it)| *it != format) {
        let (one, other) = (one.display(), other.display());
        let message = format!(
            "cannot open `{spec}`: its files are one table, but `{one}` and `{other}` differ in \
             their format"
        );
        return Err(Error::new(ErrorKind::UsageInvalid, message));
    }
    Ok(format)
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

/// Whether `url` names a SQLite database, by its scheme or as a file; what has another scheme may hold a password.
fn names_sqlite(url: &str) -> bool {
    url.starts_with("sqlite:") || !url.contains("://") && is_sqlite(Path::new(url))
}

#[cfg(feature = "sqlite")]
fn sqlite(path: &str, options: &OpenOptions) -> Result<Arc<dyn DatabaseManager>> {
    use crate::clock::SystemClock;
    use crate::database::sqlite::{SqliteConfig, SqliteDatabaseManager};

    let config = SqliteConfig { path: path.into(), ..options.sqlite.clone() };
    Ok(Arc::new(SqliteDatabaseManager::new(config, Arc::new(SystemClock))?))
}

#[cfg(feature = "postgres")]
fn postgres(url: &str, options: &OpenOptions) -> Result<Arc<dyn DatabaseManager>> {
    use crate::clock::SystemClock;
    use crate::database::postgres::PostgresDatabaseManager;
    use crate::database::replicas::{ReplicasConfig, ReplicatedDatabaseManager};

    let (first, urls) = hosts::split(url);
    let config = options.postgres.at(first.expose());
    if urls.is_empty() {
        return Ok(Arc::new(PostgresDatabaseManager::new(&config, Arc::new(SystemClock))?));
    }
    let replicas = ReplicasConfig { urls, ..ReplicasConfig::default() };
    Ok(Arc::new(ReplicatedDatabaseManager::new(&config, replicas, Arc::new(SystemClock))?))
}

#[cfg(feature = "mysql")]
fn mysql(url: &str, options: &OpenOptions) -> Result<Arc<dyn DatabaseManager>> {
    use crate::clock::SystemClock;
    use crate::database::mysql::MySqlDatabaseManager;

    let config = options.mysql.at(url);
    Ok(Arc::new(MySqlDatabaseManager::new(&config, Arc::new(SystemClock))?))
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

#[cfg(feature = "ipc")]
fn ipc(path: &str) -> Result<Arc<dyn Source>> {
    Ok(Arc::new(crate::source::ipc::IpcSource::open(path)?))
}

#[cfg(feature = "json")]
fn json(path: &str, options: &OpenOptions) -> Result<Arc<dyn Source>> {
    Ok(Arc::new(crate::source::json::JsonSource::open(path, options.json.clone())?))
}

#[cfg(not(feature = "sqlite"))]
fn sqlite(path: &str, _: &OpenOptions) -> Result<Arc<dyn DatabaseManager>> {
    Err(disabled("sqlite", path))
}

#[cfg(not(feature = "postgres"))]
fn postgres(url: &str, _: &OpenOptions) -> Result<Arc<dyn DatabaseManager>> {
    Err(disabled("postgres", &crate::secret::redacted_url(url)))
}

#[cfg(not(feature = "mysql"))]
fn mysql(url: &str, _: &OpenOptions) -> Result<Arc<dyn DatabaseManager>> {
    Err(disabled("mysql", &crate::secret::redacted_url(url)))
}

#[cfg(not(feature = "csv"))]
fn csv(path: &str, _: &OpenOptions) -> Result<Arc<dyn Source>> {
    Err(disabled("csv", path))
}

#[cfg(not(feature = "parquet"))]
fn parquet(path: &str, _: &OpenOptions) -> Result<Arc<dyn Source>> {
    Err(disabled("parquet", path))
}

#[cfg(not(feature = "ipc"))]
fn ipc(path: &str) -> Result<Arc<dyn Source>> {
    Err(disabled("ipc", path))
}

#[cfg(not(feature = "json"))]
fn json(path: &str, _: &OpenOptions) -> Result<Arc<dyn Source>> {
    Err(disabled("json", path))
}

/// That a source needs a feature that is missing. `shown` names it without a password.
#[cfg(not(all(
    feature = "sqlite",
    feature = "postgres",
    feature = "mysql",
    feature = "csv",
    feature = "parquet",
    feature = "ipc",
    feature = "json"
)))]
fn disabled(feature: &str, shown: &str) -> Error {
    let message = format!("cannot open `{shown}`: dq was compiled without the feature `{feature}`");
    Error::new(ErrorKind::FeatureDisabled, message)
}
