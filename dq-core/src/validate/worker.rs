//! What one partition of a scan does with its batches.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arrow_array::BooleanArray;
use arrow_buffer::BooleanBuffer;

use crate::error::Error;
use crate::error::ErrorKind;
use crate::error::Result;
use crate::rules::{
    Kernel, KeySet, KeySetId, Measure, PlannedCheck, PlannedFilter, RowKernel, TablePlan,
};
use crate::source::Partition;
use crate::validate::Progress;
use crate::validate::kept_rows::KeptRows;
use crate::validate::keys::{Counter, KeyRuns, Layout, SharedPlaces};
use crate::validate::lookups::Lookups;
use crate::validate::measuring::Measuring;
use crate::validate::row_key::lowest_row;
use crate::validate::run::Run;
use crate::validate::sample::{Sample, Shown};
use crate::validate::stopwatch::Stopwatch;
use crate::validate::violations::Judge;
use crate::value::Batch;
use crate::value::Column;

/// The state of one partition; those of all partitions of a table merge.
#[derive(Debug)]
pub(crate) struct Worker {
    run: Arc<Run>,
    table: usize,
    progress: Arc<AtomicU64>,
    kernels: Vec<Box<dyn RowKernel>>,
    pub(crate) rows: u64,
    /// The sequence and the number of rows of each batch, where the numbers of rows are told.
    pub(crate) batches: Vec<(u64, u64)>,
    /// The number of rows in the scope of each filter.
    pub(crate) in_scope: Vec<u64>,
    /// What the row checks of the table have found, in the order of the plan.
    pub(crate) tallies: Vec<Tally>,
    /// What has been measured, in the order of the plan.
    pub(crate) measures: Vec<Measuring>,
    /// The keys of the key sets of the table, in the order of the plan.
    pub(crate) collected: Vec<Collected>,
    places: SharedPlaces,
    pub(crate) kept: KeptRows,
    pub(crate) watch: Stopwatch,
}

/// What is known so far of the keys of one key set.
#[derive(Debug, Default)]
pub(crate) struct Collected {
    /// The keys; none where nobody will ask.
    pub(crate) runs: Option<KeyRuns>,
    /// How often the keys of other tables occur.
    pub(crate) counters: Vec<Counter>,
    /// Whether all keys are collected, or only those that cannot be counted.
    collects_all: bool,
}

/// What a row check has found so far.
#[derive(Debug)]
pub(crate) struct Tally {
    /// Position of the check in the plan.
    pub(crate) check: usize,
    pub(crate) violations: u64,
    pub(crate) sample: Sample,
    pub(crate) error: Option<Error>,
    /// The keys that were looked up and are missing; only of checks by key.
    pub(crate) missing: Option<MissingKeys>,
}

/// The keys of rows that violate a check by key which is made row by row.
#[derive(Debug)]
pub(crate) struct MissingKeys {
    key_set: KeySet,
    pub(crate) runs: Option<KeyRuns>,
}

impl MissingKeys {
    fn new(key_set: &KeySet) -> Self {
        let (to, scopes) = (Vec::new(), vec![Some(0)]);
        Self { key_set: KeySet { to, scopes, with_rows: false, ..key_set.clone() }, runs: None }
    }

    fn collect(&mut self, run: &Run, batch: &Batch, violations: &BooleanBuffer) -> Result<()> {
        let layout = Layout { with_values: false, with_rows: false };
        let new = || KeyRuns::new(run.hash, layout, run.buckets, &run.budget);
        let runs = self.runs.get_or_insert_with(new);
        runs.collect(&self.key_set, batch, std::slice::from_ref(violations), (0, 0..batch.rows()))
    }
}

impl Worker {
    pub(crate) fn new(
        run: &Arc<Run>,
        table: usize,
        lookups: &Lookups,
        progress: &Arc<AtomicU64>,
    ) -> Self {
        let (mut kernels, mut tallies) = (Vec::new(), Vec::new());
        let places = SharedPlaces::default();
        for (position, check) in run.plan.checks.iter().enumerate().filter(|it| it.1.table == table)
        {
            let probe = lookups.probes.get(&position);
            let kernel: Option<Box<dyn RowKernel>> = match &check.kernel {
                Kernel::Row(kernel) => Some(kernel.fork()),
                _ => probe.map(|it| Box::new(it.with_places(&places)) as _),
            };
            if let Some(kernel) = kernel {
                kernels.push(kernel);
                let sample = Sample::new(run.options.sample_limit);
                let missing = probe.map(|it| MissingKeys::new(&it.key_set));
                let (check, violations, error) = (position, 0, None);
                tallies.push(Tally { check, violations, sample, error, missing });
            }
        }
        let plan = run.plan.tables.get(table);
        let key_sets = plan.map_or(0, |it| it.key_sets.len());
        let collected = |index| Collected::new(run, KeySetId { table, index }, lookups, &places);
        let measuring = |it: &Measure| Measuring::new(it, run);
        let measures = plan.map_or(&[][..], |it| &it.measures);
        Self {
            run: Arc::clone(run),
            table,
            progress: Arc::clone(progress),
            kernels,
            rows: 0,
            batches: Vec::new(),
            in_scope: vec![0; plan.map_or(0, |it| it.filters.len())],
            tallies,
            measures: measures.iter().map(measuring).collect(),
            collected: (0..key_sets).map(collected).collect(),
            places,
            kept: KeptRows::new(&run.budget),
            watch: Stopwatch::new(&run.options.clock, &run.plan, table),
        }
    }

    /// Reads a partition to its end.
    pub(crate) async fn read(mut self, mut partition: Box<dyn Partition>) -> Result<Self> {
        let run = Arc::clone(&self.run);
        let Some(plan) = run.plan.tables.get(self.table) else { return Ok(self) };
        while let Some(batch) = partition.next().await? {
            run.cancellation.check()?;
            self.take(&run, plan, &batch)?;
            self.tell(plan, &batch);
        }
        self.all_runs().try_for_each(KeyRuns::finish)?;
        self.measures.iter_mut().try_for_each(Measuring::finish)?;
        Ok(self)
    }

    /// How much of the budget the keys take that are not needed for `later`.
    pub(crate) fn bytes_without(&self, later: &HashSet<KeySetId>) -> usize {
        let table = self.table;
        let collected = self.collected.iter().enumerate();
        let others = collected.filter(|it| !later.contains(&KeySetId { table, index: it.0 }));
        others.filter_map(|it| it.1.runs.as_ref()).map(KeyRuns::taken).sum()
    }

    /// Brings the keys that are needed for `later`, and values, to temporary files.
    pub(crate) fn spill(&mut self, later: &HashSet<KeySetId>) -> Result<()> {
        let table = self.table;
        let collected = self.collected.iter_mut().enumerate();
        let needed = collected.filter(|it| later.contains(&KeySetId { table, index: it.0 }));
        needed.filter_map(|it| it.1.runs.as_mut()).try_for_each(|it| it.spill(0))?;
        self.measures.iter_mut().try_for_each(Measuring::spill)?;
        self.kept.spill()
    }

    fn all_runs(&mut self) -> impl Iterator<Item = &mut KeyRuns> {
        let missing = self.tallies.iter_mut().filter_map(|it| it.missing.as_mut()?.runs.as_mut());
        self.collected.iter_mut().filter_map(|it| it.runs.as_mut()).chain(missing)
    }

    fn take(&mut self, run: &Run, table: &TablePlan, batch: &Batch) -> Result<()> {
        self.places.forget();
        let holds = |it: &PlannedFilter| it.predicate.evaluate(batch).holds;
        let scopes: Vec<_> = table.filters.iter().map(holds).collect();
        for (in_scope, scope) in self.in_scope.iter_mut().zip(&scopes) {
            *in_scope += scope.count_set_bits() as u64;
        }
        let lowest = lowest_row(batch, &table.primary_key);
        let mut flags = Flags::new(run.options.violations.is_some(), batch.rows());
        self.watch.start();
        for (kernel, tally) in self.kernels.iter().zip(&mut self.tallies) {
            let Some(check) = run.plan.checks.get(tally.check) else { continue };
            let scope = check.filter.and_then(|it| scopes.get(it));
            let values = if run.options.show_values { check.columns.as_slice() } else { &[] };
            let shown = Shown { key: &table.primary_key, values };
            let violations = tally.judge(kernel.as_ref(), batch, scope);
            flags.push(violations.as_ref());
            if let Some(violations) = violations {
                tally.note(run, batch, &violations, (lowest, shown))?;
            }
            self.watch.check(tally.check);
        }
        for (index, (measure, measuring)) in
            table.measures.iter().zip(&mut self.measures).enumerate()
        {
            let scope = measure.filter.and_then(|it| scopes.get(it));
            let column = [measure.column];
            let values = if run.options.show_values { column.as_slice() } else { &[] };
            let shown = Shown { key: &table.primary_key, values };
            flags.push(Some(&measuring.take(measure, batch, scope, (lowest, shown))?));
            self.watch.measure(index);
        }
        let is_shown =
            run.options.sample_limit > 0 && self.collected.iter().any(Collected::has_rows);
        let first_row = self.first_row(batch, is_shown || flags.are_wanted)?;
        self.collect(table, batch, &scopes, first_row)?;
        if is_shown || flags.are_wanted {
            let columns = kept_columns(table, run.options.show_values);
            let columns = columns.iter().map(|it| batch.column(*it)).chain(&flags.columns);
            self.kept.keep(batch, columns, (first_row, lowest))?;
        }
        self.rows += batch.rows() as u64;
        if table.primary_key.is_empty() || flags.are_wanted {
            self.batches.push((batch.sequence(), batch.rows() as u64));
        }
        Ok(())
    }

    /// The number of the first row of a batch within the partition. Nobody needs it where no key is
    /// collected and no row is kept.
    fn first_row(&self, batch: &Batch, are_kept: bool) -> Result<u32> {
        if !are_kept && self.collected.iter().all(|it| it.runs.is_none()) {
            return Ok(0);
        }
        let after = u32::try_from(self.rows + batch.rows() as u64);
        after.map(|it| it - batch.rows() as u32).map_err(|_| {
            let message = "cannot check keys: more than 4,294,967,295 rows in one partition";
            Error::new(ErrorKind::LimitExceeded, message)
        })
    }

    /// Collects the keys of a batch.
    fn collect(
        &mut self,
        table: &TablePlan,
        batch: &Batch,
        scopes: &[BooleanBuffer],
        first_row: u32,
    ) -> Result<()> {
        self.watch.start();
        let collected = table.key_sets.iter().zip(&mut self.collected);
        for (index, (key_set, collected)) in collected.enumerate() {
            collected.take(key_set, batch, scopes, first_row)?;
            self.watch.key_set(index);
        }
        Ok(())
    }

    /// What the columns of flags behind those of kept rows are of.
    pub(crate) fn judges(&self) -> Vec<Judge> {
        let checks = self.tallies.iter().map(|it| Judge::Check(it.check));
        checks.chain((0..self.measures.len()).map(Judge::Measure)).collect()
    }

    fn tell(&self, plan: &TablePlan, batch: &Batch) {
        let rows = batch.rows() as u64;
        let rows = self.progress.fetch_add(rows, Ordering::Relaxed) + rows;
        if let Some(listener) = &self.run.options.progress {
            let rows_estimate = plan.schema.rows_estimate;
            listener(&Progress { table: plan.schema.name.clone(), rows, rows_estimate });
        }
    }
}

impl Collected {
    fn new(run: &Run, set: KeySetId, lookups: &Lookups, places: &SharedPlaces) -> Self {
        let asks = |it: &&PlannedCheck| it.kernel.keys().iter().any(|it| it.set == set);
        let only_unique = || {
            let mut checks = run.plan.checks.iter().filter(asks);
            checks.all(|it| matches!(it.kernel, Kernel::Unique(_)))
        };
        let checks = run.plan.checks.iter().enumerate().filter(|it| asks(&it.1));
        let mut checks = checks.filter(|it| !lookups.probes.contains_key(&it.0));
        let collects_all = checks.any(|it| !lookups.counts_for(it.0));
        let counts = || lookups.counts.iter().filter(|it| it.child == set);
        let is_needed = collects_all || counts().any(|it| it.has_others);
        let runs = run.plan.key_set(set).filter(|_| is_needed).map(|it| {
            let layout = Layout { with_values: !it.to.is_empty(), with_rows: it.with_rows };
            let runs = KeyRuns::new(run.hash, layout, run.buckets, &run.budget);
            match run.numbered.get(&set) {
                Some(form) => runs.numbered(form),
                None if layout.is_of_rows() && only_unique() => runs.compacted(),
                None => runs,
            }
        });
        let counters = counts().map(|it| it.counter(places, &run.budget)).collect();
        Self { runs, counters, collects_all }
    }

    fn has_rows(&self) -> bool {
        self.runs.as_ref().is_some_and(KeyRuns::has_rows)
    }

    /// Collects and counts the keys of a batch.
    fn take(
        &mut self,
        key_set: &KeySet,
        batch: &Batch,
        filters: &[BooleanBuffer],
        first_row: u32,
    ) -> Result<()> {
        let mut others = Vec::new();
        for counter in &mut self.counters {
            counter.count(key_set, batch, filters, |row| others.push(row))?;
        }
        match &mut self.runs {
            None => Ok(()),
            Some(runs) if self.collects_all => {
                runs.collect(key_set, batch, filters, (first_row, 0..batch.rows()))
            }
            Some(runs) => {
                others.sort_unstable();
                others.dedup();
                runs.collect(key_set, batch, filters, (first_row, others.into_iter()))
            }
        }
    }
}

impl Tally {
    /// Counts the violations in `scope`, and gives them if there are any.
    fn judge(
        &mut self,
        kernel: &dyn RowKernel,
        batch: &Batch,
        scope: Option<&BooleanBuffer>,
    ) -> Option<BooleanBuffer> {
        if self.error.is_some() {
            return None;
        }
        let violations = match (kernel.violations(batch), scope) {
            (Ok(violations), None) => violations,
            (Ok(violations), Some(scope)) => &violations & scope,
            (Err(error), _) => {
                self.error = Some(error);
                return None;
            }
        };
        let count = violations.count_set_bits() as u64;
        self.violations += count;
        (count > 0).then_some(violations)
    }

    /// Keeps what is shown of rows that violate the check, and the keys that are missing.
    fn note(
        &mut self,
        run: &Run,
        batch: &Batch,
        violations: &BooleanBuffer,
        (lowest, shown): (usize, Shown<'_>),
    ) -> Result<()> {
        if !self.sample.excludes(batch, lowest, shown) {
            violations.set_indices().for_each(|row| self.sample.offer(batch, row, shown));
        }
        let Some(missing) = &mut self.missing else { return Ok(()) };
        missing.collect(run, batch, violations)
    }
}

/// Columns that say which rows of a batch fail, where every failing row is wanted.
struct Flags {
    are_wanted: bool,
    rows: usize,
    columns: Vec<Column>,
}

impl Flags {
    fn new(are_wanted: bool, rows: usize) -> Self {
        Self { are_wanted, rows, columns: Vec::new() }
    }

    fn push(&mut self, failing: Option<&BooleanBuffer>) {
        if self.are_wanted {
            let failing = failing.filter(|it| it.count_set_bits() > 0);
            let flags = failing.map(|it| Column::Boolean(BooleanArray::new(it.clone(), None)));
            self.columns.push(flags.unwrap_or(Column::Null(self.rows)));
        }
    }
}

/// The columns that are kept of every row: those of the primary key, or all where values are shown.
pub(crate) fn kept_columns(table: &TablePlan, show_values: bool) -> Vec<usize> {
    if show_values { (0..table.columns.len()).collect() } else { table.primary_key.clone() }
}
