//! The tables of a SQLite database at one moment.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use rusqlite::Connection;

use crate::database::sqlite::catalog;
use crate::database::sqlite::catalog::{Storage, Table};
use crate::database::sqlite::config::{ScanMethod, SqliteConfig};
use crate::database::sqlite::connection::SharedConnection;
use crate::database::sqlite::error::from_sqlite;
use crate::database::sqlite::open;
use crate::database::sqlite::pages;
use crate::database::sqlite::pages::PageFile;
use crate::database::sqlite::step;
use crate::error::{Error, ErrorKind, Result};
use crate::source::{Partition, Scan, Snapshot};
use crate::value::TableSchema;

/// The tables of a SQLite database at one moment: everything is read in one read transaction.
pub(crate) struct SqliteSnapshot {
    connection: Arc<SharedConnection>,
    tables: Vec<TableSchema>,
    layouts: Vec<Table>,
    notes: Vec<String>,
    method: ScanMethod,
    /// The way to the pages, where there is one.
    pages: Option<PageFile>,
}

impl SqliteSnapshot {
    /// Opens the database and begins to read. Blocks.
    pub(crate) fn open(config: &SqliteConfig) -> Result<Self> {
        let name = open::name(&config.path);
        let connection = open::reader(config)?;
        connection
            .pragma_update(None, "cache_size", PAGES_CACHED)
            .and_then(|()| begin(&connection))
            .map_err(|it| from_sqlite(format!("begin to read `{name}`"), it))?;
        let catalog = catalog::read(&connection)?;
        let pages = match config.scan_method {
            ScanMethod::Statements => None,
            ScanMethod::Auto | ScanMethod::Pages => PageFile::probe(&connection)?,
        };
        Ok(Self {
            method: config.scan_method,
            pages,
            notes: notes(&connection, catalog.unreadable, &name)?,
            connection: Arc::new(SharedConnection::new(connection, name)),
            tables: catalog.tables.iter().map(|it| it.schema.clone()).collect(),
            layouts: catalog.tables,
        })
    }

    fn table(&self, name: &str) -> Result<&Table> {
        self.layouts.iter().find(|it| it.schema.name == name).ok_or_else(|| {
            let source = self.connection.name();
            Error::new(
                ErrorKind::NotFound,
                format!("cannot scan `{source}`: it has no table `{name}`"),
            )
        })
    }
}

/// How many pages the connection of page scans keeps. They read each page once: few pages stay in the
/// cache of a core, and cost a fifth less to copy than a default cache that they wash through.
const PAGES_CACHED: i64 = 64;

/// Begins a read transaction; its moment is that of the first read.
fn begin(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute_batch("BEGIN")?;
    connection.query_row("SELECT count(*) FROM main.sqlite_schema", [], |_| Ok(()))
}

fn notes(connection: &Connection, unreadable: Vec<String>, name: &str) -> Result<Vec<String>> {
    let mode: String = connection
        .query_row("PRAGMA main.journal_mode", [], |row| row.get(0))
        .map_err(|it| from_sqlite(format!("read the journal mode of `{name}`"), it))?;
    let mut notes = unreadable;
    if mode != "wal" {
        notes.push(format!("`{name}` is not in WAL mode: writers wait until the scan ends"));
    }
    Ok(notes)
}

#[async_trait]
impl Snapshot for SqliteSnapshot {
    fn tables(&self) -> &[TableSchema] {
        &self.tables
    }

    async fn scan(&self, scan: &Scan) -> Result<Vec<Box<dyn Partition>>> {
        let table = self.table(&scan.table)?;
        if let Some(column) = scan.columns.iter().find(|it| **it >= table.schema.columns.len()) {
            let message =
                format!("cannot scan the table `{}`: it has no column at {column}", scan.table);
            return Err(Error::new(ErrorKind::UsageInvalid, message));
        }
        match (&table.storage, self.pages) {
            (Storage::Rowid(layout), Some(file)) if !layout.generated => {
                Ok(pages::start(&self.connection, file, (&table.schema, layout), scan))
            }
            _ if self.method == ScanMethod::Pages => {
                let message = format!("cannot scan the table `{}` by pages", scan.table);
                Err(Error::new(ErrorKind::Unsupported, message))
            }
            (Storage::Rowid(layout), _) => {
                let connections = std::slice::from_ref(&self.connection);
                step::by_rowid(connections, &table.schema, scan, &layout.rowid)
            }
            (Storage::Other, _) => Ok(step::by_offset(&self.connection, &table.schema, scan)),
        }
    }

    async fn finish(&self) -> Result<()> {
        self.connection.with(|connection| {
            if connection.is_autocommit() {
                let name = self.connection.name();
                let message = format!("cannot finish reading `{name}`: its transaction is gone");
                return Err(Error::new(ErrorKind::SourceChanged, message));
            }
            connection.execute_batch("COMMIT").map_err(|it| {
                from_sqlite(format!("finish reading `{}`", self.connection.name()), it)
            })
        })
    }

    fn notes(&self) -> Vec<String> {
        self.notes.clone()
    }
}

impl fmt::Debug for SqliteSnapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteSnapshot")
            .field("name", &self.connection.name())
            .finish_non_exhaustive()
    }
}
