//! Partitions of a scan: they share one feed and parse its blocks in parallel.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;

use crate::error::{Error, Result};
use crate::source::csv::feed::{Feed, FeedBlock};
use crate::source::csv::flaw::{Context, Flaw};
use crate::source::csv::rows::{self, Projection};
use crate::source::{Cancellation, Partition};
use crate::value::{Batch, ColumnSchema};

/// What the partitions of one scan share.
///
/// Exactly one error is reported, and it is that of the lowest block that has one, whichever partition
/// sees it: the feed stops at the first error, and whoever has one waits until all blocks
/// before its own are parsed. The other partitions end as if there were no more rows.
pub(crate) struct CsvScan {
    progress: Mutex<Progress>,
    /// A block is parsed.
    parsed: Condvar,
    columns: Vec<ColumnSchema>,
    /// Whether the files have headers.
    header: bool,
    projection: Projection,
}

struct Progress {
    feed: Feed,
    /// The sequences of the blocks that are being parsed.
    in_work: Vec<u64>,
    /// The sequence of the lowest block that is known to have an error.
    failed: Option<u64>,
}

impl CsvScan {
    /// A scan of `feed` for a table with `columns`.
    pub(crate) fn new(feed: Feed, columns: Vec<ColumnSchema>, projection: Projection) -> Self {
        let header = feed.format().header;
        let progress = Mutex::new(Progress { feed, in_work: Vec::new(), failed: None });
        Self { progress, parsed: Condvar::new(), columns, header, projection }
    }

    fn next(&self) -> Result<Option<Batch>> {
        let Some(mut block) = self.take()? else { return Ok(None) };
        let parsed = rows::parse(&mut block.block, block.sequence, block.dialect, &self.projection);
        let mut progress = self.lock();
        progress.in_work.retain(|it| *it != block.sequence);
        self.parsed.notify_all();
        match parsed {
            Ok(batch) => Ok(Some(batch)),
            Err(flaw) => self.fail(progress, block.sequence, self.error(flaw, &block)),
        }
    }

    /// The next block, unless there was an error.
    fn take(&self) -> Result<Option<FeedBlock>> {
        let mut progress = self.lock();
        if progress.failed.is_some() {
            return Ok(None);
        }
        match progress.feed.next() {
            Ok(Some(block)) => {
                progress.in_work.push(block.sequence);
                Ok(Some(block))
            }
            Ok(None) => Ok(None),
            Err(error) => {
                let sequence = progress.feed.sequence();
                self.fail(progress, sequence, error)
            }
        }
    }

    /// Reports `error` of the block `sequence`, unless a lower block has one too.
    fn fail<T>(
        &self,
        mut progress: MutexGuard<'_, Progress>,
        sequence: u64,
        error: Error,
    ) -> Result<Option<T>> {
        progress.failed = Some(progress.failed.map_or(sequence, |it| it.min(sequence)));
        let lower_in_work = |it: &mut Progress| it.in_work.iter().any(|it| *it < sequence);
        let progress =
            self.parsed.wait_while(progress, lower_in_work).unwrap_or_else(PoisonError::into_inner);
        if progress.failed == Some(sequence) { Err(error) } else { Ok(None) }
    }

    /// The error of a flaw; if the file changed, then that is why.
    fn error(&self, flaw: Flaw, block: &FeedBlock) -> Error {
        if let Err(changed) = block.file.check_unchanged(block.identity) {
            return changed;
        }
        flaw.into_error(&Context {
            file: &block.file,
            columns: &self.columns,
            header: self.header,
            bytes: &block.block.bytes,
            line: block.block.line,
        })
    }

    fn lock(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One of the partitions of a scan.
pub(crate) struct CsvPartition {
    scan: Arc<CsvScan>,
    cancellation: Cancellation,
}

impl CsvPartition {
    /// A partition of `scan`.
    pub(crate) fn new(scan: Arc<CsvScan>, cancellation: Cancellation) -> Self {
        Self { scan, cancellation }
    }
}

#[async_trait]
impl Partition for CsvPartition {
    async fn next(&mut self) -> Result<Option<Batch>> {
        self.cancellation.check()?;
        self.scan.next()
    }
}
