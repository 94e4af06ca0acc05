//! A database of a test, and all that a scan of it gives.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::num::NonZeroUsize;
use std::path::PathBuf;

use dq_core::database::sqlite::{ScanMethod, SqliteConfig, SqliteSource};
use dq_core::source::{Cancellation, Scan, Snapshot, Source};
use dq_core::value::{Batch, Value};
use dq_core::{ErrorKind, Result};
use rusqlite::Connection;

/// A database file in a folder of its own, and a connection that may write to it.
pub(crate) struct Database {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) connection: Connection,
}

impl Database {
    /// A database that `sql` made.
    pub(crate) fn new(sql: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let connection = Connection::open(folder.path().join("test.db")).unwrap();
        connection.execute_batch(sql).unwrap();
        Self { folder, connection }
    }

    pub(crate) fn run(&self, sql: &str) {
        self.connection.execute_batch(sql).unwrap();
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("test.db")
    }

    pub(crate) fn source(&self, method: ScanMethod) -> SqliteSource {
        SqliteSource::new(SqliteConfig { scan_method: method, ..SqliteConfig::new(self.path()) })
            .unwrap()
    }

    /// Every value of `table` as text, row by row, from a new snapshot.
    pub(crate) async fn rows(
        &self,
        method: ScanMethod,
        table: &str,
        partitions: usize,
    ) -> Result<Vec<String>> {
        let snapshot = self.source(method).snapshot().await?;
        let rows = rows_of(&*snapshot, table, None, partitions).await?;
        snapshot.finish().await?;
        Ok(rows)
    }

    /// Asserts that `table` is the same by statements and by pages, whole and column by column.
    pub(crate) async fn assert_same(&self, table: &str) -> Vec<String> {
        let expected = self.rows(ScanMethod::Statements, table, 1).await.unwrap();
        assert_eq!(self.rows(ScanMethod::Statements, table, 3).await.unwrap(), expected);
        assert_eq!(self.rows(ScanMethod::Pages, table, 1).await.unwrap(), expected);
        assert_eq!(self.rows(ScanMethod::Pages, table, 3).await.unwrap(), expected);
        let statements = self.source(ScanMethod::Statements).snapshot().await.unwrap();
        let pages = self.source(ScanMethod::Pages).snapshot().await.unwrap();
        let width = pages.tables().iter().find(|it| it.name == table).unwrap().columns.len();
        for column in 0..width {
            for columns in [vec![column], vec![width - 1, column, column]] {
                let expected =
                    rows_of(&*statements, table, Some(columns.clone()), 1).await.unwrap();
                let found = rows_of(&*pages, table, Some(columns), 2).await.unwrap();
                assert_eq!(found, expected, "column {column}");
            }
        }
        assert_eq!(rows_of(&*pages, table, Some(vec![]), 2).await.unwrap().len(), expected.len());
        expected
    }

    /// Asserts that pages cannot give `table`, and that the automatic choice then takes statements.
    pub(crate) async fn assert_only_statements(&self, table: &str) -> Vec<String> {
        let error = self.rows(ScanMethod::Pages, table, 1).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported, "{error}");
        let expected = self.rows(ScanMethod::Statements, table, 1).await.unwrap();
        assert_eq!(self.rows(ScanMethod::Auto, table, 3).await.unwrap(), expected);
        expected
    }
}

/// Every value of some columns of `table` as text, row by row.
pub(crate) async fn rows_of(
    snapshot: &dyn Snapshot,
    table: &str,
    columns: Option<Vec<usize>>,
    partitions: usize,
) -> Result<Vec<String>> {
    let width =
        snapshot.tables().iter().find(|it| it.name == table).map_or(0, |it| it.columns.len());
    let scan = Scan {
        table: table.to_owned(),
        columns: columns.unwrap_or_else(|| (0..width).collect()),
        partitions: NonZeroUsize::new(partitions).unwrap(),
        cancellation: Cancellation::new(),
    };
    let mut batches = Vec::new();
    let mut running = snapshot.scan(&scan).await?;
    assert!((1..=partitions).contains(&running.len()));
    // In turns, as threads might.
    while !running.is_empty() {
        let mut left = Vec::new();
        for mut partition in running {
            if let Some(batch) = partition.next().await? {
                batches.push(batch);
                left.push(partition);
            }
        }
        running = left;
    }
    batches.sort_by_key(Batch::sequence);
    assert!(batches.windows(2).all(|it| it[0].sequence() < it[1].sequence()));
    Ok(batches.iter().flat_map(shown).collect())
}

fn shown(batch: &Batch) -> Vec<String> {
    let row = |row| {
        let values = batch.columns().iter().map(|it| text_of(it.value(row)));
        values.collect::<Vec<_>>().join(" | ")
    };
    assert!(batch.rows() > 0, "an empty batch");
    assert!(batch.columns().iter().all(|it| it.len() == batch.rows()));
    (0..batch.rows()).map(row).collect()
}

/// A value with its type; bytes that nobody wants to read as their number and hash.
fn text_of(value: Value<'_>) -> String {
    match value {
        Value::Text(it) => format!("{:?}", str::from_utf8(it).unwrap()),
        Value::Bytes(it) if it.len() > 32 => {
            let mut hasher = DefaultHasher::new();
            it.hash(&mut hasher);
            format!("{} bytes {:x}", it.len(), hasher.finish())
        }
        value => format!("{value:?}"),
    }
}
