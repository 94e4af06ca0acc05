//! What has been measured of the rows of a table.

use std::sync::Arc;

use arrow_buffer::BooleanBuffer;

use crate::error::{Error, ErrorKind, Result};
use crate::rules::{Measure, Share, Summary};
use crate::source::Cancellation;
use crate::validate::kept_values::KeptValues;
use crate::validate::memory::Budget;
use crate::validate::run::Run;
use crate::validate::sample::{Sample, Shown};
use crate::value::Batch;

/// The state of one measure in one partition; those of all partitions merge.
#[derive(Debug)]
pub(crate) struct Measuring {
    pub(crate) summary: Summary,
    /// How many rows have a value that cannot be read.
    pub(crate) unreadable: u64,
    /// Some of those rows.
    pub(crate) sample: Sample,
    /// The values of quantiles that do not fit into memory.
    kept: KeptValues,
}

impl Measuring {
    /// Nothing has been measured.
    pub(crate) fn new(measure: &Measure, run: &Run) -> Self {
        let sample = Sample::new(run.options.sample_limit);
        let kept = KeptValues::new(&run.budget);
        Self { summary: Summary::new(measure, run.now), unreadable: 0, sample, kept }
    }

    /// What others have measured; every value could be read, and none is kept.
    pub(crate) fn of(summary: Summary, budget: &Arc<Budget>) -> Self {
        let kept = KeptValues::new(budget);
        Self { summary, unreadable: 0, sample: Sample::new(0), kept }
    }

    /// Measures the rows of `batch` that are in `scope`, and gives those whose value cannot be read;
    /// `lowest` is the row with the lowest key.
    pub(crate) fn take(
        &mut self,
        measure: &Measure,
        batch: &Batch,
        scope: Option<&BooleanBuffer>,
        (lowest, shown): (usize, Shown<'_>),
    ) -> Result<BooleanBuffer> {
        let unreadable = self.summary.take(measure, batch, scope);
        let count = unreadable.count_set_bits() as u64;
        self.unreadable += count;
        if count > 0 && !self.sample.excludes(batch, lowest, shown) {
            unreadable.set_indices().for_each(|row| self.sample.offer(batch, row, shown));
        }
        if let Some(values) = self.summary.values_mut() {
            self.kept.settle(values)?;
        }
        Ok(unreadable)
    }

    /// Ends the measuring of a partition.
    pub(crate) fn finish(&mut self) -> Result<()> {
        let Some(values) = self.summary.values_mut() else { return Ok(()) };
        values.finish();
        self.kept.settle(values)
    }

    /// Brings all values to temporary files.
    pub(crate) fn spill(&mut self) -> Result<()> {
        self.summary.values_mut().map_or(Ok(()), |it| self.kept.spill(it))
    }

    /// Adds what another partition has measured.
    pub(crate) fn merge(&mut self, other: Self) {
        self.summary.merge(other.summary);
        self.kept.merge(other.kept, self.summary.values());
        self.unreadable += other.unreadable;
        self.sample.merge(other.sample);
    }

    /// Finds a quantile, once all partitions have been merged, and keeps it in the summary.
    pub(crate) fn find_quantile(&mut self, at: Share, cancellation: &Cancellation) -> Result<()> {
        let Summary::Numbers(numbers) = &mut self.summary else { return Ok(()) };
        let Some((values, mut search)) = numbers.search(at) else { return Ok(()) };
        let number = loop {
            if let Some(number) = search.found() {
                break number;
            }
            cancellation.check()?;
            self.kept.each(values, cancellation, |code, count| search.see(code, count))?;
            if !search.narrow() {
                let message = "the values of a quantile are lost";
                return Err(Error::new(ErrorKind::Internal, message));
            }
        };
        numbers.keep_quantile(at, number);
        Ok(())
    }

    /// Forgets the values of quantiles: all have been found.
    pub(crate) fn forget_values(&mut self) {
        if let Summary::Numbers(numbers) = &mut self.summary {
            numbers.forget_values();
        }
        self.kept.clear();
    }
}
