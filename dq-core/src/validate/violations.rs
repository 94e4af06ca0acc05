//! Every failing row, one by one, for who wants more than a sample.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use arrow_buffer::BooleanBuffer;

use crate::error::Result;
use crate::rules::{Kernel, PlannedCheck, RuleSet, Severity, TablePlan};
use crate::validate::FailingRow;
use crate::validate::kept_rows::KeptRows;
use crate::validate::outcome::{TableOutcome, failing_row};
use crate::validate::row_key::{Position, RowKey};
use crate::validate::run::{Found, Run};
use crate::validate::worker::kept_columns;
use crate::value::{Batch, Column, OwnedValue};

/// A row that violates a check.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Violation<'a> {
    /// The table that the row is of.
    pub table: &'a str,
    /// The id of the rule.
    pub rule: &'a str,
    /// The id of the check in the rule.
    pub check: &'a str,
    /// How much it matters.
    pub severity: Severity,
    /// Which check of the rule set it is, from 0 in the order of the rules and their checks, where a run
    /// has found the violation.
    pub check_number: Option<usize>,
    /// The number of the row in its table, from 1, where it was found by a scan.
    pub row_number: Option<u64>,
    row: Row<'a>,
}

/// A row that is known, or one that is named when somebody asks: names are text, and cost more than all
/// else that is told of a row.
#[derive(Clone)]
enum Row<'a> {
    Known(FailingRow),
    Found { is_named: bool, name: &'a dyn Fn() -> FailingRow },
}

impl fmt::Debug for Row<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Known(row) => row.fmt(f),
            Self::Found { is_named, .. } => {
                f.debug_struct("Found").field("is_named", is_named).finish_non_exhaustive()
            }
        }
    }
}

impl<'a> Violation<'a> {
    /// A row of `table` that violates the check called `check` of the rule called `rule`.
    pub fn new(
        table: &'a str,
        (rule, check): (&'a str, &'a str),
        severity: Severity,
        row: FailingRow,
    ) -> Self {
        let row = Row::Known(row);
        Self { table, rule, check, severity, check_number: None, row_number: None, row }
    }

    /// The row: its key or number, and the checked values if they are shown. It is put together anew for
    /// each call.
    pub fn row(&self) -> Cow<'_, FailingRow> {
        match &self.row {
            Row::Known(row) => Cow::Borrowed(row),
            Row::Found { name, .. } => Cow::Owned(name()),
        }
    }

    /// Whether [`row`](Self::row) says more than the number of the row: a key, or values.
    pub fn is_named(&self) -> bool {
        match &self.row {
            Row::Known(row) => row.values.is_some() || !row.key.keys().eq(["row"]),
            Row::Found { is_named, .. } => *is_named,
        }
    }
}

/// A function that hears of every failing row.
pub type ViolationListener = Arc<dyn Fn(&Violation<'_>) -> Result<()> + Send + Sync>;

/// Which judge of a table's rows a column of flags is of: its row checks come first, then what it
/// measures.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(crate) enum Judge {
    /// The row check at this position in the plan.
    Check(usize),
    /// What is measured at this position in the plan of the table.
    Measure(usize),
}

/// What a check is called.
#[derive(Debug)]
struct Title {
    rule: String,
    check: String,
    severity: Severity,
}

/// Tells `listener` of every failing row: table by table in the order of the plan, row by row, check by
/// check in the order of the rule set; the rows of queries at the end.
pub(crate) struct Teller {
    run: Arc<Run>,
    listener: ViolationListener,
    titles: Vec<Title>,
}

impl fmt::Debug for Teller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Teller").field("titles", &self.titles).finish_non_exhaustive()
    }
}

/// How many bits a word has.
const BITS: usize = u64::BITS as usize;

/// A check of a table, its position in the plan, and which rows of a batch fail it.
type Failing<'a> = (usize, &'a PlannedCheck, BooleanBuffer);

impl Teller {
    pub(crate) fn new(run: &Arc<Run>, rules: &RuleSet, listener: &ViolationListener) -> Self {
        let title = |it: &PlannedCheck| {
            let rule = rules.rules().get(it.rule);
            let check = rule.and_then(|rule| rule.checks.get(it.check));
            Title {
                rule: rule.map(|it| it.id.clone()).unwrap_or_default(),
                check: check.map(|it| it.id.clone()).unwrap_or_default(),
                severity: check.map(|it| it.severity).unwrap_or_default(),
            }
        };
        let titles = run.plan.checks.iter().map(title).collect();
        Self { run: Arc::clone(run), listener: Arc::clone(listener), titles }
    }

    /// Tells everything that was found.
    pub(crate) fn tell(&self, found: &Found) -> Result<()> {
        for table in &self.run.plan.order {
            self.tell_table(*table, found)?;
        }
        for (position, outcome) in found.checks.iter().enumerate() {
            if let Some(kept) = &outcome.rows {
                self.tell_query(position, kept, outcome.names.as_deref())?;
            }
        }
        Ok(())
    }

    fn tell_table(&self, table: usize, found: &Found) -> Result<()> {
        let (Some(kept), Some(judges)) = (found.kept.get(&table), found.judges.get(&table)) else {
            return Ok(());
        };
        let batches = kept.iter().enumerate().flat_map(|(partition, kept)| {
            kept.sequences().enumerate().map(move |(index, it)| (it, partition, index))
        });
        let mut batches: Vec<_> = batches.collect();
        batches.sort_unstable();
        for (_, partition, index) in batches {
            self.run.options.cancellation.check()?;
            let Some(kept) = kept.get(partition) else { continue };
            let (first_row, batch) = kept.batch(index)?;
            self.tell_batch((table, found), (partition, first_row, &batch), judges)?;
        }
        Ok(())
    }

    fn tell_batch(
        &self,
        (table, found): (usize, &Found),
        (partition, first_row, batch): (usize, u32, &Batch),
        judges: &[Judge],
    ) -> Result<()> {
        let (plan, outcome) = (self.run.plan.tables.get(table), found.tables.get(table));
        let Some((plan, outcome)) = plan.zip(outcome) else { return Ok(()) };
        let checks = self.failing((table, found), (partition, first_row, batch), judges);
        let first = Position { sequence: batch.sequence(), row: 0 };
        let rows_before = outcome.number(first);
        let is_named = self.run.options.show_values || !plan.primary_key.is_empty();
        for_each_failing(&checks, batch.rows(), |row, (position, check, _)| {
            let name = || self.row((plan, outcome), check, batch, row);
            let number = Some(rows_before + row as u64);
            self.say(*position, plan, (Row::Found { is_named, name: &name }, number))
        })
    }

    /// Which rows of a batch fail each check of the table, in the order of the rule set; checks that were
    /// made of none of them are left out.
    fn failing(
        &self,
        (table, found): (usize, &Found),
        (partition, first_row, batch): (usize, u32, &Batch),
        judges: &[Judge],
    ) -> Vec<Failing<'_>> {
        let first = batch.columns().len() - judges.len();
        let flags: HashMap<_, _> = judges
            .iter()
            .zip(batch.columns().iter().skip(first))
            .filter_map(|(judge, column)| match column {
                Column::Boolean(flags) => Some((*judge, flags.values())),
                _ => None,
            })
            .collect();
        // A check that could not be made to the end has no violations.
        let ran = |position: usize| found.checks.get(position).is_some_and(|it| it.error.is_none());
        let checks = self.run.plan.checks.iter().enumerate();
        let checks = checks.filter(|(position, it)| it.table == table && ran(*position));
        checks
            .filter_map(|(position, check)| {
                let judge = match &check.kernel {
                    Kernel::Figure { measure, .. } => Judge::Measure(measure.index),
                    _ => Judge::Check(position),
                };
                let decided =
                    || Some(found.failing.get(&position)?.of(partition, first_row, batch.rows()));
                let failing = flags.get(&judge).map(|it| (*it).clone()).or_else(decided);
                Some((position, check, failing?))
            })
            .collect()
    }

    fn row(
        &self,
        (plan, outcome): (&TablePlan, &TableOutcome),
        check: &PlannedCheck,
        batch: &Batch,
        row: usize,
    ) -> FailingRow {
        let shows_values = self.run.options.show_values;
        let kept = kept_columns(plan, shows_values);
        let position = |column: &usize| kept.iter().position(|it| it == column);
        let key: Vec<_> = plan.primary_key.iter().filter_map(position).collect();
        let values = check.columns.iter().filter(|_| shows_values).filter_map(position);
        let values = values.map(|it| OwnedValue::from(batch.column(it).value(row))).collect();
        failing_row((RowKey::of(batch, &key, row), values), check, (plan, outcome), None)
    }

    /// Tells the rows of a query, which are named by the columns of the key.
    fn tell_query(&self, position: usize, kept: &KeptRows, names: Option<&[String]>) -> Result<()> {
        let check = self.run.plan.checks.get(position);
        let Some(check) = check else { return Ok(()) };
        let Some(plan) = self.run.plan.tables.get(check.table) else { return Ok(()) };
        for index in 0..kept.sequences().count() {
            self.run.options.cancellation.check()?;
            let (_, batch) = kept.batch(index)?;
            let key: Vec<_> = (0..plan.primary_key.len()).collect();
            for row in 0..batch.rows() {
                let values = (key.len()..batch.columns().len())
                    .map(|it| OwnedValue::from(batch.column(it).value(row)))
                    .collect();
                let row = (RowKey::of(&batch, &key, row), values);
                let nowhere = TableOutcome::default();
                let row = failing_row(row, check, (plan, &nowhere), names);
                self.say(position, plan, (Row::Known(row), None))?;
            }
        }
        Ok(())
    }

    fn say(
        &self,
        position: usize,
        plan: &TablePlan,
        (row, row_number): (Row<'_>, Option<u64>),
    ) -> Result<()> {
        let Some(Title { rule, check, severity }) = self.titles.get(position) else {
            return Ok(());
        };
        let table = &plan.schema.name;
        let (severity, check_number) = (*severity, Some(position));
        (self.listener)(&Violation { table, rule, check, severity, check_number, row_number, row })
    }
}

/// Calls `tell` with every row that fails a check, row by row, and check by check. A bit for each check of a
/// row: most rows fail few of them, which are found by the bits that are set.
fn for_each_failing<'a, 'b>(
    checks: &'b [Failing<'a>],
    rows: usize,
    mut tell: impl FnMut(usize, &'b Failing<'a>) -> Result<()>,
) -> Result<()> {
    let words = checks.len().div_ceil(BITS).max(1);
    let mut failing = vec![0_u64; rows * words];
    for (number, (_, _, flags)) in checks.iter().enumerate() {
        for row in flags.set_indices() {
            let word = failing.get_mut(row * words + number / BITS);
            word.into_iter().for_each(|it| *it |= 1 << (number % BITS));
        }
    }
    for (row, words) in failing.chunks_exact(words).enumerate() {
        for (checks, word) in checks.chunks(BITS).zip(words) {
            let mut left = *word;
            while left != 0 {
                checks.get(left.trailing_zeros() as usize).map_or(Ok(()), |it| tell(row, it))?;
                left &= left - 1;
            }
        }
    }
    Ok(())
}
