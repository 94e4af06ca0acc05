//! A SQLite database: typed tables with primary keys, and indexes where checks and people look.
//!
//! Everything goes into a database beside, without a journal and without waiting for the disk: nobody
//! reads it before it takes the place of the real one, and until then it may be lost. Just before that
//! it is brought to the disk, once.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::thread;
use std::time::Duration;

use arrow_array::cast::AsArray;
use arrow_array::{Array, BooleanArray, Float64Array, Int64Array, RecordBatch, StringArray};
use arrow_schema::DataType;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags, Statement, ToSql};
use tempfile::TempDir;

use crate::error::{Error, ErrorKind, Result};
use crate::generate::columns_of;
use crate::generate::table::Table;
use crate::generate::target::{Existing, TableWriter, cannot_write, folder_of, keep_existing};
use crate::source::Cancellation;

/// How many rows one statement inserts.
const ROWS_AT_ONCE: usize = 16;

/// How often SQLite asks whether to go on, in steps of its machine.
const STEPS_BETWEEN_QUESTIONS: i32 = 10_000;

/// How often that is asked while a database is brought to the disk.
const BETWEEN_QUESTIONS: Duration = Duration::from_millis(10);

/// What the database is called before it is whole.
const FILE: &str = "data.db";

/// Pages are large, since each costs a call of the system. The cache is small: pages are filled one after
/// the other and not read again, and its size is also that of the runs that are sorted for an index,
/// which should fit into a processor's cache.
const SETTINGS: &str = "
    PRAGMA page_size = 16384;
    PRAGMA journal_mode = OFF;
    PRAGMA synchronous = OFF;
    PRAGMA locking_mode = EXCLUSIVE;
    PRAGMA cache_size = -8192;
    PRAGMA foreign_keys = OFF;
    BEGIN;";

/// What else SQLite leaves beside a database.
const COMPANIONS: [&str; 3] = ["-wal", "-shm", "-journal"];

/// Writes a SQLite database.
#[derive(Debug)]
pub(super) struct SqliteWriter {
    path: PathBuf,
    connection: Connection,
    table: Option<Table>,
    stop: Cancellation,
    // Dropped after the connection: the folder goes when nothing in it is open.
    made: TempDir,
}

impl SqliteWriter {
    pub(super) fn new(path: &Path, existing: Existing, stop: &Cancellation) -> Result<Self> {
        keep_existing(path, existing)?;
        let folder = folder_of(path);
        let made = fs::metadata(folder)
            .and_then(|_| tempfile::Builder::new().prefix(".dq-generate-").tempdir_in(folder))
            .map_err(|error| cannot_write(path, error))?;
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE;
        let flags = flags | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let opened = Connection::open_with_flags(made.path().join(FILE), flags);
        let writer = opened.and_then(|connection| {
            let stopped = stop.clone();
            let ask = move || stopped.is_cancelled();
            connection.progress_handler(STEPS_BETWEEN_QUESTIONS, Some(ask))?;
            connection.execute_batch(SETTINGS)?;
            Ok(connection)
        });
        let connection = writer.map_err(|error| failed(path, stop, error))?;
        Ok(Self { path: path.to_owned(), connection, table: None, stop: stop.clone(), made })
    }

    fn failed(&self, error: rusqlite::Error) -> Error {
        failed(&self.path, &self.stop, error)
    }

    fn insert(&self, rows: &RecordBatch) -> rusqlite::Result<()> {
        let Some(table) = self.table else { return Ok(()) };
        let mut many = self.connection.prepare_cached(&insertion(table, ROWS_AT_ONCE))?;
        let mut one = self.connection.prepare_cached(&insertion(table, 1))?;
        let columns: Vec<_> = rows.columns().iter().map(|it| Cells::of(it.as_ref())).collect();
        let whole = rows.num_rows() - rows.num_rows() % ROWS_AT_ONCE;
        for start in (0..whole).step_by(ROWS_AT_ONCE) {
            insert_rows(&mut many, &columns, start..start + ROWS_AT_ONCE)?;
        }
        for row in whole..rows.num_rows() {
            insert_rows(&mut one, &columns, row..row + 1)?;
        }
        Ok(())
    }
}

impl TableWriter for SqliteWriter {
    fn begin(&mut self, table: Table) -> Result<()> {
        self.table = Some(table);
        let created = self.connection.execute_batch(&creation(table));
        created.map_err(|error| self.failed(error))
    }

    fn write(&mut self, rows: &RecordBatch) -> Result<()> {
        self.insert(rows).map_err(|error| self.failed(error))
    }

    fn end(&mut self) -> Result<()> {
        let Some(table) = self.table else { return Ok(()) };
        for (name, columns) in indexes(table) {
            let sql = format!("CREATE INDEX {name} ON {} ({columns})", table.as_str());
            self.connection.execute_batch(&sql).map_err(|error| self.failed(error))?;
        }
        Ok(())
    }

    fn finish(self: Box<Self>) -> Result<()> {
        let Self { path, connection, stop, made, .. } = *self;
        connection.execute_batch("COMMIT").map_err(|error| failed(&path, &stop, error))?;
        connection.close().map_err(|(_, error)| failed(&path, &stop, error))?;
        let whole = made.path().join(FILE);
        bring_to_disk(&whole, &stop).map_err(|error| cannot_write(&path, error))?;
        stop.check()?;
        put_in_place(&whole, &path).map_err(|error| cannot_write(&path, error))
    }
}

/// Brings a file to the disk, or stops waiting for that. It may take seconds and cannot be broken off, so
/// it is done on a thread of its own, which a request to stop leaves to itself.
fn bring_to_disk(path: &Path, stop: &Cancellation) -> io::Result<()> {
    let file = File::open(path)?;
    let (sender, synced) = sync_channel(1);
    let sync = move || sender.send(file.sync_all());
    thread::Builder::new().name("dq-generate-sync".to_owned()).spawn(sync)?;
    loop {
        match synced.recv_timeout(BETWEEN_QUESTIONS) {
            Ok(synced) => return synced,
            Err(RecvTimeoutError::Timeout) if !stop.is_cancelled() => {}
            Err(RecvTimeoutError::Timeout) => return Ok(()),
            Err(RecvTimeoutError::Disconnected) => return Err(io::ErrorKind::BrokenPipe.into()),
        }
    }
}

/// Takes the place of what was there. What SQLite kept beside that would spoil the new database.
fn put_in_place(made: &Path, path: &Path) -> io::Result<()> {
    for suffix in COMPANIONS {
        let mut companion = OsString::from(path);
        companion.push(suffix);
        match fs::remove_file(companion) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    fs::rename(made, path)
}

fn creation(table: Table) -> String {
    let columns = columns_of(table).into_iter().map(|(name, sql)| format!("    {name} {sql}"));
    let columns: Vec<_> = columns.collect();
    format!("CREATE TABLE {} (\n{}\n)", table.as_str(), columns.join(",\n"))
}

fn insertion(table: Table, rows: usize) -> String {
    let places = format!("({})", vec!["?"; columns_of(table).len()].join(", "));
    format!("INSERT INTO {} VALUES {}", table.as_str(), vec![places; rows].join(", "))
}

/// The indexes of a table: their names and columns.
const fn indexes(table: Table) -> &'static [(&'static str, &'static str)] {
    match table {
        Table::Facilities => &[("idx_facility_location", "state_province, city")],
        Table::Providers => &[
            ("idx_provider_npi", "npi_number"),
            ("idx_provider_email", "email"),
            ("idx_provider_last_first", "last_name, first_name"),
        ],
        Table::Affiliations => &[
            ("idx_affiliation_provider", "provider_id"),
            ("idx_affiliation_facility", "facility_id"),
        ],
    }
}

fn insert_rows(
    statement: &mut Statement<'_>,
    columns: &[Cells<'_>],
    rows: Range<usize>,
) -> rusqlite::Result<()> {
    let mut place = 0;
    for row in rows {
        for column in columns {
            place += 1;
            statement.raw_bind_parameter(place, Cell(column.value(row)))?;
        }
    }
    statement.raw_execute()?;
    Ok(())
}

/// The cells of a column, by type.
enum Cells<'a> {
    Integer(&'a Int64Array),
    Decimal(&'a Float64Array),
    Boolean(&'a BooleanArray),
    Text(&'a StringArray),
}

impl<'a> Cells<'a> {
    fn of(column: &'a dyn Array) -> Self {
        match column.data_type() {
            DataType::Int64 => Self::Integer(column.as_primitive()),
            DataType::Float64 => Self::Decimal(column.as_primitive()),
            DataType::Boolean => Self::Boolean(column.as_boolean()),
            _ => Self::Text(column.as_string()),
        }
    }

    fn value(&self, row: usize) -> ValueRef<'a> {
        match self {
            Self::Integer(it) if it.is_valid(row) => ValueRef::Integer(it.value(row)),
            Self::Decimal(it) if it.is_valid(row) => ValueRef::Real(it.value(row)),
            Self::Boolean(it) if it.is_valid(row) => ValueRef::Integer(it.value(row).into()),
            Self::Text(it) if it.is_valid(row) => ValueRef::Text(it.value(row).as_bytes()),
            _ => ValueRef::Null,
        }
    }
}

/// A value to bind.
struct Cell<'a>(ValueRef<'a>);

impl ToSql for Cell<'_> {
    fn to_sql(&self) -> rusqlite::Result<rusqlite::types::ToSqlOutput<'_>> {
        Ok(rusqlite::types::ToSqlOutput::Borrowed(self.0))
    }
}

fn failed(path: &Path, stop: &Cancellation, error: rusqlite::Error) -> Error {
    if let Err(cancelled) = stop.check() {
        return cancelled;
    }
    let message = format!("cannot write `{}`: {error}", path.display());
    Error::new(ErrorKind::WriteFailed, message).with_source(error)
}
