//! Some rows of a table, column by column.

use crate::value::Column;

/// Some consecutive rows of a table: the requested columns, in the order of the request.
#[derive(Clone, Debug)]
pub struct Batch {
    columns: Vec<Column>,
    rows: usize,
    sequence: u64,
}

impl Batch {
    /// Creates a batch of `rows` rows. `sequence` orders the batches of one scan: rows of a batch with
    /// a lower sequence come before those of one with a higher, whichever partition delivers them.
    pub fn new(sequence: u64, rows: usize, columns: Vec<Column>) -> Self {
        debug_assert!(columns.iter().all(|it| it.len() == rows), "columns differ in length");
        Self { columns, rows, sequence }
    }

    /// The number of rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// The place of this batch among all batches of the scan.
    pub fn sequence(&self) -> u64 {
        self.sequence
    }

    /// The columns.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// About how many bytes of memory the values take. A buffer of text that columns share counts once.
    pub fn bytes(&self) -> usize {
        let (mut bytes, mut buffers) = (0, Vec::new());
        for column in &self.columns {
            bytes += column.bytes();
            let Some(buffer) = column.text_buffer() else { continue };
            if buffers.contains(&buffer.as_ptr()) {
                bytes -= buffer.len();
            } else {
                buffers.push(buffer.as_ptr());
            }
        }
        bytes
    }

    /// The column at `position` of the request; a column of NULLs if there is none.
    #[inline]
    pub fn column(&self, position: usize) -> &Column {
        self.columns.get(position).unwrap_or(&Column::NONE)
    }
}
