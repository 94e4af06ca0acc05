//! The same tables in memory, as files and in SQLite.

use std::fs::{self, File};
use std::path::Path;
use std::sync::Arc;

use arrow_array::types::Int32Type;
use arrow_array::{
    ArrayRef, BooleanArray, Date32Array, Date64Array, DictionaryArray, Float64Array, Int64Array,
    LargeStringArray, RecordBatch, StringArray, StringViewArray, TimestampMicrosecondArray,
};
use arrow_ipc::writer::{FileWriter, StreamWriter};
use dq_core::database::sqlite::{ScanMethod, SqliteConfig, SqliteSource};
use dq_core::source::csv::{CsvOptions, CsvSource};
use dq_core::source::ipc::IpcSource;
use dq_core::source::json::{JsonOptions, JsonSource};
use dq_core::source::memory::MemorySource;
use dq_core::source::parquet::{ParquetOptions, ParquetSource};
use parquet::arrow::ArrowWriter;
use parquet::basic::Compression::{SNAPPY, UNCOMPRESSED};
use parquet::file::properties::WriterProperties;
use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};

use crate::naive::{Cell, Column, Kind, Table};
use crate::property::tables::{KeyShape, Shape};

/// The tables as Arrow can hold them: a column has one type.
pub(crate) fn as_arrow(tables: &[Table]) -> Vec<Table> {
    changed(tables, |kind, cell| match kind {
        Kind::Any => (Kind::Text, text_of(cell)),
        kind => (kind, cell),
    })
}

/// The tables as files of arrays can hold them: as in memory, without a key.
pub(crate) fn as_arrays(tables: &[Table]) -> Vec<Table> {
    without_key(as_arrow(tables))
}

fn without_key(mut tables: Vec<Table>) -> Vec<Table> {
    for table in &mut tables {
        table.key.clear();
    }
    tables
}

/// The tables as JSON can hold them: no days, no bytes, no numbers without end, and no key.
pub(crate) fn as_json(tables: &[Table]) -> Vec<Table> {
    without_key(changed(tables, |kind, cell| match (kind, cell) {
        (kind, Cell::Float(it)) if !it.is_finite() => (kind, Cell::Null),
        (Kind::Day | Kind::Moment, cell) => (Kind::Text, text_of(cell)),
        (kind, Cell::Bytes(it)) => (kind, text_of(Cell::Bytes(it))),
        other => other,
    }))
}

/// The tables as CSV can hold them: text without a key.
pub(crate) fn as_text(tables: &[Table]) -> Vec<Table> {
    without_key(changed(tables, |_, cell| (Kind::Text, text_of(cell))))
}

/// The tables as SQLite can hold them: no days, no booleans, no NaN, and in a REAL column no negative
/// zero.
pub(crate) fn as_sqlite(tables: &[Table]) -> Vec<Table> {
    changed(tables, |kind, cell| match (kind, cell) {
        (Kind::Boolean, Cell::Boolean(it)) => (Kind::Integer, Cell::Integer(i64::from(it))),
        (Kind::Boolean, cell) => (Kind::Integer, cell),
        (kind, Cell::Float(it)) if it.is_nan() => (kind, Cell::Null),
        (Kind::Float, Cell::Float(0.0)) => (Kind::Float, Cell::Float(0.0)),
        (Kind::Day | Kind::Moment, cell) => (Kind::Text, text_of(cell)),
        other => other,
    })
}

fn text_of(cell: Cell) -> Cell {
    match cell {
        Cell::Null => Cell::Null,
        Cell::Bytes(it) => Cell::Text(format!("{it:?}")),
        other => Cell::Text(other.text().unwrap()),
    }
}

pub(crate) fn changed(tables: &[Table], change: impl Fn(Kind, Cell) -> (Kind, Cell)) -> Vec<Table> {
    let mut tables = tables.to_vec();
    for table in &mut tables {
        for (position, column) in table.columns.iter_mut().enumerate() {
            for row in &mut table.rows {
                row[position] = change(column.kind, row[position].clone()).1;
            }
            column.kind = change(column.kind, Cell::Null).0;
        }
    }
    tables
}

/// The tables in memory, cut into batches.
pub(crate) fn memory(tables: &[Table], shape: &Shape) -> MemorySource {
    tables.iter().fold(MemorySource::new("memory"), |source, table| {
        let whole = record_batch(table, shape);
        let (mut batches, mut start) = (vec![whole.slice(0, 0)], 0);
        let lengths = shape.batches.iter().cycle();
        for length in lengths {
            let length = (*length).min(whole.num_rows() - start);
            batches.push(whole.slice(start, length));
            start += length;
            if start == whole.num_rows() {
                break;
            }
        }
        source.keyed_table(table.name, batches, &table.key).unwrap()
    })
}

fn record_batch(table: &Table, shape: &Shape) -> RecordBatch {
    let column = |position: usize| {
        let name = table.columns[position].name;
        (name, array(table, position, shape.arrow[position]), true)
    };
    RecordBatch::try_from_iter_with_nullable((0..table.columns.len()).map(column)).unwrap()
}

/// The tables as Parquet files in `folder`, of small row groups, pages and dictionaries, some without
/// any, read in small pieces.
pub(crate) fn parquet(tables: &[Table], shape: &Shape, folder: &Path) -> ParquetSource {
    fs::create_dir(folder).unwrap();
    for table in tables {
        let length = |at: usize| shape.batches[at % shape.batches.len()].max(1);
        let properties = WriterProperties::builder()
            .set_max_row_group_row_count(Some(length(0) * length(1)))
            .set_data_page_row_count_limit(length(1))
            .set_write_batch_size(length(2))
            .set_dictionary_page_size_limit(shape.block_bytes)
            .set_dictionary_enabled(!shape.arrow[0].is_multiple_of(4))
            .set_compression(if shape.arrow[1].is_multiple_of(2) { SNAPPY } else { UNCOMPRESSED });
        let file = File::create(folder.join(format!("{}.parquet", table.name))).unwrap();
        let rows = record_batch(table, shape);
        let mut writer =
            ArrowWriter::try_new(file, rows.schema(), Some(properties.build())).unwrap();
        writer.write(&rows).unwrap();
        writer.close().unwrap();
    }
    let options = ParquetOptions { batch_rows: shape.batches[0].max(1), piece_rows: 2 };
    ParquetSource::open(folder.to_str().unwrap(), options).unwrap()
}

/// The tables as Arrow IPC in `folder`: one as a file, the other as a stream.
pub(crate) fn ipc(tables: &[Table], shape: &Shape, folder: &Path) -> IpcSource {
    fs::create_dir(folder).unwrap();
    for (number, table) in tables.iter().enumerate() {
        let rows = record_batch(table, shape);
        let file = File::create(folder.join(format!("{}.arrow", table.name))).unwrap();
        let length = shape.batches[0].max(1);
        let starts = (0..rows.num_rows()).step_by(length);
        let batches = starts.map(|it| rows.slice(it, length.min(rows.num_rows() - it)));
        if number == 0 {
            let mut writer = FileWriter::try_new(file, &rows.schema()).unwrap();
            for batch in batches {
                writer.write(&batch).unwrap();
            }
            writer.finish().unwrap();
        } else {
            let mut writer = StreamWriter::try_new(file, &rows.schema()).unwrap();
            for batch in batches {
                writer.write(&batch).unwrap();
            }
            writer.finish().unwrap();
        }
    }
    IpcSource::open(folder.to_str().unwrap()).unwrap()
}

/// The tables as JSON Lines in `folder`, read in small blocks. None for a table without rows, which
/// JSON cannot tell from one without columns; and none where a column of any type happens to hold values
/// of one type, which it is then taken to have.
pub(crate) fn json(tables: &[Table], shape: &Shape, folder: &Path) -> Option<JsonSource> {
    fs::create_dir(folder).unwrap();
    for table in tables {
        let lines: String = (0..table.rows.len()).map(|it| json_line(table, it)).collect();
        fs::write(folder.join(format!("{}.jsonl", table.name)), lines).unwrap();
    }
    let options = JsonOptions { block_bytes: shape.block_bytes, ..JsonOptions::default() };
    let has_types = |it: &Table| !it.rows.is_empty() && !has_one_type_by_chance(it);
    tables
        .iter()
        .all(has_types)
        .then(|| JsonSource::open(folder.to_str().unwrap(), options).unwrap())
}

fn has_one_type_by_chance(table: &Table) -> bool {
    let any = table.columns.iter().position(|it| it.kind == Kind::Any);
    let cells = || table.rows.iter().filter_map(|row| row.get(any?)).filter(|it| !it.is_null());
    cells().next().is_some() && !cells().any(|it| matches!(it, Cell::Text(_)))
}

/// The first row has every key; of the others some lack those of NULLs.
fn json_line(table: &Table, row: usize) -> String {
    let cells = table.columns.iter().zip(&table.rows[row]);
    let present = cells.filter(|(_, cell)| row == 0 || row % 3 == 1 || !cell.is_null());
    let entry = |(column, cell): (&Column, &Cell)| {
        let value = match cell {
            Cell::Null => "null".to_owned(),
            Cell::Text(it) => serde_json::to_string(it).unwrap(),
            other => other.text().unwrap(),
        };
        format!("{}:{value}", serde_json::to_string(column.name).unwrap())
    };
    let entries: Vec<_> = present.map(entry).collect();
    format!("{{{}}}\n", entries.join(", "))
}

fn array(table: &Table, position: usize, variant: u8) -> ArrayRef {
    let cells = || table.rows.iter().map(|row| &row[position]);
    let texts = || cells().map(Cell::text);
    match (table.columns[position].kind, variant % 4) {
        (Kind::Boolean, _) => Arc::new(
            cells()
                .map(|it| match it {
                    Cell::Boolean(it) => Some(*it),
                    _ => None,
                })
                .collect::<BooleanArray>(),
        ),
        (Kind::Integer, _) => Arc::new(integers(table, position).collect::<Int64Array>()),
        (Kind::Float, _) => Arc::new(
            cells()
                .map(|it| match it {
                    Cell::Float(it) => Some(*it),
                    _ => None,
                })
                .collect::<Float64Array>(),
        ),
        (Kind::Day, 0) => {
            let millis = |it: i64| it * 86_400_000;
            Arc::new(integers(table, position).map(|it| it.map(millis)).collect::<Date64Array>())
        }
        (Kind::Day, _) => {
            let days = integers(table, position).map(|it| it.map(|it| i32::try_from(it).unwrap()));
            Arc::new(days.collect::<Date32Array>())
        }
        (Kind::Moment, _) => {
            Arc::new(integers(table, position).collect::<TimestampMicrosecondArray>())
        }
        (Kind::Text | Kind::Any, 0) => Arc::new(texts().collect::<LargeStringArray>()),
        (Kind::Text | Kind::Any, 1) => Arc::new(texts().collect::<StringViewArray>()),
        (Kind::Text | Kind::Any, 2) => {
            let texts: Vec<_> = texts().collect();
            let texts = texts.iter().map(Option::as_deref);
            Arc::new(texts.collect::<DictionaryArray<Int32Type>>())
        }
        (Kind::Text | Kind::Any, _) => Arc::new(texts().collect::<StringArray>()),
    }
}

fn integers(table: &Table, position: usize) -> impl Iterator<Item = Option<i64>> {
    table.rows.iter().map(move |row| match row[position] {
        Cell::Integer(it) | Cell::Day(it) | Cell::Moment(it) => Some(it),
        _ => None,
    })
}

/// The tables as files in `folder`, read in small blocks.
pub(crate) fn csv(tables: &[Table], shape: &Shape, folder: &Path) -> CsvSource {
    fs::create_dir(folder).unwrap();
    for table in tables {
        let names = table.columns.iter().map(|it| Cell::Text(it.name.to_owned())).collect();
        let records = std::iter::once(&names).chain(&table.rows).map(|it| record(it));
        let text: String = records.collect();
        fs::write(folder.join(format!("{}.csv", table.name)), text).unwrap();
    }
    let options = CsvOptions { block_bytes: shape.block_bytes, ..CsvOptions::default() };
    CsvSource::open(folder.to_str().unwrap(), options).unwrap()
}

fn record(cells: &[Cell]) -> String {
    let cells: Vec<_> = cells.iter().map(csv_cell).collect();
    cells.join(",") + "\n"
}

fn csv_cell(cell: &Cell) -> String {
    match cell.text() {
        None => String::new(),
        Some(text) if text.is_empty() || text.contains(['"', ',', '\n', '\r']) => {
            format!("\"{}\"", text.replace('"', "\"\""))
        }
        Some(text) => text,
    }
}

/// A database with the tables, read in both ways.
pub(crate) struct Databases {
    pub(crate) by_pages: SqliteSource,
    pub(crate) by_statements: SqliteSource,
}

impl Databases {
    /// Creates the database at `path`.
    pub(crate) fn new(tables: &[Table], shape: &Shape, path: &Path) -> Self {
        let mut connection = Connection::open(path).unwrap();
        let page_bytes = shape.page_bytes;
        connection
            .execute_batch(&format!("PRAGMA page_size = {page_bytes}; PRAGMA synchronous = OFF;"))
            .unwrap();
        let transaction = connection.transaction().unwrap();
        for table in tables {
            transaction.execute_batch(&definition(table, shape)).unwrap();
            let places = "?, ".repeat(table.columns.len());
            // So that a table has more pages than one thread takes at once.
            let filler = if page_bytes > 4096 { page_bytes / 3 } else { 0 };
            let insert = format!("INSERT INTO {} VALUES ({places} zeroblob({filler}))", table.name);
            let mut insert = transaction.prepare(&insert).unwrap();
            for row in &table.rows {
                insert.execute(params_from_iter(row.iter().map(value))).unwrap();
            }
        }
        transaction.commit().unwrap();
        let source = |scan_method| {
            SqliteSource::new(SqliteConfig { scan_method, ..SqliteConfig::new(path) }).unwrap()
        };
        // A table without a rowid is read by statements only.
        let pages = if shape.key == KeyShape::Two { ScanMethod::Auto } else { ScanMethod::Pages };
        Self { by_pages: source(pages), by_statements: source(ScanMethod::Statements) }
    }
}

fn definition(table: &Table, shape: &Shape) -> String {
    let column = |position: usize| {
        let column = table.columns[position];
        let declared = match column.kind {
            Kind::Integer => "INTEGER",
            Kind::Float => "REAL",
            Kind::Text => "TEXT",
            _ => "",
        };
        let key = if table.key == [column.name] { " PRIMARY KEY" } else { "" };
        format!("\"{}\" {declared}{key}", column.name.replace('"', "\"\""))
    };
    let columns: Vec<_> = (0..table.columns.len()).map(column).collect();
    let (key, rowid) = if shape.key == KeyShape::Two {
        (", PRIMARY KEY (id, part)", " WITHOUT ROWID")
    } else {
        ("", "")
    };
    format!("CREATE TABLE {} ({}, filler{key}){rowid}", table.name, columns.join(", "))
}

fn value(cell: &Cell) -> Value {
    match cell {
        Cell::Null => Value::Null,
        Cell::Integer(it) => Value::Integer(*it),
        Cell::Float(it) => Value::Real(*it),
        Cell::Text(it) => Value::Text(it.clone()),
        Cell::Bytes(it) => Value::Blob(it.clone()),
        other => panic!("SQLite has no {other:?}"),
    }
}
