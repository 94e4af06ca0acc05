//! The course of one run: plan, scan each table once, decide by key, report.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use tokio::runtime::Handle;
use tokio::task::spawn_blocking;

use crate::error::Error;
use crate::error::ErrorKind;
use crate::error::Result;
use crate::rules::{Kernel, KeySetId, Plan, PlannedCheck};
use crate::source::{Cancellation, Scan, Snapshot};
use crate::validate::ValidateOptions;
use crate::validate::failing_rows::FailingRows;
use crate::validate::kept_rows::KeptRows;
use crate::validate::keys::{BUCKETS, Decision, Finding, KeyHash, KeyRuns};
use crate::validate::outcome::{Outcome, TableOutcome};
use crate::validate::sample::{Sample, Shown};
use crate::validate::worker::Worker;

/// What the threads of one run share.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) plan: Plan,
    pub(crate) options: ValidateOptions,
    pub(crate) hash: KeyHash,
    pub(crate) cancellation: Cancellation,
}

/// What a run has found: by position of the table, and by position of the check in the plan.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) tables: Vec<TableOutcome>,
    pub(crate) checks: Vec<Outcome>,
}

/// Stops the threads of a run: when its future is dropped, and when one of them fails or panics.
struct StopOnDrop(Cancellation);

impl StopOnDrop {
    /// Lets the threads go on.
    fn spare(mut self) {
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
            let workers = self.scan(snapshot, *table).await?;
            state.take(&self.plan, *table, workers);
            self.decide_what_is_complete(step, &mut state).await?;
        }
        Ok(state.found)
    }

    async fn scan(self: &Arc<Self>, snapshot: &dyn Snapshot, table: usize) -> Result<Vec<Worker>> {
        let Some(plan) = self.plan.tables.get(table) else { return Ok(Vec::new()) };
        let scan = Scan {
            table: plan.schema.name.clone(),
            columns: plan.columns.clone(),
            partitions: self.options.threads,
            cancellation: self.cancellation.clone(),
        };
        let progress = Arc::new(AtomicU64::new(0));
        let mut tasks = Vec::new();
        for partition in snapshot.scan(&scan).await? {
            let worker = Worker::new(self, table, &progress);
            let (handle, others) = (Handle::current(), StopOnDrop(self.cancellation.clone()));
            tasks.push(spawn_blocking(move || {
                let worker = handle.block_on(worker.read(partition))?;
                others.spare();
                Ok(worker)
            }));
        }
        join(tasks).await
    }

    /// Decides every check whose last table has just been read, and forgets the keys that no later
    /// check needs.
    async fn decide_what_is_complete(
        self: &Arc<Self>,
        step: usize,
        state: &mut State,
    ) -> Result<()> {
        for (position, check) in self.plan.checks.iter().enumerate() {
            if self.plan.decided_after(check) != Some(step) {
                continue;
            }
            let Some(job) = Job::new(self, state, check) else { continue };
            let (finding, sample) = job.run().await?;
            if let Some(outcome) = state.found.checks.get_mut(position) {
                outcome.violations = finding.violations;
                outcome.groups = has_groups(&check.kernel).then_some(finding.groups);
                outcome.sample.merge(sample);
            }
        }
        let later = self.plan.checks.iter().filter(|it| self.plan.decided_after(it) > Some(step));
        let needed: Vec<_> = later.flat_map(|it| it.kernel.key_sets()).collect();
        state.keys.retain(|id, _| needed.contains(id));
        Ok(())
    }
}

fn has_groups(kernel: &Kernel) -> bool {
    matches!(kernel, Kernel::Unique(_) | Kernel::Dependency(_))
}

/// Waits for every task; the first error that is not the cancelling of the others counts.
async fn join<T>(tasks: Vec<tokio::task::JoinHandle<Result<T>>>) -> Result<Vec<T>> {
    let mut done = Vec::with_capacity(tasks.len());
    let mut errors = Vec::new();
    for task in tasks {
        match task.await {
            Ok(Ok(it)) => done.push(it),
            Ok(Err(error)) => errors.push(error),
            Err(panic) => {
                let error = Error::new(ErrorKind::Internal, "a thread of the run panicked");
                errors.push(error.with_source(panic));
            }
        }
    }
    errors.sort_by_key(|it| it.kind() == ErrorKind::Cancelled);
    match errors.into_iter().next() {
        Some(error) => Err(error),
        None => Ok(done),
    }
}

/// What has been found so far, and the keys that are still needed.
#[derive(Debug)]
struct State {
    found: Found,
    keys: HashMap<KeySetId, Arc<Vec<KeyRuns>>>,
    kept: HashMap<usize, Arc<Vec<KeptRows>>>,
}

impl State {
    fn new(plan: &Plan, sample_limit: usize) -> Self {
        let tables = plan.tables.iter().map(|_| TableOutcome::default()).collect();
        let checks = plan.checks.iter().map(|_| Outcome::new(sample_limit)).collect();
        Self { found: Found { tables, checks }, keys: HashMap::new(), kept: HashMap::new() }
    }

    fn take(&mut self, plan: &Plan, table: usize, workers: Vec<Worker>) {
        let key_sets = plan.tables.get(table).map_or(0, |it| it.key_sets.len());
        let mut runs: Vec<Vec<KeyRuns>> = (0..key_sets).map(|_| Vec::new()).collect();
        let mut kept = Vec::new();
        for worker in workers {
            runs.iter_mut().zip(worker.runs).for_each(|(all, runs)| all.push(runs));
            kept.push(worker.kept);
            if let Some(found) = self.found.tables.get_mut(table) {
                found.add(worker.rows, worker.batches, &worker.in_scope);
            }
            for tally in worker.tallies {
                let Some(outcome) = self.found.checks.get_mut(tally.check) else { continue };
                outcome.add(tally);
            }
        }
        for (index, runs) in runs.into_iter().enumerate() {
            self.keys.insert(KeySetId { table, index }, Arc::new(runs));
        }
        self.kept.insert(table, Arc::new(kept));
    }
}

/// The decision of one check: its buckets, one after the other, by whichever thread is free.
struct Job {
    run: Arc<Run>,
    decision: Decision,
    subjects: Arc<Vec<KeyRuns>>,
    others: Arc<Vec<KeyRuns>>,
    kept: Arc<Vec<KeptRows>>,
    failing: FailingRows,
    shown_key: Vec<usize>,
    shown_values: Vec<usize>,
    next: AtomicUsize,
}

impl Job {
    fn new(run: &Arc<Run>, state: &State, check: &PlannedCheck) -> Option<Arc<Self>> {
        let (decision, subjects, others) = match check.kernel {
            Kernel::Row(_) | Kernel::RowCount { .. } => return None,
            Kernel::Unique(keys) => (Decision::Unique, keys, keys),
            Kernel::Dependency(keys) => (Decision::Dependency, keys, keys),
            Kernel::References { child, parent } => (Decision::Among, child, parent),
            Kernel::Cardinality { parent, child, min, max } => {
                (Decision::Times { min, max }, parent, child)
            }
        };
        let table = run.plan.tables.get(check.table)?;
        let shows_values = run.options.show_values;
        let key = if shows_values {
            table.primary_key.clone()
        } else {
            (0..table.primary_key.len()).collect()
        };
        let kept = Arc::clone(state.kept.get(&check.table)?);
        Some(Arc::new(Self {
            run: Arc::clone(run),
            decision,
            subjects: Arc::clone(state.keys.get(&subjects)?),
            others: Arc::clone(state.keys.get(&others)?),
            failing: FailingRows::new(&kept),
            kept,
            shown_key: key,
            shown_values: if shows_values { check.columns.clone() } else { Vec::new() },
            next: AtomicUsize::new(0),
        }))
    }

    async fn run(self: Arc<Self>) -> Result<(Finding, Sample)> {
        let spawn = |_| {
            let job = Arc::clone(&self);
            spawn_blocking(move || job.decide_buckets())
        };
        let tasks = (0..self.run.options.threads.get()).map(spawn).collect();
        let mut all = Finding::default();
        for finding in join(tasks).await? {
            all.violations += finding.violations;
            all.groups += finding.groups;
        }
        let mut sample = Sample::new(self.run.options.sample_limit);
        if all.violations > 0 {
            let shown = Shown { key: &self.shown_key, values: &self.shown_values };
            self.failing.sample(&self.kept, shown, &mut sample);
        }
        Ok((all, sample))
    }

    fn decide_buckets(&self) -> Result<Finding> {
        let mut found = Finding::default();
        loop {
            let index = self.next.fetch_add(1, Ordering::Relaxed);
            if index >= BUCKETS {
                return Ok(found);
            }
            self.run.cancellation.check()?;
            let subjects: Vec<_> = self.subjects.iter().filter_map(|it| it.bucket(index)).collect();
            let others: Vec<_> = self.others.iter().filter_map(|it| it.bucket(index)).collect();
            let mut fails = |partition, row| self.failing.note(partition, row);
            let finding = self.decision.decide(&subjects, &others, self.run.hash, &mut fails);
            found.violations += finding.violations;
            found.groups += finding.groups;
        }
    }
}
