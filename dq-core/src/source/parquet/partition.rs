//! Partitions of a scan: each reads one piece after another.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use arrow_array::RecordBatch;
use arrow_schema::Schema;
use async_trait::async_trait;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader,
    ParquetRecordBatchReaderBuilder, RowSelection, RowSelector,
};
use parquet::file::metadata::{ColumnChunkMetaData, RowGroupMetaData};

use crate::error::{Error, Result};
use crate::source::files::fields::{caught, columns_of};
use crate::source::parquet::error::{invalid, unreadable};
use crate::source::parquet::file::ParquetFile;
use crate::source::parquet::pieces::Piece;
use crate::source::parquet::schema;
use crate::source::{Cancellation, Partition};
use crate::value::{Batch, Column};

/// About how many bytes a batch of long rows has. Bounds the memory of a scan.
const BATCH_BYTES: usize = 4 << 20;

/// What the partitions of one scan share.
#[derive(Debug)]
pub(crate) struct ParquetScan {
    files: Vec<Arc<ParquetFile>>,
    pieces: Vec<Piece>,
    next: AtomicUsize,
    columns: Vec<usize>,
    batch_rows: usize,
}

impl ParquetScan {
    /// A scan of `pieces` of `files`.
    pub(crate) fn new(
        files: Vec<Arc<ParquetFile>>,
        pieces: Vec<Piece>,
        columns: Vec<usize>,
        batch_rows: usize,
    ) -> Self {
        Self { files, pieces, next: AtomicUsize::new(0), columns, batch_rows }
    }

    /// The next piece that nobody has.
    fn take(&self) -> Result<Option<Reading>> {
        let position = self.next.fetch_add(1, Ordering::Relaxed);
        let Some(piece) = self.pieces.get(position) else { return Ok(None) };
        let Some(file) = self.files.get(piece.file) else { return Ok(None) };
        let reader = match self.columns.as_slice() {
            [] => None,
            columns => {
                let reader = open(file, piece, columns, self.batch_rows);
                Some(reader.map_err(|error| file.explain(error))?)
            }
        };
        let sequence = (position as u64) << u32::BITS;
        let (file, left) = (Arc::clone(file), piece.rows.len());
        Ok(Some(Reading { file, reader, left, sequence }))
    }
}

fn open(
    file: &ParquetFile,
    piece: &Piece,
    columns: &[usize],
    batch_rows: usize,
) -> Result<ParquetRecordBatchReader> {
    let error = |it| unreadable(&file.path, it);
    let metadata = &file.metadata;
    let descriptor = metadata.file_metadata().schema_descr();
    let Some(group) = metadata.row_groups().get(piece.group) else {
        return Err(invalid(&file.path, "its footer is damaged"));
    };
    let fields = schema::fields_of(&file.fields, group, descriptor);
    let options = ArrowReaderOptions::new().with_schema(Arc::new(Schema::new(fields)));
    let metadata = ArrowReaderMetadata::try_new(Arc::clone(metadata), options).map_err(error)?;
    let mask = ProjectionMask::roots(metadata.parquet_schema(), columns.iter().copied());
    wanted(group, &mask).try_for_each(|it| schema::check_codec(&file.path, it))?;
    let batch_rows = batch_rows.min(rows_of_batch(group, &mask)).max(1);
    let mut builder = ParquetRecordBatchReaderBuilder::new_with_metadata(file.bytes()?, metadata)
        .with_row_groups(vec![piece.group])
        .with_projection(mask)
        .with_batch_size(batch_rows);
    if piece.rows.len() as i64 != group.num_rows() {
        let before = RowSelector::skip(piece.rows.start);
        let selection = RowSelection::from(vec![before, RowSelector::select(piece.rows.len())]);
        builder = builder.with_row_selection(selection);
    }
    builder.build().map_err(error)
}

/// The wanted columns of a row group.
fn wanted<'a>(
    group: &'a RowGroupMetaData,
    mask: &'a ProjectionMask,
) -> impl Iterator<Item = &'a ColumnChunkMetaData> {
    let columns = group.columns().iter().enumerate();
    columns.filter(|(leaf, _)| mask.leaf_included(*leaf)).map(|(_, chunk)| chunk)
}

/// How many rows of the wanted columns have about the bytes of a batch.
fn rows_of_batch(group: &RowGroupMetaData, mask: &ProjectionMask) -> usize {
    let bytes: i64 = wanted(group, mask).map(|it| it.uncompressed_size().max(0)).sum();
    let bytes_per_row = bytes / group.num_rows().max(1);
    BATCH_BYTES / usize::try_from(bytes_per_row).unwrap_or(usize::MAX).max(1)
}

/// A piece that is being read.
struct Reading {
    file: Arc<ParquetFile>,
    /// None where no column is wanted: then rows are only counted.
    reader: Option<ParquetRecordBatchReader>,
    /// How many rows are still to come.
    left: usize,
    sequence: u64,
}

impl Reading {
    /// The next batch; `None` after the last.
    fn next(&mut self, scan: &ParquetScan) -> Result<Option<Batch>> {
        let columns = match &mut self.reader {
            _ if self.left == 0 => return Ok(None),
            None => Vec::new(),
            Some(reader) => match read(reader, &self.file)? {
                Some(rows) => columns_of(&self.file.path.display(), &rows, &scan.columns)?,
                None => return Err(self.too_few()),
            },
        };
        let rows = columns.first().map_or(self.left.min(scan.batch_rows), Column::len);
        let Some(left) = self.left.checked_sub(rows).filter(|_| rows > 0) else {
            return Err(self.too_few());
        };
        self.left = left;
        self.sequence += 1;
        Ok(Some(Batch::new(self.sequence, rows, columns)))
    }

    fn too_few(&self) -> Error {
        invalid(&self.file.path, "a row group has not as many rows as the footer says")
    }
}

/// The next rows.
fn read(reader: &mut ParquetRecordBatchReader, file: &ParquetFile) -> Result<Option<RecordBatch>> {
    match caught(|| reader.next()) {
        Some(Some(Ok(rows))) => Ok(Some(rows)),
        Some(Some(Err(error))) => Err(unreadable(&file.path, error.into())),
        Some(None) => Ok(None),
        None => Err(invalid(&file.path, "its pages are damaged")),
    }
}

/// One of the partitions of a scan.
pub(crate) struct ParquetPartition {
    scan: Arc<ParquetScan>,
    reading: Option<Reading>,
    cancellation: Cancellation,
}

impl ParquetPartition {
    /// A partition of `scan`.
    pub(crate) fn new(scan: Arc<ParquetScan>, cancellation: Cancellation) -> Self {
        Self { scan, reading: None, cancellation }
    }

    fn advance(&mut self) -> Result<Option<Batch>> {
        while self.start()? {
            if let Some(batch) = self.continued()? {
                return Ok(Some(batch));
            }
            self.reading = None;
        }
        Ok(None)
    }

    /// Starts the next piece, unless one is being read; false after the last.
    fn start(&mut self) -> Result<bool> {
        if self.reading.is_none() {
            self.reading = self.scan.take()?;
        }
        Ok(self.reading.is_some())
    }

    /// The next rows of the piece that is being read.
    fn continued(&mut self) -> Result<Option<Batch>> {
        let Some(reading) = &mut self.reading else { return Ok(None) };
        reading.next(&self.scan).map_err(|error| reading.file.explain(error))
    }
}

#[async_trait]
impl Partition for ParquetPartition {
    async fn next(&mut self) -> Result<Option<Batch>> {
        self.cancellation.check()?;
        self.advance()
    }
}
