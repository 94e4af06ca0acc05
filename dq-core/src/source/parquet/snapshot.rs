//! The tables of Parquet files at one moment.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use arrow_schema::Fields;
use async_trait::async_trait;

use crate::error::Result;
use crate::source::files::Located;
use crate::source::files::fields::{check_readable, column_schema, merged};
use crate::source::parquet::ParquetOptions;
use crate::source::parquet::error::invalid;
use crate::source::parquet::file::ParquetFile;
use crate::source::parquet::partition::{ParquetPartition, ParquetScan};
use crate::source::parquet::pieces;
use crate::source::{Partition, Scan, Snapshot};
use crate::value::TableSchema;

/// Tables whose footers were all read when the snapshot was opened.
#[derive(Debug)]
pub(crate) struct ParquetSnapshot {
    schemas: Vec<TableSchema>,
    tables: Vec<TableFiles>,
    options: ParquetOptions,
}

/// The files of one table.
#[derive(Debug)]
struct TableFiles {
    files: Vec<Arc<ParquetFile>>,
    /// The number of rows of each row group of each file.
    groups: Vec<Vec<usize>>,
    fields: Fields,
    scanned: AtomicBool,
}

impl ParquetSnapshot {
    /// Reads the footer of every file of every table.
    pub(crate) fn open(tables: Vec<Located>, options: ParquetOptions) -> Result<Self> {
        let mut snapshot = Self { schemas: Vec::new(), tables: Vec::new(), options };
        for Located { table, files } in tables {
            let files = TableFiles::open(files)?;
            let rows = files.groups.iter().flatten().map(|it| *it as u64).sum();
            snapshot.schemas.push(TableSchema {
                name: table,
                columns: files.fields.iter().map(column_schema).collect(),
                primary_key: Vec::new(),
                rows_estimate: Some(rows),
            });
            snapshot.tables.push(files);
        }
        Ok(snapshot)
    }
}

impl TableFiles {
    fn open(paths: Vec<PathBuf>) -> Result<Self> {
        let (mut files, mut groups) = (Vec::new(), Vec::new());
        let mut first: Option<(PathBuf, Fields)> = None;
        for path in paths {
            let file = ParquetFile::open(path)?;
            let (one, known) =
                first.get_or_insert_with(|| (file.path.clone(), file.fields.clone()));
            *known = merged((one.display(), known), (file.path.display(), &file.fields))?;
            groups.push(rows_of_groups(&file)?);
            files.push(Arc::new(file));
        }
        let fields = first.map_or_else(Fields::empty, |(_, fields)| fields);
        Ok(Self { files, groups, fields, scanned: AtomicBool::new(false) })
    }
}

fn rows_of_groups(file: &ParquetFile) -> Result<Vec<usize>> {
    let rows = |rows: i64| {
        usize::try_from(rows).map_err(|_| {
            invalid(&file.path, "its footer is damaged: a row group has less than no rows")
        })
    };
    file.metadata.row_groups().iter().map(|it| rows(it.num_rows())).collect()
}

#[async_trait]
impl Snapshot for ParquetSnapshot {
    fn tables(&self) -> &[TableSchema] {
        &self.schemas
    }

    async fn scan(&self, scan: &Scan) -> Result<Vec<Box<dyn Partition>>> {
        let (_, table) = scan.table_of(&self.schemas, &self.tables)?;
        for field in scan.columns.iter().filter_map(|it| table.fields.get(*it)) {
            table.files.first().map_or(Ok(()), |it| check_readable(it.path.display(), field))?;
        }
        table.scanned.store(true, Ordering::Release);
        let pieces = pieces::cut(&table.groups, scan.partitions, self.options.piece_rows);
        let partitions = scan.partitions.get().min(pieces.len()).max(1);
        let shared = Arc::new(ParquetScan::new(
            table.files.clone(),
            pieces,
            scan.columns.clone(),
            self.options.batch_rows,
        ));
        let partition = || {
            let partition = ParquetPartition::new(Arc::clone(&shared), scan.cancellation.clone());
            Box::new(partition) as Box<dyn Partition>
        };
        Ok(std::iter::repeat_with(partition).take(partitions).collect())
    }

    async fn finish(&self) -> Result<()> {
        let scanned = self.tables.iter().filter(|it| it.scanned.load(Ordering::Acquire));
        scanned.flat_map(|it| &it.files).try_for_each(|it| it.check_unchanged())
    }
}
