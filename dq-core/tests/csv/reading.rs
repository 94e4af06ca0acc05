//! Reads tables as people look at them: rows of texts.

use std::fs;
use std::num::NonZeroUsize;
use std::path::Path;
use std::thread;

use dq_core::source::csv::{CsvOptions, CsvSource};
use dq_core::source::{Cancellation, Partition, Scan, Snapshot, Source};
use dq_core::value::Batch;
use dq_core::{Error, Result};
use tempfile::TempDir;

/// A row: texts and NULLs.
pub(crate) type Row = Vec<Option<String>>;

/// A table: the names of its columns, and its rows in their order.
#[derive(Debug, PartialEq)]
pub(crate) struct Rows {
    pub(crate) names: Vec<String>,
    pub(crate) rows: Vec<Row>,
}

/// Waits for a future that never sleeps.
pub(crate) fn wait<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

/// All columns of the table `data` of `spec`, by one partition.
pub(crate) fn read(spec: impl AsRef<Path>, options: CsvOptions) -> Result<Rows> {
    read_parallel(spec, options, 1)
}

/// All columns of the table `data` of `spec`, by so many threads.
pub(crate) fn read_parallel(
    spec: impl AsRef<Path>,
    options: CsvOptions,
    threads: usize,
) -> Result<Rows> {
    let source = CsvSource::open(spec.as_ref().to_str().unwrap(), options)?;
    let snapshot = wait(source.snapshot())?;
    let names: Vec<_> = snapshot.tables()[0].columns.iter().map(|it| it.name.clone()).collect();
    let columns: Vec<_> = (0..names.len()).collect();
    let rows = rows(&*snapshot, "data", &columns, threads)?;
    wait(snapshot.finish())?;
    Ok(Rows { names, rows })
}

/// Some columns of a table of a snapshot, by so many threads.
pub(crate) fn rows(
    snapshot: &dyn Snapshot,
    table: &str,
    columns: &[usize],
    threads: usize,
) -> Result<Vec<Row>> {
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
    let errors = drained.iter().filter(|it| it.is_err()).count();
    assert!(errors <= 1, "one error is reported once: {drained:?}");
    let mut batches: Vec<Batch> = drained.into_iter().collect::<Result<Vec<_>>>()?.concat();
    batches.sort_by_key(Batch::sequence);
    assert!(batches.array_windows().all(|[one, two]| one.sequence() < two.sequence()));
    Ok(batches.iter().flat_map(|it| rows_of(it, columns.len())).collect())
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

/// A directory with one file, `data.csv`.
pub(crate) fn file(content: impl AsRef<[u8]>) -> (TempDir, String) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("data.csv");
    fs::write(&path, content).unwrap();
    let path = path.to_str().unwrap().to_owned();
    (directory, path)
}

/// The rows of a file with this content.
pub(crate) fn read_text(content: impl AsRef<[u8]>, options: CsvOptions) -> Result<Rows> {
    let (_directory, path) = file(content);
    read(path, options)
}

/// The error of reading a file with this content; the path of the file is written `FILE`.
pub(crate) fn error_of(content: impl AsRef<[u8]>, options: CsvOptions) -> (Error, String) {
    let (_directory, path) = file(content);
    let error = read(&path, options).unwrap_err();
    let message = error.message().replace(&path, "FILE");
    (error, message)
}

/// A row of texts; `-` stands for NULL.
pub(crate) fn row<const N: usize>(cells: [&str; N]) -> Row {
    cells.iter().map(|it| (*it != "-").then(|| (*it).to_owned())).collect()
}
