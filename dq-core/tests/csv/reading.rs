//! Reads CSV files as people look at them: rows of texts.

use std::fs;
use std::path::Path;

use dq_core::source::csv::{CsvOptions, CsvSource};
use dq_core::source::{Snapshot, Source};
use dq_core::{Error, Result};
use tempfile::TempDir;

pub(crate) use crate::table_rows::{Row, row, wait};
use crate::table_rows::{drained, in_order, rows_of};

/// A table: the names of its columns, and its rows in their order.
#[derive(Debug, PartialEq)]
pub(crate) struct Rows {
    pub(crate) names: Vec<String>,
    pub(crate) rows: Vec<Row>,
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
    let drained = drained(snapshot, table, columns, threads)?;
    let errors = drained.iter().filter(|it| it.is_err()).count();
    assert!(errors <= 1, "one error is reported once: {drained:?}");
    Ok(rows_of(&in_order(drained)?, columns.len()))
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
