//! Tables in memory, made of text, and profiles of them.

use std::num::NonZeroUsize;
use std::sync::Arc;

use arrow_array::{ArrayRef, RecordBatch, StringArray};
use dq_core::profile::{ColumnProfile, Profile, ProfileOptions, TableProfile, profile};
use dq_core::source::memory::MemorySource;

/// Waits for a future, on a runtime with a single thread of its own.
pub(crate) fn wait<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

/// A batch of text columns; `None` is NULL.
pub(crate) fn batch<T: AsRef<str>>(names: &[&str], rows: &[Vec<Option<T>>]) -> RecordBatch {
    let column = |place: usize| {
        let texts = rows.iter().map(|row| row[place].as_ref().map(AsRef::as_ref));
        Arc::new(texts.collect::<StringArray>()) as ArrayRef
    };
    let columns = names.iter().enumerate().map(|(place, name)| (*name, column(place)));
    RecordBatch::try_from_iter_with_nullable(columns.map(|(name, it)| (name, it, true))).unwrap()
}

/// The table `data` with these rows, in batches of at most `batch_rows`.
pub(crate) fn source_in_batches<T: AsRef<str>>(
    names: &[&str],
    rows: &[Vec<Option<T>>],
    batch_rows: usize,
) -> MemorySource {
    let mut batches: Vec<_> = rows.chunks(batch_rows).map(|it| batch(names, it)).collect();
    if batches.is_empty() {
        batches.push(batch(names, rows));
    }
    MemorySource::new("a test").table("data", batches).unwrap()
}

/// The table `data` with these rows.
pub(crate) fn source<T: AsRef<str>>(names: &[&str], rows: &[Vec<Option<T>>]) -> MemorySource {
    source_in_batches(names, rows, 1000)
}

/// The table `data` with one column.
pub(crate) fn one_column<T: AsRef<str> + Clone>(name: &str, values: &[Option<T>]) -> MemorySource {
    let rows: Vec<_> = values.iter().map(|it| vec![it.clone()]).collect();
    source(&[name], &rows)
}

pub(crate) fn options(threads: usize) -> ProfileOptions {
    let threads = NonZeroUsize::new(threads).unwrap();
    ProfileOptions { threads, ..ProfileOptions::default() }
}

/// The profile with suggestions.
pub(crate) fn suggesting(source: &MemorySource) -> Profile {
    wait(profile(source, &ProfileOptions { suggest: true, ..options(2) })).unwrap()
}

/// The profile of the only table.
pub(crate) fn table(source: &MemorySource) -> TableProfile {
    let profile = wait(profile(source, &options(2))).unwrap();
    let [table] = <[_; 1]>::try_from(profile.tables).unwrap();
    table
}

/// The profile of the only column.
pub(crate) fn column<T: AsRef<str> + Clone>(values: &[Option<T>]) -> ColumnProfile {
    let table = table(&one_column("it", values));
    let [column] = <[_; 1]>::try_from(table.columns).unwrap();
    column
}

/// The numbers of a linear congruential generator; D. Knuth's MMIX.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    /// A number below `end`.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % end
    }

    pub(crate) fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }
}
