//! The tables of a PostgreSQL database at one moment.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use sqlx::{AssertSqlSafe, Executor, Row};
use tokio::sync::{Mutex, MutexGuard};

use crate::clock::{Clock, within};
use crate::database::postgres::catalog;
use crate::database::postgres::catalog::{Kind, Table};
use crate::database::postgres::connection::{Lease, Pool, server_of};
use crate::database::postgres::copy;
use crate::database::postgres::copy::{Copy, Range};
use crate::database::postgres::error::{from_sqlx, of_scanning};
use crate::database::postgres::query;
use crate::database::postgres::seat::{ASIDE, BACK, Seat};
use crate::database::postgres::shards;
use crate::database::server::{Connector, State};
use crate::error::{Error, ErrorKind, Result};
use crate::source::{Dialect, Partition, Query, QueryRows, Reach, Scan, Snapshot, SqlTable};
use crate::value::TableSchema;

/// Begins a transaction that sees one moment.
const MOMENT: &str =
    "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL statement_timeout = 0";

/// The first version that finds rows by ranges of pages without reading all others.
const RANGE_VERSION: u32 = 140_000;

/// How long another connection is waited for: less than what a table takes that is worth one.
const PATIENCE: Duration = Duration::from_secs(1);
/// The first version that has all that statements of rules call.
const SQL_VERSION: u32 = 130_000;

/// How many pages a partition has at least: less is read sooner than another connection is made.
const PAGES_MIN: i64 = 256;

/// The tables of a PostgreSQL database at one moment: everything is read in transactions that see the same.
pub(crate) struct PostgresSnapshot {
    readers: Arc<Pool>,
    clock: Arc<dyn Clock>,
    /// The transaction whose moment all others take over; it lasts as long as the snapshot.
    main: Arc<Mutex<Lease>>,
    /// How many connections a scan may have beside it, as far as that has turned out.
    others_max: AtomicUsize,
    /// How others begin: with the name of the moment.
    begin: String,
    version: u32,
    checks_text: bool,
    /// Whether statements can be written for it.
    speaks: bool,
    tables: Vec<Table>,
    schemas: Vec<TableSchema>,
    /// The tables with rows on other servers of which something was read.
    distributed: std::sync::Mutex<BTreeSet<String>>,
}

impl PostgresSnapshot {
    /// Begins to read.
    pub(crate) async fn open(readers: &Arc<Pool>, clock: Arc<dyn Clock>) -> Result<Self> {
        let doing = format!("read the catalog of `{}`", readers.connector().name());
        let mut main = readers.begin(MOMENT).await?.and_reads_only();
        let exported = catalog::rows(&mut main, "SELECT pg_export_snapshot()", &doing).await?;
        let moment: String = match exported.first() {
            Some(row) => row.try_get(0).map_err(|it| from_sqlx(&doing, &it))?,
            None => return Err(Error::new(ErrorKind::Internal, "a snapshot has no name")),
        };
        let tables = catalog::read(&mut main, &doing).await?;
        if tables.iter().any(Table::has_parts) {
            main.command(shards::SETTINGS, State::Open, &doing).await?;
        }
        let schemas = tables.iter().map(|it| it.schema.clone()).collect();
        let server = server_of(&main);
        Ok(Self {
            readers: Arc::clone(readers),
            clock,
            main: Arc::new(Mutex::new(main)),
            others_max: AtomicUsize::new(usize::MAX),
            begin: format!("{MOMENT}; SET TRANSACTION SNAPSHOT '{moment}'"),
            version: server.version,
            checks_text: !server.knows_characters,
            speaks: server.keeps_utf_8 && server.version >= SQL_VERSION,
            tables,
            schemas,
            distributed: std::sync::Mutex::default(),
        })
    }

    fn table(&self, scan: &Scan) -> Result<&Table> {
        let failed = |kind, reason: String| {
            let (table, source) = (&scan.table, self.readers.connector().name());
            Error::new(kind, format!("cannot scan the table `{table}` of `{source}`: {reason}"))
        };
        let table = self.tables.iter().find(|it| it.schema.name == scan.table);
        let table = table.ok_or_else(|| failed(ErrorKind::NotFound, "there is none".to_owned()))?;
        match scan.columns.iter().find(|it| **it >= table.selected.len()) {
            Some(column) => {
                Err(failed(ErrorKind::UsageInvalid, format!("it has no column {column}")))
            }
            None => Ok(table),
        }
    }

    /// Keeps others from changing the shape of `table` until the snapshot ends, and gives the number of its
    /// pages, or of those of its largest partition; none where its rows do not lie in pages here.
    ///
    /// A table that was rewritten or emptied since the moment would look empty: no transaction sees its old
    /// rows then.
    async fn lock(&self, table: &Table) -> Result<Option<i64>> {
        if table.shards.is_some() {
            self.distributed().insert(format!("`{}`", table.schema.name));
        }
        let doing = format!("scan the table `{}`", table.schema.name);
        let mut main = self.main(&doing).await?;
        if matches!(table.kind, Kind::Plain | Kind::Partitioned | Kind::Parent) {
            let lock = format!("{ASIDE}; LOCK TABLE {} IN ACCESS SHARE MODE", table.sql_name);
            if let Err(error) = main.try_command(&lock, State::Open).await? {
                // Other tables can still be read. Where this fails, they cannot.
                drop(main.try_command(BACK, State::Open).await);
                return Err(of_scanning(&doing, &error));
            }
        }
        if table.kind == Kind::Other {
            return Ok(None);
        }
        let files = format!(
            "WITH RECURSIVE t (oid) AS (SELECT {}::oid UNION SELECT i.inhrelid FROM t JOIN pg_inherits i ON i.inhparent = t.oid) \
             SELECT bool_and(pg_relation_filenode(c.oid) IS NOT DISTINCT FROM nullif(c.relfilenode, 0)), \
                    coalesce(max(pg_relation_size(c.oid)) / current_setting('block_size')::int8, 0), \
                    bool_or(c.relkind = 'f') \
             FROM t JOIN pg_class c ON c.oid = t.oid",
            table.oid
        );
        let state = main.state();
        let query = sqlx::raw_sql(AssertSqlSafe(files));
        let found = main.start()?.fetch_one(query).await;
        main.settle(&found, state);
        let failed = |it| from_sqlx(&doing, &it);
        let row = found.map_err(failed)?;
        let is_same: Option<bool> = row.try_get(0).map_err(failed)?;
        if is_same != Some(true) {
            let message = format!("cannot {doing}: it was rewritten or emptied during the run");
            return Err(Error::new(ErrorKind::SourceChanged, message));
        }
        let has_foreign: Option<bool> = row.try_get(2).map_err(failed)?;
        let pages = row.try_get(1).map_err(failed)?;
        let is_split = table.kind != Kind::Parent && has_foreign == Some(false);
        Ok(is_split.then_some(pages))
    }

    fn distributed(&self) -> std::sync::MutexGuard<'_, BTreeSet<String>> {
        self.distributed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for the transaction that holds the moment. Others may read on it, as they do where there is no other.
    async fn main(&self, doing: &str) -> Result<MutexGuard<'_, Lease>> {
        self.readers.in_time(self.main.lock()).await.ok_or_else(|| {
            let reason = "the only connection is taken by another scan";
            Error::new(ErrorKind::Timeout, format!("cannot {doing}: {reason}"))
        })
    }

    /// As [`seats`](Self::seats); none for tables with parts, of which all is read on one connection: each takes
    /// a moment of its own from the servers of the parts.
    async fn seats_for(&self, has_parts: bool, wanted: usize) -> Vec<Seat> {
        if has_parts { Vec::new() } else { self.seats(wanted).await }
    }

    /// Connections that take over the moment, as many as are wanted, or fewer where no more are to be had soon: the
    /// pool, the server or somebody between may have no more of them.
    async fn seats(&self, wanted: usize) -> Vec<Seat> {
        let wanted = wanted.min(self.others_max.load(Ordering::Relaxed));
        let mut seats = Vec::new();
        while seats.len() < wanted {
            let next = async {
                match self.readers.try_begin(&self.begin).await {
                    None if seats.is_empty() => self.readers.begin(&self.begin).await.ok(),
                    lease => lease,
                }
            };
            let Some(lease) = Box::pin(within(&*self.clock, PATIENCE, next)).await else {
                self.others_max.store(seats.len(), Ordering::Relaxed);
                break;
            };
            let Some(lease) = lease else { break };
            seats.push(Seat::Own(lease.and_reads_only()));
        }
        seats
    }
}

#[async_trait]
impl Snapshot for PostgresSnapshot {
    fn tables(&self) -> &[TableSchema] {
        &self.schemas
    }

    async fn scan(&self, scan: &Scan) -> Result<Vec<Box<dyn Partition>>> {
        let table = self.table(scan)?;
        let pages = self.lock(table).await?.filter(|_| self.version >= RANGE_VERSION);
        let wanted = pages.map_or(1, |it| (it / PAGES_MIN).max(1));
        let wanted = scan.partitions.get().min(usize::try_from(wanted).unwrap_or(1));
        let mut seats = self.seats_for(table.has_parts(), wanted).await;
        if seats.is_empty() {
            seats.push(Seat::Shared(Arc::clone(&self.main)));
        }
        let ranges = Range::split(pages.unwrap_or(0), seats.len());
        let partitions =
            seats.into_iter().zip(ranges).enumerate().map(|(position, (seat, range))| {
                let copy =
                    Copy::new(table, &scan.columns, range, position as u64, self.checks_text);
                copy::start(seat, copy, scan.cancellation.clone(), Arc::clone(&self.clock))
            });
        Ok(partitions.collect())
    }

    async fn query(&self, query: &Query) -> Result<QueryRows> {
        let mut reaches_parts = false;
        for table in self.tables.iter().filter(|it| query.reads.contains(&it.schema.name)) {
            self.lock(table).await?;
            reaches_parts |= table.has_parts();
        }
        let seat = self.seats_for(reaches_parts, 1).await.pop();
        query::prepare(seat.unwrap_or_else(|| Seat::Shared(Arc::clone(&self.main))), query).await
    }

    async fn reach(&self, query: &Query) -> Result<Option<Reach>> {
        if !self.tables.iter().any(Table::has_parts) {
            return Ok(None);
        }
        let seat = Seat::Shared(Arc::clone(&self.main));
        Ok(query::plan(seat, query).await?.as_deref().and_then(shards::reach))
    }

    fn dialect(&self) -> Option<Dialect> {
        self.speaks.then_some(Dialect::Postgres)
    }

    fn sql_table(&self, table: &str) -> Option<SqlTable> {
        self.tables.iter().find(|it| it.schema.name == table).map(Table::sql)
    }

    async fn finish(&self) -> Result<()> {
        // Without it nothing is known of what was read on the other connections.
        let doing = format!("end a snapshot of `{}`", self.readers.connector().name());
        self.main(&doing).await?.command("SELECT 1", State::Open, &doing).await
    }

    fn notes(&self) -> Vec<String> {
        let hiding = self.tables.iter().filter(|it| it.hides_rows);
        let note = |it: &Table| {
            let name = &it.schema.name;
            format!("`{name}`: row-level security may hide rows from this user")
        };
        let names: Vec<_> = self.distributed().iter().cloned().collect();
        let per_shard = (!names.is_empty()).then(|| {
            let names = names.join(", ");
            format!("snapshot: per shard: each server of {names} was read at a moment of its own")
        });
        hiding.map(note).chain(per_shard).collect()
    }
}

impl fmt::Debug for PostgresSnapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresSnapshot")
            .field("source", &self.readers.connector().name())
            .finish_non_exhaustive()
    }
}
