//! The decision of one check by key.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::task::spawn_blocking;

use crate::error::Result;
use crate::rules::{Kernel, PlannedCheck};
use crate::validate::failing_rows::FailingRows;
use crate::validate::kept_rows::KeptRows;
use crate::validate::keys::{Decision, Finding, KeyRuns};
use crate::validate::run::{Run, State};
use crate::validate::sample::{Sample, Shown};
use crate::validate::threads::join;

/// The decision of one check: its buckets, one after the other, by whichever thread is free.
pub(crate) struct Job {
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
    /// The job that decides `check`; none if the check was decided row by row.
    pub(crate) fn new(run: &Arc<Run>, state: &State, check: &PlannedCheck) -> Option<Arc<Self>> {
        let (decision, subjects, others) = match check.kernel {
            Kernel::Absent(_) | Kernel::Row(_) | Kernel::RowCount { .. } => return None,
            Kernel::Unique(keys) => (Decision::Unique, keys, keys),
            Kernel::Dependency(keys) => (Decision::Dependency, keys, keys),
            Kernel::Disjoint(keys) => (Decision::Disjoint, keys, keys),
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

    /// Decides every bucket, and takes a sample of the rows that failed.
    pub(crate) async fn run(self: Arc<Self>) -> Result<(Finding, Sample)> {
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
            if index >= self.run.buckets {
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
