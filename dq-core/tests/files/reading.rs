//! Reads tables as people look at them: rows of texts.

use std::num::NonZeroUsize;
use std::thread;

use dq_core::source::{Cancellation, Partition, Scan, Snapshot, Source};
use dq_core::value::{Batch, ValueType};
use dq_core::{ErrorKind, Result};

/// A row: texts and NULLs.
pub(crate) type Row = Vec<Option<String>>;

/// Waits for a future that never sleeps.
pub(crate) fn wait<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

/// All columns of the table `data`, by so many threads.
pub(crate) fn read(source: &dyn Source, threads: usize) -> Result<Vec<Row>> {
    let snapshot = wait(source.snapshot())?;
    let columns: Vec<_> = (0..snapshot.tables()[0].columns.len()).collect();
    let rows = rows(&*snapshot, "data", &columns, threads)?;
    wait(snapshot.finish())?;
    Ok(rows)
}

/// Some columns of a table of a snapshot, by so many threads.
pub(crate) fn rows(
    snapshot: &dyn Snapshot,
    table: &str,
    columns: &[usize],
    threads: usize,
) -> Result<Vec<Row>> {
    let batches = batches(snapshot, table, columns, threads)?;
    Ok(batches.iter().flat_map(|it| rows_of(it, columns.len())).collect())
}

/// The batches in their order.
pub(crate) fn batches(
    snapshot: &dyn Snapshot,
    table: &str,
    columns: &[usize],
    threads: usize,
) -> Result<Vec<Batch>> {
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
    let drained: Vec<_> = workers.into_iter().map(|it| it.join().unwrap()).collect();
    let mut batches: Vec<Batch> = drained.into_iter().collect::<Result<Vec<_>>>()?.concat();
    batches.sort_by_key(Batch::sequence);
    assert!(batches.array_windows().all(|[one, two]| one.sequence() < two.sequence()));
    Ok(batches)
}

async fn drain(mut partition: Box<dyn Partition>) -> Result<Vec<Batch>> {
    let mut batches = Vec::new();
    while let Some(batch) = partition.next().await? {
        batches.push(batch);
    }
    Ok(batches)
}

fn rows_of(batch: &Batch, columns: usize) -> Vec<Row> {
    assert_eq!(batch.columns().len(), columns);
    assert!(batch.columns().iter().all(|it| it.len() == batch.rows()));
    let text = |row: usize, column: usize| {
        let value = batch.column(column).value(row);
        (!value.is_null()).then(|| value.to_string())
    };
    (0..batch.rows()).map(|row| (0..columns).map(|it| text(row, it)).collect()).collect()
}

/// The tables of a source: their names, and the names and types of their columns.
pub(crate) fn tables(source: &dyn Source) -> Vec<(String, Vec<(String, ValueType)>)> {
    let snapshot = wait(source.snapshot()).unwrap();
    let table = |it: &dq_core::value::TableSchema| {
        let column = |it: &dq_core::value::ColumnSchema| (it.name.clone(), it.value_type);
        (it.name.clone(), it.columns.iter().map(column).collect())
    };
    snapshot.tables().iter().map(table).collect()
}

/// What a failure says, and its kind; the path of `folder` is written `DIR`.
pub(crate) fn told<T>(folder: &tempfile::TempDir, result: Result<T>) -> (ErrorKind, String) {
    let Err(error) = result else { panic!("an error is expected") };
    (error.kind(), error.message().replace(folder.path().to_str().unwrap(), "DIR"))
}

/// A row of texts; `-` stands for NULL.
pub(crate) fn row<const N: usize>(cells: [&str; N]) -> Row {
    cells.iter().map(|it| (*it != "-").then(|| (*it).to_owned())).collect()
}
