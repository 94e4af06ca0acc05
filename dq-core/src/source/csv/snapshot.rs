//! The tables of CSV files at one moment.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;

use crate::error::{Error, ErrorKind, Result};
use crate::source::csv::decoder::CsvDecoder;
use crate::source::csv::feed::{Feed, FeedFile};
use crate::source::csv::header::OpenFile;
use crate::source::csv::options::Format;
use crate::source::csv::rows::Projection;
use crate::source::files::scan::partitions;
use crate::source::files::{Identity, InputFile, Located};
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
    files: Vec<SeenFile>,
    scanned: AtomicBool,
}

/// A file as it was when the snapshot was opened.
#[derive(Debug)]
struct SeenFile {
    file: InputFile,
    identity: Option<Identity>,
    /// A stream, until it is scanned; a file is opened again.
    stream: Mutex<Option<OpenFile>>,
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
            let stream = Mutex::new(file.is_stream().then_some(open));
            files.push(SeenFile { file, identity, stream });
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
        let plain = |it: &SeenFile| it.identity.filter(|_| it.file.is_plain()).map(|id| id.size);
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
        let mut tables = self.schemas.iter().zip(&self.tables);
        let Some((schema, table)) = tables.find(|(schema, _)| schema.name == scan.table) else {
            let message = format!("cannot scan the table `{}`: there is none", scan.table);
            return Err(Error::new(ErrorKind::NotFound, message));
        };
        table.scanned.store(true, Ordering::Release);
        let files = table.files.iter().map(SeenFile::feed).collect::<Result<_>>()?;
        let projection = Projection { width: schema.columns.len(), wanted: scan.columns.clone() };
        let feed = Feed::new(files, Arc::clone(&self.format));
        let columns = schema.columns.clone();
        let decoder = CsvDecoder { columns, header: self.format.header, projection };
        Ok(partitions(feed, decoder, scan, self.partitions(table)))
    }

    async fn finish(&self) -> Result<()> {
        for table in self.tables.iter().filter(|it| it.scanned.load(Ordering::Acquire)) {
            for seen in &table.files {
                seen.file.check_unchanged(seen.identity)?;
            }
        }
        Ok(())
    }
}

impl SeenFile {
    /// What a scan reads; a stream is handed out once.
    fn feed(&self) -> Result<FeedFile> {
        let stream = self.stream.lock().unwrap_or_else(PoisonError::into_inner).take();
        if stream.is_none() && self.file.is_stream() {
            let message = format!("cannot read `{}` twice: it is a stream", self.file);
            return Err(Error::new(ErrorKind::Unsupported, message));
        }
        Ok(FeedFile { file: self.file.clone(), identity: self.identity, stream })
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
