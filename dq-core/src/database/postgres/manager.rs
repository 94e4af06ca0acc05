//! One PostgreSQL database, with everything a service does to it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use sqlx::Row;
use sqlx::postgres::PgRow;

use crate::clock::Clock;
use crate::database::places::statistics;
use crate::database::postgres::about::{PRIVILEGES, REPLICAS, privileges_of, replica};
use crate::database::postgres::catalog;
use crate::database::postgres::config::PostgresConfig;
use crate::database::postgres::connection::{Lease, Pool, READ, is_pooled};
use crate::database::postgres::error::from_sqlx;
use crate::database::postgres::probe::{Probe, end_of_log};
use crate::database::postgres::result::collect;
use crate::database::postgres::shard_nodes::shards;
use crate::database::postgres::source::PostgresSource;
use crate::database::postgres::statement::{execute, prepare_rows};
use crate::database::postgres::stream;
use crate::database::postgres::transaction::{PostgresTransaction, commit};
use crate::database::postgres::unreadable::unreadable;
use crate::database::server::{IsolationLevel, State};
use crate::database::{
    DatabaseManager, Health, Node, QueryResult, RowStream, Statement, Statistics, TablePrivileges,
    Transaction, Unreadable,
};
use crate::error::Result;
use crate::source::{Snapshot, Source, Version};
use crate::value::TableSchema;

/// What the database tells about itself.
const DETAILS: &str = "\
SELECT current_setting('server_version'), pg_database_size(current_database())::text, pg_is_in_recovery()::text, \
       current_setting('max_connections'), (SELECT count(*)::text FROM pg_stat_activity)";

/// The names of those details.
const DETAIL_NAMES: [&str; 5] =
    ["engine_version", "size_bytes", "is_replica", "connections_max", "connections"];

/// One PostgreSQL database: a pool of connections that only read, and one of connections that write.
///
/// Queries and streams run in transactions that only read. A statement whose future is dropped is ended on the
/// server, with its connection; until that is done its place in the pool counts as taken.
///
/// In [`execute`](DatabaseManager::execute) and [`Transaction::commit`], an error of kind `OutcomeUnknown` says
/// that the connection was lost before the server answered.
#[derive(Debug)]
pub struct PostgresDatabaseManager {
    source: PostgresSource,
    clock: Arc<dyn Clock>,
    writers: Arc<Pool>,
    isolation: IsolationLevel,
    result_size_max_bytes: usize,
}

impl PostgresDatabaseManager {
    /// Opens the database that `config` names, and connects to it once.
    ///
    /// # Errors
    ///
    /// `Unavailable` or `Timeout` if the server does not answer, `PermissionDenied` if it lets this user not in,
    /// `NotFound` if it has no such database, `ConfigInvalid` for a value out of its range.
    pub async fn open(config: PostgresConfig, clock: Arc<dyn Clock>) -> Result<Self> {
        let database = Self::new(&config, clock)?;
        drop(database.readers().lease().await?);
        Ok(database)
    }

    /// The database that `config` names; nothing is connected before the first call.
    pub(crate) fn new(config: &PostgresConfig, clock: Arc<dyn Clock>) -> Result<Self> {
        let source = PostgresSource::new(config, Arc::clone(&clock))?;
        let connector = Arc::clone(source.readers().connector());
        let limits = config.limits(config.writers);
        let writers = Pool::new("writer", limits, connector, Arc::clone(&clock));
        Ok(Self {
            source,
            clock,
            writers,
            isolation: config.isolation,
            result_size_max_bytes: config.result_size_max_bytes,
        })
    }

    /// What asks the server about its place among others.
    pub(crate) fn probe(&self) -> Probe {
        Probe::new(Arc::clone(self.readers().connector()))
    }

    /// What times it.
    pub(crate) fn clock(&self) -> &dyn Clock {
        &*self.clock
    }

    /// How long a connection is waited for that is made.
    pub(crate) fn connect_timeout(&self) -> Duration {
        self.readers().connector().timeout()
    }

    /// The servers on which rows of its tables lie; none is waited for longer than `patience`.
    pub(crate) async fn shards(&self, patience: Duration) -> Result<Vec<Node>> {
        shards(self, patience).await
    }

    /// Whether a query would have to wait for a connection.
    pub(crate) fn is_full(&self) -> bool {
        self.readers().is_full()
    }

    /// Whether a query would have to wait until a connection is made.
    pub(crate) fn is_cold(&self) -> bool {
        self.readers().is_cold()
    }

    /// As [`execute`](DatabaseManager::execute), and tells where the log ended after the commit; nothing where that
    /// cannot be told.
    pub(crate) async fn execute_at(
        &self,
        statement: &Statement,
    ) -> Result<(u64, Option<(u32, u64)>)> {
        let (mut lease, result) = self.executed(statement).await?;
        let end = if result.is_ok() { end_of_log(&mut lease).await } else { None };
        Ok((result?, end))
    }

    /// As [`begin`](DatabaseManager::begin), as its own type.
    pub(crate) async fn begin_here(&self) -> Result<PostgresTransaction> {
        let (name, begin) = (self.source.name(), self.isolation.begin());
        PostgresTransaction::begin(&self.writers, name, begin, self.result_size_max_bytes).await
    }

    /// Executes a statement; gives the connection, too.
    async fn executed(&self, statement: &Statement) -> Result<(Lease, Result<u64>)> {
        let doing = format!("change `{}`", self.source.name());
        let mut lease = self.writers.lease().await?;
        let is_pooled = is_pooled(&lease);
        if is_pooled {
            lease.command(IsolationLevel::ReadCommitted.begin(), State::Open, &doing).await?;
        }
        let mut result = loop {
            let result = execute(&mut lease, statement, &doing).await;
            if !lease.refresh(None).await? {
                break result;
            }
        };
        if let (Ok(rows), true) = (&result, is_pooled) {
            result = commit(&mut lease, &doing).await.map(|()| *rows);
        }
        lease.count(&result);
        Ok((lease, result))
    }

    fn readers(&self) -> &Arc<Pool> {
        self.source.readers()
    }

    /// What `read` makes of each row of a query about the server itself.
    async fn told<T>(
        &self,
        sql: &'static str,
        doing: &str,
        read: fn(&PgRow) -> sqlx::Result<T>,
    ) -> Result<Vec<T>> {
        let mut lease = self.readers().begin(READ).await?.and_reads_only();
        let rows = catalog::rows(&mut lease, sql, doing).await;
        let rows = lease.finish_with(rows).await?;
        rows.iter().map(|it| read(it).map_err(|it| from_sqlx(doing, &it))).collect()
    }

    async fn details(&self) -> Result<BTreeMap<&'static str, String>> {
        let doing = format!("read `{}`", self.source.name());
        let mut lease = self.readers().begin(READ).await?.and_reads_only();
        let rows = catalog::rows(&mut lease, DETAILS, &doing).await;
        let mut details = BTreeMap::new();
        for row in lease.finish_with(rows).await? {
            for (column, name) in DETAIL_NAMES.into_iter().enumerate() {
                details.insert(name, row.try_get(column).map_err(|it| from_sqlx(&doing, &it))?);
            }
        }
        Ok(details)
    }
}

#[async_trait]
impl DatabaseManager for PostgresDatabaseManager {
    async fn query(&self, statement: &Statement) -> Result<QueryResult> {
        let doing = format!("query `{}`", self.source.name());
        let mut lease = self.readers().begin(READ).await?.and_reads_only();
        let result = loop {
            let bytes_max = self.result_size_max_bytes;
            let result = collect(&mut lease, statement, bytes_max, &doing).await;
            if !lease.refresh(Some(READ)).await? {
                break result;
            }
        };
        lease.finish_with(result).await
    }

    async fn stream(&self, statement: &Statement) -> Result<RowStream> {
        let doing = format!("query `{}`", self.source.name());
        let mut lease = self.readers().begin(READ).await?.and_reads_only();
        let prepared = loop {
            let prepared = prepare_rows(&mut lease, statement, &doing).await;
            if !lease.refresh(Some(READ)).await? {
                break prepared;
            }
        };
        match prepared {
            Ok(prepared) => {
                let columns = prepared.columns.clone();
                let rows = stream::start(lease, prepared, statement.row_limit(), doing);
                Ok(RowStream::new(columns, rows))
            }
            Err(error) => lease.finish_with(Err(error)).await,
        }
    }

    async fn execute(&self, statement: &Statement) -> Result<u64> {
        self.executed(statement).await?.1
    }

    async fn begin(&self) -> Result<Box<dyn Transaction>> {
        Ok(Box::new(self.begin_here().await?))
    }

    async fn catalog(&self) -> Result<Vec<TableSchema>> {
        let doing = format!("read the catalog of `{}`", self.source.name());
        let mut lease = self.readers().begin(READ).await?.and_reads_only();
        let tables = catalog::read(&mut lease, &doing).await;
        let tables = lease.finish_with(tables).await?;
        Ok(tables.into_iter().map(|it| it.schema).collect())
    }

    async fn health(&self) -> Health {
        let start = self.clock.now();
        let answer = self.details().await;
        Health::new("postgres", self.clock.now().saturating_duration_since(start), answer)
    }

    async fn privileges(&self) -> Result<Vec<TablePrivileges>> {
        let doing = format!("read the privileges in `{}`", self.source.name());
        self.told(PRIVILEGES, &doing, privileges_of).await
    }

    async fn nodes(&self) -> Result<Vec<Node>> {
        self.nodes_within(self.connect_timeout()).await
    }

    async fn nodes_within(&self, patience: Duration) -> Result<Vec<Node>> {
        let doing = format!("list the replicas of `{}`", self.source.name());
        let mut nodes = self.told(REPLICAS, &doing, replica).await?;
        nodes.extend(self.shards(patience).await?);
        Ok(nodes)
    }

    async fn unreadable(&self) -> Result<Vec<Unreadable>> {
        unreadable(self, self.connect_timeout()).await
    }

    fn statistics(&self) -> Statistics {
        statistics(self.readers().places(), self.writers.places())
    }

    async fn optimize(&self) -> Result<()> {
        let doing = format!("optimize `{}`", self.source.name());
        let mut lease = self.writers.lease().await?;
        let result = lease.command("ANALYZE", State::Idle, &doing).await;
        lease.count(&result);
        result
    }

    async fn close(&self) {
        tokio::join!(self.readers().close(), self.writers.close());
    }
}

#[async_trait]
impl Source for PostgresDatabaseManager {
    fn name(&self) -> &str {
        self.source.name()
    }

    async fn snapshot(&self) -> Result<Box<dyn Snapshot>> {
        self.source.snapshot().await
    }

    async fn version(&self, table: &str) -> Result<Option<Version>> {
        self.source.version(table).await
    }
}
