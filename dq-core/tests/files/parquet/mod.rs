//! Parquet files, written by the writer of Apache Arrow and by hand.

mod damage;
mod files;
mod types;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow_array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use dq_core::Result;
use dq_core::source::parquet::{ParquetOptions, ParquetSource};
use parquet::arrow::ArrowWriter;
use parquet::file::properties::{WriterProperties, WriterPropertiesBuilder};
use tempfile::TempDir;

use crate::reading::{Row, read};

/// Writes the batches to a file called `name`.
fn write(
    folder: &TempDir,
    name: &str,
    batches: &[RecordBatch],
    properties: WriterPropertiesBuilder,
) -> PathBuf {
    let path = folder.path().join(name);
    let file = File::create(&path).unwrap();
    let schema = batches[0].schema();
    let mut writer = ArrowWriter::try_new(file, schema, Some(properties.build())).unwrap();
    for batch in batches {
        writer.write(batch).unwrap();
    }
    writer.close().unwrap();
    path
}

fn usual() -> WriterPropertiesBuilder {
    WriterProperties::builder()
}

/// Rows of numbers and of two columns of text, one of few values and one where all differ.
fn numbers(range: std::ops::Range<i64>) -> RecordBatch {
    let id = Int64Array::from_iter_values(range.clone());
    let few = range.clone().map(|it| (it % 5 != 0).then(|| format!("few {}", it % 3)));
    let many = range.map(|it| format!("row number {it}"));
    let columns: [(&str, ArrayRef); 3] = [
        ("id", Arc::new(id)),
        ("few", Arc::new(few.collect::<StringArray>())),
        ("many", Arc::new(StringArray::from_iter_values(many))),
    ];
    RecordBatch::try_from_iter_with_nullable(columns.map(|(name, it)| (name, it, true))).unwrap()
}

/// What the rows of [`numbers`] look like.
fn expected(range: std::ops::Range<i64>) -> Vec<Row> {
    let row = |it: i64| {
        let few = (it % 5 != 0).then(|| format!("few {}", it % 3));
        vec![Some(it.to_string()), few, Some(format!("row number {it}"))]
    };
    range.map(row).collect()
}

fn open(path: &Path) -> Result<ParquetSource> {
    ParquetSource::open(path.to_str().unwrap(), ParquetOptions::default())
}

/// Reads in batches and pieces of so many rows.
fn open_in_pieces(path: &Path, batch_rows: usize, piece_rows: usize) -> ParquetSource {
    let options = ParquetOptions { batch_rows, piece_rows };
    ParquetSource::open(path.to_str().unwrap(), options).unwrap()
}

/// The rows of the one column, which has the name `value`.
fn values(array: ArrayRef) -> Result<Vec<Option<String>>> {
    let folder = tempfile::tempdir().unwrap();
    let batch = RecordBatch::try_from_iter_with_nullable([("value", array, true)]).unwrap();
    let path = write(&folder, "data.parquet", &[batch], usual());
    let rows = read(&open(&path)?, 1)?;
    Ok(rows.into_iter().map(|mut row| row.remove(0)).collect())
}
