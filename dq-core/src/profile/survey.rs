//! What one scan finds out about a table; shared by the threads that read it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::profile::canonical::HashedColumn;
use crate::profile::column_survey::ColumnSurvey;
use crate::profile::row_sample::{CodedRows, RowSample, row_hashes};
use crate::value::{Batch, TableSchema};

/// Each column has a lock of its own: threads work on different columns, and distinct values are held
/// once, however many threads there are. No result depends on who comes first.
#[derive(Debug)]
pub(crate) struct Scanning {
    columns: Vec<Mutex<ColumnSurvey>>,
    sample: Mutex<RowSample>,
    rows: AtomicU64,
    /// Where the next batch begins, so that threads do not queue for the same column.
    turn: AtomicU64,
}

/// What one scan has found out about a table.
#[derive(Debug)]
pub(crate) struct Survey {
    pub(crate) schema: TableSchema,
    pub(crate) rows: u64,
    pub(crate) columns: Vec<ColumnSurvey>,
    pub(crate) sample: CodedRows,
}

impl Scanning {
    /// Nothing yet. An eighth of `memory_bytes` is for the sample of rows, the rest for distinct values, the
    /// same share for each column.
    pub(crate) fn new(schema: &TableSchema, memory_bytes: usize) -> Self {
        let columns = schema.columns.len();
        let for_sample = memory_bytes / 8;
        let share = (memory_bytes - for_sample) / columns.max(1);
        Self {
            columns: (0..columns).map(|_| Mutex::new(ColumnSurvey::new(share))).collect(),
            sample: Mutex::new(RowSample::new(columns, for_sample)),
            rows: AtomicU64::new(0),
            turn: AtomicU64::new(0),
        }
    }

    /// Takes a batch of all columns, and gives how many rows there have been.
    pub(crate) fn take(&self, batch: &Batch) -> u64 {
        let columns: Vec<_> = batch.columns().iter().map(HashedColumn::of).collect();
        let turn = self.turn.fetch_add(1, Ordering::Relaxed) as usize;
        let count = self.columns.len().max(1);
        let places = (0..count).map(|it| (it + turn * count / 3) % count);
        for place in places {
            if let (Some(survey), Some(column)) = (self.columns.get(place), columns.get(place)) {
                lock(survey).take(column);
            }
        }
        let hashes = row_hashes(&columns, batch.rows());
        lock(&self.sample).take(&columns, &hashes);
        let rows = batch.rows() as u64;
        self.rows.fetch_add(rows, Ordering::Relaxed) + rows
    }

    /// Finds the facts about what is still to be looked at: the columns whose turn is a multiple of
    /// `threads` after `thread`.
    pub(crate) fn settle(&self, thread: usize, threads: usize) {
        self.columns.iter().skip(thread).step_by(threads.max(1)).for_each(|it| lock(it).settle());
    }

    /// The end of the scan.
    pub(crate) fn finish(self, schema: TableSchema) -> Survey {
        let columns = self.columns.into_iter().map(unlock).collect();
        let sample = unlock(self.sample).coded();
        Survey { schema, rows: self.rows.into_inner(), columns, sample }
    }
}

impl Survey {
    /// The name of a column.
    pub(crate) fn name(&self, position: usize) -> &str {
        self.schema.columns.get(position).map_or("", |it| &it.name)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn unlock<T>(mutex: Mutex<T>) -> T {
    mutex.into_inner().unwrap_or_else(PoisonError::into_inner)
}
