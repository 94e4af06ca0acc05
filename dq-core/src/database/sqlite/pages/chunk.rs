//! Some leaves of a table, copied out of the database, and their decoding.

use arrow_buffer::Buffer;
use rusqlite::types::Value;

use crate::database::sqlite::pages::decoder::Decoder;
use crate::database::sqlite::pages::file::corrupt;
use crate::database::sqlite::pages::overflow;
use crate::database::sqlite::pages::record;
use crate::database::sqlite::pages::scan::PageScan;
use crate::database::sqlite::pages::varint;
use crate::database::sqlite::pages::walk::LEAF;
use crate::error::{Error, ErrorKind, Result};
use crate::value::{Batch, Cell, Span};

/// A batch ends with the leaf that brings its overflowing payloads to this size.
const OVERFLOW_BYTES_MAX: usize = 32 << 20;

/// Copies of consecutive leaves.
pub(crate) struct Chunk {
    /// How many leaves of the table come before.
    pub(crate) sequence: u64,
    /// The numbers of the pages.
    pub(crate) leaves: Vec<u32>,
    /// Their bytes, one page after the other.
    pub(crate) bytes: Vec<u8>,
}

impl Chunk {
    /// Decodes leaves from the front on: all of them, unless much overflows them. Then gives the rest.
    pub(crate) fn decode(mut self, scan: &PageScan) -> Result<(Batch, Option<Self>)> {
        let page_bytes = scan.file.page_bytes;
        let mut leaves = self.leaves.iter().zip((0..self.bytes.len()).step_by(page_bytes));
        let mut decoding = Decoding::new(scan, &self.bytes);
        while decoding.overflow.len() < OVERFLOW_BYTES_MAX {
            let Some((leaf, start)) = leaves.next() else {
                break;
            };
            decoding.leaf(*leaf, start)?;
        }
        let left = leaves.len();
        let done = self.leaves.len() - left;
        let Decoding { decoder, overflow, rows, .. } = decoding;
        let rest = (left > 0).then(|| Self {
            sequence: self.sequence + done as u64,
            leaves: self.leaves.split_off(done),
            bytes: self.bytes.get(done * page_bytes..).unwrap_or_default().to_vec(),
        });
        self.bytes.extend_from_slice(&overflow);
        let columns = decoder.finish(&scan.plan, &Buffer::from_vec(self.bytes));
        Ok((Batch::new(self.sequence, rows, columns), rest))
    }
}

/// A batch that is being decoded.
struct Decoding<'a> {
    scan: &'a PageScan,
    bytes: &'a [u8],
    decoder: Decoder,
    /// Payloads that are put together from overflow pages, and defaults. They will follow `bytes`.
    overflow: Vec<u8>,
    /// The defaults that this batch holds already, by column.
    defaults: Vec<Option<Cell>>,
    rows: usize,
    last_rowid: Option<i64>,
}

/// A cell of a leaf.
struct LeafCell<'a> {
    rowid: i64,
    payload_bytes: u64,
    /// The page from the payload on.
    rest: &'a [u8],
    /// Where the payload begins in the chunk.
    start: usize,
}

impl<'a> Decoding<'a> {
    fn new(scan: &'a PageScan, bytes: &'a [u8]) -> Self {
        let pages = bytes.chunks(scan.file.page_bytes);
        let rows = pages.filter_map(cell_pointers).map(<[_]>::len).sum();
        Self {
            scan,
            bytes,
            decoder: Decoder::new(&scan.plan, rows),
            overflow: Vec::new(),
            defaults: Vec::new(),
            rows: 0,
            last_rowid: None,
        }
    }

    /// Decodes the leaf with the number `leaf`, which begins at `start`.
    fn leaf(&mut self, leaf: u32, start: usize) -> Result<()> {
        let malformed = || corrupt(leaf, "it should be a leaf page of a table");
        let page =
            self.bytes.get(start..start + self.scan.file.usable_bytes).ok_or_else(malformed)?;
        let pointers = cell_pointers(page).ok_or_else(malformed)?;
        self.rows += pointers.len();
        if self.scan.plan.columns() == 0 {
            return Ok(());
        }
        for pointer in pointers {
            let malformed = || corrupt(leaf, "a cell is malformed");
            let at = usize::from(u16::from_be_bytes(*pointer));
            let mut rest = page.get(at..).ok_or_else(malformed)?;
            let payload_bytes = varint::take(&mut rest).ok_or_else(malformed)?;
            let rowid = varint::take(&mut rest).ok_or_else(malformed)? as i64;
            if self.last_rowid.is_some_and(|last| last >= rowid) {
                return Err(corrupt(leaf, "its rowids do not ascend"));
            }
            self.last_rowid = Some(rowid);
            let start = start + page.len() - rest.len();
            self.cell(leaf, &LeafCell { rowid, payload_bytes, rest, start })?;
        }
        Ok(())
    }

    #[inline]
    fn cell(&mut self, leaf: u32, cell: &LeafCell<'_>) -> Result<()> {
        if cell.payload_bytes > self.scan.file.local_bytes_max() as u64 {
            return self.long_cell(leaf, cell);
        }
        let columns = self
            .decoder
            .push(cell.rest, cell.payload_bytes as usize, cell.start as u32, cell.rowid)
            .ok_or_else(|| corrupt(leaf, "a record is malformed"))?;
        if columns < self.scan.plan.columns() {
            self.short_record(columns, cell.rowid)?;
        }
        Ok(())
    }

    /// Decodes a cell whose payload continues on overflow pages. They are read only if a wanted column
    /// lies there.
    #[cold]
    fn long_cell(&mut self, leaf: u32, cell: &LeafCell<'_>) -> Result<()> {
        let malformed = || corrupt(leaf, "a record with overflow pages is malformed");
        let file = self.scan.file;
        self.scan.cancellation.check()?;
        if cell.payload_bytes > u64::from(file.pages) * file.page_bytes as u64 {
            return Err(malformed());
        }
        let payload_bytes = cell.payload_bytes as usize;
        let local_bytes = file.local_bytes(payload_bytes);
        let (local, rest) = cell.rest.split_at_checked(local_bytes).ok_or_else(malformed)?;
        let first = u32::from_be_bytes(*rest.first_chunk().ok_or_else(malformed)?);
        let needed = record::bytes_needed(local, self.scan.plan.columns())
            .map_or(payload_bytes, |it| usize::try_from(it).unwrap_or(usize::MAX));
        if needed > payload_bytes {
            return Err(malformed());
        }
        let columns = if needed <= local_bytes {
            self.decoder.push(local, local_bytes, cell.start as u32, cell.rowid)
        } else {
            let start = self.overflow.len();
            let base = self.base(needed)?;
            self.overflow.extend_from_slice(local);
            self.scan.connection.with(|connection| {
                let mut reader = file.reader(connection)?;
                overflow::append(&mut reader, file, first, needed - local_bytes, &mut self.overflow)
            })?;
            let record = self.overflow.get(start..).unwrap_or_default();
            self.decoder.push(record, record.len(), base, cell.rowid)
        };
        self.short_record(columns.ok_or_else(malformed)?, cell.rowid)
    }

    /// Appends the columns that a record lacks.
    fn short_record(&mut self, columns: usize, rowid: i64) -> Result<()> {
        let mut decoder = std::mem::take(&mut self.decoder);
        let result = decoder.push_missing(columns, |position| self.default(position, rowid));
        self.decoder = decoder;
        result
    }

    /// The default of a column as a cell of this batch.
    fn default(&mut self, position: usize, rowid: i64) -> Result<Cell> {
        if let Some(cell) = self.defaults.get(position).copied().flatten() {
            return Ok(cell);
        }
        let cell = match self.scan.default(position, rowid)? {
            Value::Null => Cell::Null,
            Value::Integer(it) => Cell::Integer(it),
            Value::Real(it) => Cell::Float(it),
            Value::Text(it) => Cell::Text(self.append(it.as_bytes())?),
            Value::Blob(it) => Cell::Bytes(self.append(&it)?),
        };
        if self.defaults.len() <= position {
            self.defaults.resize(position + 1, None);
        }
        if let Some(slot) = self.defaults.get_mut(position) {
            *slot = Some(cell);
        }
        Ok(cell)
    }

    fn append(&mut self, bytes: &[u8]) -> Result<Span> {
        let base = self.base(bytes.len())?;
        self.overflow.extend_from_slice(bytes);
        Ok(Span::new(base, bytes.len() as u32))
    }

    /// Where the next `bytes` overflowing bytes will lie in the buffer of the batch.
    fn base(&self, bytes: usize) -> Result<u32> {
        let base = self.bytes.len() + self.overflow.len();
        if u32::try_from(base + bytes).is_err() {
            let (table, source) = (&self.scan.table, self.scan.connection.name());
            let message = format!(
                "cannot read the table `{table}` of `{source}`: the values of one page exceed 4 GiB"
            );
            return Err(Error::new(ErrorKind::LimitExceeded, message));
        }
        Ok(base as u32)
    }
}

/// The offsets of the cells of a leaf; `None` if it is no leaf, or has more than fit.
fn cell_pointers(page: &[u8]) -> Option<&[[u8; 2]]> {
    let header: &[u8; 8] = page.first_chunk()?;
    let [LEAF, _, _, high, low, ..] = *header else {
        return None;
    };
    let cells = usize::from(u16::from_be_bytes([high, low]));
    Some(page.get(8..8 + 2 * cells)?.as_chunks().0)
}
