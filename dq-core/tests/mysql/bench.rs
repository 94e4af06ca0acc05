//! Databases to try things on.

use std::num::NonZeroUsize;
use std::sync::Arc;

use dq_core::Result;
use dq_core::clock::SystemClock;
use dq_core::database::mysql::{MySqlConfig, MySqlDatabaseManager};
use dq_core::database::{DatabaseManager, RowStream};
use dq_core::source::{Cancellation, Scan, Snapshot, Source};
use dq_core::value::{Batch, OwnedValue};

use crate::servers::mariadb::MariaDbServer;

/// Rows without end, or nearly, and at once: MariaDB makes the rows of a sequence as they are asked for.
pub(crate) const ENDLESS: &str = "SELECT seq AS i FROM seq_1_to_9223372036854775807";

/// An empty database on a server that other tests use, too.
#[derive(Debug)]
pub(crate) struct Place {
    pub(crate) server: Arc<MariaDbServer>,
    pub(crate) name: String,
}

impl Place {
    /// Makes one; none where tests that need MariaDB are left out.
    pub(crate) fn new() -> Option<Self> {
        let server = MariaDbServer::shared()?;
        let name = server.database();
        Some(Self { server, name })
    }

    /// How it is reached, with few connections.
    pub(crate) fn config(&self) -> MySqlConfig {
        few(&self.server.url(&self.name))
    }

    /// Runs `sql` as the owner of everything.
    pub(crate) fn run(&self, sql: &str) -> String {
        self.server.run(&self.name, sql)
    }

    pub(crate) async fn open(&self) -> MySqlDatabaseManager {
        open(self.config()).await
    }
}

/// A configuration with few connections.
pub(crate) fn few(url: &str) -> MySqlConfig {
    MySqlConfig { readers: 4, writers: 4, ..MySqlConfig::new(url) }
}

pub(crate) async fn open(config: MySqlConfig) -> MySqlDatabaseManager {
    try_open(config).await.unwrap()
}

pub(crate) async fn try_open(config: MySqlConfig) -> Result<MySqlDatabaseManager> {
    MySqlDatabaseManager::open(config, Arc::new(SystemClock)).await
}

/// Takes every connection that reads.
pub(crate) async fn exhaust(database: &dyn DatabaseManager) -> Vec<RowStream> {
    let mut streams = Vec::new();
    for _ in 0..database.statistics().readers.size {
        streams.push(database.stream(&ENDLESS.into()).await.unwrap());
    }
    streams
}

/// The first value of the first row.
pub(crate) async fn scalar(database: &dyn DatabaseManager, sql: &str) -> OwnedValue {
    database.query(&sql.into()).await.unwrap().scalar().into()
}

/// How to scan all columns of `table`.
pub(crate) fn whole(snapshot: &dyn Snapshot, table: &str, partitions: usize) -> Scan {
    let schema = snapshot.tables().iter().find(|it| it.name == table);
    Scan {
        table: table.to_owned(),
        columns: (0..schema.map_or(0, |it| it.columns.len())).collect(),
        partitions: NonZeroUsize::new(partitions).unwrap(),
        cancellation: Cancellation::new(),
    }
}

/// Scans all columns of `table`; gives the batches in the order of the table, and the number of partitions.
pub(crate) async fn scan(source: &dyn Source, table: &str) -> Result<(Vec<Batch>, usize)> {
    let snapshot = source.snapshot().await?;
    let read = read(&*snapshot, &whole(&*snapshot, table, 4)).await?;
    snapshot.finish().await?;
    Ok(read)
}

pub(crate) async fn read(snapshot: &dyn Snapshot, scan: &Scan) -> Result<(Vec<Batch>, usize)> {
    let partitions = snapshot.scan(scan).await?;
    let count = partitions.len();
    let mut batches = Vec::new();
    for mut partition in partitions {
        while let Some(batch) = partition.next().await? {
            batches.push(batch);
        }
    }
    batches.sort_by_key(Batch::sequence);
    Ok((batches, count))
}

/// The rows of `batches` as text.
pub(crate) fn rows(batches: &[Batch]) -> Vec<Vec<String>> {
    let row = |batch: &Batch, row: usize| {
        batch.columns().iter().map(|it| it.value(row).to_string()).collect()
    };
    batches.iter().flat_map(|it| (0..it.rows()).map(move |at| row(it, at))).collect()
}

/// The number of rows of `batches`.
pub(crate) fn count(batches: &[Batch]) -> usize {
    batches.iter().map(Batch::rows).sum()
}
