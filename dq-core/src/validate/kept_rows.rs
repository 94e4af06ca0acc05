//! The keys of the rows that a partition has read, so that a failing row which is found only after
//! the scan can be named.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::sync::{Arc, Mutex, PoisonError};

use crate::error::{Error, ErrorKind, Result};
use crate::validate::memory::Budget;
use crate::validate::row_key::lowest_row;
use crate::validate::sample::{Sample, Shown};
use crate::value::{Batch, Column, batch_codec};

/// The primary keys, and perhaps other values, of the rows that a partition has read: at first in
/// memory, and beyond the budget in a temporary file.
#[derive(Debug)]
pub(crate) struct KeptRows {
    budget: Arc<Budget>,
    /// How much of the budget the batches take.
    taken: usize,
    batches: Vec<KeptBatch>,
    /// The batches before those.
    file: Option<Mutex<File>>,
    spilled: Vec<Spilled>,
    rows: u32,
}

#[derive(Debug)]
struct KeptBatch {
    /// The number of the first row within the partition.
    first_row: u32,
    batch: Batch,
    /// The row with the lowest key.
    lowest: usize,
}

/// A batch in the file.
#[derive(Clone, Copy, Debug)]
struct Spilled {
    sequence: u64,
    first_row: u32,
    rows: u32,
    start: u64,
    bytes: usize,
}

impl KeptRows {
    /// No rows yet.
    pub(crate) fn new(budget: &Arc<Budget>) -> Self {
        let budget = Arc::clone(budget);
        Self { budget, taken: 0, batches: Vec::new(), file: None, spilled: Vec::new(), rows: 0 }
    }

    /// Keeps `batch`, whose first row has the number `first_row` within the partition, and whose row
    /// `lowest` has the lowest key.
    pub(crate) fn keep(&mut self, batch: Batch, first_row: u32, lowest: usize) -> Result<()> {
        self.rows = first_row + batch.rows() as u32;
        let before = self.taken;
        self.taken += batch.columns().iter().map(Column::bytes).sum::<usize>();
        self.batches.push(KeptBatch { first_row, batch, lowest });
        if self.budget.grown(before, self.taken) { self.spill() } else { Ok(()) }
    }

    /// Brings the rows to a temporary file.
    pub(crate) fn spill(&mut self) -> Result<()> {
        let mut file = match self.file.take() {
            Some(file) => file.into_inner().unwrap_or_else(PoisonError::into_inner),
            None => self.budget.file()?,
        };
        let mut start = self.spilled.last().map_or(0, |it| it.start + it.bytes as u64);
        for KeptBatch { first_row, batch, .. } in std::mem::take(&mut self.batches) {
            let bytes = batch_codec::encode(&batch);
            file.write_all(&bytes).map_err(|error| self.budget.error("write", error))?;
            let (sequence, rows, bytes) = (batch.sequence(), batch.rows() as u32, bytes.len());
            self.spilled.push(Spilled { sequence, first_row, rows, start, bytes });
            start += bytes as u64;
        }
        self.budget.give_back(std::mem::take(&mut self.taken));
        self.file = Some(Mutex::new(file));
        Ok(())
    }

    /// How many rows the partition has read.
    pub(crate) fn rows(&self) -> usize {
        self.rows as usize
    }

    /// Offers the rows that `has_failed`, by their number within the partition. `shown` are positions
    /// among the kept columns.
    pub(crate) fn offer(
        &self,
        has_failed: impl Fn(u32) -> bool,
        shown: Shown<'_>,
        sample: &mut Sample,
    ) -> Result<()> {
        for it in &self.spilled {
            if (it.first_row..it.first_row + it.rows).any(&has_failed) {
                let batch = self.load(it)?;
                let lowest = lowest_row(&batch, shown.key);
                let kept = KeptBatch { first_row: it.first_row, batch, lowest };
                kept.offer(&has_failed, shown, sample);
            }
        }
        self.batches.iter().for_each(|it| it.offer(&has_failed, shown, sample));
        Ok(())
    }

    /// The sequences of all batches, in the order in which they were kept.
    pub(crate) fn sequences(&self) -> impl Iterator<Item = u64> {
        let in_memory = self.batches.iter().map(|it| it.batch.sequence());
        self.spilled.iter().map(|it| it.sequence).chain(in_memory)
    }

    /// The batch at `index` of the [`sequences`](Self::sequences), with the number of its first row.
    pub(crate) fn batch(&self, index: usize) -> Result<(u32, Batch)> {
        if let Some(spilled) = self.spilled.get(index) {
            return Ok((spilled.first_row, self.load(spilled)?));
        }
        let lost = || Error::new(ErrorKind::Internal, "a batch of kept rows is lost");
        let kept = self.batches.get(index - self.spilled.len()).ok_or_else(lost)?;
        Ok((kept.first_row, kept.batch.clone()))
    }

    fn load(&self, spilled: &Spilled) -> Result<Batch> {
        let read = |file: &Mutex<File>| -> io::Result<Batch> {
            let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
            let mut bytes = vec![0; spilled.bytes];
            file.seek(SeekFrom::Start(spilled.start))?;
            file.read_exact(&mut bytes)?;
            batch_codec::decode(bytes).ok_or_else(|| io::ErrorKind::InvalidData.into())
        };
        let batch = self.file.as_ref().map_or(Err(io::ErrorKind::NotFound.into()), read);
        batch.map_err(|error| self.budget.error("read", error))
    }
}

impl KeptBatch {
    fn offer(&self, has_failed: impl Fn(u32) -> bool, shown: Shown<'_>, sample: &mut Sample) {
        if sample.excludes(&self.batch, self.lowest, shown) {
            return;
        }
        let rows = 0..self.batch.rows();
        let failing = rows.filter(|row| has_failed(self.first_row + *row as u32));
        failing.for_each(|row| sample.offer(&self.batch, row, shown));
    }
}

impl Drop for KeptRows {
    fn drop(&mut self) {
        self.budget.give_back(self.taken);
    }
}
