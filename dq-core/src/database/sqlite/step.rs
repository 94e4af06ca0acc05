//! Scans by statements: right for everything that can be selected from, and the way out wherever
//! pages cannot be read.
//!
//! A table with a rowid is cut into ranges of rowids. Whoever asks next gets the next range, on a
//! connection of its own, and reads it some rows at a time: each statement ends before its batch is
//! handed over, so that no connection is held while rows are checked.
//!
//! Looking for a rowid trusts the order of the table; a full scan does not. So that damage cannot hide
//! rows, the rowids of each statement must ascend, and there must be as many as the table has rows.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension, Params};

use crate::database::sqlite::catalog::{RowidTable, quoted};
use crate::database::sqlite::connection::SharedConnection;
use crate::database::sqlite::error::from_sqlite;
use crate::database::sqlite::moment::{Handle, Loan};
use crate::database::sqlite::rows::{ROWS_MAX, RowBatch, RowReader, select};
use crate::error::{Error, ErrorKind, Result};
use crate::source::{Cancellation, Partition, Scan};
use crate::value::{Batch, TableSchema};

/// How many ranges each partition gets, so that none waits long for the slowest.
const RANGES_PER_PARTITION: u64 = 8;

/// The rowids of a table, cut into ranges that are handed out in order.
#[derive(Debug)]
pub(crate) struct RowidRanges {
    first: i64,
    last: i64,
    ranges: u64,
    taken: AtomicU64,
}

/// A range of rowids; both ends belong to it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct RowidRange {
    low: i64,
    high: i64,
    /// Orders the batches of all ranges.
    sequence: u64,
}

impl RowidRanges {
    /// The rowids of `table` as `connection` sees them, for so many partitions.
    fn of(
        connection: &Connection,
        table: &str,
        rowid: &str,
        partitions: usize,
    ) -> rusqlite::Result<Self> {
        let end = |order: &str| {
            let sql = format!("SELECT {rowid} FROM main.{table} ORDER BY {rowid} {order} LIMIT 1");
            connection.query_row(&sql, [], |row| row.get::<_, i64>(0)).optional()
        };
        let (Some(first), Some(last)) = (end("ASC")?, end("DESC")?) else {
            return Ok(Self::new(0, 0, 0));
        };
        let ranges = if partitions <= 1 { 1 } else { RANGES_PER_PARTITION * partitions as u64 };
        Ok(Self::new(first, last, ranges))
    }

    fn new(first: i64, last: i64, ranges: u64) -> Self {
        let ranges = ranges.min(last.abs_diff(first).saturating_add(1));
        Self { first, last, ranges, taken: AtomicU64::new(0) }
    }

    /// The next range; `None` when all are taken.
    fn take(&self) -> Option<RowidRange> {
        let index = self.taken.fetch_add(1, Ordering::Relaxed);
        if index >= self.ranges {
            return None;
        }
        let rowids = u128::from(self.last.abs_diff(self.first)) + 1;
        let bound = |index: u64| {
            let offset = rowids * u128::from(index) / u128::from(self.ranges);
            i128::from(self.first) + offset as i128
        };
        Some(RowidRange {
            low: bound(index) as i64,
            high: (bound(index + 1) - 1) as i64,
            sequence: index << 32,
        })
    }
}

/// What the partitions of a scan have read together.
#[derive(Debug)]
struct Tally {
    rows: AtomicU64,
    /// How many partitions have not read to their end.
    unfinished: AtomicUsize,
}

impl Tally {
    fn new(partitions: usize) -> Self {
        Self { rows: AtomicU64::new(0), unfinished: AtomicUsize::new(partitions) }
    }

    fn add(&self, rows: usize) {
        self.rows.fetch_add(rows as u64, Ordering::Relaxed);
    }

    /// Notes that a partition has ended: the sum of all rows if it was the last one. A partition that
    /// is dropped before its end leaves the sum unknown.
    fn end(&self) -> Option<u64> {
        let last = self.unfinished.fetch_sub(1, Ordering::AcqRel) == 1;
        last.then(|| self.rows.load(Ordering::Acquire))
    }
}

/// A statement that a scan runs again and again.
struct Statement {
    sql: String,
    reader: RowReader,
    table: String,
    /// How messages name the database.
    source: String,
    cancellation: Cancellation,
}

impl Statement {
    /// The statement whose rows are `select`ed from the table of `scan` in the database called `source`.
    fn new(source: &str, scan: &Scan, select: (String, RowReader)) -> Self {
        let ((sql, reader), cancellation) = (select, scan.cancellation.clone());
        Self { sql, reader, table: scan.table.clone(), source: source.to_owned(), cancellation }
    }

    /// Runs the statement and reads its first rows.
    fn read(&self, connection: &SharedConnection, parameters: impl Params) -> Result<RowBatch> {
        self.cancellation.check()?;
        let cancellation = self.cancellation.clone();
        connection.with_stop(
            move || cancellation.is_cancelled(),
            |it| {
                let mut statement = it.prepare_cached(&self.sql).map_err(|it| self.failed(it))?;
                let mut rows = statement.query(parameters).map_err(|it| self.failed(it))?;
                self.reader.read(&mut rows).map_err(|it| self.failed(it))
            },
        )
    }

    /// How many rows the table has, whatever their order.
    fn count(&self, connection: &SharedConnection) -> Result<u64> {
        let sql = format!("SELECT count(*) FROM main.{} NOT INDEXED", quoted(&self.table));
        let cancellation = self.cancellation.clone();
        connection.with_stop(
            move || cancellation.is_cancelled(),
            |it| {
                let rows = it.query_row(&sql, [], |row| row.get::<_, i64>(0));
                rows.map(i64::cast_unsigned).map_err(|it| self.failed(it))
            },
        )
    }

    fn damaged(&self) -> Error {
        let message = format!(
            "cannot read the table `{}` of `{}`: it is damaged: its rows are not in the order of their rowids; \
             run `PRAGMA integrity_check`",
            self.table, self.source
        );
        Error::new(ErrorKind::SourceInvalid, message)
    }

    fn failed(&self, error: rusqlite::Error) -> Error {
        from_sqlite(format!("read the table `{}` of `{}`", self.table, self.source), error)
    }
}

/// Starts a scan of a table with a rowid: one partition for each of `loans`, or if there is none, one
/// partition on the connection `main`, which others use too.
pub(crate) fn by_rowid(
    main: &Arc<SharedConnection>,
    loans: Vec<Loan>,
    (table, layout): (&TableSchema, &RowidTable),
    scan: &Scan,
) -> Result<Vec<Box<dyn Partition>>> {
    let rowid = &layout.rowid;
    let clauses = format!("WHERE {rowid} BETWEEN ?1 AND ?2 ORDER BY {rowid} LIMIT {ROWS_MAX}");
    let select = select(table, scan, Some(rowid), &clauses);
    let statement = Arc::new(Statement::new(main.name(), scan, select));
    let name = quoted(&table.name);
    let ranges = main.with(|it| {
        RowidRanges::of(it, &name, rowid, loans.len()).map_err(|it| statement.failed(it))
    })?;
    let (ranges, tally) = (Arc::new(ranges), Arc::new(Tally::new(loans.len().max(1))));
    let partition = |connection| -> Box<dyn Partition> {
        let (statement, ranges) = (Arc::clone(&statement), Arc::clone(&ranges));
        let tally = Some(Arc::clone(&tally));
        Box::new(RowidPartition { connection, statement, ranges, current: None, tally })
    };
    if loans.is_empty() {
        return Ok(vec![partition(Handle::Shared(Arc::clone(main)))]);
    }
    Ok(loans.into_iter().map(|it| partition(Handle::Own(it))).collect())
}

struct RowidPartition {
    connection: Handle,
    statement: Arc<Statement>,
    ranges: Arc<RowidRanges>,
    /// What is left of the range that this partition reads.
    current: Option<RowidRange>,
    /// `None` once this partition has ended.
    tally: Option<Arc<Tally>>,
}

#[async_trait]
impl Partition for RowidPartition {
    async fn next(&mut self) -> Result<Option<Batch>> {
        while let Some(range) = self.current.take().or_else(|| self.ranges.take()) {
            let batch = self.statement.read(&self.connection, [range.low, range.high])?;
            if !batch.ascending {
                return Err(self.statement.damaged());
            }
            if let Some(tally) = &self.tally {
                tally.add(batch.rows);
            }
            if !(batch.ended && batch.rows < ROWS_MAX) {
                self.current = rest(range, batch.last_rowid);
            }
            if batch.rows > 0 {
                return Ok(Some(Batch::new(range.sequence, batch.rows, batch.columns)));
            }
        }
        match self.tally.take().and_then(|it| it.end()) {
            Some(rows) if self.statement.count(&self.connection)? != rows => {
                Err(self.statement.damaged())
            }
            _ => Ok(None),
        }
    }
}

/// What is left of `range` after the row `last`.
fn rest(range: RowidRange, last: Option<i64>) -> Option<RowidRange> {
    let low = last?.checked_add(1)?;
    (low <= range.high).then_some(RowidRange { low, sequence: range.sequence + 1, ..range })
}

/// Starts a scan of whatever has no rowid, on a connection that others use too: its rows are counted
/// off, and those that were read before are passed over each time. This is the last way out, when no
/// connection is free on which one statement could last as long as the scan.
pub(crate) fn by_offset(
    main: &Arc<SharedConnection>,
    table: &TableSchema,
    scan: &Scan,
) -> Box<dyn Partition> {
    let select = select(table, scan, None, &format!("LIMIT {ROWS_MAX} OFFSET ?1"));
    let statement = Statement::new(main.name(), scan, select);
    Box::new(OffsetPartition { connection: Arc::clone(main), statement, offset: Some(0) })
}

struct OffsetPartition {
    connection: Arc<SharedConnection>,
    statement: Statement,
    offset: Option<u64>,
}

#[async_trait]
impl Partition for OffsetPartition {
    async fn next(&mut self) -> Result<Option<Batch>> {
        let Some(offset) = self.offset.take() else {
            return Ok(None);
        };
        let batch = self.statement.read(&self.connection, [offset as i64])?;
        if batch.rows == 0 {
            return Ok(None);
        }
        self.offset = Some(offset + batch.rows as u64);
        Ok(Some(Batch::new(offset, batch.rows, batch.columns)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(ranges: &RowidRanges) -> Vec<(i64, i64)> {
        std::iter::from_fn(|| ranges.take()).map(|it| (it.low, it.high)).collect()
    }

    #[test]
    fn ranges_cover_each_rowid_once() {
        assert_eq!(all(&RowidRanges::new(1, 10, 3)), [(1, 3), (4, 6), (7, 10)]);
        assert_eq!(all(&RowidRanges::new(-1, 0, 8)), [(-1, -1), (0, 0)]);
        assert_eq!(all(&RowidRanges::new(7, 7, 8)), [(7, 7)]);
        assert_eq!(all(&RowidRanges::new(0, 0, 0)), []);
        let whole = all(&RowidRanges::new(i64::MIN, i64::MAX, 3));
        assert_eq!(whole.first().unwrap().0, i64::MIN);
        assert_eq!(whole.last().unwrap().1, i64::MAX);
        assert!(whole.windows(2).all(|it| it[0].1 + 1 == it[1].0));
    }

    #[test]
    fn a_range_ends_at_its_last_rowid() {
        let range = RowidRange { low: 1, high: i64::MAX, sequence: 0 };
        assert_eq!(rest(range, Some(i64::MAX)), None);
        assert_eq!(rest(range, Some(5)).unwrap().low, 6);
        assert_eq!(rest(RowidRange { high: 5, ..range }, Some(5)), None);
    }
}
