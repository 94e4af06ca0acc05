//! Which rows of a table failed a check that was decided after the scan.

use std::sync::atomic::{AtomicU64, Ordering};

use arrow_buffer::BooleanBuffer;

use crate::error::Result;
use crate::validate::kept_rows::KeptRows;
use crate::validate::sample::{Sample, Shown};

/// A bit for each row of each partition. Rows fail in the order of their keys' hashes, from several
/// threads; the sample is taken afterwards, in the order of the rows.
#[derive(Debug)]
pub(crate) struct FailingRows {
    partitions: Vec<Vec<AtomicU64>>,
}

impl FailingRows {
    /// No row of these partitions has failed.
    pub(crate) fn new(kept: &[KeptRows]) -> Self {
        let words =
            |it: &KeptRows| (0..it.rows().div_ceil(64)).map(|_| AtomicU64::new(0)).collect();
        Self { partitions: kept.iter().map(words).collect() }
    }

    /// Notes that a row has failed, by its number within the partition.
    #[inline]
    pub(crate) fn note(&self, partition: usize, row: u32) {
        let words = self.partitions.get(partition);
        if let Some(word) = words.and_then(|it| it.get(row as usize / 64)) {
            word.fetch_or(1 << (row % 64), Ordering::Relaxed);
        }
    }

    /// Which of so many rows from `first_row` on have failed, by their number within the partition.
    pub(crate) fn of(&self, partition: usize, first_row: u32, rows: usize) -> BooleanBuffer {
        let words = self.partitions.get(partition).map_or(&[][..], Vec::as_slice);
        BooleanBuffer::collect_bool(rows, |row| is_set(words, first_row + row as u32))
    }

    /// Offers the rows that failed.
    pub(crate) fn sample(
        &self,
        kept: &[KeptRows],
        shown: Shown<'_>,
        sample: &mut Sample,
    ) -> Result<()> {
        for (kept, words) in kept.iter().zip(&self.partitions) {
            kept.offer(|row| is_set(words, row), shown, sample)?;
        }
        Ok(())
    }
}

#[inline]
fn is_set(words: &[AtomicU64], row: u32) -> bool {
    let word = words.get(row as usize / 64).map_or(0, |it| it.load(Ordering::Relaxed));
    word >> (row % 64) & 1 == 1
}
