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
    first_row: u32,
    batch: Batch,
}

impl KeptRows {
    /// Keeps `columns` of `batch`, whose first row has the number `first_row` within the partition.
    pub(crate) fn keep(&mut self, batch: &Batch, columns: &[usize], first_row: u32) {
        let columns = columns.iter().map(|it| batch.column(*it).compacted()).collect();
        let batch = Batch::new(batch.sequence(), batch.rows(), columns);
        self.batches.push(KeptBatch { first_row, batch });
    }

    /// Offers a row, by its number within the partition. `shown` are positions among the kept columns.
    pub(crate) fn offer(&self, row: u32, sample: &mut Sample, shown: Shown<'_>) {
        let after = self.batches.partition_point(|it| it.first_row <= row);
        if let Some(kept) = after.checked_sub(1).and_then(|it| self.batches.get(it)) {
            sample.offer(&kept.batch, (row - kept.first_row) as usize, shown);
        }
    }
}
