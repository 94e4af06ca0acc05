//! Checks that the database answers: statements are run in the snapshot of the run, and what they count
//! becomes outcomes. What they do not answer is judged natively, in the same snapshot.

mod aim;
mod figures;
mod halves;
mod lost;
mod rows;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use crate::error::{Error, ErrorKind, Result};
use crate::pushdown::{Asks, Count, Pushdown, Statement};
use crate::rules::{Plan, RuleSet, TablePlan};
use crate::source::{Cancellation, Dialect, Query, Snapshot};
pub(crate) use crate::validate::answers::aim::{Aim, settle};
use crate::validate::answers::figures::Figures;
use crate::validate::answers::rows::{number, sample};
use crate::validate::memory::Budget;
use crate::validate::outcome;
use crate::validate::outcome::{Outcome, TableOutcome};
use crate::validate::run::StopOnDrop;
use crate::validate::stopwatch::part;
use crate::validate::usage;
use crate::validate::usage::Spent;
use crate::validate::{CheckReport, Engine, RuleReport, Status, TableReport, ValidateOptions};
use crate::value::{Date, OwnedValue, TableSchema};

/// What the database has answered about the checks of a plan.
pub(crate) struct Answers {
    plan: Plan,
    /// Why each check is judged natively; none if it was answered.
    refusals: Vec<Option<String>>,
    checks: Vec<Outcome>,
    tables: Vec<TableOutcome>,
    /// What was measured of the values of columns.
    figures: Figures,
    /// Whether the rows of a table were counted.
    counted: Vec<bool>,
    aim: Aim,
    /// Why nothing more is asked of tables that are distributed, by their positions.
    lost: HashMap<usize, Error>,
    /// What else the report should say.
    notes: Vec<String>,
}

const ONE_BY_ONE: &str =
    "shards were asked one after the other: `async_capable` is not set on all of their servers";

impl Answers {
    /// Asks the database.
    ///
    /// # Errors
    ///
    /// Whatever ends the run. That a statement cannot run is no error: its checks are judged natively.
    pub(crate) async fn ask(
        snapshot: &dyn Snapshot,
        (plan, aim): (Plan, Aim),
        options: &ValidateOptions,
    ) -> Result<Self> {
        let cancellation = options.cancellation.child();
        let _stop = StopOnDrop(cancellation.clone());
        let mut pushdown = aim.pushdown(snapshot, &plan);
        let is_concurrent = settle(snapshot, &plan, &mut pushdown, &cancellation).await?;
        let mut answers = Self::new((plan, aim), pushdown.refusals, options);
        if !is_concurrent {
            answers.notes.push(ONE_BY_ONE.to_owned());
        }
        for statement in &pushdown.statements {
            let is_needed = statement.answers(&answers.plan, &answers.refusals).next().is_some();
            if is_needed {
                let begun = options.clock.now();
                answers.run(snapshot, statement, &cancellation).await?;
                let took = options.clock.now().saturating_duration_since(begun);
                answers.spend(statement, took);
            }
        }
        answers.give_up_lost();
        if let Some(dialect) = answers.aim.dialect() {
            for check in 0..answers.checks.len() {
                answers.show(snapshot, (dialect, check), options, &cancellation).await?;
            }
        }
        let budget = Arc::new(Budget::new(0, options.temp_dir.clone()));
        answers.keep_figures(answers.aim.now(), &budget);
        Ok(answers)
    }

    fn new(
        (plan, aim): (Plan, Aim),
        refusals: Vec<Option<String>>,
        options: &ValidateOptions,
    ) -> Self {
        let scopes = |it: usize| vec![0; it];
        let table = |it: &TablePlan| {
            let mut outcome = TableOutcome::default();
            outcome.add(0, Vec::new(), &scopes(it.filters.len()));
            outcome
        };
        Self {
            checks: plan.checks.iter().map(|_| Outcome::new(options.sample_limit)).collect(),
            tables: plan.tables.iter().map(table).collect(),
            counted: vec![false; plan.tables.len()],
            figures: Figures::default(),
            lost: HashMap::new(),
            notes: Vec::new(),
            refusals,
            aim,
            plan,
        }
    }

    /// Whether a check was answered.
    fn answers(&self, check: usize) -> bool {
        self.refusals.get(check).is_some_and(Option::is_none)
    }

    /// Notes how long a statement took, for the checks that it has answered.
    fn spend(&mut self, statement: &Statement, took: Duration) {
        let answered: Vec<_> = statement.answers(&self.plan, &self.refusals).collect();
        let is_own = matches!(statement.asks, Asks::Groups { .. });
        for check in &answered {
            if let Some(it) = self.checks.get_mut(*check) {
                it.queries += u64::from(is_own);
                it.ran += part(took, answered.len());
            }
        }
    }

    /// Adds what the statements took to what was done for each rule.
    pub(crate) fn add_usage(&self, spent: &mut Vec<Spent>) {
        usage::add(&self.plan, &self.checks, spent);
    }

    fn refuse(&mut self, check: usize, reason: &str) {
        if let Some(refusal) = self.refusals.get_mut(check) {
            refusal.get_or_insert_with(|| reason.to_owned());
        }
    }

    async fn run(
        &mut self,
        snapshot: &dyn Snapshot,
        statement: &Statement,
        cancellation: &Cancellation,
    ) -> Result<()> {
        let concerned: Vec<_> = statement.answers(&self.plan, &self.refusals).collect();
        let tables = self.tables_of(statement);
        if let Some(error) = self.loss_of(&tables) {
            self.fail(&concerned, &error);
            return Ok(());
        }
        let error = match self.found(snapshot, statement, cancellation).await {
            Ok(found) => return self.take_all(statement, found),
            Err(error) => error,
        };
        cancellation.check()?;
        let has_halves = concerned.len() > 1 && statement.spread.halves().is_some();
        let error = if has_halves && is_of_statement(&error) {
            match self.ask_halves(snapshot, statement, cancellation).await {
                Ok(()) => return Ok(()),
                Err(error) => error,
            }
        } else {
            error
        };
        cancellation.check()?;
        if is_of_statement(&error) {
            let reason = refusal_of(&error);
            for check in concerned {
                self.refuse(check, &reason);
            }
            return Ok(());
        }
        if tables.iter().any(|it| self.aim.is_distributed(*it)) {
            self.lose(&concerned, &tables, &error);
            return Ok(());
        }
        Err(error)
    }

    /// Takes over what a statement found.
    fn take_all(&mut self, statement: &Statement, found: Vec<OwnedValue>) -> Result<()> {
        match &statement.asks {
            Asks::Groups { check, has_groups } => {
                if let (Some(outcome), [violations, groups]) =
                    (self.checks.get_mut(*check), &found[..])
                {
                    outcome.violations = number(violations)?;
                    outcome.groups = has_groups.then_some(number(groups)?);
                    return Ok(());
                }
            }
            Asks::Tally { table, counts, summaries } if counts.len() == found.len() => {
                for (count, value) in counts.iter().zip(found) {
                    self.take(*table, count, value)?;
                }
                self.take_summaries(*table, summaries);
                return Ok(());
            }
            Asks::Tally { .. } => {}
        }
        Err(Error::new(ErrorKind::Internal, "a statement gave another number of counts"))
    }

    fn take(&mut self, table: usize, count: &Count, value: OwnedValue) -> Result<()> {
        if let Count::Measured(measure, quantity) = count {
            self.figures.take((table, *measure), *quantity, value);
            return Ok(());
        }
        let number = number(&value)?;
        match count {
            Count::Rows => {
                if let Some(outcome) = self.tables.get_mut(table) {
                    outcome.rows = number;
                }
                if let Some(counted) = self.counted.get_mut(table) {
                    *counted = true;
                }
            }
            Count::Scope(filter) => {
                if let Some(outcome) = self.tables.get_mut(table) {
                    outcome.set_scope(*filter, number);
                }
            }
            Count::Violations(check) => {
                if let Some(outcome) = self.checks.get_mut(*check) {
                    outcome.violations = number;
                }
            }
            Count::Present(check) => self.figures.take_present(&self.plan, *check, number),
            Count::Doubts { checks, about } if number > 0 => {
                let reason = format!("rows that only a scan can judge: {about} ({number})");
                for check in checks {
                    self.refuse(*check, &reason);
                }
            }
            Count::Measured(..) | Count::Doubts { .. } => {}
        }
        Ok(())
    }

    /// Finds some rows that violate a check.
    async fn show(
        &mut self,
        snapshot: &dyn Snapshot,
        (dialect, check): (Dialect, usize),
        options: &ValidateOptions,
        cancellation: &Cancellation,
    ) -> Result<()> {
        let limit = options.sample_limit;
        let is_clean = self.checks.get(check).is_none_or(|it| it.violations == 0);
        let has_failed = self.checks.get(check).is_some_and(|it| it.error.is_some());
        if !self.answers(check) || is_clean || has_failed || limit == 0 {
            return Ok(());
        }
        let shown = (limit, options.show_values);
        let tables = |it: &str| snapshot.sql_table(it);
        let planned = self.plan.checks.get(check);
        let at = planned.map_or(usize::MAX, |it| it.table);
        let table = self.plan.tables.get(at);
        let key = table.map_or(0, |it| it.primary_key.len());
        let is_distributed = self.aim.is_distributed(at);
        let Some(query) = Pushdown::sample((&self.plan, check), dialect, tables, shown) else {
            if is_distributed && key == 0 {
                // Rows without a key are in no order, and a number would say nothing of where one is.
                self.note_no_key(at);
                return Ok(());
            }
            self.refuse(
                check,
                "its rows have no primary key, and their numbers are those of a scan",
            );
            return Ok(());
        };
        let query = Query { cancellation: cancellation.clone(), ..query };
        let begun = options.clock.now();
        let found = match snapshot.query(&query).await {
            Ok(rows) => sample(rows, key, limit).await,
            Err(error) => Err(error),
        };
        cancellation.check()?;
        if let Some(outcome) = self.checks.get_mut(check) {
            outcome.queries += 1;
            outcome.ran += options.clock.now().saturating_duration_since(begun);
        }
        match found {
            Ok(found) => {
                self.checks.get_mut(check).into_iter().for_each(|it| it.sample = found.clone());
            }
            Err(error) if is_of_statement(&error) => {
                self.refuse(check, &format!("the database refuses: {error}"));
            }
            Err(error) if is_distributed => self.lose(&[check], &[at], &error),
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// The plan of all that was not answered.
    pub(crate) fn rest(
        &self,
        rules: &RuleSet,
        tables: &[TableSchema],
        as_of: Date,
    ) -> Result<Plan> {
        let checks = self.plan.checks.iter().enumerate().filter(|it| !self.answers(it.0));
        let rest: Vec<_> = checks.map(|(_, it)| (it.rule, it.check)).collect();
        Plan::of_some(rules, tables, as_of, &|rule, check| rest.contains(&(rule, check)))
    }

    /// Which checks do not apply, and which the database has not answered, in words.
    pub(crate) fn notes(&self) -> Vec<String> {
        let asked = self.plan.checks.iter().zip(&self.refusals).enumerate();
        let asked = asked.filter(|(check, _)| self.aim.wants(*check));
        let is_answered = |check: usize| {
            self.answers(check) && self.checks.get(check).is_some_and(|it| it.error.is_none())
        };
        let answered = asked.clone().filter(|it| is_answered(it.0)).count();
        let asked = asked.map(|(_, it)| it);
        let all = asked.clone().count();
        let told = format!("the database has answered {answered} of {all} checks");
        let streamed = asked.filter_map(|(check, it)| {
            Some(format!("`{}` was streamed: {}", check.name, it.as_ref()?))
        });
        let told = std::iter::once(told).chain(self.notes.iter().cloned());
        self.plan.notes().chain(told).chain(streamed).collect()
    }

    /// All reports: those that were answered here, and `native` ones of all other checks.
    pub(crate) fn merge(
        self,
        rules: &RuleSet,
        native: (Vec<RuleReport>, Vec<TableReport>),
    ) -> (Vec<RuleReport>, Vec<TableReport>) {
        let (mut reports, native_tables) = native;
        let mut judged: Vec<_> =
            reports.iter_mut().map(|it| std::mem::take(&mut it.checks).into_iter()).collect();
        let rows = |table: &usize| {
            let name = &self.plan.tables.get(*table)?.schema.name;
            let native = native_tables.iter().find(|it| it.table == *name).map(|it| it.rows);
            let counted = self.counted.get(*table) == Some(&true);
            let asked = counted.then(|| self.tables.get(*table).map_or(0, |it| it.rows));
            Some(TableReport { table: name.clone(), rows: native.or(asked)? })
        };
        let tables = self.plan.order.iter().filter_map(rows).collect();
        let checks = self.plan.checks.iter().zip(self.checks).zip(self.refusals);
        for (position, ((planned, outcome), refusal)) in checks.enumerate() {
            let Some(report) = reports.get_mut(planned.rule) else { continue };
            let place = (&self.plan, planned, &self.tables[..]);
            let (check, engine) = if refusal.is_none() {
                (outcome::check_of(rules, place, outcome, &report.table), Engine::Sql)
            } else {
                (judged.get_mut(planned.rule).and_then(Iterator::next), Engine::Native)
            };
            let streamed = refusal.filter(|_| self.aim.wants(position));
            let told = |it| CheckReport { engine: Some(engine), streamed, ..it };
            report.checks.extend(check.map(told));
        }
        for report in &mut reports {
            let status = report.checks.iter().map(|it| it.status).max();
            report.status = status.unwrap_or(Status::NotApplicable);
        }
        (reports, tables)
    }
}

/// Why a check is streamed whose statement ended with an error.
fn refusal_of(error: &Error) -> String {
    format!("the database refuses: {error}")
}

/// Whether an error is about one statement, and another way may go.
fn is_of_statement(error: &Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::QueryInvalid | ErrorKind::Unsupported | ErrorKind::LimitExceeded
    )
}
