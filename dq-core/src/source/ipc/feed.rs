//! The record batches of all files of a table, in their order.

use std::collections::VecDeque;
use std::sync::Arc;

use arrow_array::RecordBatch;

use crate::error::Result;
use crate::source::files::fields::{columns_of, present};
use crate::source::files::scan::{self, Decode};
use crate::source::files::{FeedFile, Identity, InputFile};
use crate::source::ipc::file::Reader;
use crate::value::Batch;

/// Longer record batches are cut, so that partitions have equal shares and batches stay in the cache.
const SLICE_ROWS: usize = 16_384;

/// Some rows, and where they come from.
pub(crate) struct Slice {
    pub(crate) file: Arc<InputFile>,
    pub(crate) rows: RecordBatch,
}

/// Hands out the record batches of some files, in slices.
pub(crate) struct Feed {
    files: VecDeque<FeedFile<Reader>>,
    /// The positions of the wanted columns.
    columns: Vec<usize>,
    current: Option<Current>,
}

struct Current {
    file: Arc<InputFile>,
    identity: Option<Identity>,
    reader: Reader,
    /// What has been read and not been handed out.
    rest: Option<RecordBatch>,
}

impl Feed {
    /// The rows of `files`, of the columns at the positions `wanted`.
    pub(crate) fn new(files: VecDeque<FeedFile<Reader>>, wanted: &[usize]) -> Self {
        Self { files, columns: present(wanted), current: None }
    }

    fn take_current(&mut self) -> Result<Option<Current>> {
        match self.current.take() {
            Some(current) => Ok(Some(current)),
            None => self.files.pop_front().map(|it| Current::open(it, &self.columns)).transpose(),
        }
    }
}

impl scan::Feed for Feed {
    type Piece = Slice;

    fn next(&mut self) -> Result<Option<Slice>> {
        loop {
            let Some(mut current) = self.take_current()? else { return Ok(None) };
            let Some(rows) = current.next()? else { continue };
            let file = Arc::clone(&current.file);
            self.current = Some(current);
            if rows.num_rows() > 0 {
                return Ok(Some(Slice { file, rows }));
            }
        }
    }
}

/// Makes columns of arrays: those at these positions, in this order.
pub(crate) struct Columns(pub(crate) Vec<usize>);

impl Decode<Slice> for Columns {
    fn decode(&self, slice: Slice, sequence: u64) -> Result<Batch> {
        let columns = columns_of(slice.file.as_ref(), &slice.rows, &self.0)?;
        Ok(Batch::new(sequence, slice.rows.num_rows(), columns))
    }
}

impl Current {
    fn open(file: FeedFile<Reader>, columns: &[usize]) -> Result<Self> {
        let FeedFile { file, identity, stream } = file;
        file.check_unchanged(identity)?;
        let reader = match stream {
            Some(reader) => reader.selecting(columns.to_vec()),
            None => Reader::open(&file, Some(columns.to_vec()))?,
        };
        if reader.identity() != identity {
            return Err(file.changed());
        }
        Ok(Self { file, identity, reader, rest: None })
    }

    /// The next rows. At the end, and where reading fails, the file must not have changed.
    fn next(&mut self) -> Result<Option<RecordBatch>> {
        let rows = match self.rest.take() {
            Some(rest) => Ok(Some(rest)),
            None => self.reader.next(),
        };
        if !matches!(rows, Ok(Some(_))) {
            self.file.check_unchanged(self.identity)?;
        }
        Ok(rows?.map(|rows| self.cut(rows)))
    }

    /// The start of `rows`; the rest is kept.
    fn cut(&mut self, rows: RecordBatch) -> RecordBatch {
        let count = rows.num_rows();
        if count <= SLICE_ROWS {
            return rows;
        }
        self.rest = Some(rows.slice(SLICE_ROWS, count - SLICE_ROWS));
        rows.slice(0, SLICE_ROWS)
    }
}
