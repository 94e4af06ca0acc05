//! The keys of the rows that a partition has read, so that a failing row which is found only after
//! the scan can be named.

use crate::validate::sample::{Sample, Shown};
use crate::value::Batch;

/// The primary keys, and perhaps other values, of the rows that a partition has read.
#[derive(Debug, Default)]
pub(crate) struct KeptRows {
    batches: Vec<KeptBatch>,
}

#[derive(Debug)]
struct KeptBatch {
    /// The number of the first row within the partition.
    first_row: u32,
    batch: Batch,
    /// The row with the lowest key.
    lowest: usize,
}

impl KeptRows {
    /// Keeps `columns` of `batch`, whose first row has the number `first_row` within the partition,
    /// and whose row `lowest` has the lowest key.
    pub(crate) fn keep(&mut self, batch: &Batch, columns: &[usize], first_row: u32, lowest: usize) {
        let columns = columns.iter().map(|it| batch.column(*it).compacted()).collect();
        let batch = Batch::new(batch.sequence(), batch.rows(), columns);
        self.batches.push(KeptBatch { first_row, batch, lowest });
    }

    /// How many rows the partition has read.
    pub(crate) fn rows(&self) -> usize {
        self.batches.last().map_or(0, |it| it.first_row as usize + it.batch.rows())
    }

    /// Offers the rows that `has_failed`, by their number within the partition. `shown` are positions
    /// among the kept columns.
    pub(crate) fn offer(
        &self,
        has_failed: impl Fn(u32) -> bool,
        shown: Shown<'_>,
        sample: &mut Sample,
    ) {
        for KeptBatch { first_row, batch, lowest } in &self.batches {
            if !sample.excludes(batch, *lowest, shown) {
                let rows = (0..batch.rows()).filter(|row| has_failed(first_row + *row as u32));
                rows.for_each(|row| sample.offer(batch, row, shown));
            }
        }
    }
}
