//! Reads files as people look at them: tables, rows of texts, what a failure says.

use dq_core::source::{Snapshot, Source};
use dq_core::value::{Batch, ValueType};
use dq_core::{ErrorKind, Result};

pub(crate) use crate::table_rows::{Row, row, wait};
use crate::table_rows::{drained, in_order, rows_of};

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
    Ok(rows_of(&batches, columns.len()))
}

/// The batches in their order.
pub(crate) fn batches(
    snapshot: &dyn Snapshot,
    table: &str,
    columns: &[usize],
    threads: usize,
) -> Result<Vec<Batch>> {
    in_order(drained(snapshot, table, columns, threads)?)
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
