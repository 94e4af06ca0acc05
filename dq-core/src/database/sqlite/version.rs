//! The version of a database file.
//!
//! For this process, `PRAGMA data_version` on a connection that stays open and never writes tells of
//! every commit, whoever made it and whatever the journal mode. Its values mean nothing on another
//! connection, so each carries the number of its connection and a random word of its manager. Who copies
//! another database over the file commits nothing, and may leave the counter that SQLite looks at as it was:
//! so the version also has what the file system says of the file.
//!
//! For other processes there are only the files, which the numbers that the file system has for them tell apart
//! until the machine starts anew: so the version has a word of the running system, too, and that of one machine
//! is never that of another. The change counter in the header of the database does
//! not move when a commit goes to the write-ahead log, so the version is made of what the file system
//! says of both files, and of the salts of the log, which change when it starts over. A writer writes a commit to
//! the log before it shows it to others, and may be held up in between for any time: so the version also has how many
//! frames of the log are shown, of which the files say nothing. A clock of limited resolution cannot tell two
//! writes at one tick apart: while the newest change is younger than two seconds there is no version. What
//! remains: a file system whose clock is not ours (a network share) may defeat the two seconds.

use std::fs;
use std::hash::{BuildHasher, RandomState};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, UNIX_EPOCH};

use rusqlite::{Connection, OptionalExtension};

use crate::clock::Clock;
use crate::database::sqlite::config::SqliteConfig;
use crate::database::sqlite::error::from_sqlite;
use crate::database::sqlite::file::FileState;
use crate::database::sqlite::open;
use crate::database::sqlite::pool::Pool;
use crate::error::{Error, ErrorKind, Result};
use crate::source::Version;

/// From which version on SQLite tells how much of the log is shown. Earlier ones would write what the log has
/// to the database instead.
const TELLS_FRAMES: i32 = 3_051_000;

/// How old the newest change must be.
const QUIET: Duration = Duration::from_secs(2);

/// Tells versions of one database file.
#[derive(Debug)]
pub(crate) struct Watcher {
    path: PathBuf,
    clock: Arc<dyn Clock>,
    /// A word that no other manager has.
    word: u64,
    /// A word that no other running system has.
    system: Arc<str>,
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
        Self {
            path: config.path.clone(),
            clock: Arc::clone(&clock),
            word: RandomState::new().hash_one(std::process::id()),
            system: running_system().into(),
            opened,
            connection: Pool::new("watcher", 1, config, clock, Box::new(open)),
        }
    }

    /// The version of a table, which is that of its database; none of what is no ordinary table. A view may
    /// ask the clock, and a virtual table has its rows elsewhere.
    pub(crate) async fn version(&self, table: &str) -> Result<Option<Version>> {
        let (table, path, word) = (table.to_owned(), self.path.clone(), self.word);
        let (clock, opened) = (Arc::clone(&self.clock), Arc::clone(&self.opened));
        let system = Arc::clone(&self.system);
        self.connection
            .run(move |connection, _| {
                let doing = format!("tell the version of `{table}` in `{}`", open::name(&path));
                match is_ordinary(connection, &table).map_err(|it| from_sqlite(&doing, it))? {
                    Some(true) => {}
                    Some(false) => return Ok(None),
                    None => {
                        let message = format!("cannot {doing}: there is no such table");
                        return Err(Error::new(ErrorKind::NotFound, message));
                    }
                }
                let data_version: i64 = connection
                    .query_row("PRAGMA main.data_version", [], |row| row.get(0))
                    .map_err(|it| from_sqlite(&doing, it))?;
                let (opened, file) = (opened.load(Ordering::Relaxed), file_state(&path));
                let local = format!("{word:016x}-{opened}-{data_version}-{file}");
                let shown = || frames_shown(connection);
                Ok(Some(Version::new(local, shared(&path, &system, clock.as_ref(), shown))))
            })
            .await
    }

    pub(crate) async fn close(&self) {
        self.connection.drain(self.connection.places().shut()).await;
    }
}

/// Whether the rows of `table` lie in this file; `None` where there is no such table or view.
fn is_ordinary(connection: &Connection, table: &str) -> rusqlite::Result<Option<bool>> {
    let mut statement = connection.prepare_cached(
        "SELECT type = 'table' AND rootpage > 0 FROM main.sqlite_schema \
         WHERE type IN ('table', 'view') AND name = ?1 COLLATE NOCASE",
    )?;
    statement.query_row([table], |row| row.get(0)).optional()
}

/// What the file system says of the database file; nothing where files have no identity.
fn file_state(path: &Path) -> String {
    FileState::of(path).map(|it| it.to_string()).unwrap_or_default()
}

/// What every process sees; `None` while the newest change is too young, or where files have no identity.
///
/// The database file is asked about and never opened: when a program closes a file, POSIX drops all
/// locks that its other connections hold on it. SQLite takes no locks on the log.
fn shared(
    path: &Path,
    system: &str,
    clock: &dyn Clock,
    frames_shown: impl FnOnce() -> Option<i64>,
) -> Option<String> {
    let log_path = open::beside(path, "-wal");
    let database = FileState::of(path)?;
    // An empty log holds no commit, and comes and goes with the first and the last connection.
    let log = FileState::of_log(&log_path).filter(|it| it.size > 0);
    let newest = log.iter().fold(database.changed(), |newest, it| newest.max(it.changed()));
    let now = clock.utc().duration_since(UNIX_EPOCH).ok()?;
    if now.checked_sub(newest).is_none_or(|age| age < QUIET) {
        return None;
    }
    Some(match log {
        None => format!("{system}-{database}"),
        Some(log) => {
            let (salts, frames) = (salts(&log_path)?, frames_shown()?);
            format!("{system}-{database}-{log}-{salts:016x}-{frames:x}")
        }
    })
}

/// How many frames of the log are shown to readers; nothing where SQLite cannot tell, such as where nobody may write
/// to the log.
fn frames_shown(connection: &Connection) -> Option<i64> {
    if rusqlite::version_number() < TELLS_FRAMES {
        return None;
    }
    let mut statement = connection.prepare_cached("PRAGMA main.wal_checkpoint(NOOP)").ok()?;
    statement.query_row([], |row| row.get(1)).ok()
}

/// What tells the running system from every other, and from itself before it started: containers of one machine
/// share it. Empty where there is no such word; then the files alone must tell.
fn running_system() -> String {
    let word = fs::read_to_string("/proc/sys/kernel/random/boot_id");
    word.map(|it| it.trim().replace('-', "")).unwrap_or_default()
}

/// The two salts in the header of a write-ahead log; `None` if it cannot be read or has none.
fn salts(path: &Path) -> Option<u64> {
    let mut header = [0; 24];
    fs::File::open(path).ok()?.read_exact(&mut header).ok()?;
    header.last_chunk().map(|it| u64::from_be_bytes(*it))
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use crate::clock::SystemClock;
    use async_trait::async_trait;
    use std::time::{Instant, SystemTime};

    /// A clock by which every change is long ago.
    #[derive(Debug)]
    struct Later;

    #[async_trait]
    impl Clock for Later {
        fn now(&self) -> Instant {
            SystemClock.now()
        }

        fn utc(&self) -> SystemTime {
            SystemClock.utc() + Duration::from_mins(1)
        }

        async fn sleep(&self, span: Duration) {
            SystemClock.sleep(span).await;
        }
    }

    #[test]
    fn a_file_of_the_same_path_on_another_machine_has_another_version() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        fs::write(&path, "as alike as two files can be").unwrap();
        let on = |system: &str| shared(&path, system, &Later, || None).unwrap();
        assert_eq!(on("one"), on("one"));
        assert_ne!(on("one"), on("other"));
        assert_eq!(running_system(), running_system());
    }
}
