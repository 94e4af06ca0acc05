//! The tables of a SQLite database at one moment.

use std::fmt;

use async_trait::async_trait;
use rusqlite::Connection;

use crate::database::sqlite::catalog;
use crate::database::sqlite::catalog::{Storage, Table, quoted};
use crate::database::sqlite::config::{ScanMethod, SqliteConfig};
use crate::database::sqlite::cursor;
use crate::database::sqlite::moment::Moment;
use crate::database::sqlite::pages;
use crate::database::sqlite::pages::PageFile;
use crate::database::sqlite::query;
use crate::database::sqlite::step;
use crate::error::{Error, ErrorKind, Result};
use crate::source::{
    Dialect, Partition, Query, QueryRows, Scan, Snapshot, SqlColumn, SqlKind, SqlTable,
};
use crate::value::TableSchema;

/// The tables of a SQLite database at one moment: everything is read in read transactions that see
/// the same.
pub(crate) struct SqliteSnapshot {
    moment: Moment,
    contents: Contents,
    schemas: Vec<TableSchema>,
    method: ScanMethod,
}

impl SqliteSnapshot {
    /// Opens the database and begins to read. Blocks.
    pub(crate) fn open(config: &SqliteConfig) -> Result<Self> {
        let mut moment = Moment::open(config)?;
        let mut contents = moment.main().with(|it| Contents::read(it, config.scan_method))?;
        if contents.need_statements() {
            moment = Moment::open_several(config)?;
            contents = moment.main().with(|it| Contents::read(it, config.scan_method))?;
        }
        contents.notes.extend(moment.note()?);
        let schemas = contents.tables.iter().map(|it| it.schema.clone()).collect();
        Ok(Self { moment, contents, schemas, method: config.scan_method })
    }

    fn table(&self, scan: &Scan) -> Result<&Table> {
        let failed = |kind, reason: String| {
            let (table, source) = (&scan.table, self.moment.main().name());
            Error::new(kind, format!("cannot scan the table `{table}` of `{source}`: {reason}"))
        };
        let table = self.contents.tables.iter().find(|it| it.schema.name == scan.table);
        let table = table.ok_or_else(|| failed(ErrorKind::NotFound, "there is none".to_owned()))?;
        match scan.columns.iter().find(|it| **it >= table.schema.columns.len()) {
            Some(column) => {
                Err(failed(ErrorKind::UsageInvalid, format!("it has no column {column}")))
            }
            None => match self.contents.page_file(table) {
                Err(reason) if self.method == ScanMethod::Pages => Err(failed(
                    ErrorKind::Unsupported,
                    format!("its pages cannot be read: {reason}; use the scan method `auto`"),
                )),
                _ => Ok(table),
            },
        }
    }

    /// Starts a scan by statements, on connections of its own if any are free.
    fn step(&self, table: &Table, scan: &Scan) -> Result<Vec<Box<dyn Partition>>> {
        match &table.storage {
            Storage::Rowid(layout) => {
                let loans = (0..scan.partitions.get()).map_while(|_| self.moment.lend()).collect();
                step::by_rowid(self.moment.main(), loans, (&table.schema, layout), scan)
            }
            Storage::Other(_) => Ok(vec![match self.moment.lend() {
                Some(loan) => cursor::start(loan, self.moment.main().name(), &table.schema, scan),
                None => step::by_offset(self.moment.main(), &table.schema, scan),
            }]),
        }
    }
}

/// What a database holds at one moment.
struct Contents {
    tables: Vec<Table>,
    notes: Vec<String>,
    /// The way to the pages, or why there is none.
    pages: Result<PageFile, &'static str>,
}

impl Contents {
    fn read(connection: &Connection, method: ScanMethod) -> Result<Self> {
        let catalog = catalog::read(connection)?;
        let pages = match method {
            ScanMethod::Statements => Err("statements were asked for"),
            ScanMethod::Auto | ScanMethod::Pages => PageFile::probe(connection)?,
        };
        Ok(Self {
            tables: catalog.tables,
            notes: catalog.unreadable.into_iter().map(|it| it.reason).collect(),
            pages,
        })
    }

    /// The file to read the pages of `table` from, or why its rows do not lie there in order.
    fn page_file(&self, table: &Table) -> Result<PageFile, &'static str> {
        match &table.storage {
            Storage::Other(reason) => Err(reason),
            Storage::Rowid(layout) if layout.generated => Err("it has generated columns"),
            Storage::Rowid(_) => self.pages,
        }
    }

    fn need_statements(&self) -> bool {
        self.tables.iter().any(|it| self.page_file(it).is_err())
    }
}

#[async_trait]
impl Snapshot for SqliteSnapshot {
    fn tables(&self) -> &[TableSchema] {
        &self.schemas
    }

    async fn scan(&self, scan: &Scan) -> Result<Vec<Box<dyn Partition>>> {
        let table = self.table(scan)?;
        match (&table.storage, self.contents.page_file(table)) {
            (Storage::Rowid(layout), Ok(file)) => {
                Ok(pages::start(self.moment.main(), file, (&table.schema, layout), scan))
            }
            _ => self.step(table, scan),
        }
    }

    async fn query(&self, query: &Query) -> Result<QueryRows> {
        query::prepare(self.moment.handle(), query)
    }

    fn dialect(&self) -> Option<Dialect> {
        Some(Dialect::Sqlite)
    }

    fn sql_table(&self, table: &str) -> Option<SqlTable> {
        let schema = self.schemas.iter().find(|it| it.name == table)?;
        // Whatever a column is declared as, each row may hold something else.
        let column =
            |name: &str| SqlColumn { sql: quoted(name), kind: SqlKind::Any, exception: None };
        let columns = schema.columns.iter().map(|it| column(&it.name)).collect();
        Some(SqlTable { sql: format!("main.{}", quoted(table)), columns, shards: None })
    }

    async fn finish(&self) -> Result<()> {
        self.moment.finish()
    }

    fn notes(&self) -> Vec<String> {
        self.contents.notes.clone()
    }
}

impl fmt::Debug for SqliteSnapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteSnapshot").field("moment", &self.moment).finish_non_exhaustive()
    }
}
