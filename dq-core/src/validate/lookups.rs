//! What the rows of one table are asked at once, because the keys of other tables are known: whether
//! theirs are among them, and how often each occurs.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::rules::{Kernel, KeySetId, Plan, PlannedCheck};
use crate::validate::keys::{
    Counter, CountingCheck, KeyRuns, NumberTable, Numbers, Probe, ProbeKernel, SharedForm,
    SharedPlaces,
};
use crate::validate::memory::Budget;
use crate::validate::run::Run;

/// The checks by key that can be made row by row, by position in the plan.
pub(crate) type Probes = HashMap<usize, ProbeKernel>;

/// The keys of a table that has been read: those that are numbers, and all others.
type KnownKeys<'a> = (&'a Arc<NumberTable>, &'a Arc<Vec<KeyRuns>>);

/// What the rows of one table are asked at once.
#[derive(Debug, Default)]
pub(crate) struct Lookups {
    pub(crate) probes: Probes,
    pub(crate) counts: Vec<Count>,
}

/// Checks that count how often the keys of one table are in a key set of another.
#[derive(Debug)]
pub(crate) struct Count {
    /// The key set whose rows count.
    pub(crate) child: KeySetId,
    table: Arc<NumberTable>,
    /// Whether the other table has keys that are not numbers.
    pub(crate) has_others: bool,
    checks: Vec<CountingCheck>,
}

impl Count {
    /// Nothing counted yet.
    pub(crate) fn counter(&self, places: &SharedPlaces, budget: &Arc<Budget>) -> Counter {
        Counter::new(&self.table, &self.checks, places, budget)
    }
}

impl Lookups {
    /// What the rows of `table` can be asked. `keys` are the keys of tables that have been read, and
    /// `numbers` those among them that are in a table of numbers.
    pub(crate) fn new(
        run: &Run,
        table: usize,
        keys: &HashMap<KeySetId, Arc<Vec<KeyRuns>>>,
        numbers: &HashMap<KeySetId, Arc<NumberTable>>,
    ) -> Self {
        let mut lookups = Self::default();
        let of = |it: KeySetId| numbers.get(&it).zip(keys.get(&it));
        for (position, check) in run.plan.checks.iter().enumerate() {
            match check.kernel {
                Kernel::References { child, parent } if child.set.table == table => {
                    let (numbers, keys) = (numbers.get(&parent.set), keys.get(&parent.set));
                    let probe = keys.and_then(|it| Probe::new(it, numbers, parent.scope, run.hash));
                    let kernel = probe.zip(run.plan.key_set(child.set)).map(ProbeKernel::new);
                    lookups.probes.extend(kernel.map(|it| (position, it)));
                }
                Kernel::Cardinality { parent, child, min, max } if child.set.table == table => {
                    let check = CountingCheck::new(position, child.scope, (min, max));
                    lookups.count(child.set, check.zip(of(parent.set)));
                }
                _ => {}
            }
        }
        lookups
    }

    /// Adds a check that counts the keys of `child` in a table of numbers, if it does.
    fn count(&mut self, child: KeySetId, counting: Option<(CountingCheck, KnownKeys<'_>)>) {
        let Some((check, (table, keys))) = counting else { return };
        let is_same = |it: &&mut Count| it.child == child && Arc::ptr_eq(&it.table, table);
        match self.counts.iter_mut().find(is_same) {
            Some(count) => count.checks.push(check),
            None => self.counts.push(Count {
                child,
                table: Arc::clone(table),
                has_others: keys.iter().any(|it| it.len() > 0),
                checks: vec![check],
            }),
        }
    }

    /// Whether the keys of a check, given by its position in the plan, are counted.
    pub(crate) fn counts_for(&self, check: usize) -> bool {
        self.counts.iter().flat_map(|it| &it.checks).any(|it| it.position == check)
    }
}

/// The key sets of `plan` that may be kept as numbers, each with the form that its partitions will share:
/// those of which all checks only ask what [`Lookups`] can answer.
pub(crate) fn numbered_sets(plan: &Plan) -> HashMap<KeySetId, SharedForm> {
    let keys = plan.checks.iter().flat_map(|it| it.kernel.keys());
    let sets: HashSet<_> = keys.map(|it| it.set).collect();
    let may_be = |set: &KeySetId| {
        let asks = |it: &&PlannedCheck| it.kernel.keys().iter().any(|it| it.set == *set);
        let has_no_values = plan.key_set(*set).is_some_and(|it| it.to.is_empty());
        has_no_values && plan.checks.iter().filter(asks).all(|it| looks_up(plan, it) == Some(*set))
    };
    sets.into_iter().filter(may_be).map(|it| (it, SharedForm::default())).collect()
}

/// The set in which a check looks up the keys of a table that is read later.
fn looks_up(plan: &Plan, check: &PlannedCheck) -> Option<KeySetId> {
    let (parent, child) = match check.kernel {
        Kernel::References { child, parent } => (parent.set, child.set),
        Kernel::Cardinality { parent, child, min, max }
            if CountingCheck::new(0, 0, (min, max)).is_some() =>
        {
            (parent.set, child.set)
        }
        _ => return None,
    };
    let step = |it: KeySetId| plan.order.iter().position(|table| *table == it.table);
    (step(parent) < step(child)).then_some(parent)
}

/// A table of the keys of `set` that are numbers, if there can be one: all partitions have kept theirs,
/// they lie close together, all other keys can be looked up too, and there is memory.
pub(crate) fn number_table(run: &Run, set: KeySetId, keys: &[KeyRuns]) -> Option<Arc<NumberTable>> {
    let numbers: Vec<&Numbers> = keys.iter().map(KeyRuns::numbers).collect::<Option<_>>()?;
    let counts =
        run.plan.checks.iter().filter(
            |it| matches!(it.kernel, Kernel::Cardinality { parent, .. } if parent.set == set),
        );
    let counters = counts.count() * run.options.threads.get();
    if !Probe::is_possible(keys) {
        return None;
    }
    NumberTable::new(&numbers, counters, &run.budget)
}
