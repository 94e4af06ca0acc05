//! The version of a database file.
//!
//! For this process, `PRAGMA data_version` on a connection that stays open and never writes tells of
//! every commit, whoever made it and whatever the journal mode. Its values mean nothing on another
//! connection, so each carries the number of its connection and a random word of its manager.
//!
//! For other processes there are only the files. The change counter in the header of the database does
//! not move when a commit goes to the write-ahead log, so the version is made of what the file system
//! says of both files, and of the salts of the log, which change when it starts over. A clock of
//! limited resolution cannot tell two writes at one tick apart: while the newest change is younger than
//! two seconds there is no version. What remains: a commit that its writer has written but, being held up
//! between two steps for longer than that, not yet shown. And a file system whose clock is not ours
//! (a network share) may defeat the two seconds.

use std::hash::{BuildHasher, RandomState};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rusqlite::Connection;

use crate::clock::Clock;
use crate::database::Version;
use crate::database::sqlite::config::SqliteConfig;
use crate::database::sqlite::error::from_sqlite;
use crate::database::sqlite::open;
use crate::database::sqlite::pool::Pool;
use crate::error::{Error, ErrorKind, Result};

/// How old the newest change must be.
const QUIET: Duration = Duration::from_secs(2);

/// Tells versions of one database file.
#[derive(Debug)]
pub(crate) struct Watcher {
    path: PathBuf,
    clock: Arc<dyn Clock>,
    /// A word that no other manager has.
    word: u64,
    /// How many connections have been opened.
    opened: Arc<AtomicU64>,
    /// The one connection that stays open.
    connection: Arc<Pool>,
}

impl Watcher {
    pub(crate) fn new(config: &SqliteConfig, clock: Arc<dyn Clock>) -> Self {
        let opened = Arc::new(AtomicU64::new(0));
        let (count, reader) = (Arc::clone(&opened), config.clone());
        let open = move || {
            count.fetch_add(1, Ordering::Relaxed);
            open::reader(&reader)
        };
        let name = format!("watchers of `{}`", open::name(&config.path));
        let timeout = config.acquire_timeout();
        Self {
            path: config.path.clone(),
            clock: Arc::clone(&clock),
            word: RandomState::new().hash_one(std::process::id()),
            opened,
            connection: Pool::new(name, 1, timeout, clock, Box::new(open)),
        }
    }

    /// The version of a table, which is that of its database.
    pub(crate) async fn version(&self, table: &str) -> Result<Version> {
        let (table, path, word) = (table.to_owned(), self.path.clone(), self.word);
        let (clock, opened) = (Arc::clone(&self.clock), Arc::clone(&self.opened));
        self.connection
            .run(move |connection, _| {
                let doing = format!("tell the version of `{table}` in `{}`", open::name(&path));
                if !exists(connection, &table).map_err(|it| from_sqlite(&doing, it))? {
                    return Err(Error::new(
                        ErrorKind::NotFound,
                        format!("cannot {doing}: there is no such table"),
                    ));
                }
                let data_version: i64 = connection
                    .query_row("PRAGMA main.data_version", [], |row| row.get(0))
                    .map_err(|it| from_sqlite(&doing, it))?;
                let local =
                    format!("{word:016x}-{}-{data_version}", opened.load(Ordering::Relaxed));
                Ok(Version::new(local, shared(&path, clock.as_ref())))
            })
            .await
    }

    pub(crate) async fn close(&self) {
        self.connection.close().await;
    }
}

fn exists(connection: &Connection, table: &str) -> rusqlite::Result<bool> {
    let mut statement = connection.prepare_cached(
        "SELECT EXISTS (SELECT 1 FROM main.sqlite_schema WHERE type IN ('table', 'view') AND name = ?1 COLLATE NOCASE)",
    )?;
    statement.query_row([table], |row| row.get(0))
}

/// What every process sees; `None` while the newest change is too young, or where files have no identity.
///
/// The database file is asked about and never opened: when a program closes a file, POSIX drops all
/// locks that its other connections hold on it. SQLite takes no locks on the log.
#[cfg(unix)]
fn shared(path: &Path, clock: &dyn Clock) -> Option<String> {
    let log_path = open::beside(path, "-wal");
    let database = files::State::of(path)?;
    // An empty log holds no commit, and comes and goes with the first and the last connection.
    let log = files::State::of(&log_path).filter(|it| it.size > 0);
    let salts = match &log {
        Some(_) => files::salts(&log_path)?,
        None => 0,
    };
    let newest = log.iter().map(|it| it.newest).fold(database.newest, i128::max);
    let now = clock.utc().duration_since(std::time::UNIX_EPOCH).ok()?.as_nanos() as i128;
    if now - newest < QUIET.as_nanos() as i128 {
        return None;
    }
    let log = log.map_or_else(String::new, |it| format!("-{}-{salts:016x}", it.word));
    Some(format!("{}{log}", database.word))
}

#[cfg(not(unix))]
fn shared(_path: &Path, _clock: &dyn Clock) -> Option<String> {
    None
}

#[cfg(unix)]
mod files {
    //! What the file system says.

    use std::fs;
    use std::io::Read;
    use std::os::unix::fs::MetadataExt;
    use std::path::Path;

    /// The identity of a file and the times of its last changes.
    pub(crate) struct State {
        pub(crate) size: u64,
        /// When it last changed, in nanoseconds since 1970.
        pub(crate) newest: i128,
        pub(crate) word: String,
    }

    impl State {
        /// `None` where there is no such file.
        pub(crate) fn of(path: &Path) -> Option<Self> {
            let it = fs::metadata(path).ok()?;
            let nanos =
                |seconds: i64, nanos: i64| i128::from(seconds) * 1_000_000_000 + i128::from(nanos);
            let modified = nanos(it.mtime(), it.mtime_nsec());
            // Unlike the time of modification, that of the last change cannot be set at will.
            let changed = nanos(it.ctime(), it.ctime_nsec());
            Some(Self {
                size: it.size(),
                newest: modified.max(changed),
                word: format!(
                    "{:x}-{:x}-{:x}-{modified:x}-{changed:x}",
                    it.dev(),
                    it.ino(),
                    it.size()
                ),
            })
        }
    }

    /// The two salts in the header of a write-ahead log; `None` if it cannot be read or has none.
    pub(crate) fn salts(path: &Path) -> Option<u64> {
        let mut header = [0; 24];
        fs::File::open(path).ok()?.read_exact(&mut header).ok()?;
        header.last_chunk().map(|it| u64::from_be_bytes(*it))
    }
}
