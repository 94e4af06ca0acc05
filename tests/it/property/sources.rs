//! The same tables in memory, as files and in SQLite.

use std::fs::{self, File};
use std::path::Path;
use std::sync::Arc;

use arrow_array::types::Int32Type;
use arrow_array::{
    ArrayRef, BooleanArray, Date32Array, Date64Array, DictionaryArray, Float64Array, Int64Array,
    LargeStringArray, RecordBatch, StringArray, StringViewArray, TimestampMicrosecondArray,
};
use dq_core::database::sqlite::{ScanMethod, SqliteConfig, SqliteSource};
use dq_core::source::csv::{CsvOptions, CsvSource};
use dq_core::source::memory::MemorySource;
use dq_core::source::parquet::{ParquetOptions, ParquetSource};
use parquet::arrow::ArrowWriter;
use parquet::basic::Compression::{SNAPPY, UNCOMPRESSED};
use parquet::file::properties::WriterProperties;
use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};

use crate::naive::{Cell, Kind, Table};
use crate::property::tables::{KeyShape, Shape};

/// The tables as Arrow can hold them: a column has one type.
pub(crate) fn as_arrow(tables: &[Table]) -> Vec<Table> {
    changed(tables, |kind, cell| match kind {
        Kind::Any => (Kind::Text, text_of(cell)),
        kind => (kind, cell),
    })
}

/// The tables as Parquet can hold them: as in memory, without a key.
pub(crate) fn as_parquet(tables: &[Table]) -> Vec<Table> {
    let mut tables = as_arrow(tables);
    tables.iter_mut().for_each(|it| it.key.clear());
    tables
}

/// The tables as CSV can hold them: text without a key.
pub(crate) fn as_text(tables: &[Table]) -> Vec<Table> {
    let mut tables = changed(tables, |_, cell| (Kind::Text, text_of(cell)));
    for table in &mut tables {
        table.key.clear();
    }
    tables
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

fn changed(tables: &[Table], change: impl Fn(Kind, Cell) -> (Kind, Cell)) -> Vec<Table> {
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
            .set_dictionary_enabled(shape.arrow[0] % 4 > 0)
            .set_compression(if shape.arrow[1] % 2 > 0 { SNAPPY } else { UNCOMPRESSED });
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
