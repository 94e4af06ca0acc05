//! Checks whose violations are the rows of a query.

use std::sync::Arc;

use tokio::runtime::Handle;
use tokio::task::spawn_blocking;

use crate::document::Problems;
use crate::error::{Error, ErrorKind, Result};
use crate::rules::{Kernel, Plan, PlannedCheck, RuleSet, TablePlan};
use crate::source::{Cancellation, Query, QueryRows, Snapshot};
use crate::validate::kept_rows::KeptRows;
use crate::validate::outcome::Outcome;
use crate::validate::run::Run;
use crate::validate::sample::{Sample, Shown};
use crate::validate::threads::join;
use crate::value::Batch;
use crate::value::ColumnSchema;

/// Prepares every query, so that what is wrong with them is told before anything runs: `problems` gets one
/// for each query that the source cannot understand, or that does more than read. Whatever else keeps a
/// query from running is told when it runs.
pub(crate) async fn prepare(
    snapshot: &dyn Snapshot,
    rules: &RuleSet,
    plan: &Plan,
    problems: &mut Problems,
) {
    for check in &plan.checks {
        let Some(query) = query_of(plan, check, &Cancellation::new()) else { continue };
        let rule = rules.rules().get(check.rule);
        let place = rule.and_then(|it| it.checks.get(check.check)).map(|it| it.place);
        match snapshot.query(&query).await {
            Err(error) if error.kind() == ErrorKind::QueryInvalid => {
                problems.add(place.unwrap_or_default(), format!("`sql`: {error}"));
            }
            _ => {}
        }
    }
}

/// Runs the query of `check`, if it has one. That it cannot run is an outcome; that the run is over, an
/// error.
pub(crate) async fn run(
    run: &Arc<Run>,
    snapshot: &dyn Snapshot,
    check: &PlannedCheck,
    outcome: &mut Outcome,
) -> Result<()> {
    let Some(query) = query_of(&run.plan, check, &run.cancellation) else { return Ok(()) };
    let begun = run.options.clock.now();
    let found = match snapshot.query(&query).await {
        Ok(rows) => count(run, check.table, rows).await,
        Err(error) => Err(error),
    };
    outcome.queries += 1;
    outcome.ran += run.options.clock.now().saturating_duration_since(begun);
    run.cancellation.check()?;
    match found {
        Ok(found) => {
            outcome.violations = found.violations;
            outcome.sample = found.sample;
            outcome.names = Some(found.names);
            outcome.rows = found.kept;
        }
        Err(error) => outcome.error = Some(error),
    }
    Ok(())
}

fn query_of(plan: &Plan, check: &PlannedCheck, cancellation: &Cancellation) -> Option<Query> {
    let Kernel::Query(sql) = &check.kernel else { return None };
    let table = plan.tables.get(check.table)?.schema.name.clone();
    let (sql, cancellation) = (sql.clone(), cancellation.clone());
    Some(Query { table, sql, cancellation, ..Query::default() })
}

/// What a query found.
struct FoundRows {
    violations: u64,
    sample: Sample,
    /// The names of the values in the sample.
    names: Vec<String>,
    /// The keys of all rows, and their values where those are shown; only where every row is wanted.
    kept: Option<KeptRows>,
}

/// Reads the rows of a query, on a thread that may block.
async fn count(run: &Arc<Run>, table: usize, result: QueryRows) -> Result<FoundRows> {
    let (run, handle) = (Arc::clone(run), Handle::current());
    let task = spawn_blocking(move || handle.block_on(read(&run, table, result)));
    let lost = || Error::new(ErrorKind::Internal, "the result of a query is lost");
    join(vec![task]).await?.pop().ok_or_else(lost)
}

async fn read(run: &Run, table: usize, mut result: QueryRows) -> Result<FoundRows> {
    let key = run.plan.tables.get(table).and_then(|it| key_columns(it, &result.columns));
    let shows_values = run.options.show_values;
    let values: Vec<_> =
        if shows_values { (0..result.columns.len()).collect() } else { Vec::new() };
    let names = result.columns.into_iter().map(|it| it.name).collect();
    // Rows that no key names are counted, and not shown.
    let limit = if key.is_some() { run.options.sample_limit } else { 0 };
    let key = key.unwrap_or_default();
    let kept =
        (run.options.violations.is_some() && !key.is_empty()).then(|| KeptRows::new(&run.budget));
    let mut found = FoundRows { violations: 0, sample: Sample::new(limit), names, kept };
    while let Some(batch) = result.rows.next().await? {
        run.cancellation.check()?;
        if let Some(kept) = &mut found.kept {
            let columns = key.iter().chain(&values).map(|it| batch.column(*it));
            kept.keep(&batch, columns, (first_row(found.violations, &batch)?, 0))?;
        }
        found.violations += batch.rows() as u64;
        let shown = Shown { key: &key, values: &values };
        (0..batch.rows()).for_each(|row| found.sample.offer(&batch, row, shown));
    }
    Ok(found)
}

/// The number of the first row of a batch, after so many.
fn first_row(before: u64, batch: &Batch) -> Result<u32> {
    let after = u32::try_from(before + batch.rows() as u64);
    after.map(|it| it - batch.rows() as u32).map_err(|_| {
        let message = "cannot keep the rows of a query: more than 4,294,967,295 of them";
        Error::new(ErrorKind::LimitExceeded, message)
    })
}

/// Where the columns of the primary key stand in a result, if it has them all.
fn key_columns(table: &TablePlan, columns: &[ColumnSchema]) -> Option<Vec<usize>> {
    let position = |name: &String| {
        let exact = columns.iter().position(|it| it.name == *name);
        exact.or_else(|| columns.iter().position(|it| it.name.eq_ignore_ascii_case(name)))
    };
    let positions: Option<Vec<_>> = table.schema.primary_key.iter().map(position).collect();
    positions.filter(|it| !it.is_empty())
}
