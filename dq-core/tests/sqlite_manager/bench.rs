//! Databases and clocks to test with.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use async_trait::async_trait;
use dq_core::clock::{Clock, SystemClock};
use dq_core::database::sqlite::{JournalMode, SqliteConfig, SqliteDatabaseManager};
use dq_core::database::{DatabaseManager, QueryResult};
use dq_core::value::Value;
use tempfile::TempDir;

/// A folder with a database, gone when dropped.
pub(crate) struct Folder(TempDir);

impl Folder {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// The names of the files, in their order.
    pub(crate) fn names(&self) -> Vec<String> {
        let files = std::fs::read_dir(self.0.path()).unwrap();
        let mut names: Vec<_> =
            files.map(|it| it.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    /// A configuration that creates the database, with few connections.
    pub(crate) fn config(&self) -> SqliteConfig {
        SqliteConfig { create_if_missing: true, readers: 3, ..SqliteConfig::new(self.path("a.db")) }
    }

    /// As [`config`](Self::config), with a rollback journal.
    pub(crate) fn rollback(&self) -> SqliteConfig {
        SqliteConfig { journal_mode: JournalMode::Delete, ..self.config() }
    }
}

pub(crate) async fn open(config: SqliteConfig) -> SqliteDatabaseManager {
    SqliteDatabaseManager::open(config, Arc::new(SystemClock)).await.unwrap()
}

/// A database with a table `t (a)` that holds 1 to `rows`.
pub(crate) async fn filled(config: SqliteConfig, rows: i64) -> SqliteDatabaseManager {
    let database = open(config).await;
    execute(&database, "CREATE TABLE t (a INTEGER)").await;
    let fill = format!(
        "INSERT INTO t WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {rows}) SELECT i FROM n"
    );
    assert_eq!(execute(&database, &fill).await, rows as u64);
    database
}

pub(crate) async fn execute(database: &dyn DatabaseManager, sql: &str) -> u64 {
    database.execute(&sql.into()).await.unwrap()
}

pub(crate) async fn query(database: &dyn DatabaseManager, sql: &str) -> QueryResult {
    database.query(&sql.into()).await.unwrap()
}

/// The first value of the first row, which is a whole number.
pub(crate) async fn number(database: &dyn DatabaseManager, sql: &str) -> i64 {
    match query(database, sql).await.scalar() {
        Value::Integer(it) => it,
        other => panic!("{other:?} is no whole number"),
    }
}

/// A clock that is ahead of the machine's, and sleeps as long as it is told to.
#[derive(Debug)]
pub(crate) struct TestClock {
    pub(crate) ahead: Duration,
    pub(crate) sleep: Sleep,
}

#[derive(Debug)]
pub(crate) enum Sleep {
    Never,
    Forever,
}

#[async_trait]
impl Clock for TestClock {
    fn now(&self) -> Instant {
        SystemClock.now() + self.ahead
    }

    fn utc(&self) -> SystemTime {
        SystemClock.utc() + self.ahead
    }

    async fn sleep(&self, _span: Duration) {
        if matches!(self.sleep, Sleep::Forever) {
            std::future::pending::<()>().await;
        }
    }
}
