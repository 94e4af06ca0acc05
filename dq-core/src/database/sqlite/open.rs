//! Opens connections.
//!
//! A reader cannot write: the file is opened with `mode=ro` and the connection with `query_only`.
//! SQLite itself may leave a `-wal` and a `-shm` file beside a database in WAL mode; where it cannot
//! create them, and no writer has left any, nobody can be writing and the file is opened `immutable`.

use std::fs;
use std::mem::ManuallyDrop;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use rusqlite::{Connection, ErrorCode, OpenFlags};

use crate::database::sqlite::config::SqliteConfig;
use crate::database::sqlite::error::from_sqlite;
use crate::error::{Error, ErrorKind, Result};

/// Opens a connection that can only read.
///
/// # Errors
///
/// `NotFound` if the file is missing (it is not created), `PermissionDenied` if it cannot be read,
/// `SourceInvalid` if it is no database, `Busy` if another connection locks it for too long.
pub(crate) fn reader(config: &SqliteConfig) -> Result<Connection> {
    open_to_read(config).map(|(connection, _)| connection)
}

/// As [`reader`], and tells how the connection notices changes.
pub(crate) fn open_to_read(config: &SqliteConfig) -> Result<(Connection, Access)> {
    config.validate()?;
    let fingerprint = check_file(&config.path)?;
    let opened = match open_reader(config, "mode=ro") {
        Err(error) if may_be_immutable(&error, &config.path) => {
            open_reader(config, "mode=ro&immutable=1")
                .map(|it| (it, Access::Immutable(fingerprint)))
        }
        opened => opened.map(|it| (it, Access::Locked)),
    };
    opened.map_err(|it| match it.sqlite_error_code() {
        Some(ErrorCode::CannotOpen) => why_not_opened(config, it),
        _ => from_sqlite(doing(config), it),
    })
}

/// Why SQLite cannot open a file that is there.
fn why_not_opened(config: &SqliteConfig, error: rusqlite::Error) -> Error {
    if has_changes_beside(&config.path) {
        let reason = "permission denied for it, or for its `-wal`, `-shm` or `-journal` file";
        let message = format!("cannot {}: {reason}", doing(config));
        return Error::new(ErrorKind::PermissionDenied, message);
    }
    match fs::File::open(&config.path) {
        Err(it) => Error::from_io("open", name(&config.path), it),
        Ok(file) => {
            // Closing it would drop the locks of other connections, so it stays open: this happens
            // only where SQLite refuses what the system allows, such as a very long path.
            let _kept = ManuallyDrop::new(file);
            from_sqlite(doing(config), error)
        }
    }
}

/// How a reader is kept from seeing several moments.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Access {
    /// By SQLite's locks.
    Locked,
    /// By nothing: nobody was thought to write. The file tells afterwards whether somebody did.
    Immutable(Fingerprint),
}

impl Access {
    /// Whether the file at `path` is still what it was.
    pub(crate) fn check(self, path: &Path) -> Result<()> {
        match self {
            Self::Immutable(before)
                if check_file(path)? != before || beside(path, "-wal").exists() =>
            {
                let message = format!("cannot read `{}`: it was changed meanwhile", name(path));
                Err(Error::new(ErrorKind::SourceChanged, message))
            }
            Self::Locked | Self::Immutable(_) => Ok(()),
        }
    }
}

/// What changes with a file.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Fingerprint {
    bytes: u64,
    modified: Option<SystemTime>,
}

/// Opens a connection that can read and write, with the journal mode and the other settings of the
/// configuration.
///
/// # Errors
///
/// As [`reader`]; a missing file is created if the configuration says so.
pub(crate) fn writer(config: &SqliteConfig) -> Result<Connection> {
    config.validate()?;
    let mut flags = OpenFlags::SQLITE_OPEN_READ_WRITE;
    if config.create_if_missing {
        flags |= OpenFlags::SQLITE_OPEN_CREATE;
    } else {
        check_file(&config.path)?;
    }
    open_writer(config, flags).map_err(|it| from_sqlite(doing(config), it))
}

/// What is being done while a database is opened, for messages.
fn doing(config: &SqliteConfig) -> String {
    format!("open `{}`", name(&config.path))
}

/// How messages name the database at `path`.
pub(crate) fn name(path: &Path) -> String {
    format!("sqlite:{}", path.display())
}

/// Explains what SQLite would only call "unable to open database file". The file is not opened: when
/// a program closes a file, POSIX drops all locks that its other connections hold on it.
fn check_file(path: &Path) -> Result<Fingerprint> {
    let metadata = fs::metadata(path).map_err(|it| Error::from_io("open", name(path), it))?;
    let wrong = if !metadata.is_file() {
        "it is not a file"
    } else if metadata.len() == 0 {
        "the file is empty"
    } else {
        return Ok(Fingerprint { bytes: metadata.len(), modified: metadata.modified().ok() });
    };
    Err(Error::new(ErrorKind::SourceInvalid, format!("cannot open `{}`: {wrong}", name(path))))
}

fn open_reader(config: &SqliteConfig, query: &str) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY;
    let connection = open(config, flags, query)?;
    connection.pragma_update(None, "query_only", true)?;
    // The first read: only now SQLite looks into the file.
    connection.query_row("PRAGMA schema_version", [], |_| Ok(()))?;
    connection.query_row("SELECT count(*) FROM main.sqlite_schema", [], |_| Ok(()))?;
    Ok(connection)
}

fn open_writer(config: &SqliteConfig, flags: OpenFlags) -> rusqlite::Result<Connection> {
    let mode = if config.create_if_missing { "mode=rwc" } else { "mode=rw" };
    let connection = open(config, flags, mode)?;
    connection.pragma_update(None, "foreign_keys", config.foreign_keys)?;
    connection.pragma_update(None, "synchronous", config.synchronous.as_sql())?;
    if let Some(mode) = config.journal_mode.as_sql() {
        connection.query_row(&format!("PRAGMA main.journal_mode = {mode}"), [], |_| Ok(()))?;
    }
    connection.query_row("PRAGMA schema_version", [], |_| Ok(()))?;
    Ok(connection)
}

fn open(config: &SqliteConfig, flags: OpenFlags, query: &str) -> rusqlite::Result<Connection> {
    // Whoever owns a connection serialises its use, so SQLite need not.
    let flags = flags | OpenFlags::SQLITE_OPEN_URI | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(uri(&config.path, query), flags)?;
    connection.busy_timeout(config.busy_timeout())?;
    connection.pragma_update(None, "cache_size", -i64::from(config.cache_size_kib))?;
    let mapped = i64::from(config.mmap_size_mib) << 20;
    connection.pragma_update(None, "mmap_size", mapped)?;
    Ok(connection)
}

/// Whether an `immutable` connection is right where an ordinary one failed: SQLite could not create
/// its files in the folder, and none is there that may hold commits.
fn may_be_immutable(error: &rusqlite::Error, path: &Path) -> bool {
    let blocked = matches!(
        error.sqlite_error_code(),
        Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly | ErrorCode::PermissionDenied)
    );
    blocked && !has_changes_beside(path)
}

/// Whether a file beside the database may hold commits, or what undoes them.
fn has_changes_beside(path: &Path) -> bool {
    beside(path, "-wal").exists() || beside(path, "-journal").exists()
}

/// The file that SQLite keeps beside a database.
pub(crate) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// The `file:` URI of `path`: every byte that could mean something in a URI is escaped.
fn uri(path: &Path, query: &str) -> String {
    let mut uri = String::from(if path.is_absolute() { "file://" } else { "file:./" });
    if cfg!(windows) && path.is_absolute() {
        uri.push('/');
    }
    for byte in path.as_os_str().as_encoded_bytes() {
        match byte {
            b'\\' if cfg!(windows) => uri.push('/'),
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'/' | b'.' | b'-' | b'_' | b'~' => {
                uri.push(char::from(*byte));
            }
            _ => uri.extend(["%", &format!("{byte:02X}")]),
        }
    }
    uri.push('?');
    uri.push_str(query);
    uri
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_escaped() {
        assert_eq!(
            uri(Path::new("/a b/c?d#e%20é.db"), "mode=ro"),
            "file:///a%20b/c%3Fd%23e%2520%C3%A9.db?mode=ro"
        );
        assert_eq!(uri(Path::new("a:b.db"), "mode=ro"), "file:./a%3Ab.db?mode=ro");
    }

    #[test]
    fn odd_paths_are_opened() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["a b?c#d%20e&f.db", ":memory:", "é'\"x.db", "file:x.db"] {
            let config = SqliteConfig {
                create_if_missing: true,
                ..SqliteConfig::new(folder.path().join(name))
            };
            writer(&config).unwrap().execute_batch("CREATE TABLE t (a)").unwrap();
            assert!(config.path.is_file(), "{name}");
            reader(&config).unwrap();
        }
    }

    #[test]
    fn a_missing_file_is_not_created() {
        let folder = tempfile::tempdir().unwrap();
        let config = SqliteConfig::new(folder.path().join("none.db"));
        assert_eq!(reader(&config).unwrap_err().kind(), ErrorKind::NotFound);
        assert_eq!(writer(&config).unwrap_err().kind(), ErrorKind::NotFound);
        assert!(!config.path.exists());
    }

    #[test]
    fn what_is_no_database_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        for content in ["", "id,name\n1,a\n", &"SQLite format 3\0 and then nothing".repeat(100)] {
            fs::write(&path, content).unwrap();
            assert_eq!(
                reader(&SqliteConfig::new(&path)).unwrap_err().kind(),
                ErrorKind::SourceInvalid
            );
        }
        let error = reader(&SqliteConfig::new(folder.path())).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::SourceInvalid);
    }

    #[test]
    fn an_immutable_file_that_changes_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        fs::write(&path, "content").unwrap();
        let access = Access::Immutable(check_file(&path).unwrap());
        access.check(&path).unwrap();
        fs::write(&path, "other content").unwrap();
        assert_eq!(access.check(&path).unwrap_err().kind(), ErrorKind::SourceChanged);
        let access = Access::Immutable(check_file(&path).unwrap());
        fs::write(beside(&path, "-wal"), "").unwrap();
        assert_eq!(access.check(&path).unwrap_err().kind(), ErrorKind::SourceChanged);
    }

    #[test]
    fn a_reader_cannot_write_and_leaves_the_bytes_alone() {
        let folder = tempfile::tempdir().unwrap();
        let config = SqliteConfig {
            create_if_missing: true,
            ..SqliteConfig::new(folder.path().join("a.db"))
        };
        writer(&config).unwrap().execute_batch("CREATE TABLE t (a)").unwrap();
        let before = fs::read(&config.path).unwrap();
        let connection = reader(&config).unwrap();
        assert!(connection.execute("INSERT INTO t VALUES (1)", []).is_err());
        assert!(connection.execute("CREATE TABLE u (a)", []).is_err());
        drop(connection);
        assert_eq!(fs::read(&config.path).unwrap(), before);
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_may_not_be_read_is_said_to_be_so() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let config = SqliteConfig::new(folder.path().join("a.db"));
        Connection::open(&config.path).unwrap().execute_batch("CREATE TABLE t (a)").unwrap();
        fs::set_permissions(&config.path, fs::Permissions::from_mode(0o000)).unwrap();
        let Err(error) = reader(&config) else {
            // The superuser may read everything.
            return;
        };
        assert_eq!(error.kind(), ErrorKind::PermissionDenied);
        assert!(error.message().to_lowercase().contains("permission denied"), "{error}");
        assert!(!format!("{error:?}").contains("mode=ro"), "{error:?}");
    }

    #[test]
    fn a_locked_database_is_busy() {
        let folder = tempfile::tempdir().unwrap();
        let config = SqliteConfig {
            create_if_missing: true,
            busy_timeout_ms: 0,
            journal_mode: crate::database::sqlite::JournalMode::Delete,
            ..SqliteConfig::new(folder.path().join("a.db"))
        };
        let writing = writer(&config).unwrap();
        writing.execute_batch("CREATE TABLE t (a); BEGIN EXCLUSIVE").unwrap();
        assert_eq!(reader(&config).unwrap_err().kind(), ErrorKind::Busy);
    }
}
