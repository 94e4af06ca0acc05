//! One SQLite database file, with everything a service does to it.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use rusqlite::Connection;

use crate::clock::Clock;
use crate::database::places::statistics;
use crate::database::sqlite::backup::backup;
use crate::database::sqlite::catalog;
use crate::database::sqlite::config::SqliteConfig;
use crate::database::sqlite::error::from_sqlite;
use crate::database::sqlite::open;
use crate::database::sqlite::pool::Pool;
use crate::database::sqlite::result::collect;
use crate::database::sqlite::source::SqliteSource;
use crate::database::sqlite::statement::execute;
use crate::database::sqlite::stream::stream;
use crate::database::sqlite::task::blocking;
use crate::database::sqlite::transaction::SqliteTransaction;
use crate::database::{
    BackupListener, DatabaseManager, Health, QueryResult, RowStream, Statement, Statistics,
    TablePrivileges, Transaction, Unreadable,
};
use crate::error::Result;
use crate::source::{Snapshot, Source, Version};
use crate::value::TableSchema;

/// One SQLite database file: a pool of connections that only read, and one connection that writes.
///
/// The writing connection is opened by the first call that writes, which may change the journal mode
/// of the file; until then not a byte of the file changes.
///
/// A statement that waits for another process's lock is not interrupted before its busy timeout.
#[derive(Debug)]
pub struct SqliteDatabaseManager {
    source: SqliteSource,
    config: SqliteConfig,
    clock: Arc<dyn Clock>,
    readers: Arc<Pool>,
    writers: Arc<Pool>,
}

impl SqliteDatabaseManager {
    /// Opens the database that `config` names, and reads from it once.
    ///
    /// # Errors
    ///
    /// `NotFound` if the file is missing and `create_if_missing` is not set, `PermissionDenied` if it
    /// cannot be read, `SourceInvalid` if it is no database, `Busy` if another connection locks it for
    /// too long, `ConfigInvalid` for a value out of its range.
    pub async fn open(config: SqliteConfig, clock: Arc<dyn Clock>) -> Result<Self> {
        let [readers, writers] = pools(&config, &clock)?;
        if config.create_if_missing && fs::metadata(&config.path).map_or(0, |it| it.len()) == 0 {
            let doing = format!("create `{}`", open::name(&config.path));
            writers.run(move |it, _| create(it).map_err(|e| from_sqlite(doing, e))).await?;
        }
        let opening = config.clone();
        let told = Arc::clone(&clock);
        let source = blocking(move |_| SqliteSource::with_clock(opening, told)).await?;
        Ok(Self { source, config, clock, readers, writers })
    }

    /// As [`open`](Self::open) of a file that is there, on this thread.
    pub(crate) fn new(config: SqliteConfig, clock: Arc<dyn Clock>) -> Result<Self> {
        let [readers, writers] = pools(&config, &clock)?;
        let source = SqliteSource::with_clock(config.clone(), Arc::clone(&clock))?;
        Ok(Self { source, config, clock, readers, writers })
    }
}

/// The connections that read, and the one that writes; none is opened yet.
fn pools(config: &SqliteConfig, clock: &Arc<dyn Clock>) -> Result<[Arc<Pool>; 2]> {
    config.validate()?;
    let (reading, writing) = (config.clone(), config.clone());
    let reader = Box::new(move || open::reader(&reading));
    let writer = Box::new(move || open::writer(&writing));
    let readers = Pool::new("reader", config.readers, config, Arc::clone(clock), reader);
    Ok([readers, Pool::new("writer", 1, config, Arc::clone(clock), writer)])
}

#[async_trait]
impl DatabaseManager for SqliteDatabaseManager {
    async fn query(&self, statement: &Statement) -> Result<QueryResult> {
        let doing = format!("query `{}`", self.source.name());
        let (statement, bytes_max) = (statement.clone(), self.config.result_size_max_bytes);
        self.readers.run(move |it, _| collect(it, &statement, bytes_max, &doing)).await
    }

    async fn stream(&self, statement: &Statement) -> Result<RowStream> {
        stream(&self.readers, statement.clone(), format!("query `{}`", self.source.name())).await
    }

    async fn execute(&self, statement: &Statement) -> Result<u64> {
        let doing = format!("change `{}`", self.source.name());
        let statement = statement.clone();
        self.writers.run(move |it, _| execute(it, &statement, &doing)).await
    }

    async fn begin(&self) -> Result<Box<dyn Transaction>> {
        let bytes_max = self.config.result_size_max_bytes;
        Ok(Box::new(SqliteTransaction::begin(&self.writers, self.source.name(), bytes_max).await?))
    }

    async fn catalog(&self) -> Result<Vec<TableSchema>> {
        self.readers.run(|it, _| catalog::tables(it)).await
    }

    async fn health(&self) -> Health {
        let start = self.clock.now();
        let doing = format!("read `{}`", self.source.name());
        let answer =
            self.readers.run(move |it, _| details(it).map_err(|e| from_sqlite(doing, e))).await;
        Health::new("sqlite", self.clock.now().saturating_duration_since(start), answer)
    }

    async fn privileges(&self) -> Result<Vec<TablePrivileges>> {
        // SQLite knows no users: whoever may write the file may write its tables.
        let is_writable =
            fs::metadata(&self.config.path).is_ok_and(|it| !it.permissions().readonly());
        let tables = self.catalog().await?.into_iter().map(|it| TablePrivileges {
            select: true,
            insert: is_writable,
            update: is_writable,
            delete: is_writable,
            ..TablePrivileges::none(it.name)
        });
        Ok(tables.collect())
    }

    async fn unreadable(&self) -> Result<Vec<Unreadable>> {
        Ok(self.readers.run(|it, _| catalog::read(it)).await?.unreadable)
    }

    fn statistics(&self) -> Statistics {
        statistics(self.readers.places(), self.writers.places())
    }

    async fn backup(&self, path: &Path, listener: Option<BackupListener>) -> Result<()> {
        let path = path.to_owned();
        self.readers.run(move |it, stop| backup(it, &path, listener.as_ref(), stop)).await
    }

    async fn optimize(&self) -> Result<()> {
        let doing = format!("optimize `{}`", self.source.name());
        // 0x10002: analyse every table that was never analysed or has grown, not only those that
        // this connection has queried. The limit keeps that to some hundred rows of each index.
        let sql = "PRAGMA analysis_limit = 1000; PRAGMA optimize = 0x10002";
        self.writers
            .run(move |it, _| it.execute_batch(sql).map_err(|e| from_sqlite(doing, e)))
            .await
    }

    async fn close(&self) {
        // The last connection to close removes the log, which only one that may write can do.
        let (writers, readers) = (self.writers.places().shut(), self.readers.places().shut());
        tokio::join!(self.source.close(), self.readers.drain(readers));
        self.writers.drain(writers).await;
    }
}

/// Writes the header of a new database, so that readers find one.
fn create(connection: &Connection) -> rusqlite::Result<()> {
    let is_new =
        connection
            .query_row("SELECT page_count = 0 FROM pragma_page_count", [], |row| row.get(0))?;
    if is_new { connection.execute_batch("PRAGMA user_version = 0") } else { Ok(()) }
}

/// What the database tells about itself.
fn details(connection: &Connection) -> rusqlite::Result<BTreeMap<&'static str, String>> {
    let ask = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, String>(0));
    // First what really reads: only then a connection notices that another changed the journal mode.
    let tables = ask("SELECT CAST(count(*) AS TEXT) FROM main.sqlite_schema WHERE type = 'table'")?;
    let size =
        "SELECT CAST(page_count * page_size AS TEXT) FROM pragma_page_count, pragma_page_size";
    Ok(BTreeMap::from([
        ("engine_version", rusqlite::version().to_owned()),
        ("journal_mode", ask("PRAGMA main.journal_mode")?),
        ("size_bytes", ask(size)?),
        ("tables", tables),
    ]))
}

#[async_trait]
impl Source for SqliteDatabaseManager {
    fn name(&self) -> &str {
        self.source.name()
    }

    async fn snapshot(&self) -> Result<Box<dyn Snapshot>> {
        self.readers.places().check_open()?;
        self.source.snapshot().await
    }

    async fn version(&self, table: &str) -> Result<Option<Version>> {
        self.source.version(table).await
    }
}
