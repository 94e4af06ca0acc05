//! The decision of the checks that ask about the same keys.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::task::spawn_blocking;

use crate::error::{Error, ErrorKind, Result};
use crate::rules::{Kernel, KeySetId, Keys, PlannedCheck};
use crate::validate::failing_rows::FailingRows;
use crate::validate::kept_rows::KeptRows;
use crate::validate::keys::{
    Counter, Finding, Join, KeyRuns, Loaded, Part, Question, Shared, Side,
};
use crate::validate::run::{Run, State};
use crate::validate::sample::{Sample, Shown};
use crate::validate::threads::join;

/// The decision of the checks that ask about the same keys: bucket by bucket, by whichever thread is
/// free.
pub(crate) struct Job {
    run: Arc<Run>,
    question: Question,
    checks: Vec<AskingCheck>,
    keys: Arc<Vec<KeyRuns>>,
    others: Arc<Vec<KeyRuns>>,
    next: AtomicUsize,
}

/// A check whose answer is looked for, and the rows that fail it.
struct AskingCheck {
    /// Position in the plan.
    position: usize,
    kept: Arc<Vec<KeptRows>>,
    failing: Arc<FailingRows>,
    /// How often keys that are numbers occur, where that has been counted.
    counter: Option<Arc<Counter>>,
    shown_key: Vec<usize>,
    shown_values: Vec<usize>,
}

/// What was found about a check.
pub(crate) struct Decided {
    /// Position of the check in the plan.
    pub(crate) check: usize,
    pub(crate) finding: Finding,
    pub(crate) sample: Sample,
    pub(crate) failing: Arc<FailingRows>,
}

/// What a check by key asks: about the rows of which keys, among which others, how many there should be.
struct Asked {
    subject: Keys,
    other: Keys,
    min: u64,
    max: u64,
    /// Whether keys that fail are counted, each once.
    has_groups: bool,
}

impl Job {
    /// The jobs that decide `checks`, given by their positions in the plan. Checks that look up keys in
    /// the same two sets are decided together.
    pub(crate) fn all(run: &Arc<Run>, state: &State, checks: &[usize]) -> Result<Vec<Arc<Self>>> {
        let (mut jobs, mut joins) = (Vec::new(), Vec::<(_, Vec<_>)>::new());
        for position in checks {
            let kernel = run.plan.checks.get(*position).map(|it| &it.kernel);
            if let Some((keys, question)) = kernel.and_then(question) {
                jobs.push(Self::new(run, state, question, (keys.set, keys.set), &[*position])?);
            }
            let Some(asked) = kernel.and_then(Asked::of) else { continue };
            let (a, b) = (asked.subject.set, asked.other.set);
            match joins.iter_mut().find(|(it, _)| *it == (a, b) || *it == (b, a)) {
                Some((_, all)) => all.push((*position, asked)),
                None => joins.push(((a, b), vec![(*position, asked)])),
            }
        }
        for ((a, b), asked) in joins {
            let keys = |it| state.keys.get(it).map_or(0, |it| it.iter().map(KeyRuns::len).sum());
            // The smaller set makes the smaller table.
            let (table, lookup): (_, _) = if keys(&a) <= keys(&b) { (a, b) } else { (b, a) };
            let question = Question::Join(asked.iter().map(|(_, it)| it.join(table)).collect());
            let positions: Vec<_> = asked.iter().map(|it| it.0).collect();
            jobs.push(Self::new(run, state, question, (table, lookup), &positions)?);
        }
        Ok(jobs)
    }

    fn new(
        run: &Arc<Run>,
        state: &State,
        question: Question,
        (keys, others): (KeySetId, KeySetId),
        positions: &[usize],
    ) -> Result<Arc<Self>> {
        let missing = || Error::new(ErrorKind::Internal, "keys of a check were not collected");
        let keys_of = |it| state.keys.get(&it).map(Arc::clone).ok_or_else(missing);
        let checks = positions.iter().filter_map(|it| {
            run.plan.checks.get(*it).map(|check| AskingCheck::new(run, state, *it, check))
        });
        let is_counted = positions.iter().all(|it| state.counted.contains_key(it));
        let has_numbers =
            |it| state.keys.get(&it).is_some_and(|it| it.iter().any(|it| it.numbers().is_some()));
        if !is_counted && (has_numbers(keys) || has_numbers(others)) {
            return Err(missing());
        }
        Ok(Arc::new(Self {
            run: Arc::clone(run),
            question,
            checks: checks.collect::<Option<_>>().ok_or_else(missing)?,
            keys: keys_of(keys)?,
            others: keys_of(others)?,
            next: AtomicUsize::new(0),
        }))
    }

    /// Decides every bucket, and takes samples of the rows that failed.
    pub(crate) async fn run(self: Arc<Self>) -> Result<Vec<Decided>> {
        let all = self.findings().await?;
        let job = Arc::clone(&self);
        let sample = spawn_blocking(move || {
            let checks = job.checks.iter().zip(all);
            checks.map(|(check, it)| check.decided(&job.run, it)).collect::<Result<Vec<_>>>()
        });
        Ok(join(vec![sample]).await?.into_iter().flatten().collect())
    }

    /// How many different keys there are.
    pub(crate) async fn distinct(run: &Arc<Run>, keys: Vec<KeyRuns>) -> Result<u64> {
        let keys = Arc::new(keys);
        let job = Arc::new(Self {
            run: Arc::clone(run),
            question: Question::Distinct(1),
            checks: Vec::new(),
            others: Arc::clone(&keys),
            keys,
            next: AtomicUsize::new(0),
        });
        let findings = job.findings().await?;
        Ok(findings.first().and_then(|it| it.groups).unwrap_or_default())
    }

    async fn findings(self: &Arc<Self>) -> Result<Vec<Finding>> {
        let spawn = |_| {
            let job = Arc::clone(self);
            spawn_blocking(move || job.decide_buckets())
        };
        let judge = |partition| {
            let job = Arc::clone(self);
            spawn_blocking(move || job.judge_numbers(partition))
        };
        let partitions = self.keys.len().max(self.others.len());
        let partitions =
            if self.checks.iter().any(|it| it.counter.is_some()) { partitions } else { 0 };
        let buckets = (0..self.run.options.threads.get()).map(spawn);
        let tasks = buckets.chain((0..partitions).map(judge)).collect();
        let mut all = self.no_findings();
        for findings in join(tasks).await? {
            all.iter_mut().zip(findings).for_each(|(all, it)| all.add(it));
        }
        Ok(all)
    }

    fn no_findings(&self) -> Vec<Finding> {
        vec![Finding::default(); self.question.checks()]
    }

    /// Decides about the keys of one partition that are numbers, by how often they were counted.
    fn judge_numbers(&self, partition: usize) -> Result<Vec<Finding>> {
        let mut found = self.no_findings();
        let Question::Join(joins) = &self.question else { return Ok(found) };
        for ((check, join), finding) in self.checks.iter().zip(joins).zip(&mut found) {
            self.run.cancellation.check()?;
            let subject = if join.subject == Side::Table { &self.keys } else { &self.others };
            let numbers = subject.get(partition).and_then(KeyRuns::numbers);
            let Some((numbers, counter)) = numbers.zip(check.counter.as_ref()) else { continue };
            for it in counter.failing(check.position, join, numbers) {
                finding.violations += 1;
                check.failing.note(partition, it.row);
            }
        }
        Ok(found)
    }

    fn decide_buckets(&self) -> Result<Vec<Finding>> {
        let mut found = self.no_findings();
        let mut fails = |check: usize, partition: usize, row: u32| {
            if let Some(check) = self.checks.get(check) {
                check.failing.note(partition, row);
            }
        };
        let shared = self.shared();
        loop {
            let bucket = self.next.fetch_add(1, Ordering::Relaxed);
            if bucket >= shared.as_ref().map_or(self.run.buckets, Shared::slices) {
                return Ok(found);
            }
            self.run.cancellation.check()?;
            if let Some(shared) = &shared {
                let finding = shared.decide(bucket, &self.run.budget, &mut fails)?;
                found.iter_mut().zip([finding]).for_each(|(found, it)| found.add(it));
                continue;
            }
            let loaded = load(&self.keys, bucket)?;
            let parts = parts(&self.keys, &loaded, bucket);
            let others = match self.question {
                Question::Join(_) => load(&self.others, bucket)?,
                _ => Vec::new(),
            };
            let others = self::parts(&self.others, &others, bucket);
            let findings = self.question.decide(&parts, &others, self.run.hash, &mut fails);
            found.iter_mut().zip(findings).for_each(|(found, it)| found.add(it));
        }
    }

    /// The question as one about compact keys, if all keys are.
    fn shared(&self) -> Option<Shared<'_>> {
        let Question::Unique(scope) = self.question else { return None };
        let partitions = self.keys.iter().map(KeyRuns::compact).collect::<Option<_>>()?;
        Some(Shared::new(partitions, scope, self.run.buckets))
    }
}

impl AskingCheck {
    fn new(run: &Run, state: &State, position: usize, check: &PlannedCheck) -> Option<Self> {
        let table = run.plan.tables.get(check.table)?;
        let shows_values = run.options.show_values;
        let shown_key = if shows_values {
            table.primary_key.clone()
        } else {
            (0..table.primary_key.len()).collect()
        };
        let kept = Arc::clone(state.found.kept.get(&check.table)?);
        Some(Self {
            position,
            failing: Arc::new(FailingRows::new(&kept)),
            kept,
            counter: state.counted.get(&position).map(Arc::clone),
            shown_key,
            shown_values: if shows_values { check.columns.clone() } else { Vec::new() },
        })
    }

    /// What was found, with a sample of the rows that failed.
    fn decided(&self, run: &Run, finding: Finding) -> Result<Decided> {
        let mut sample = Sample::new(run.options.sample_limit);
        if finding.violations > 0 {
            let shown = Shown { key: &self.shown_key, values: &self.shown_values };
            self.failing.sample(&self.kept, shown, &mut sample)?;
        }
        let failing = Arc::clone(&self.failing);
        Ok(Decided { check: self.position, finding, sample, failing })
    }
}

/// What a check asks about one key set.
fn question(kernel: &Kernel) -> Option<(Keys, Question)> {
    match *kernel {
        Kernel::Unique(keys) => Some((keys, Question::Unique(1 << keys.scope))),
        Kernel::Dependency(keys) => Some((keys, Question::Dependency(1 << keys.scope))),
        Kernel::Disjoint(keys) => Some((keys, Question::Disjoint(1 << keys.scope))),
        Kernel::DistinctCount { keys, .. } => Some((keys, Question::Distinct(1 << keys.scope))),
        _ => None,
    }
}

impl Asked {
    fn of(kernel: &Kernel) -> Option<Self> {
        match *kernel {
            Kernel::References { child: subject, parent: other } => {
                Some(Self { subject, other, min: 1, max: u64::MAX, has_groups: true })
            }
            Kernel::Cardinality { parent: subject, child: other, min, max } => {
                Some(Self { subject, other, min, max, has_groups: false })
            }
            _ => None,
        }
    }

    /// This as a join whose table holds the keys of the set `table`.
    fn join(&self, table: KeySetId) -> Join {
        Join {
            subject: if self.subject.set == table { Side::Table } else { Side::Lookup },
            asked: 1 << self.subject.scope,
            counted: 1 << self.other.scope,
            rows: self.min..=self.max,
            has_groups: self.has_groups,
        }
    }
}

fn load(runs: &[KeyRuns], bucket: usize) -> Result<Vec<Loaded>> {
    runs.iter().map(|it| it.load(bucket)).collect()
}

/// The parts of a bucket, of all partitions.
fn parts<'a>(runs: &'a [KeyRuns], loaded: &'a [Loaded], bucket: usize) -> Vec<Part<'a>> {
    let runs = runs.iter().zip(loaded).enumerate();
    runs.flat_map(|(partition, (runs, loaded))| runs.parts(bucket, partition, loaded)).collect()
}
