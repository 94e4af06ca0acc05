//! Databases and executors to test with.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use dq_core::clock::{Clock, SystemClock, TestClock};
use dq_core::database::sqlite::{SqliteConfig, SqliteDatabaseManager};
use dq_core::database::{DatabaseManager, Statement};
use dq_core::executor::{AsyncQueryExecutor, Call, Caller, ExecutorConfig, QueryExecutor};
use dq_core::value::Value;
use tempfile::TempDir;
use tokio::task::JoinHandle;

/// Rows without end.
pub(crate) const ENDLESS: &str =
    "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n";

/// One row, after a time without end.
pub(crate) const HUNG: &str =
    "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n";

/// How long a test waits for what must happen soon.
const PATIENCE: Duration = Duration::from_mins(1);

/// A database with a table `t (a)` that holds 1 to 1000, an executor over it, and the executor's clock.
pub(crate) struct Bench {
    folder: TempDir,
    pub(crate) database: Arc<SqliteDatabaseManager>,
    pub(crate) executor: Arc<AsyncQueryExecutor>,
    pub(crate) clock: TestClock,
}

impl Bench {
    pub(crate) async fn new(config: ExecutorConfig) -> Self {
        Self::with_readers(config, 10).await
    }

    pub(crate) async fn with_readers(config: ExecutorConfig, readers: usize) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let sqlite = SqliteConfig {
            create_if_missing: true,
            readers,
            ..SqliteConfig::new(folder.path().join("a.db"))
        };
        let database = SqliteDatabaseManager::open(sqlite, Arc::new(SystemClock)).await.unwrap();
        database.execute(&"CREATE TABLE t (a INTEGER PRIMARY KEY)".into()).await.unwrap();
        let fill = format!("INSERT INTO t {ENDLESS} LIMIT 1000");
        assert_eq!(database.execute(&fill.into()).await.unwrap(), 1000);
        let (database, clock) = (Arc::new(database), TestClock::new());
        let executor = over(Arc::clone(&database) as _, config, &clock);
        Self { folder, database, executor, clock }
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("a.db")
    }

    /// Asks in a task of its own.
    pub(crate) fn ask(&self, sql: &str, call: &Call) -> JoinHandle<dq_core::Result<i64>> {
        let (executor, statement, call) =
            (Arc::clone(&self.executor), Statement::new(sql), call.clone());
        tokio::spawn(async move {
            executor.query(&statement, &call).await.map(|it| whole(it.value.scalar()))
        })
    }

    /// Asks what is never answered, and returns when the database is at it.
    pub(crate) async fn occupy(&self, call: &Call) -> JoinHandle<dq_core::Result<i64>> {
        let before = self.executor.statistics().running;
        let task = self.ask(HUNG, call);
        until("it runs", || self.executor.statistics().running > before).await;
        task
    }

    /// Waits until nobody has or wants anything.
    pub(crate) async fn idle(&self) {
        until("all is given back", || {
            let (executor, database) = (self.executor.statistics(), self.database.statistics());
            let pools = [database.readers, database.writers];
            executor.running == 0
                && executor.waiting == 0
                && pools.iter().all(|it| it.in_use == 0 && it.waiting == 0)
        })
        .await;
    }
}

/// An executor over a database.
pub(crate) fn over(
    database: Arc<dyn DatabaseManager>,
    config: ExecutorConfig,
    clock: &TestClock,
) -> Arc<AsyncQueryExecutor> {
    Arc::new(AsyncQueryExecutor::new(database, config, Arc::new(clock.clone())).unwrap())
}

/// At most so many at once, and so many who wait.
pub(crate) fn limits(concurrent_max: usize, waiting_max: usize) -> ExecutorConfig {
    ExecutorConfig { concurrent_max, waiting_max, ..ExecutorConfig::default() }
}

pub(crate) fn of(caller: &str) -> Call {
    Call::of(Caller::new(caller))
}

/// A call that may take so long.
pub(crate) fn within(seconds: u64) -> Call {
    Call { deadline: Some(Duration::from_secs(seconds)), ..Call::default() }
}

pub(crate) fn whole(value: Value<'_>) -> i64 {
    match value {
        Value::Integer(it) => it,
        other => panic!("{other:?} is no whole number"),
    }
}

/// Lets others go on until `condition` holds.
pub(crate) async fn until(what: &str, condition: impl Fn() -> bool) {
    let begun = SystemClock.now();
    while !condition() {
        assert!(SystemClock.now() - begun < PATIENCE, "never: {what}");
        tokio::task::yield_now().await;
    }
}

/// Numbers that look random.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }
}
