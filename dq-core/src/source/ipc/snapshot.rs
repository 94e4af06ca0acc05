//! The tables of Arrow IPC files at one moment.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use arrow_schema::Fields;
use async_trait::async_trait;

use crate::error::{Error, ErrorKind, Result};
use crate::source::files::fields::{check_readable, column_schema, merged};
use crate::source::files::scan::partitions;
use crate::source::files::{Identity, InputFile, Located};
use crate::source::ipc::feed::{Columns, Feed, FeedFile};
use crate::source::ipc::file::Reader;
use crate::source::{Partition, Scan, Snapshot};
use crate::value::TableSchema;

/// Tables whose schemas were all read when the snapshot was opened.
#[derive(Debug)]
pub(crate) struct IpcSnapshot {
    schemas: Vec<TableSchema>,
    tables: Vec<TableFiles>,
}

/// The files of one table.
#[derive(Debug)]
struct TableFiles {
    files: Vec<SeenFile>,
    fields: Fields,
    scanned: AtomicBool,
}

/// A file as it was when the snapshot was opened.
struct SeenFile {
    file: Arc<InputFile>,
    identity: Option<Identity>,
    /// A stream, until it is scanned; a file is opened again.
    stream: Mutex<Option<Reader>>,
}

impl std::fmt::Debug for SeenFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SeenFile").field("file", &self.file).finish_non_exhaustive()
    }
}

impl IpcSnapshot {
    /// Opens every file of every table.
    pub(crate) fn open(tables: Vec<Located<InputFile>>) -> Result<Self> {
        let mut snapshot = Self { schemas: Vec::new(), tables: Vec::new() };
        for Located { table, files } in tables {
            let files = TableFiles::open(files)?;
            snapshot.schemas.push(TableSchema {
                name: table,
                columns: files.fields.iter().map(column_schema).collect(),
                primary_key: Vec::new(),
                rows_estimate: None,
            });
            snapshot.tables.push(files);
        }
        Ok(snapshot)
    }
}

impl TableFiles {
    fn open(inputs: Vec<InputFile>) -> Result<Self> {
        let mut files = Vec::new();
        let mut first: Option<(Arc<InputFile>, Fields)> = None;
        for file in inputs {
            let file = Arc::new(file);
            let reader = Reader::open(&file, None)?;
            let (one, known) =
                first.get_or_insert_with(|| (Arc::clone(&file), reader.fields().clone()));
            *known = merged((one.as_ref(), known), (file.as_ref(), reader.fields()))?;
            let identity = reader.identity();
            let stream = Mutex::new(file.is_stream().then_some(reader));
            files.push(SeenFile { file, identity, stream });
        }
        let fields = first.map_or_else(Fields::empty, |(_, fields)| fields);
        Ok(Self { files, fields, scanned: AtomicBool::new(false) })
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
        Ok(FeedFile { file: Arc::clone(&self.file), identity: self.identity, stream })
    }
}

#[async_trait]
impl Snapshot for IpcSnapshot {
    fn tables(&self) -> &[TableSchema] {
        &self.schemas
    }

    async fn scan(&self, scan: &Scan) -> Result<Vec<Box<dyn Partition>>> {
        let mut tables = self.schemas.iter().zip(&self.tables);
        let Some((_, table)) = tables.find(|(schema, _)| schema.name == scan.table) else {
            let message = format!("cannot scan the table `{}`: there is none", scan.table);
            return Err(Error::new(ErrorKind::NotFound, message));
        };
        for field in scan.columns.iter().filter_map(|it| table.fields.get(*it)) {
            table.files.first().map_or(Ok(()), |it| check_readable(&it.file, field))?;
        }
        table.scanned.store(true, Ordering::Release);
        let files = table.files.iter().map(SeenFile::feed).collect::<Result<_>>()?;
        let feed = Feed::new(files, &scan.columns);
        Ok(partitions(feed, Columns(scan.columns.clone()), scan, usize::MAX))
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
