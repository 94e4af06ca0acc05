//! What has been measured of the rows of a table.

use arrow_buffer::BooleanBuffer;

use crate::rules::{Measure, Now, Summary};
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
}

impl Measuring {
    pub(crate) fn new(measure: &Measure, now: Now, values_max: usize, sample_limit: usize) -> Self {
        let summary = Summary::new(measure, now, values_max);
        Self { summary, unreadable: 0, sample: Sample::new(sample_limit) }
    }

    /// Measures the rows of `batch` that are in `scope`; `lowest` is the row with the lowest key.
    pub(crate) fn take(
        &mut self,
        measure: &Measure,
        batch: &Batch,
        scope: Option<&BooleanBuffer>,
        (lowest, shown): (usize, Shown<'_>),
    ) {
        let unreadable = self.summary.take(measure, batch, scope);
        let count = unreadable.count_set_bits() as u64;
        self.unreadable += count;
        if count > 0 && !self.sample.excludes(batch, lowest, shown) {
            unreadable.set_indices().for_each(|row| self.sample.offer(batch, row, shown));
        }
    }

    /// Adds what another partition has measured.
    pub(crate) fn merge(&mut self, other: Self) {
        self.summary.merge(other.summary);
        self.unreadable += other.unreadable;
        self.sample.merge(other.sample);
    }
}
