//! One MySQL database, with everything a service does to it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use crate::clock::Clock;
use crate::database::mysql::catalog;
use crate::database::mysql::config::MySqlConfig;
use crate::database::mysql::connection::{Lease, MySqlConnector, Pool, begin_reading, text};
use crate::database::mysql::error::from_sqlx;
use crate::database::mysql::privileges::privileges;
use crate::database::mysql::result::collect;
use crate::database::mysql::source::MySqlSource;
use crate::database::mysql::statement::{execute, prepare_again, prepare_rows};
use crate::database::mysql::stream;
use crate::database::mysql::transaction::MySqlTransaction;
use crate::database::mysql::unreadable::unreadable;
use crate::database::places::statistics;
use crate::database::server::{IsolationLevel, State};
use crate::database::{
    DatabaseManager, Health, QueryResult, RowStream, Statement, Statistics, TablePrivileges,
    Transaction, Unreadable,
};
use crate::error::Result;
use crate::source::{Snapshot, Source, Version};
use crate::value::TableSchema;

/// What the database tells about itself.
const DETAILS: &str = "\
SELECT version(), CAST((SELECT coalesce(sum(data_length + index_length), 0) FROM information_schema.tables \
    WHERE table_schema = DATABASE()) AS CHAR), CAST(@@max_connections AS CHAR), \
    CASE WHEN @@read_only THEN 'true' ELSE 'false' END";

/// The names of those details.
const DETAIL_NAMES: [&str; 4] = ["engine_version", "size_bytes", "connections_max", "is_read_only"];

/// How many connections there are, of everyone.
const CONNECTIONS: &str = "SHOW GLOBAL STATUS LIKE 'Threads_connected'";

/// How many tables are analysed by one statement.
const TABLES_PER_STATEMENT: usize = 100;

/// One MySQL or MariaDB database: a pool of connections that only read, and one of connections that write.
///
/// Queries and streams run in transactions that only read. A statement whose future is dropped is ended on the
/// server, with its connection; until that is done its place in the pool counts as taken.
///
/// In [`execute`](DatabaseManager::execute) and [`Transaction::commit`], an error of kind `OutcomeUnknown` says
/// that the connection was lost before the server answered. In a transaction, statements that would commit it
/// (`CREATE`, `ALTER`, `TRUNCATE`, …) are `QueryInvalid`.
#[derive(Debug)]
pub struct MySqlDatabaseManager {
    source: MySqlSource,
    clock: Arc<dyn Clock>,
    writers: Arc<Pool>,
    isolation: IsolationLevel,
    statement_timeout_ms: u64,
    result_size_max_bytes: usize,
}

impl MySqlDatabaseManager {
    /// Opens the database that `config` names, and connects to it once.
    ///
    /// # Errors
    ///
    /// `Unavailable` or `Timeout` if the server does not answer, `PermissionDenied` if it lets this user not in,
    /// `NotFound` if it has no such database, `ConfigInvalid` for a value out of its range.
    pub async fn open(config: MySqlConfig, clock: Arc<dyn Clock>) -> Result<Self> {
        let database = Self::new(&config, clock)?;
        drop(database.readers().lease().await?);
        Ok(database)
    }

    /// The database that `config` names; nothing is connected before the first call.
    pub(crate) fn new(config: &MySqlConfig, clock: Arc<dyn Clock>) -> Result<Self> {
        let source = MySqlSource::new(config, Arc::clone(&clock))?;
        let connector = Arc::clone(source.readers().connector());
        let limits = config.limits(config.writers);
        let writers = Pool::new("writer", limits, connector, Arc::clone(&clock));
        Ok(Self {
            source,
            clock,
            writers,
            isolation: config.isolation,
            statement_timeout_ms: config.statement_timeout_ms,
            result_size_max_bytes: config.result_size_max_bytes,
        })
    }

    fn readers(&self) -> &Arc<Pool> {
        self.source.readers()
    }

    /// What times it.
    pub(crate) fn clock(&self) -> &dyn Clock {
        &*self.clock
    }

    /// How long a connection is waited for that is made.
    pub(crate) fn connect_timeout(&self) -> Duration {
        self.connector().timeout()
    }

    fn connector(&self) -> &Arc<MySqlConnector> {
        self.readers().connector()
    }

    /// Waits for a connection, and begins to read; a query gives at most `rows_max` rows, and one more.
    async fn begin_reading(&self, rows_max: Option<usize>) -> Result<Lease> {
        let begin = begin_reading(self.statement_timeout_ms, rows_max);
        Ok(self.readers().begin(&begin).await?.and_reads_only())
    }

    async fn details(&self) -> Result<BTreeMap<&'static str, String>> {
        let doing = format!("read `{}`", self.source.name());
        let mut lease = self.begin_reading(None).await?;
        let details = read_details(&mut lease, &doing).await;
        lease.finish_with(details).await
    }

    async fn analyze(&self, doing: &str) -> Result<()> {
        let mut lease = self.begin_reading(None).await?;
        let tables = catalog::read(&mut lease, doing).await;
        lease.finish_reading().await;
        let tables = tables?.into_iter().filter(|it| !it.is_view);
        let names: Vec<_> = tables.map(|it| catalog::quoted(&it.schema.name)).collect();
        let mut lease = self.writers.lease().await?;
        for names in names.chunks(TABLES_PER_STATEMENT) {
            let sql = format!("ANALYZE NO_WRITE_TO_BINLOG TABLE {}", names.join(", "));
            lease.command(&sql, State::Idle, doing).await?;
        }
        Ok(())
    }
}

async fn read_details(lease: &mut Lease, doing: &str) -> Result<BTreeMap<&'static str, String>> {
    let failed = |it| from_sqlx(doing, &it);
    let mut details = BTreeMap::new();
    for row in catalog::rows(lease, DETAILS, doing).await? {
        for (column, name) in DETAIL_NAMES.into_iter().enumerate() {
            details.insert(name, text(&row, column).map_err(failed)?);
        }
    }
    for row in catalog::rows(lease, CONNECTIONS, doing).await? {
        details.insert("connections", text(&row, 1).map_err(failed)?);
    }
    Ok(details)
}

#[async_trait]
impl DatabaseManager for MySqlDatabaseManager {
    async fn query(&self, statement: &Statement) -> Result<QueryResult> {
        let doing = format!("query `{}`", self.source.name());
        let mut lease = self.begin_reading(statement.row_limit()).await?;
        let bytes_max = self.result_size_max_bytes;
        let result = collect(&mut lease, self.connector(), statement, bytes_max, &doing).await;
        lease.finish_with(result).await
    }

    async fn stream(&self, statement: &Statement) -> Result<RowStream> {
        let doing = format!("query `{}`", self.source.name());
        let mut lease = self.begin_reading(statement.row_limit()).await?;
        let prepared = match prepare_rows(&mut lease, statement, &doing).await {
            Ok(_) => prepare_again(&mut lease, statement, &doing).await,
            Err(error) => Err(error),
        };
        match prepared {
            Ok(prepared) => {
                let columns = prepared.columns.clone();
                let connector = Arc::clone(self.connector());
                let rows = stream::start(lease, connector, prepared, statement.row_limit(), doing);
                Ok(RowStream::new(columns, rows))
            }
            Err(error) => lease.finish_with(Err(error)).await,
        }
    }

    async fn execute(&self, statement: &Statement) -> Result<u64> {
        let doing = format!("change `{}`", self.source.name());
        let mut lease = self.writers.lease().await?;
        let result = execute(&mut lease, statement, &doing).await;
        lease.count(&result);
        result
    }

    async fn begin(&self) -> Result<Box<dyn Transaction>> {
        let bytes_max = self.result_size_max_bytes;
        Ok(Box::new(MySqlTransaction::begin(&self.writers, self.isolation, bytes_max).await?))
    }

    async fn catalog(&self) -> Result<Vec<TableSchema>> {
        let doing = format!("read the catalog of `{}`", self.source.name());
        let mut lease = self.begin_reading(None).await?;
        let tables = catalog::read(&mut lease, &doing).await;
        let tables = lease.finish_with(tables).await?;
        Ok(tables.into_iter().map(|it| it.schema).collect())
    }

    async fn health(&self) -> Health {
        let start = self.clock.now();
        let answer = self.details().await;
        Health::new("mysql", self.clock.now().saturating_duration_since(start), answer)
    }

    async fn privileges(&self) -> Result<Vec<TablePrivileges>> {
        let doing = format!("read the privileges in `{}`", self.source.name());
        let mut lease = self.begin_reading(None).await?;
        let told = async {
            let mut told = Vec::new();
            for table in catalog::read(&mut lease, &doing).await? {
                told.push(privileges(&mut lease, &table, &doing).await?);
            }
            Ok(told)
        };
        let told = told.await;
        lease.count(&told);
        lease.finish_reading().await;
        told
    }

    async fn unreadable(&self) -> Result<Vec<Unreadable>> {
        let doing = format!("read the catalog of `{}`", self.source.name());
        let mut lease = self.begin_reading(None).await?;
        let tables = catalog::read(&mut lease, &doing).await;
        lease.finish_reading().await;
        Ok(unreadable(self, tables?).await)
    }

    fn statistics(&self) -> Statistics {
        statistics(self.readers().places(), self.writers.places())
    }

    async fn optimize(&self) -> Result<()> {
        let doing = format!("optimize `{}`", self.source.name());
        let result = self.analyze(&doing).await;
        self.writers.places().count(&result);
        result
    }

    async fn close(&self) {
        tokio::join!(self.readers().close(), self.writers.close());
    }
}

#[async_trait]
impl Source for MySqlDatabaseManager {
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
