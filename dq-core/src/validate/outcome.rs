//! From what the threads found to the report.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value as Json};

use crate::error::Error;
use crate::rules::{
    Allowance, Kernel, MeasureId, Plan, PlannedCheck, Rule, RuleCheck, RuleSet, Severity, Summary,
    TablePlan,
};
use crate::validate::kept_rows::KeptRows;
use crate::validate::measured;
use crate::validate::measuring::Measuring;
use crate::validate::memory::Budget;
use crate::validate::row_key::{Position, RowKey};
use crate::validate::run::Found;
use crate::validate::sample::Sample;
use crate::validate::worker::Tally;
use crate::validate::{CheckReport, FailingRow, Measured, RuleReport, Status};
use crate::value::OwnedValue;

/// What was found about one check.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) violations: u64,
    /// How many groups violate the check; how many keys there are, where that is measured.
    pub(crate) groups: Option<u64>,
    pub(crate) sample: Sample,
    /// The names of the values of the sample, where they are not those of the check's columns.
    pub(crate) names: Option<Vec<String>>,
    /// The rows of a query, where every one is wanted.
    pub(crate) rows: Option<KeptRows>,
    pub(crate) error: Option<Error>,
    /// How many queries ran for this check alone.
    pub(crate) queries: u64,
    /// How long rows were judged for it, and its queries ran.
    pub(crate) ran: Duration,
}

/// What was found about one table.
#[derive(Debug, Default)]
pub(crate) struct TableOutcome {
    pub(crate) rows: u64,
    in_scope: Vec<u64>,
    /// The sequence of each batch and the number of its rows; only where rows are named by number.
    batches: Vec<(u64, u64)>,
    /// What was measured, in the order of the plan.
    measures: Vec<Measuring>,
}

impl Outcome {
    pub(crate) fn new(sample_limit: usize) -> Self {
        let sample = Sample::new(sample_limit);
        let (violations, queries, ran) = (0, 0, Duration::ZERO);
        Self {
            violations,
            groups: None,
            sample,
            names: None,
            rows: None,
            error: None,
            queries,
            ran,
        }
    }

    /// Adds what one partition has found.
    pub(crate) fn add(&mut self, tally: Tally) {
        self.violations += tally.violations;
        self.sample.merge(tally.sample);
        self.error = self.error.take().or(tally.error);
    }
}

impl TableOutcome {
    pub(crate) fn add(&mut self, rows: u64, batches: Vec<(u64, u64)>, in_scope: &[u64]) {
        self.rows += rows;
        self.batches.extend(batches);
        self.in_scope.resize(in_scope.len(), 0);
        self.in_scope.iter_mut().zip(in_scope).for_each(|(all, more)| *all += more);
    }

    /// Notes how many rows are in the scope of a filter.
    pub(crate) fn set_scope(&mut self, filter: usize, rows: u64) {
        self.in_scope.get_mut(filter).into_iter().for_each(|it| *it = rows);
    }

    /// Notes what others have measured, for one of so many measures.
    pub(crate) fn keep_measured(
        &mut self,
        measures: usize,
        (measure, summary): (usize, Summary),
        budget: &Arc<Budget>,
    ) {
        while self.measures.len() < measures {
            self.measures.push(Measuring::of(Summary::Presence(0), budget));
        }
        if let Some(known) = self.measures.get_mut(measure) {
            *known = Measuring::of(summary, budget);
        }
    }

    pub(crate) fn add_measures(&mut self, measures: Vec<Measuring>) {
        if self.measures.is_empty() {
            self.measures = measures;
        } else {
            self.measures.iter_mut().zip(measures).for_each(|(all, more)| all.merge(more));
        }
    }

    pub(crate) fn take_measures(&mut self) -> Vec<Measuring> {
        std::mem::take(&mut self.measures)
    }

    pub(crate) fn measure(&self, measure: MeasureId) -> Option<&Measuring> {
        self.measures.get(measure.index)
    }

    fn evaluated(&self, filter: Option<usize>) -> u64 {
        filter.map_or(self.rows, |it| self.in_scope.get(it).copied().unwrap_or_default())
    }

    /// Counts the rows before each batch; once, before rows are named.
    pub(crate) fn number_rows(&mut self) {
        self.batches.sort_unstable();
        let mut before = 0;
        for (_, rows) in &mut self.batches {
            before += std::mem::replace(rows, before);
        }
    }

    /// The number of a row, from 1.
    pub(crate) fn number(&self, position: Position) -> u64 {
        let batch = self.batches.binary_search_by_key(&position.sequence, |it| it.0).ok();
        let before = batch.and_then(|it| self.batches.get(it)).map_or(0, |it| it.1);
        before + u64::from(position.row) + 1
    }
}

/// The reports of all rules, in the order of the rule set.
pub(crate) fn report(rules: &RuleSet, plan: &Plan, found: Found) -> Vec<RuleReport> {
    let mut reports: Vec<_> = rules.rules().iter().map(empty).collect();
    for (planned, outcome) in plan.checks.iter().zip(found.checks) {
        let place = (plan, planned, &found.tables[..]);
        if let Some(report) = reports.get_mut(planned.rule)
            && let Some(check) = check_of(rules, place, outcome, &report.table)
        {
            report.status = report.status.max(check.status);
            report.checks.push(check);
        }
    }
    reports
}

/// The report of one check of a rule about `rule_table`.
pub(crate) fn check_of(
    rules: &RuleSet,
    (plan, planned, tables): (&Plan, &PlannedCheck, &[TableOutcome]),
    outcome: Outcome,
    rule_table: &str,
) -> Option<CheckReport> {
    let check = rules.rules().get(planned.rule)?.checks.get(planned.check)?;
    let (table, table_outcome) = (plan.tables.get(planned.table)?, tables.get(planned.table)?);
    let own_table = Some(&check.table).filter(|it| **it != rule_table).cloned();
    let report = check_report(check, planned, table, table_outcome, outcome);
    Some(CheckReport { table: own_table, ..report })
}

fn empty(rule: &Rule) -> RuleReport {
    RuleReport {
        id: rule.id.clone(),
        table: rule.table.clone(),
        description: rule.description.clone(),
        status: Status::NotApplicable,
        checks: Vec::new(),
    }
}

fn check_report(
    check: &RuleCheck,
    planned: &PlannedCheck,
    table: &TablePlan,
    table_outcome: &TableOutcome,
    mut outcome: Outcome,
) -> CheckReport {
    let evaluated = match planned.kernel {
        Kernel::Absent(_) => 0,
        _ => table_outcome.evaluated(planned.filter),
    };
    if let Kernel::Figure { measure, .. } = &planned.kernel
        && let Some(measuring) = table_outcome.measure(*measure)
    {
        outcome.violations = measuring.unreadable;
        outcome.sample = measuring.sample.clone();
    }
    let judged = match outcome.error {
        // Of what could not run nothing is known.
        Some(_) => Ok(None),
        None => measured::judge(&planned.kernel, evaluated, &outcome, table_outcome),
    };
    let judged = judged.unwrap_or_else(|error| {
        outcome.error = Some(error);
        None
    });
    let (measured, observed) = judged.map(|it| (it.measured, it.observed)).unzip();
    let (failing_rows, status) =
        (outcome.violations, status(check, &outcome, evaluated, measured.as_ref()));
    let rows = std::mem::replace(&mut outcome.sample, Sample::new(0)).into_rows();
    let names = outcome.names.take();
    let row = |it| failing_row(it, planned, (table, table_outcome), names.as_deref());
    let sample: Vec<_> = rows.map(row).collect();
    CheckReport {
        id: check.id.clone(),
        table: None,
        check: check.check.name(),
        columns: check.check.columns(),
        severity: check.severity,
        dimension: check.dimension,
        status,
        message: check.message.clone(),
        evaluated,
        violations: failing_rows + measured.as_ref().map_or(0, |it| it.out_of_bounds.into()),
        groups: outcome.groups.filter(|_| !matches!(planned.kernel, Kernel::DistinctCount { .. })),
        observed: observed.filter(|it| !it.is_empty()),
        measured,
        truncated: (sample.len() as u64) < failing_rows,
        sample,
        error: outcome.error.map(|it| it.to_string()),
        line: check.place.line,
        definition: check.definition.clone(),
        baseline: None,
        engine: None,
        streamed: None,
    }
}

fn status(
    check: &RuleCheck,
    outcome: &Outcome,
    evaluated: u64,
    measured: Option<&Measured>,
) -> Status {
    // What is out of its bounds is more than any tolerance, which counts rows.
    let is_out = measured.is_some_and(|it| it.out_of_bounds);
    let exceeds = |allowance: Option<Allowance>| {
        allowance.is_some_and(|it| is_out || it.is_exceeded(outcome.violations, evaluated))
    };
    let is_applicable =
        is_out || outcome.violations > 0 || measured.map_or(evaluated > 0, |it| it.value.is_some());
    match check.severity {
        _ if outcome.error.is_some() => Status::Error,
        _ if !is_applicable => Status::NotApplicable,
        Severity::Info => Status::Pass,
        _ if exceeds(check.tolerance.fail) => Status::Fail,
        _ if exceeds(check.tolerance.warn) => Status::Warn,
        _ => Status::Pass,
    }
}

/// A failing row, named by its key or else by its number.
pub(crate) fn failing_row(
    (key, values): (RowKey, Vec<OwnedValue>),
    planned: &PlannedCheck,
    (table, outcome): (&TablePlan, &TableOutcome),
    names: Option<&[String]>,
) -> FailingRow {
    let mut named = named(table, &table.primary_key, key.key);
    if named.is_empty() {
        named.insert("row".to_owned(), Json::from(outcome.number(key.position)));
    }
    let values = (!values.is_empty()).then(|| match names {
        Some(names) => names.iter().cloned().zip(values.into_iter().map(json)).collect(),
        None => self::named(table, &planned.columns, values),
    });
    FailingRow { key: named, values }
}

fn named(table: &TablePlan, columns: &[usize], values: Vec<OwnedValue>) -> Map<String, Json> {
    let name = |it: &usize| {
        let position = table.columns.get(*it)?;
        table.schema.columns.get(*position).map(|it| it.name.clone())
    };
    columns.iter().filter_map(name).zip(values.into_iter().map(json)).collect()
}

/// A value in JSON: numbers are numbers, bytes are hexadecimal text, the rest is text.
fn json(value: OwnedValue) -> Json {
    match value {
        OwnedValue::Null => Json::Null,
        OwnedValue::Boolean(it) => Json::from(it),
        OwnedValue::Integer(it) => Json::from(it),
        OwnedValue::Float(it) if it.is_finite() => Json::from(it),
        OwnedValue::Text(it) => Json::from(it),
        OwnedValue::Bytes(it) => {
            Json::from(it.iter().fold("0x".to_owned(), |text, byte| format!("{text}{byte:02x}")))
        }
        other => Json::from(other.as_value().to_string()),
    }
}
