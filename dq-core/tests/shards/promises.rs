//! What every database manager promises, as a manager and as a source, holds for tables spread over servers, too.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use dq_core::Result;
use dq_core::clock::SystemClock;
use dq_core::database::conformance::{
    Ability, Bench, Case, cases, cases_without, check_cases, fill,
};
use dq_core::database::postgres::{
    DistributeOptions, PostgresConfig, PostgresDatabaseManager, distribute,
};
use dq_core::database::{
    BackupListener, DatabaseManager, Health, Node, QueryResult, RowStream, Statement, Statistics,
    TablePrivileges, Transaction, Unreadable,
};
use dq_core::source::{self, Snapshot, Source, Version};
use dq_core::value::TableSchema;

use crate::servers::shards::{Servers, Shards};

/// A database in which each table is spread as soon as it has been made, by its first column. Changes of its shape are
/// made on all servers, as by an administrator: nobody else does.
#[derive(Debug)]
struct Spreading {
    shards: Shards,
    here: PostgresDatabaseManager,
}

impl Spreading {
    async fn open(servers: &Arc<Servers>) -> Result<Self> {
        let servers = Arc::clone(servers);
        let made = tokio::task::spawn_blocking(move || Shards::of(servers));
        let shards = made.await.expect("databases are made");
        let config = PostgresConfig { readers: 4, writers: 4, ..PostgresConfig::new(shards.url()) };
        let here = PostgresDatabaseManager::open(config, Arc::new(SystemClock)).await?;
        Ok(Self { shards, here })
    }

    async fn spread(&self, table: &str, column: &str) -> Result<()> {
        let urls = self.shards.shard_urls();
        let options = DistributeOptions {
            table: table.to_owned(),
            columns: vec![column.to_owned()],
            shards: urls.into_iter().map(Into::into).collect(),
            ..DistributeOptions::default()
        };
        let config = PostgresConfig::new(self.shards.url());
        distribute(&config, &options, Arc::new(SystemClock)).await.map(drop)
    }

    async fn run_on_each(&self, sql: &str) {
        let (servers, database) = (Arc::clone(&self.shards.servers), self.shards.database.clone());
        let sql = sql.to_owned();
        let ran = tokio::task::spawn_blocking(move || {
            Shards { servers, database }.run_on_each(&sql);
        });
        ran.await.expect("all servers do it");
    }
}

#[deny(clippy::missing_trait_methods)]
#[async_trait]
impl DatabaseManager for Spreading {
    async fn query(&self, statement: &Statement) -> Result<QueryResult> {
        self.here.query(statement).await
    }

    async fn stream(&self, statement: &Statement) -> Result<RowStream> {
        self.here.stream(statement).await
    }

    async fn execute(&self, statement: &Statement) -> Result<u64> {
        let done = self.here.execute(statement).await?;
        let words: Vec<_> =
            statement.sql().split([' ', '(', ')']).filter(|it| !it.is_empty()).collect();
        match words[..] {
            ["CREATE", "TABLE", table, column, ..] => self.spread(table, column).await?,
            ["DROP" | "ALTER", "TABLE", ..] => self.run_on_each(statement.sql()).await,
            _ => {}
        }
        Ok(done)
    }

    async fn begin(&self) -> Result<Box<dyn Transaction>> {
        self.here.begin().await
    }

    async fn catalog(&self) -> Result<Vec<TableSchema>> {
        self.here.catalog().await
    }

    async fn health(&self) -> Health {
        self.here.health().await
    }

    async fn privileges(&self) -> Result<Vec<TablePrivileges>> {
        self.here.privileges().await
    }

    async fn nodes(&self) -> Result<Vec<Node>> {
        self.here.nodes().await
    }

    async fn nodes_within(&self, patience: Duration) -> Result<Vec<Node>> {
        self.here.nodes_within(patience).await
    }

    async fn unreadable(&self) -> Result<Vec<Unreadable>> {
        self.here.unreadable().await
    }

    fn statistics(&self) -> Statistics {
        self.here.statistics()
    }

    async fn backup(&self, path: &Path, listener: Option<BackupListener>) -> Result<()> {
        self.here.backup(path, listener).await
    }

    async fn optimize(&self) -> Result<()> {
        self.here.optimize().await
    }

    async fn close(&self) {
        self.here.close().await;
    }
}

#[deny(clippy::missing_trait_methods)]
#[async_trait]
impl Source for Spreading {
    fn name(&self) -> &str {
        self.here.name()
    }

    async fn snapshot(&self) -> Result<Box<dyn Snapshot>> {
        self.here.snapshot().await
    }

    async fn version(&self, table: &str) -> Result<Option<Version>> {
        self.here.version(table).await
    }
}

/// Servers that other tests use, too.
async fn servers() -> Option<Arc<Servers>> {
    let shards = tokio::task::spawn_blocking(Shards::shared);
    shards.await.expect("servers are started").map(|it| it.servers)
}

/// What tables of `postgres_fdw` cannot do.
const LACKING: [Ability; 2] = [Ability::SharedMoment, Ability::WaitingWriters];

/// The promises that are tried; some of them, unless there is time for all.
fn tried() -> Vec<Case> {
    let kept = cases_without(&LACKING);
    assert_eq!(kept.len() + LACKING.len(), cases().len());
    let step = if std::env::var_os("DQ_SOAK").is_some() { 1 } else { 7 };
    kept.into_iter().step_by(step).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_manager_keeps_its_promises_with_tables_that_are_spread() {
    let Some(servers) = servers().await else { return };
    let open = async || {
        let database = Arc::new(Spreading::open(&servers).await?);
        Ok(Bench { database, bytes_type: "BYTEA", timestamp_type: "TIMESTAMP" })
    };
    check_cases(&tried(), open).await.unwrap_or_else(|error| panic!("{error}"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_keeps_its_promises_with_tables_that_are_spread() {
    let Some(servers) = servers().await else { return };
    let database = Spreading::open(&servers).await.unwrap();
    fill(&database).await.unwrap();
    let spread = "SELECT count(*) FROM pg_class WHERE relkind = 'f'";
    assert_eq!(database.shards.run(spread), "6");
    let source: Arc<dyn Source> = Arc::new(database);
    let checked = source::conformance::check(async || Ok(Arc::clone(&source))).await;
    checked.unwrap_or_else(|error| panic!("{error}"));
}
