//! The keys of the rows that a partition has read, so that a failing row which is found only after
//! the scan can be named.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::sync::{Arc, Mutex, PoisonError};

use crate::error::{Error, ErrorKind, Result};
use crate::validate::kept_column::KeptColumn;
use crate::validate::keys::Arena;
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
    /// The columns of all batches, those of each side by side.
    columns: Vec<KeptColumn>,
    arena: Arena,
    /// What columns take beside the arena.
    bytes_beside: usize,
    /// The batches before those.
    file: Option<Mutex<File>>,
    spilled: Vec<Spilled>,
    rows: u32,
}

/// A batch in memory.
#[derive(Clone, Copy, Debug)]
struct KeptBatch {
    sequence: u64,
    /// The number of the first row within the partition.
    first_row: u32,
    rows: u32,
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
        Self {
            budget: Arc::clone(budget),
            taken: 0,
            batches: Vec::new(),
            columns: Vec::new(),
            arena: Arena::new(budget),
            bytes_beside: 0,
            file: None,
            spilled: Vec::new(),
            rows: 0,
        }
    }

    /// Keeps `columns` of the rows of `batch`, whose first row has the number `first_row` within the
    /// partition, and whose row `lowest` has the lowest key.
    pub(crate) fn keep<'a>(
        &mut self,
        batch: &Batch,
        columns: impl Iterator<Item = &'a Column>,
        (first_row, lowest): (u32, usize),
    ) -> Result<()> {
        let (sequence, rows) = (batch.sequence(), batch.rows() as u32);
        self.rows = first_row + rows;
        for column in columns {
            let column = KeptColumn::new(column, &mut self.arena)?;
            self.bytes_beside += column.bytes();
            self.columns.push(column);
        }
        self.batches.push(KeptBatch { sequence, first_row, rows, lowest });
        let before = std::mem::replace(&mut self.taken, self.arena.bytes() + self.bytes_beside);
        if self.budget.grown(before, self.taken) { self.spill() } else { Ok(()) }
    }

    /// Brings the rows to a temporary file.
    pub(crate) fn spill(&mut self) -> Result<()> {
        let mut file = match self.file.take() {
            Some(file) => file.into_inner().unwrap_or_else(PoisonError::into_inner),
            None => self.budget.file()?,
        };
        let mut start = self.spilled.last().map_or(0, |it| it.start + it.bytes as u64);
        for (index, kept) in self.batches.iter().enumerate() {
            let bytes = batch_codec::encode(&self.all_of(index, kept));
            file.write_all(&bytes).map_err(|error| self.budget.error("write", error))?;
            let KeptBatch { sequence, first_row, rows, .. } = *kept;
            let bytes = bytes.len();
            self.spilled.push(Spilled { sequence, first_row, rows, start, bytes });
            start += bytes as u64;
        }
        self.batches.clear();
        self.columns.clear();
        self.arena.clear(0);
        self.bytes_beside = 0;
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
            let failing =
                (0..it.rows as usize).filter(|row| has_failed(it.first_row + *row as u32));
            let failing: Vec<_> = failing.collect();
            if failing.is_empty() {
                continue;
            }
            let batch = self.load(it)?;
            if sample.excludes(&batch, lowest_row(&batch, shown.key), shown) {
                continue;
            }
            for row in failing {
                sample.offer(&batch, row, shown);
            }
        }
        for (index, kept) in self.batches.iter().enumerate() {
            if sample.excludes(&self.some_of(index, kept, &[kept.lowest]), 0, shown) {
                continue;
            }
            // Rows that no key names are named by their place in the batch.
            let is_wanted =
                |row: &usize| shown.key.is_empty() || has_failed(kept.first_row + *row as u32);
            let rows: Vec<_> = (0..kept.rows as usize).filter(is_wanted).collect();
            let batch = self.some_of(index, kept, &rows);
            let failing = rows.iter().enumerate();
            let failing = failing.filter(|(_, row)| has_failed(kept.first_row + **row as u32));
            failing.for_each(|(place, _)| sample.offer(&batch, place, shown));
        }
        Ok(())
    }

    /// These rows of a batch.
    fn some_of(&self, index: usize, kept: &KeptBatch, rows: &[usize]) -> Batch {
        let columns = self.columns_of(index).map(|it| it.rows(rows, &self.arena)).collect();
        Batch::new(kept.sequence, rows.len(), columns)
    }

    /// All rows of a batch.
    fn all_of(&self, index: usize, kept: &KeptBatch) -> Batch {
        let rows = kept.rows as usize;
        let columns = self.columns_of(index).map(|it| it.all(rows, &self.arena)).collect();
        Batch::new(kept.sequence, rows, columns)
    }

    fn columns_of(&self, index: usize) -> impl Iterator<Item = &KeptColumn> {
        let width = self.columns.len() / self.batches.len().max(1);
        self.columns.iter().skip(index * width).take(width)
    }

    /// The sequences of all batches, in the order in which they were kept.
    pub(crate) fn sequences(&self) -> impl Iterator<Item = u64> {
        let in_memory = self.batches.iter().map(|it| it.sequence);
        self.spilled.iter().map(|it| it.sequence).chain(in_memory)
    }

    /// The batch at `index` of the [`sequences`](Self::sequences), with the number of its first row.
    pub(crate) fn batch(&self, index: usize) -> Result<(u32, Batch)> {
        if let Some(spilled) = self.spilled.get(index) {
            return Ok((spilled.first_row, self.load(spilled)?));
        }
        let lost = || Error::new(ErrorKind::Internal, "a batch of kept rows is lost");
        let index = index - self.spilled.len();
        let kept = self.batches.get(index).ok_or_else(lost)?;
        Ok((kept.first_row, self.all_of(index, kept)))
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

impl Drop for KeptRows {
    fn drop(&mut self) {
        self.budget.give_back(self.taken);
    }
}
