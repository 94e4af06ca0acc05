//! A scan whose partitions share one feed: what is read one after another is decoded in parallel.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;

use crate::error::{Error, Result};
use crate::source::{Cancellation, Partition, Scan};
use crate::value::Batch;

/// Pieces of a table, in their order.
pub(crate) trait Feed: Send + 'static {
    /// A block of text, some arrays.
    type Piece: Send;

    /// The next piece; `None` after the last. Not called again after an error.
    fn next(&mut self) -> Result<Option<Self::Piece>>;
}

/// Makes rows of pieces, several at once.
pub(crate) trait Decode<P>: Send + Sync + 'static {
    /// The rows of `piece`, as the batch at the place `sequence`.
    fn decode(&self, piece: P, sequence: u64) -> Result<Batch>;
}

/// Partitions for `scan`, at most `partitions_max`, which decode what `feed` gives.
///
/// Exactly one error is reported, and it is that of the lowest piece that has one, whichever partition
/// sees it: the feed stops at the first error, and whoever has one waits until all pieces before its
/// own are decoded. The other partitions end as if there were no more rows.
pub(crate) fn partitions<F: Feed>(
    feed: F,
    decoder: impl Decode<F::Piece>,
    scan: &Scan,
    partitions_max: usize,
) -> Vec<Box<dyn Partition>> {
    let progress = Progress { feed, sequence: 0, in_work: Vec::new(), failed: None };
    let shared =
        Arc::new(Shared { progress: Mutex::new(progress), decoded: Condvar::new(), decoder });
    let partition = || {
        let cancellation = scan.cancellation.clone();
        Box::new(SharedPartition { shared: Arc::clone(&shared), cancellation })
            as Box<dyn Partition>
    };
    let partitions = scan.partitions.get().min(partitions_max).max(1);
    std::iter::repeat_with(partition).take(partitions).collect()
}

/// What the partitions of one scan share.
struct Shared<F, D> {
    progress: Mutex<Progress<F>>,
    /// A piece is decoded.
    decoded: Condvar,
    decoder: D,
}

struct Progress<F> {
    feed: F,
    /// The sequence of the next piece.
    sequence: u64,
    /// The sequences of the pieces that are being decoded.
    in_work: Vec<u64>,
    /// The sequence of the lowest piece that is known to have an error.
    failed: Option<u64>,
}

impl<F: Feed, D: Decode<F::Piece>> Shared<F, D> {
    fn next(&self) -> Result<Option<Batch>> {
        let Some((piece, sequence)) = self.take()? else { return Ok(None) };
        let decoded = self.decoder.decode(piece, sequence);
        let mut progress = self.lock();
        progress.in_work.retain(|it| *it != sequence);
        self.decoded.notify_all();
        match decoded {
            Ok(batch) => Ok(Some(batch)),
            Err(error) => self.fail(progress, sequence, error),
        }
    }

    /// The next piece, unless there was an error.
    fn take(&self) -> Result<Option<(F::Piece, u64)>> {
        let mut progress = self.lock();
        if progress.failed.is_some() {
            return Ok(None);
        }
        let sequence = progress.sequence;
        match progress.feed.next() {
            Ok(None) => Ok(None),
            Ok(Some(piece)) => {
                progress.sequence += 1;
                progress.in_work.push(sequence);
                Ok(Some((piece, sequence)))
            }
            Err(error) => self.fail(progress, sequence, error),
        }
    }

    /// Reports `error` of the piece `sequence`, unless a lower one has one too.
    fn fail<T>(
        &self,
        mut progress: MutexGuard<'_, Progress<F>>,
        sequence: u64,
        error: Error,
    ) -> Result<Option<T>> {
        progress.failed = Some(progress.failed.map_or(sequence, |it| it.min(sequence)));
        let lower_in_work = |it: &mut Progress<F>| it.in_work.iter().any(|it| *it < sequence);
        let waited = self.decoded.wait_while(progress, lower_in_work);
        let progress = waited.unwrap_or_else(PoisonError::into_inner);
        if progress.failed == Some(sequence) { Err(error) } else { Ok(None) }
    }

    fn lock(&self) -> MutexGuard<'_, Progress<F>> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One of the partitions of a scan.
struct SharedPartition<F, D> {
    shared: Arc<Shared<F, D>>,
    cancellation: Cancellation,
}

#[async_trait]
impl<F: Feed, D: Decode<F::Piece>> Partition for SharedPartition<F, D> {
    async fn next(&mut self) -> Result<Option<Batch>> {
        self.cancellation.check()?;
        self.shared.next()
    }
}
