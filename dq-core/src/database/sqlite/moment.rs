//! Connections that see the same moment.
//!
//! SQLite lets no connection join the read transaction of another. But where nothing is committed
//! between the first `BEGIN` and the last first read, all transactions see the same; and a further
//! connection, whose `PRAGMA data_version` changes with every commit of others, proves it. A busy
//! writer may spoil one attempt after the other: then there is one connection, and scans share it.

use std::fs;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::Connection;

use crate::database::sqlite::config::SqliteConfig;
use crate::database::sqlite::connection::SharedConnection;
use crate::database::sqlite::error::from_sqlite;
use crate::database::sqlite::open;
use crate::database::sqlite::open::Access;
use crate::error::{Error, ErrorKind, Result};

/// How often a common moment is looked for. An attempt takes a fraction of a millisecond, so that
/// even hundreds of commits in a second leave a gap.
const ATTEMPTS_MAX: usize = 20;

/// How many pages the connection of page scans keeps. They read each page once: few pages stay in the
/// cache of a core, and cost a fifth less to copy than a default cache that they wash through.
const PAGES_CACHED: i64 = 64;

/// Connections whose read transactions see the same moment.
#[derive(Debug)]
pub(crate) struct Moment {
    main: Arc<SharedConnection>,
    free: Arc<FreeConnections>,
    access: Access,
    path: PathBuf,
}

type FreeConnections = Mutex<Vec<Arc<SharedConnection>>>;

impl Moment {
    /// Begins to read on one connection.
    pub(crate) fn open(config: &SqliteConfig) -> Result<Self> {
        Self::begin(config, |main| begin(main).map(|()| Vec::new()))
    }

    /// Begins to read on one connection and as many further ones as the configuration says, or none
    /// if no common moment can be proved.
    pub(crate) fn open_several(config: &SqliteConfig) -> Result<Self> {
        let watch = open::reader(config)?;
        let others = (0..config.scan_connections).map(|_| open::reader(config));
        let others = others.collect::<Result<Vec<_>>>()?;
        Self::begin(config, |main| begin_together(main, others, &watch))
    }

    fn begin(
        config: &SqliteConfig,
        begin: impl FnOnce(&Connection) -> rusqlite::Result<Vec<Connection>>,
    ) -> Result<Self> {
        let name = open::name(&config.path);
        let (main, access) = open::open_to_read(config)?;
        let others = main
            .pragma_update(None, "cache_size", PAGES_CACHED)
            .and_then(|()| begin(&main))
            .map_err(|it| from_sqlite(format!("begin to read `{name}`"), it))?;
        check_whole(&main, &config.path)?;
        let shared = |it| Arc::new(SharedConnection::new(it, name.clone()));
        Ok(Self {
            main: shared(main),
            free: Arc::new(Mutex::new(others.into_iter().map(shared).collect())),
            access,
            path: config.path.clone(),
        })
    }

    /// The connection that is always there, and used in turn: nobody may hold it and wait.
    pub(crate) fn main(&self) -> &Arc<SharedConnection> {
        &self.main
    }

    /// Ends the moment: an error of kind `SourceChanged` if not everything was of it.
    pub(crate) fn finish(&self) -> Result<()> {
        self.main.with(|connection| {
            // Nothing was written; and unlike COMMIT it works where a page was damaged.
            let ended = connection.execute_batch("ROLLBACK");
            ended.map_err(|it| from_sqlite(format!("finish reading `{}`", self.main.name()), it))
        })?;
        self.access.check(&self.path)
    }

    /// What writers should know about this moment, if anything.
    pub(crate) fn note(&self) -> Result<Option<String>> {
        if let Access::Immutable(_) = self.access {
            let note = "no file can be created beside the database, which is read as unchangeable (immutable): \
                        a change before the scan ends is an error";
            return Ok(Some(note.to_owned()));
        }
        let mode: String = self.main.with(|it| {
            it.query_row("PRAGMA main.journal_mode", [], |row| row.get(0))
                .map_err(|it| from_sqlite("read the journal mode", it))
        })?;
        let note = "the database is not in WAL mode: writers wait until the scan ends";
        Ok((mode != "wal").then(|| note.to_owned()))
    }

    /// A connection of one's own, or the one that is used in turn if none is free.
    pub(crate) fn handle(&self) -> Handle {
        self.lend().map_or_else(|| Handle::Shared(Arc::clone(&self.main)), Handle::Own)
    }

    /// A connection of one's own, if one is free.
    pub(crate) fn lend(&self) -> Option<Loan> {
        let connection = self.free.lock().unwrap_or_else(PoisonError::into_inner).pop()?;
        Some(Loan { connection, home: Arc::clone(&self.free) })
    }
}

/// A connection of one's own. Dropped, it is free for others.
#[derive(Debug)]
pub(crate) struct Loan {
    connection: Arc<SharedConnection>,
    home: Arc<FreeConnections>,
}

impl Deref for Loan {
    type Target = SharedConnection;

    fn deref(&self) -> &SharedConnection {
        &self.connection
    }
}

impl Drop for Loan {
    fn drop(&mut self) {
        let mut free = self.home.lock().unwrap_or_else(PoisonError::into_inner);
        free.push(Arc::clone(&self.connection));
    }
}

/// A connection to read from.
#[derive(Debug)]
pub(crate) enum Handle {
    /// The one that is used in turn.
    Shared(Arc<SharedConnection>),
    /// One's own.
    Own(Loan),
}

impl Deref for Handle {
    type Target = SharedConnection;

    fn deref(&self) -> &SharedConnection {
        match self {
            Self::Shared(it) => it,
            Self::Own(it) => it,
        }
    }
}

/// Begins a read transaction; its moment is that of the first read.
fn begin(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute_batch("BEGIN")?;
    connection.query_row("SELECT count(*) FROM main.sqlite_schema", [], |_| Ok(()))
}

/// Refuses a file that was cut short within its last page: SQLite reads zeros in place of the rest.
/// While the `-wal` file holds something, a page of the file may be half written and not be read.
fn check_whole(connection: &Connection, path: &Path) -> Result<()> {
    let bytes = |path: &Path| fs::metadata(path).map_or(0, |it| it.len());
    if bytes(&open::beside(path, "-wal")) > 0 {
        return Ok(());
    }
    let figure = |pragma: &str| {
        let figure = connection.query_row(pragma, [], |row| row.get::<_, u32>(0));
        figure
            .map(u64::from)
            .map_err(|it| from_sqlite(format!("read the size of `{}`", open::name(path)), it))
    };
    // What stands behind the last page is never read.
    let size_bytes =
        figure("PRAGMA main.page_size")?.saturating_mul(figure("PRAGMA main.page_count")?);
    if bytes(path) >= size_bytes {
        return Ok(());
    }
    let message = format!("cannot read `{}`: the file is cut short", open::name(path));
    Err(Error::new(ErrorKind::SourceInvalid, message))
}

/// Begins on all connections at one moment, which `watch` proves; gives the others. Where it cannot be
/// proved, begins on `main` only and gives none.
fn begin_together(
    main: &Connection,
    others: Vec<Connection>,
    watch: &Connection,
) -> rusqlite::Result<Vec<Connection>> {
    let version = || watch.query_row("PRAGMA main.data_version", [], |row| row.get::<_, i64>(0));
    for _ in 0..ATTEMPTS_MAX {
        let before = version()?;
        begin(main)?;
        others.iter().try_for_each(begin)?;
        if version()? == before {
            return Ok(others);
        }
        main.execute_batch("COMMIT")?;
        others.iter().try_for_each(|it| it.execute_batch("COMMIT"))?;
    }
    begin(main)?;
    Ok(Vec::new())
}
