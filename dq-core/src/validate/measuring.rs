//! What has been measured of the rows of a table.

use arrow_buffer::BooleanBuffer;

use crate::rules::{Measure, Summary};
use crate::validate::run::Run;
use crate::validate::sample::{Sample, Shown};
use crate::value::Batch;

/// What a value takes that is kept for a quantile, in several threads and while they are counted. It
/// does not depend on the number of threads, so that neither does what can be measured.
const BYTES_PER_VALUE: u64 = 128;

/// So many values are kept however little memory there is.
const VALUES_MIN: usize = 4096;

/// The state of one measure in one partition; those of all partitions merge.
#[derive(Debug)]
pub(crate) struct Measuring {
    pub(crate) summary: Summary,
    /// How many rows have a value that cannot be read.
    pub(crate) unreadable: u64,
    /// Some of those rows.
    pub(crate) sample: Sample,
}

impl Measuring {
    /// Nothing has been measured.
    pub(crate) fn new(measure: &Measure, run: &Run) -> Self {
        let values_max = run.options.memory_bytes_max / BYTES_PER_VALUE;
        let values_max = usize::try_from(values_max).unwrap_or(usize::MAX).max(VALUES_MIN);
        let summary = Summary::new(measure, run.now, values_max);
        Self { summary, unreadable: 0, sample: Sample::new(run.options.sample_limit) }
    }

    /// Measures the rows of `batch` that are in `scope`, and gives those whose value cannot be read;
    /// `lowest` is the row with the lowest key.
    pub(crate) fn take(
        &mut self,
        measure: &Measure,
        batch: &Batch,
        scope: Option<&BooleanBuffer>,
        (lowest, shown): (usize, Shown<'_>),
    ) -> BooleanBuffer {
        let unreadable = self.summary.take(measure, batch, scope);
        let count = unreadable.count_set_bits() as u64;
        self.unreadable += count;
        if count > 0 && !self.sample.excludes(batch, lowest, shown) {
            unreadable.set_indices().for_each(|row| self.sample.offer(batch, row, shown));
        }
        unreadable
    }

    /// Adds what another partition has measured.
    pub(crate) fn merge(&mut self, other: Self) {
        self.summary.merge(other.summary);
        self.unreadable += other.unreadable;
        self.sample.merge(other.sample);
    }
}
