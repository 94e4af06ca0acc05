//! The course of one run: plan, scan each table once, decide by key, report.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::task::spawn_blocking;

use crate::error::{Error, ErrorKind, Result};
use crate::rules::{Kernel, KeySetId, Now, Plan, PlannedCheck};
use crate::source::{Cancellation, Scan, Snapshot};
use crate::validate::ValidateOptions;
use crate::validate::failing_rows::FailingRows;
use crate::validate::job::{Decided, Job};
use crate::validate::kept_rows::KeptRows;
use crate::validate::keys::{Counter, KeyHash, KeyRuns, NumberTable, SharedForm};
use crate::validate::lookups::{Lookups, number_table};
use crate::validate::losses::Losses;
use crate::validate::measuring::Measuring;
use crate::validate::memory::Budget;
use crate::validate::outcome::{Outcome, TableOutcome};
use crate::validate::query;
use crate::validate::stopwatch::part;
use crate::validate::threads::join;
use crate::validate::violations::Judge;
use crate::validate::worker::{Tally, Worker};

/// What the threads of one run share.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) plan: Plan,
    pub(crate) now: Now,
    pub(crate) options: ValidateOptions,
    pub(crate) hash: KeyHash,
    /// How many buckets each key set has.
    pub(crate) buckets: usize,
    /// The key sets that may be kept as numbers, each with the form that its partitions share.
    pub(crate) numbered: HashMap<KeySetId, SharedForm>,
    pub(crate) budget: Arc<Budget>,
    pub(crate) cancellation: Cancellation,
}

/// What a run has found: by position of the table, and by position of the check in the plan.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) tables: Vec<TableOutcome>,
    pub(crate) checks: Vec<Outcome>,
    /// The keys of all rows of each table, by partition, where they are needed.
    pub(crate) kept: HashMap<usize, Arc<Vec<KeptRows>>>,
    /// What the flags behind those keys are of, by table.
    pub(crate) judges: HashMap<usize, Vec<Judge>>,
    /// The rows that failed the checks by key, by position of the check.
    pub(crate) failing: HashMap<usize, Arc<FailingRows>>,
    /// The tables that could not be read.
    pub(crate) losses: Losses,
}

impl Found {
    /// Adds what one partition has found about the checks of rows.
    fn add(&mut self, tallies: Vec<Tally>) {
        for tally in tallies {
            if let Some(outcome) = self.checks.get_mut(tally.check) {
                outcome.add(tally);
            }
        }
    }

    /// Adds how long rows were judged, by position of the check.
    fn spend(&mut self, spent: Vec<Duration>) {
        self.checks.iter_mut().zip(spent).for_each(|(check, it)| check.ran += it);
    }

    fn spend_on(&mut self, check: usize, took: Duration) {
        self.checks.get_mut(check).into_iter().for_each(|it| it.ran += took);
    }

    /// Takes over what was found about a check by key, in this time.
    fn decide(&mut self, decided: Decided, took: Duration) {
        self.failing.insert(decided.check, decided.failing);
        if let Some(outcome) = self.checks.get_mut(decided.check) {
            outcome.ran += took;
            outcome.violations = decided.finding.violations;
            outcome.groups = decided.finding.groups;
            outcome.sample = decided.sample;
        }
    }
}

/// Stops the threads of a run: when its future is dropped, and when one of them fails or panics.
pub(crate) struct StopOnDrop(pub(crate) Cancellation);

impl StopOnDrop {
    /// Lets the threads go on.
    pub(crate) fn spare(mut self) {
        self.0 = Cancellation::new();
    }
}

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.0.cancel();
    }
}

impl Run {
    /// Scans and decides.
    pub(crate) async fn execute(self: Arc<Self>, snapshot: &dyn Snapshot) -> Result<Found> {
        let _stop = StopOnDrop(self.cancellation.clone());
        let mut state = State::new(&self.plan, self.options.sample_limit);
        for (step, table) in self.plan.order.iter().enumerate() {
            let lookups = Lookups::new(&self, *table, &state.keys, &state.numbers);
            let mut workers = match self.scan(snapshot, *table, &lookups).await {
                Ok(workers) => workers,
                Err(error) => {
                    state.found.losses.take((snapshot, &self.plan), *table, error)?;
                    self.decide_what_is_complete(step, &mut state).await?;
                    continue;
                }
            };
            let later = self.needed_after(step);
            let soon_free = workers.iter().map(|it| it.bytes_without(&later)).sum();
            if self.budget.is_half_used_without(soon_free) {
                workers = make_room(workers, later).await?;
            }
            state.take(&self.plan, *table, workers, &lookups);
            self.find_quantiles(*table, &mut state.found).await?;
            self.number(*table, &mut state).await?;
            self.unify(*table, &mut state).await?;
            self.decide_what_is_complete(step, &mut state).await?;
            for (check, keys) in std::mem::take(&mut state.missing) {
                let groups = Job::distinct(&self, keys).await?;
                state
                    .found
                    .checks
                    .get_mut(check)
                    .into_iter()
                    .for_each(|it| it.groups = Some(groups));
            }
        }
        let Found { losses, checks, .. } = &mut state.found;
        losses.settle(&self.plan, checks, self.options.sample_limit);
        for (check, outcome) in self.plan.checks.iter().zip(checks) {
            query::run(&self, snapshot, check, outcome).await?;
        }
        Ok(state.found)
    }

    async fn scan(
        self: &Arc<Self>,
        snapshot: &dyn Snapshot,
        table: usize,
        lookups: &Lookups,
    ) -> Result<Vec<Worker>> {
        let Some(plan) = self.plan.tables.get(table) else { return Ok(Vec::new()) };
        let scan = Scan {
            table: plan.schema.name.clone(),
            columns: plan.columns.clone(),
            partitions: self.options.threads,
            cancellation: self.cancellation.child(),
        };
        let values = plan.measures.iter().filter(|it| it.keeps_values).count();
        let holders = (plan.key_sets.len() + values + 1) * scan.partitions.get();
        self.budget.divide(holders);
        let progress = Arc::new(AtomicU64::new(0));
        let mut tasks = Vec::new();
        for partition in snapshot.scan(&scan).await? {
            let worker = Worker::new(self, table, lookups, &progress);
            let (handle, others) = (Handle::current(), StopOnDrop(scan.cancellation.clone()));
            tasks.push(spawn_blocking(move || {
                let worker = handle.block_on(worker.read(partition))?;
                others.spare();
                Ok(worker)
            }));
        }
        join(tasks).await
    }

    /// Finds the quantiles of a table that has been read, and forgets their values.
    async fn find_quantiles(self: &Arc<Self>, table: usize, found: &mut Found) -> Result<()> {
        let asked = |(position, it): (usize, &PlannedCheck)| match &it.kernel {
            Kernel::Figure { measure, figure } if measure.table == table => {
                Some((position, (measure.index, figure.quantile()?)))
            }
            _ => None,
        };
        let (checks, asked): (Vec<_>, Vec<_>) =
            self.plan.checks.iter().enumerate().filter_map(asked).unzip();
        let Some(outcome) = found.tables.get_mut(table).filter(|_| !asked.is_empty()) else {
            return Ok(());
        };
        let begun = self.options.clock.now();
        let (run, mut measures) = (Arc::clone(self), outcome.take_measures());
        let task = spawn_blocking(move || {
            for (index, at) in asked {
                let measuring = measures.get_mut(index);
                measuring.map_or(Ok(()), |it| it.find_quantile(at, &run.cancellation))?;
            }
            measures.iter_mut().for_each(Measuring::forget_values);
            Ok(measures)
        });
        outcome.add_measures(join(vec![task]).await?.pop().unwrap_or_default());
        let took = self.options.clock.now().saturating_duration_since(begun);
        let took_each = part(took, checks.len());
        for check in checks {
            found.spend_on(check, took_each);
        }
        Ok(())
    }

    /// Makes tables of those keys of `table` that have been kept as numbers; or brings them to the other
    /// keys, where there can be none.
    async fn number(self: &Arc<Self>, table: usize, state: &mut State) -> Result<()> {
        let sets = self.numbered.keys().filter(|it| it.table == table);
        for set in sets.copied() {
            let Some(keys) = state.keys.remove(&set) else { continue };
            let run = Arc::clone(self);
            let made = spawn_blocking(move || match number_table(&run, set, &keys) {
                Some(table) => Ok((keys, Some(table))),
                None => spread(keys).map(|keys| (keys, None)),
            });
            for (keys, made) in join(vec![made]).await? {
                state.keys.insert(set, keys);
                state.numbers.extend(made.map(|it| (set, it)));
            }
        }
        Ok(())
    }

    /// Brings the compact keys of `table` to the other keys, where not all partitions have kept theirs so.
    async fn unify(self: &Arc<Self>, table: usize, state: &mut State) -> Result<()> {
        let compact = |it: &[KeyRuns]| it.iter().filter(|it| it.compact().is_some()).count();
        let is_uneven = |keys: &[KeyRuns]| compact(keys) > 0 && compact(keys) < keys.len();
        let sets = state.keys.iter().filter(|it| it.0.table == table && is_uneven(it.1));
        let sets: Vec<_> = sets.map(|it| *it.0).collect();
        for set in sets {
            let Some(keys) = state.keys.remove(&set) else { continue };
            for keys in join(vec![spawn_blocking(move || spread(keys))]).await? {
                state.keys.insert(set, keys);
            }
        }
        Ok(())
    }

    /// The key sets of the checks that are decided after this step.
    fn needed_after(&self, step: usize) -> HashSet<KeySetId> {
        let later = self.plan.checks.iter().filter(|it| self.plan.decided_after(it) > Some(step));
        later.flat_map(|it| it.kernel.keys()).map(|it| it.set).collect()
    }

    /// Decides every check whose last table has just been read, and forgets the keys that no later
    /// check needs.
    async fn decide_what_is_complete(
        self: &Arc<Self>,
        step: usize,
        state: &mut State,
    ) -> Result<()> {
        let checks = self.plan.checks.iter().enumerate();
        let due = checks.filter(|(_, it)| self.plan.decided_after(it) == Some(step));
        let due = due.filter(|(_, it)| state.found.losses.of(it).is_none());
        let due = due.map(|(position, _)| position).filter(|it| !state.probed.contains(it));
        let due: Vec<_> = due.collect();
        let clock = &self.options.clock;
        for job in Job::all(self, state, &due)? {
            let begun = clock.now();
            let decided = job.run().await?;
            let took = part(clock.now().saturating_duration_since(begun), decided.len());
            for it in decided {
                state.found.decide(it, took);
            }
        }
        let needed = self.needed_after(step);
        state.keys.retain(|id, _| needed.contains(id));
        state.numbers.retain(|id, _| needed.contains(id));
        Ok(())
    }
}

/// Brings what workers hold for `later` to temporary files, so that the next table has memory. What is
/// decided before it is read stays.
async fn make_room(workers: Vec<Worker>, later: HashSet<KeySetId>) -> Result<Vec<Worker>> {
    let later = Arc::new(later);
    let spill = |mut worker: Worker| {
        let later = Arc::clone(&later);
        spawn_blocking(move || worker.spill(&later).map(|()| worker))
    };
    join(workers.into_iter().map(spill).collect()).await
}

/// Brings the keys that are numbers or compact to the others.
fn spread(keys: Arc<Vec<KeyRuns>>) -> Result<Arc<Vec<KeyRuns>>> {
    let lost = || Error::new(ErrorKind::Internal, "keys are still in use");
    let mut keys = Arc::into_inner(keys).ok_or_else(lost)?;
    keys.iter_mut().try_for_each(KeyRuns::spread)?;
    keys.iter_mut().try_for_each(KeyRuns::settle)?;
    Ok(Arc::new(keys))
}

/// What has been found so far, and the keys that are still needed.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) found: Found,
    pub(crate) keys: HashMap<KeySetId, Arc<Vec<KeyRuns>>>,
    /// Those of the keys that are numbers and can be looked up as such.
    numbers: HashMap<KeySetId, Arc<NumberTable>>,
    /// What was counted while tables were read, by position of the check.
    pub(crate) counted: HashMap<usize, Arc<Counter>>,
    /// The checks by key that were made row by row, by position in the plan.
    probed: HashSet<usize>,
    /// The keys that such checks have missed, by position of the check.
    missing: HashMap<usize, Vec<KeyRuns>>,
}

impl State {
    fn new(plan: &Plan, sample_limit: usize) -> Self {
        let tables = plan.tables.iter().map(|_| TableOutcome::default()).collect();
        let checks = plan.checks.iter().map(|_| Outcome::new(sample_limit)).collect();
        let (kept, judges, failing) = (HashMap::new(), HashMap::new(), HashMap::new());
        let losses = Losses::default();
        let found = Found { tables, checks, kept, judges, failing, losses };
        Self {
            found,
            keys: HashMap::new(),
            numbers: HashMap::new(),
            counted: HashMap::new(),
            probed: HashSet::new(),
            missing: HashMap::new(),
        }
    }

    fn take(&mut self, plan: &Plan, table: usize, workers: Vec<Worker>, lookups: &Lookups) {
        self.probed.extend(lookups.probes.keys());
        let mut counters: Vec<Counter> = Vec::new();
        let key_sets = plan.tables.get(table).map_or(0, |it| it.key_sets.len());
        let mut runs: Vec<Vec<KeyRuns>> = (0..key_sets).map(|_| Vec::new()).collect();
        let mut kept = Vec::new();
        for mut worker in workers {
            self.found.judges.insert(table, worker.judges());
            let missing = worker.tallies.iter_mut().map(|it| (it.check, it.missing.take()));
            for (check, missing) in missing.filter_map(|(check, it)| Some((check, it?))) {
                self.missing.entry(check).or_default().extend(missing.runs);
            }
            for (runs, collected) in runs.iter_mut().zip(worker.collected) {
                runs.extend(collected.runs);
                collected.counters.into_iter().for_each(|it| merge(&mut counters, it));
            }
            kept.push(worker.kept);
            if let Some(found) = self.found.tables.get_mut(table) {
                found.add(worker.rows, worker.batches, &worker.in_scope);
                found.add_measures(worker.measures);
            }
            self.found.add(worker.tallies);
            self.found.spend(worker.watch.spent);
        }
        for (index, runs) in runs.into_iter().enumerate() {
            self.keys.insert(KeySetId { table, index }, Arc::new(runs));
        }
        for counter in counters.into_iter().map(Arc::new) {
            let checks = counter.checks().iter().map(|it| (it.position, Arc::clone(&counter)));
            self.counted.extend(checks);
        }
        self.found.kept.insert(table, Arc::new(kept));
    }
}

/// Adds a counter to the one of the same checks.
fn merge(counters: &mut Vec<Counter>, counter: Counter) {
    match counters.iter_mut().find(|it| it.checks() == counter.checks()) {
        Some(all) => all.merge(&counter),
        None => counters.push(counter),
    }
}
