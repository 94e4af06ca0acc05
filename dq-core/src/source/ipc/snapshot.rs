//! The tables of Arrow IPC files at one moment.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use arrow_schema::Fields;
use async_trait::async_trait;

use crate::error::Result;
use crate::source::files::fields::{check_readable, column_schema, merged};
use crate::source::files::scan::partitions;
use crate::source::files::{InputFile, Located, SeenFile};
use crate::source::ipc::feed::{Columns, Feed};
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
    files: Vec<SeenFile<Reader>>,
    fields: Fields,
    scanned: AtomicBool,
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
            files.push(SeenFile::new(file, identity, reader));
        }
        let fields = first.map_or_else(Fields::empty, |(_, fields)| fields);
        Ok(Self { files, fields, scanned: AtomicBool::new(false) })
    }
}

#[async_trait]
impl Snapshot for IpcSnapshot {
    fn tables(&self) -> &[TableSchema] {
        &self.schemas
    }

    async fn scan(&self, scan: &Scan) -> Result<Vec<Box<dyn Partition>>> {
        let (_, table) = scan.table_of(&self.schemas, &self.tables)?;
        for field in scan.columns.iter().filter_map(|it| table.fields.get(*it)) {
            table.files.first().map_or(Ok(()), |it| check_readable(&it.file, field))?;
        }
        table.scanned.store(true, Ordering::Release);
        let files = table.files.iter().map(SeenFile::feed).collect::<Result<_>>()?;
        let feed = Feed::new(files, &scan.columns);
        Ok(partitions(feed, Columns(scan.columns.clone()), scan, usize::MAX))
    }

    async fn finish(&self) -> Result<()> {
        let scanned = self.tables.iter().filter(|it| it.scanned.load(Ordering::Acquire));
        scanned.flat_map(|it| &it.files).try_for_each(SeenFile::check_unchanged)
    }
}
