//! How long rows are judged for each check.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::clock::Clock;
use crate::rules::{Kernel, KeySetId, MeasureId, Plan, PlannedCheck};

/// Shares the time of one thread among the checks for which it judges rows. What is done for several of
/// them, such as the collecting of keys, counts for each with its part.
#[derive(Debug)]
pub(crate) struct Stopwatch {
    clock: Arc<dyn Clock>,
    since: Instant,
    /// By position of the check in the plan.
    pub(crate) spent: Vec<Duration>,
    /// The checks that rest on each measure of the table.
    of_measures: Vec<Vec<usize>>,
    /// The checks that rest on each key set of the table.
    of_key_sets: Vec<Vec<usize>>,
}

impl Stopwatch {
    /// A watch for one partition of a table.
    pub(crate) fn new(clock: &Arc<dyn Clock>, plan: &Plan, table: usize) -> Self {
        let (measures, key_sets) =
            plan.tables.get(table).map_or((0, 0), |it| (it.measures.len(), it.key_sets.len()));
        let rests_on_measure = |index| {
            let of = MeasureId { table, index };
            checks(plan, |it| matches!(it.kernel, Kernel::Figure { measure, .. } if measure == of))
        };
        let rests_on_keys = |index| {
            let set = KeySetId { table, index };
            checks(plan, |it| it.kernel.keys().iter().any(|it| it.set == set))
        };
        Self {
            clock: Arc::clone(clock),
            since: clock.now(),
            spent: vec![Duration::ZERO; plan.checks.len()],
            of_measures: (0..measures).map(rests_on_measure).collect(),
            of_key_sets: (0..key_sets).map(rests_on_keys).collect(),
        }
    }

    /// Begins anew: what was done before is nobody's.
    pub(crate) fn start(&mut self) {
        self.since = self.clock.now();
    }

    /// What was done since was for this check.
    pub(crate) fn check(&mut self, position: usize) {
        let passed = self.lap();
        share(&mut self.spent, passed, &[position]);
    }

    /// What was done since was for this measure.
    pub(crate) fn measure(&mut self, index: usize) {
        let passed = self.lap();
        share(&mut self.spent, passed, self.of_measures.get(index).map_or(&[], Vec::as_slice));
    }

    /// What was done since was for this key set.
    pub(crate) fn key_set(&mut self, index: usize) {
        let passed = self.lap();
        share(&mut self.spent, passed, self.of_key_sets.get(index).map_or(&[], Vec::as_slice));
    }

    fn lap(&mut self) -> Duration {
        let now = self.clock.now();
        let passed = now.saturating_duration_since(self.since);
        self.since = now;
        passed
    }
}

/// The part of each of so many in `passed`.
pub(crate) fn part(passed: Duration, of: usize) -> Duration {
    passed / u32::try_from(of).unwrap_or(u32::MAX).max(1)
}

fn share(spent: &mut [Duration], passed: Duration, checks: &[usize]) {
    for check in checks {
        let spent = spent.get_mut(*check).into_iter();
        spent.for_each(|it| *it += part(passed, checks.len()));
    }
}

fn checks(plan: &Plan, rests: impl Fn(&PlannedCheck) -> bool) -> Vec<usize> {
    let checks = plan.checks.iter().enumerate();
    checks.filter(|it| rests(it.1)).map(|it| it.0).collect()
}
