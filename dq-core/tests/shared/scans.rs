//! Reads databases as people look at them: single values, tables, rows of texts.
//!
//! Included by the test binaries that need it with `#[path = "../shared/scans.rs"] mod scans;`.

use std::num::NonZeroUsize;

use dq_core::Result;
use dq_core::database::DatabaseManager;
use dq_core::source::{Cancellation, Scan, Snapshot, Source};
use dq_core::value::{Batch, OwnedValue};

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
