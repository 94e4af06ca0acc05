//! When each tag and namespace was last invalidated, so that invalidating one costs the same however many
//! values it covers.
//!
//! A value holds the marks of its namespace and tags and is valid as long as none is later than its
//! reading. A mark that no value holds any more may be dropped; then whatever was being read before the
//! dropped mark is no longer kept, for it may have been covered by it.

use std::collections::HashMap;
use std::hash::Hash;
use std::mem;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::cache::key::{Namespace, Tag};

/// The generation of the last invalidation of a tag or a namespace.
#[derive(Debug, Default)]
pub(crate) struct Mark(AtomicU64);

impl Mark {
    /// Whether there was no invalidation after `generation`.
    pub(crate) fn allows(&self, generation: u64) -> bool {
        self.0.load(Ordering::Acquire) <= generation
    }
}

/// The marks of one value.
pub(crate) type Held = Box<[Arc<Mark>]>;

#[derive(Debug)]
pub(crate) struct Marks {
    table: Mutex<Table>,
    marks_max: usize,
}

#[derive(Debug, Default)]
struct Table {
    tags: HashMap<Tag, Arc<Mark>>,
    namespaces: HashMap<Namespace, Arc<Mark>>,
    /// The latest generation of a mark that was dropped.
    dropped: u64,
    /// How many marks there were after the last sweep.
    swept: usize,
}

impl Marks {
    /// Keeps about `marks_max` marks that no value holds.
    pub(crate) fn new(marks_max: usize) -> Self {
        Self { table: Mutex::default(), marks_max }
    }

    /// The marks of a namespace and tags.
    pub(crate) fn hold(&self, namespace: &Namespace, tags: &[Tag]) -> Held {
        let mut table = self.table();
        table.sweep(self.marks_max);
        let namespace = Arc::clone(table.namespaces.entry(namespace.clone()).or_default());
        let tags = tags.iter().map(|it| Arc::clone(table.tags.entry(*it).or_default()));
        std::iter::once(namespace).chain(tags).collect()
    }

    /// Whether what was read at `generation` may have been covered by a mark that is gone.
    pub(crate) fn has_forgotten(&self, generation: u64) -> bool {
        self.table().dropped > generation
    }

    pub(crate) fn invalidate_tag(&self, tag: Tag, generation: u64) {
        let mut table = self.table();
        table.sweep(self.marks_max);
        table.tags.entry(tag).or_default().0.fetch_max(generation, Ordering::AcqRel);
    }

    pub(crate) fn invalidate_namespace(&self, namespace: &Namespace, generation: u64) {
        let mut table = self.table();
        let mark = table.namespaces.entry(namespace.clone()).or_default();
        mark.0.fetch_max(generation, Ordering::AcqRel);
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table {
    /// Drops marks that no value holds, each time the table has grown by `marks_max`: so a mark costs as
    /// much as it takes to look at it twice.
    fn sweep(&mut self, marks_max: usize) {
        if self.tags.len() + self.namespaces.len() < self.swept + marks_max {
            return;
        }
        let mut dropped = self.dropped;
        sweep(&mut self.tags, &mut dropped);
        sweep(&mut self.namespaces, &mut dropped);
        self.dropped = dropped;
        self.swept = self.tags.len() + self.namespaces.len();
    }
}

fn sweep<K: Eq + Hash>(marks: &mut HashMap<K, Arc<Mark>>, dropped: &mut u64) {
    let held = mem::take(marks).into_iter().filter_map(|(key, mark)| match Arc::try_unwrap(mark) {
        Ok(mark) => {
            *dropped = (*dropped).max(mark.0.into_inner());
            None
        }
        Err(mark) => Some((key, mark)),
    });
    *marks = held.collect();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_that_nothing_holds_are_dropped_and_remembered_as_forgotten() {
        let marks = Marks::new(10);
        let namespace = Namespace::new("n").unwrap();
        let held = marks.hold(&namespace, &[Tag::new(["kept"])]);
        for number in 1..=100_u64 {
            marks.invalidate_tag(Tag::new([number.to_string()]), number);
        }
        let table = marks.table();
        assert!(table.tags.len() <= 20, "{}", table.tags.len());
        assert!(table.tags.contains_key(&Tag::new(["kept"])));
        assert!(table.dropped >= 80);
        drop(table);
        assert!(marks.has_forgotten(50) && !marks.has_forgotten(100));
        assert!(held.iter().all(|it| it.allows(0)));
    }
}
