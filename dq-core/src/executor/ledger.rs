//! The figures of calls, by name.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::executor::statistics::{CallStatistics, End, ExecutorStatistics, NameStatistics};

/// Of how many names figures are kept.
const NAMES_MAX: usize = 1_000;

/// The name of all further names.
const OTHERS: &str = "…";

/// What calls took, by name and together.
#[derive(Debug, Default)]
pub(crate) struct Ledger(Mutex<Figures>);

#[derive(Debug, Default)]
struct Figures {
    total: NameStatistics,
    names: HashMap<Arc<str>, NameStatistics>,
}

impl Ledger {
    /// The figures so far.
    pub(crate) fn statistics(&self) -> ExecutorStatistics {
        let figures = self.figures();
        let names = figures.names.iter().map(|(name, it)| (name.to_string(), it.clone()));
        let names: BTreeMap<_, _> = names.collect();
        ExecutorStatistics { total: figures.total.clone(), names, ..ExecutorStatistics::default() }
    }

    fn add(&self, name: &Arc<str>, call: &CallStatistics, end: End) {
        let mut figures = self.figures();
        figures.total.add(call, end);
        figures.add(name, call, end);
    }

    /// Adds a part of a call, which is no call by itself.
    pub(crate) fn add_part(&self, name: &Arc<str>, part: &CallStatistics, end: End) {
        self.figures().add(name, part, end);
    }

    fn figures(&self) -> MutexGuard<'_, Figures> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Figures {
    fn add(&mut self, name: &Arc<str>, call: &CallStatistics, end: End) {
        if let Some(known) = self.names.get_mut(name) {
            return known.add(call, end);
        }
        let is_full = self.names.len() >= NAMES_MAX;
        let name = if is_full { OTHERS.into() } else { Arc::clone(name) };
        self.names.entry(name).or_default().add(call, end);
    }
}

/// What one call takes, while it runs. However it ends, the ledger hears of it, once.
#[derive(Debug)]
pub(crate) struct Meter {
    /// `None` if another meter tells of the call.
    ledger: Option<Arc<Ledger>>,
    name: Arc<str>,
    end: End,
    pub(crate) figures: CallStatistics,
}

impl Meter {
    /// The meter of a call of this name, to the database `node`.
    pub(crate) fn start(ledger: &Arc<Ledger>, name: &Arc<str>, node: &Arc<str>) -> Self {
        let figures = CallStatistics::none(Arc::clone(node));
        let ledger = Some(Arc::clone(ledger));
        Self { ledger, name: Arc::clone(name), end: End::Dropped, figures }
    }

    /// Lets another meter tell of the call.
    #[cfg(feature = "cache")]
    pub(crate) fn forget(&mut self) {
        self.ledger = None;
    }

    /// Notes that the call has ended, and gives what it took.
    pub(crate) fn end(mut self, end: End) -> CallStatistics {
        self.end = end;
        self.figures.clone()
    }
}

impl Drop for Meter {
    fn drop(&mut self) {
        if let Some(ledger) = &self.ledger {
            ledger.add(&self.name, &self.figures, self.end);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_counted_once_however_it_ends() {
        let (ledger, node) = (Arc::new(Ledger::default()), "sqlite:a.db".into());
        Meter::start(&ledger, &"a".into(), &node).end(End::Answered);
        Meter::start(&ledger, &"a".into(), &node).end(End::Failed);
        drop(Meter::start(&ledger, &"b".into(), &node));
        let statistics = ledger.statistics();
        let total = &statistics.total;
        assert_eq!((total.calls, total.errors, total.dropped), (3, 1, 1));
        assert_eq!(statistics.names["a"].calls, 2);
        assert_eq!(statistics.names["b"].dropped, 1);
    }

    #[test]
    fn names_without_end_are_kept_together() {
        let (ledger, node) = (Arc::new(Ledger::default()), "sqlite:a.db".into());
        for name in 0..2 * NAMES_MAX {
            Meter::start(&ledger, &name.to_string().into(), &node).end(End::Answered);
        }
        let statistics = ledger.statistics();
        assert_eq!(statistics.names.len(), NAMES_MAX + 1);
        assert_eq!(statistics.names[OTHERS].calls as usize, NAMES_MAX);
        assert_eq!(statistics.total.calls as usize, 2 * NAMES_MAX);
    }
}
