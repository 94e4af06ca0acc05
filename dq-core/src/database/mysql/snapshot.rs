//! The tables of a MySQL database at one moment.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;

use crate::clock::Clock;
use crate::database::mysql::catalog;
use crate::database::mysql::catalog::{Table, quoted};
use crate::database::mysql::config::ParallelSnapshot;
use crate::database::mysql::connection::{
    Lease, MySqlConnector, Pool, begin_moment, session_of, text,
};
use crate::database::mysql::error::{from_sqlx, of_scanning};
use crate::database::mysql::query;
use crate::database::mysql::range::Range;
use crate::database::mysql::scan;
use crate::database::mysql::scan::{Place, Scanned, Stream};
use crate::database::server::{Connector, State};
use crate::error::{Error, ErrorKind, Result};
use crate::source::{Dialect, Partition, Query, QueryRows, Scan, Snapshot, SqlTable};
use crate::value::TableSchema;

/// How many rows a partition has at least, by the server's estimate: less is read sooner than it is divided.
const ROWS_MIN: u64 = 10_000;

/// How a snapshot reads.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Streams {
    pub(crate) parallel: ParallelSnapshot,
    /// How many connections, if there may be several.
    pub(crate) count: usize,
}

/// The tables of a MySQL database at one moment: everything is read in transactions that see the same.
pub(crate) struct MySqlSnapshot {
    readers: Arc<Pool>,
    clock: Arc<dyn Clock>,
    /// One, or several that began while nobody could write.
    streams: Vec<Stream>,
    is_mariadb: bool,
    tables: Vec<Table>,
    schemas: Vec<TableSchema>,
    /// Tables that were read and whose rows have no versions.
    momentless: Mutex<BTreeSet<String>>,
}

impl MySqlSnapshot {
    /// Begins to read.
    pub(crate) async fn open(
        readers: &Arc<Pool>,
        clock: Arc<dyn Clock>,
        streams: Streams,
    ) -> Result<Self> {
        let doing = format!("read the catalog of `{}`", readers.connector().name());
        let mut leases = match streams.parallel {
            ParallelSnapshot::Off => vec![readers.begin(&begin_moment()).await?.and_reads_only()],
            ParallelSnapshot::Lock => begin_together(readers, streams.count).await?,
        };
        let first = leases.first().map(session_of).transpose()?;
        let tables = match leases.first_mut() {
            Some(first) => catalog::read(first, &doing).await?,
            None => Vec::new(),
        };
        Ok(Self {
            readers: Arc::clone(readers),
            clock,
            streams: leases.into_iter().map(|it| Arc::new(tokio::sync::Mutex::new(it))).collect(),
            is_mariadb: first.is_some_and(|it| it.server.is_mariadb),
            schemas: tables.iter().map(|it| it.schema.clone()).collect(),
            tables,
            momentless: Mutex::default(),
        })
    }

    fn table(&self, scan: &Scan) -> Result<&Table> {
        let failed = |kind, reason: String| {
            let (table, source) = (&scan.table, self.readers.connector().name());
            Error::new(kind, format!("cannot scan the table `{table}` of `{source}`: {reason}"))
        };
        let hidden = "there is none that this user may see".to_owned();
        let table = self.tables.iter().find(|it| it.schema.name == scan.table);
        let table = table.ok_or_else(|| failed(ErrorKind::NotFound, hidden))?;
        match scan.columns.iter().find(|it| **it >= table.schema.columns.len()) {
            Some(column) => {
                Err(failed(ErrorKind::UsageInvalid, format!("it has no column {column}")))
            }
            None => Ok(table),
        }
    }

    fn note_reading(&self, table: &Table) {
        if !table.has_moments {
            let mut momentless = self.momentless.lock().unwrap_or_else(PoisonError::into_inner);
            momentless.insert(table.schema.name.clone());
        }
    }

    fn place(&self, stream: &Stream) -> Place {
        let (readers, clock) = (Arc::clone(&self.readers), Arc::clone(&self.clock));
        Place { stream: Arc::clone(stream), readers, clock }
    }

    /// The ranges of rows that are read side by side.
    async fn ranges(&self, table: &Table, partitions: usize, doing: &str) -> Result<Vec<Range>> {
        let rows = table.schema.rows_estimate.unwrap_or(0);
        let parts = usize::try_from(rows / ROWS_MIN).unwrap_or(usize::MAX);
        let parts = parts.min(partitions).min(self.streams.len());
        let (Some(key), Some(stream)) = (&table.range_key, self.streams.first()) else {
            return Ok(vec![Range::WHOLE]);
        };
        if parts < 2 {
            return Ok(vec![Range::WHOLE]);
        }
        let (key, name) = (quoted(key), quoted(&table.schema.name));
        let sql = format!("SELECT CAST(min({key}) AS CHAR), CAST(max({key}) AS CHAR) FROM {name}");
        let mut lease = scan::lock(&self.place(stream), doing).await?;
        let found = catalog::rows_or(&mut lease, &sql, |it| of_scanning(doing, it)).await?;
        let bound = |column| found.first().and_then(|it| text(it, column).ok()?.parse().ok());
        Ok(match (bound(0), bound(1)) {
            (Some(least), Some(greatest)) => Range::split(least, greatest, parts),
            _ => vec![Range::WHOLE],
        })
    }
}

/// Begins up to `count` transactions that see the same moment: nobody writes while they begin. As many as there
/// are connections without waiting.
async fn begin_together(readers: &Arc<Pool>, count: usize) -> Result<Vec<Lease>> {
    let mut first = readers.lease().await?.and_reads_only();
    let mut others = Vec::new();
    // Until all is done the connection counts as busy: if this future is dropped, or something fails, it is ended,
    // and with it the lock.
    let connection = first.start()?;
    let began = async {
        MySqlConnector::run(connection, "FLUSH TABLES WITH READ LOCK").await?;
        MySqlConnector::run(connection, &begin_moment()).await?;
        while others.len() + 1 < count {
            let Some(other) = readers.try_begin(&begin_moment()).await else { break };
            others.push(other.and_reads_only());
        }
        MySqlConnector::run(connection, "UNLOCK TABLES").await
    };
    if let Err(error) = began.await {
        let doing = format!("lock the tables of `{}`", readers.connector().name());
        return Err(from_sqlx(doing, &error));
    }
    first.settle(&Ok(()), State::Open);
    others.insert(0, first);
    Ok(others)
}

#[async_trait]
impl Snapshot for MySqlSnapshot {
    fn tables(&self) -> &[TableSchema] {
        &self.schemas
    }

    async fn scan(&self, scan: &Scan) -> Result<Vec<Box<dyn Partition>>> {
        let table = self.table(scan)?;
        let name = &table.schema.name;
        let doing = format!("scan the table `{name}`");
        self.note_reading(table);
        let columns: Vec<_> =
            scan.columns.iter().filter_map(|it| table.schema.columns.get(*it)).collect();
        let list: Vec<_> = columns.iter().map(|it| quoted(&it.name)).collect();
        let list = if list.is_empty() { "1".to_owned() } else { list.join(", ") };
        let key = table.range_key.as_deref().map(quoted).unwrap_or_default();
        let ranges = self.ranges(table, scan.partitions.get(), &doing).await?;
        let partitions = ranges.into_iter().zip(&self.streams).zip(0..);
        let partitions = partitions.map(|((range, stream), position)| {
            let scanned = Scanned {
                sql: format!("SELECT {list} FROM {}{}", quoted(name), range.condition(&key)),
                values: Vec::new(),
                refuses_warnings: false,
                types: Some(columns.iter().map(|it| it.value_type).collect()),
                doing: doing.clone(),
                position,
            };
            scan::start(self.place(stream), scanned, scan.cancellation.clone())
        });
        Ok(partitions.collect())
    }

    async fn query(&self, query: &Query) -> Result<QueryRows> {
        let Some(stream) = self.streams.first() else {
            return Err(Error::new(ErrorKind::Internal, "a snapshot has no connection"));
        };
        let read = self.tables.iter().filter(|it| query.reads.contains(&it.schema.name));
        read.for_each(|it| self.note_reading(it));
        query::prepare(self.place(stream), query).await
    }

    fn dialect(&self) -> Option<Dialect> {
        self.is_mariadb.then_some(Dialect::MariaDb)
    }

    fn sql_table(&self, table: &str) -> Option<SqlTable> {
        self.tables.iter().find(|it| it.schema.name == table).map(Table::sql)
    }

    async fn finish(&self) -> Result<()> {
        // Without it nothing is known of what was read.
        let doing = format!("end a snapshot of `{}`", self.readers.connector().name());
        for stream in &self.streams {
            let mut lease = scan::lock(&self.place(stream), &doing).await?;
            lease.command("DO 0", State::Open, &doing).await?;
        }
        Ok(())
    }

    fn notes(&self) -> Vec<String> {
        let momentless = self.momentless.lock().unwrap_or_else(PoisonError::into_inner);
        let note = |it: &String| {
            format!("`{it}`: its rows have no versions, so they are those of when it was read")
        };
        momentless.iter().map(note).collect()
    }
}

impl fmt::Debug for MySqlSnapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MySqlSnapshot")
            .field("source", &self.readers.connector().name())
            .field("streams", &self.streams.len())
            .finish_non_exhaustive()
    }
}
