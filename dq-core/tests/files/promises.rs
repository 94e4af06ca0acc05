//! What every source promises.

use std::fs::{self, File};
use std::path::Path;
use std::sync::Arc;

use arrow_ipc::writer::FileWriter;
use dq_core::source::Source;
use dq_core::source::conformance::{Table, check, tables};
use dq_core::source::csv::{CsvOptions, CsvSource};
use dq_core::source::ipc::IpcSource;
use dq_core::source::json::{JsonOptions, JsonSource};
use dq_core::source::parquet::{ParquetOptions, ParquetSource};
use dq_core::value::{OwnedValue, Value};
use dq_core::{Error, Result};
use parquet::arrow::ArrowWriter;
use parquet::file::properties::WriterProperties;
use tempfile::TempDir;

/// Writes each table with `write` to a file in a folder.
fn folder(extension: &str, write: impl Fn(&Table, &Path)) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for table in tables() {
        write(&table, &folder.path().join(format!("{}.{extension}", table.name)));
    }
    folder
}

async fn hold<S: Source + 'static>(folder: TempDir, open: impl Fn(&str) -> Result<S>) {
    let path = folder.path().to_str().unwrap();
    let opened = async || Ok(Arc::new(open(path)?) as Arc<dyn Source>);
    if let Err::<(), Error>(broken) = check(opened).await {
        panic!("{broken}");
    }
}

#[tokio::test]
async fn csv_files_keep_every_promise() {
    for block_bytes in [1000, CsvOptions::default().block_bytes] {
        let options = CsvOptions { block_bytes, ..CsvOptions::default() };
        hold(folder("csv", write_csv), |it| CsvSource::open(it, options.clone())).await;
    }
}

#[tokio::test]
async fn json_files_keep_every_promise() {
    hold(folder("jsonl", write_json), |it| JsonSource::open(it, JsonOptions::default())).await;
}

#[tokio::test]
async fn ipc_files_keep_every_promise() {
    hold(folder("arrow", write_ipc), IpcSource::open).await;
}

#[tokio::test]
async fn parquet_files_keep_every_promise() {
    hold(folder("parquet", write_parquet), |it| ParquetSource::open(it, ParquetOptions::default()))
        .await;
}

fn write_csv(table: &Table, path: &Path) {
    let field = |cell: &OwnedValue| match cell.as_value() {
        Value::Null => String::new(),
        Value::Text(it) => format!("\"{}\"", String::from_utf8_lossy(it).replace('"', "\"\"")),
        other => other.to_string(),
    };
    let names: Vec<_> = table.columns.iter().map(|it| it.0.to_owned()).collect();
    let rows = table.rows.iter().map(|row| row.iter().map(field).collect());
    let lines: Vec<_> =
        [names].into_iter().chain(rows).map(|it: Vec<_>| it.join(",") + "\n").collect();
    fs::write(path, lines.concat()).unwrap();
}

fn write_json(table: &Table, path: &Path) {
    let value = |cell: &OwnedValue| match cell {
        OwnedValue::Integer(it) => serde_json::Value::from(*it),
        OwnedValue::Text(it) => it.as_str().into(),
        _ => serde_json::Value::Null,
    };
    let line = |row: &Vec<OwnedValue>| {
        let names = table.columns.iter().map(|it| it.0.to_owned());
        let object: serde_json::Map<_, _> = names.zip(row.iter().map(value)).collect();
        serde_json::Value::Object(object).to_string() + "\n"
    };
    fs::write(path, table.rows.iter().map(line).collect::<String>()).unwrap();
}

fn write_ipc(table: &Table, path: &Path) {
    let whole = table.to_arrow().unwrap();
    let mut writer = FileWriter::try_new(File::create(path).unwrap(), &whole.schema()).unwrap();
    for start in (0..whole.num_rows()).step_by(3_000) {
        writer.write(&whole.slice(start, 3_000.min(whole.num_rows() - start))).unwrap();
    }
    writer.finish().unwrap();
}

fn write_parquet(table: &Table, path: &Path) {
    let whole = table.to_arrow().unwrap();
    let properties = WriterProperties::builder().set_max_row_group_row_count(Some(3_000)).build();
    let file = File::create(path).unwrap();
    let mut writer = ArrowWriter::try_new(file, whole.schema(), Some(properties)).unwrap();
    writer.write(&whole).unwrap();
    writer.close().unwrap();
}
