//! Every failing row, one by one, for who wants more than a sample.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use arrow_array::{Array, BooleanArray};

use crate::error::Result;
use crate::rules::{Kernel, PlannedCheck, RuleSet, Severity, TablePlan};
use crate::validate::FailingRow;
use crate::validate::failing_rows::FailingRows;
use crate::validate::kept_rows::KeptRows;
use crate::validate::outcome::{TableOutcome, failing_row};
use crate::validate::row_key::RowKey;
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
    /// The row.
    pub row: FailingRow,
    /// The number of the row in its table, from 1, where it was found by a scan.
    pub row_number: Option<u64>,
}

impl<'a> Violation<'a> {
    /// A row of `table` that violates the check called `check` of the rule called `rule`.
    pub fn new(
        table: &'a str,
        (rule, check): (&'a str, &'a str),
        severity: Severity,
        row: FailingRow,
    ) -> Self {
        Self { table, rule, check, severity, row, row_number: None }
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

/// Where it is written whether a row fails a check.
enum Failing<'a> {
    Flags(&'a BooleanArray),
    Rows(&'a FailingRows),
}

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
        let checks = self.failing(table, found, batch, judges);
        for row in 0..batch.rows() {
            let fails = |failing: &Failing<'_>| match failing {
                Failing::Flags(flags) => flags.is_valid(row) && flags.value(row),
                Failing::Rows(rows) => rows.has(partition, first_row + row as u32),
            };
            for (position, check, _) in checks.iter().filter(|it| fails(&it.2)) {
                let row = self.row(plan, check, batch, row);
                let number = Some(outcome.number(row.0.position));
                let row = failing_row(row, check, (plan, outcome), None);
                self.say(*position, plan, (row, number))?;
            }
        }
        Ok(())
    }

    /// Where it is written which rows of a batch fail each check of the table, in the order of the rule
    /// set; checks that none of them fails are left out.
    fn failing<'a>(
        &'a self,
        table: usize,
        found: &'a Found,
        batch: &'a Batch,
        judges: &[Judge],
    ) -> Vec<(usize, &'a PlannedCheck, Failing<'a>)> {
        let first = batch.columns().len() - judges.len();
        let flags: HashMap<_, _> = judges
            .iter()
            .zip(batch.columns().iter().skip(first))
            .filter_map(|(judge, column)| match column {
                Column::Boolean(flags) => Some((*judge, flags)),
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
                let flags = flags.get(&judge).map(|it| Failing::Flags(it));
                let failing =
                    flags.or_else(|| found.failing.get(&position).map(|it| Failing::Rows(it)));
                Some((position, check, failing?))
            })
            .collect()
    }

    fn row(
        &self,
        plan: &TablePlan,
        check: &PlannedCheck,
        batch: &Batch,
        row: usize,
    ) -> (RowKey, Vec<OwnedValue>) {
        let shows_values = self.run.options.show_values;
        let kept = kept_columns(plan, shows_values);
        let position = |column: &usize| kept.iter().position(|it| it == column);
        let key: Vec<_> = plan.primary_key.iter().filter_map(position).collect();
        let values = check.columns.iter().filter(|_| shows_values).filter_map(position);
        let values = values.map(|it| OwnedValue::from(batch.column(it).value(row))).collect();
        (RowKey::of(batch, &key, row), values)
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
                self.say(position, plan, (row, None))?;
            }
        }
        Ok(())
    }

    fn say(
        &self,
        position: usize,
        plan: &TablePlan,
        (row, row_number): (FailingRow, Option<u64>),
    ) -> Result<()> {
        let Some(Title { rule, check, severity }) = self.titles.get(position) else {
            return Ok(());
        };
        let table = &plan.schema.name;
        (self.listener)(&Violation { table, rule, check, severity: *severity, row, row_number })
    }
}
