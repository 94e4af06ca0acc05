//! The tables of CSV files at one moment.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;

use crate::error::{Error, ErrorKind, Result};
use crate::source::csv::decoder::CsvDecoder;
use crate::source::csv::feed::Feed;
use crate::source::csv::header::OpenFile;
use crate::source::csv::options::Format;
use crate::source::csv::rows::Projection;
use crate::source::files::scan::partitions;
use crate::source::files::{InputFile, Located, SeenFile};
use crate::source::{Partition, Scan, Snapshot};
use crate::value::{ColumnSchema, TableSchema, ValueType};

/// Tables whose files were all opened, and their headers read, when the snapshot was.
#[derive(Debug)]
pub(crate) struct CsvSnapshot {
    schemas: Vec<TableSchema>,
    tables: Vec<TableFiles>,
    format: Arc<Format>,
}

/// The files of one table.
#[derive(Debug)]
struct TableFiles {
    files: Vec<SeenFile<OpenFile>>,
    scanned: AtomicBool,
}

impl CsvSnapshot {
    /// Opens every file of every table.
    pub(crate) fn open(tables: Vec<Located<InputFile>>, format: Arc<Format>) -> Result<Self> {
        let mut snapshot = Self { schemas: Vec::new(), tables: Vec::new(), format };
        for located in tables {
            snapshot.add(located)?;
        }
        Ok(snapshot)
    }

    fn add(&mut self, located: Located<InputFile>) -> Result<()> {
        let mut first: Option<(InputFile, Vec<String>)> = None;
        let mut rows_estimate = Some(0_u64);
        let mut files = Vec::new();
        for file in located.files {
            let open = OpenFile::open(&file, &self.format)?;
            match &first {
                None => first = Some((file.clone(), open.names.clone())),
                Some((one, names)) => check_alike(one, names, &file, &open.names)?,
            }
            rows_estimate =
                rows_estimate.zip(open.rows_estimate).map(|(sum, rows)| sum.saturating_add(rows));
            let identity = open.identity;
            files.push(SeenFile::new(Arc::new(file), identity, open));
        }
        let (_, names) = first.unwrap_or((InputFile::Stdin, Vec::new()));
        let columns = names.into_iter().map(|it| ColumnSchema::new(it, ValueType::Text)).collect();
        let (name, primary_key) = (located.table, Vec::new());
        self.schemas.push(TableSchema { name, columns, primary_key, rows_estimate });
        self.tables.push(TableFiles { files, scanned: AtomicBool::new(false) });
        Ok(())
    }

    /// How many partitions have something to do.
    fn partitions(&self, table: &TableFiles) -> usize {
        let plain =
            |it: &SeenFile<OpenFile>| it.identity.filter(|_| it.file.is_plain()).map(|id| id.size);
        let Some(bytes) = table.files.iter().map(plain).sum::<Option<u64>>() else {
            return usize::MAX;
        };
        let blocks = bytes.div_ceil(self.format.block_bytes as u64).max(table.files.len() as u64);
        usize::try_from(blocks).unwrap_or(usize::MAX)
    }
}

#[async_trait]
impl Snapshot for CsvSnapshot {
    fn tables(&self) -> &[TableSchema] {
        &self.schemas
    }

    async fn scan(&self, scan: &Scan) -> Result<Vec<Box<dyn Partition>>> {
        let (schema, table) = scan.table_of(&self.schemas, &self.tables)?;
        table.scanned.store(true, Ordering::Release);
        let files = table.files.iter().map(SeenFile::feed).collect::<Result<_>>()?;
        let projection = Projection { width: schema.columns.len(), wanted: scan.columns.clone() };
        let feed = Feed::new(files, Arc::clone(&self.format));
        let columns = schema.columns.clone();
        let decoder = CsvDecoder { columns, header: self.format.header, projection };
        Ok(partitions(feed, decoder, scan, self.partitions(table)))
    }

    async fn finish(&self) -> Result<()> {
        let scanned = self.tables.iter().filter(|it| it.scanned.load(Ordering::Acquire));
        scanned.flat_map(|it| &it.files).try_for_each(SeenFile::check_unchanged)
    }
}

fn check_alike(
    one: &InputFile,
    names: &[String],
    other: &InputFile,
    others: &[String],
) -> Result<()> {
    if names == others {
        return Ok(());
    }
    let message = format!("cannot read `{other}`: its header is not that of `{one}`");
    Err(Error::new(ErrorKind::SourceInvalid, message))
}
