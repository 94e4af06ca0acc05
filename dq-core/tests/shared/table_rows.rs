//! Reads tables as people look at them: rows of texts.
//!
//! Included by the test binaries that need it with `#[path = "../shared/table_rows.rs"] mod table_rows;`.

use std::num::NonZeroUsize;
use std::thread;

use dq_core::Result;
use dq_core::source::{Cancellation, Partition, Scan, Snapshot};
use dq_core::value::Batch;

/// A row: texts and NULLs.
pub(crate) type Row = Vec<Option<String>>;

/// Waits for a future that never sleeps.
pub(crate) fn wait<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

/// What each partition of some columns of a table gives, by so many threads.
pub(crate) fn drained(
    snapshot: &dyn Snapshot,
    table: &str,
    columns: &[usize],
    threads: usize,
) -> Result<Vec<Result<Vec<Batch>>>> {
    let scan = Scan {
        table: table.to_owned(),
        columns: columns.to_vec(),
        partitions: NonZeroUsize::new(threads).unwrap(),
        cancellation: Cancellation::new(),
    };
    let partitions = wait(snapshot.scan(&scan))?;
    assert!((1..=threads).contains(&partitions.len()));
    let workers: Vec<_> =
        partitions.into_iter().map(|it| thread::spawn(move || wait(drain(it)))).collect();
    Ok(workers.into_iter().map(|it| it.join().unwrap()).collect())
}

async fn drain(mut partition: Box<dyn Partition>) -> Result<Vec<Batch>> {
    let mut batches = Vec::new();
    while let Some(batch) = partition.next().await? {
        batches.push(batch);
    }
    Ok(batches)
}

/// The batches of all partitions in the order of the table, or the first error.
pub(crate) fn in_order(drained: Vec<Result<Vec<Batch>>>) -> Result<Vec<Batch>> {
    let mut batches: Vec<Batch> = drained.into_iter().collect::<Result<Vec<_>>>()?.concat();
    batches.sort_by_key(Batch::sequence);
    assert!(batches.array_windows().all(|[one, two]| one.sequence() < two.sequence()));
    Ok(batches)
}

/// The rows of batches with so many columns.
pub(crate) fn rows_of(batches: &[Batch], columns: usize) -> Vec<Row> {
    batches.iter().flat_map(|it| rows_of_one(it, columns)).collect()
}

fn rows_of_one(batch: &Batch, columns: usize) -> Vec<Row> {
    assert_eq!(batch.columns().len(), columns);
    assert!(batch.columns().iter().all(|it| it.len() == batch.rows()));
    let text = |row: usize, column: usize| {
        let value = batch.column(column).value(row);
        (!value.is_null()).then(|| value.to_string())
    };
    (0..batch.rows()).map(|row| (0..columns).map(|it| text(row, it)).collect()).collect()
}

/// A row of texts; `-` stands for NULL.
pub(crate) fn row<const N: usize>(cells: [&str; N]) -> Row {
    cells.iter().map(|it| (*it != "-").then(|| (*it).to_owned())).collect()
}
