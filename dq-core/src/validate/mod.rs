//! The main job: a rule set and a source in, a report out.
//!
//! ```text
//! RuleSet ─plan─▶ scan each table once ─▶ a worker per partition ─merge─▶ decide by key ─▶ Report
//! ```
//!
//! Every table is read once, in partitions that run in parallel on threads of the caller's tokio
//! runtime. Each partition has a worker of its own that judges rows and collects keys; workers share
//! nothing and their states merge, so no count depends on how the rows were split.

mod batch_codec;
mod failing_rows;
mod job;
mod kept_rows;
mod keys;
mod memory;
mod options;
mod outcome;
pub mod record;
mod report;
mod row_key;
mod run;
mod sample;
mod threads;
mod worker;

use std::sync::Arc;

use crate::error::Result;
use crate::rules::{Plan, RuleSet};
use crate::source::Source;
use crate::validate::keys::{KeyHash, bucket_count};
use crate::validate::memory::Budget;
use crate::validate::run::{Found, Run};
use crate::value::Date;

pub use options::{Progress, ProgressListener, ValidateOptions};
pub use report::{CheckReport, FORMAT, FailingRow, Report, RuleReport, Status, TableReport};

/// Checks the rows of `source` against `rules`.
///
/// All rows are of one moment. Dropping the future stops the run. Works on a tokio runtime of any
/// kind: the work is done on threads that may block.
///
/// # Errors
///
/// `RulesInvalid` if a rule names what the source does not have; whatever makes the source unreadable;
/// `SourceChanged` if it changed meanwhile; `Cancelled`. A check that cannot run is no error here but a
/// check of status [`Status::Error`] in the report.
pub async fn validate(
    source: &dyn Source,
    rules: &RuleSet,
    options: &ValidateOptions,
) -> Result<Report> {
    let started = options.clock.now();
    let as_of = options.as_of.unwrap_or_else(|| Date::of(options.clock.utc()));
    let snapshot = source.snapshot().await?;
    let plan = Plan::new(rules, snapshot.tables(), as_of)?;
    let rows = plan.tables.iter().filter_map(|it| it.schema.rows_estimate).max();
    let run = Arc::new(Run {
        plan,
        buckets: bucket_count(rows),
        budget: Arc::new(Budget::new(options.memory_bytes_max, options.temp_dir.clone())),
        options: options.clone(),
        hash: KeyHash::with_bits(options.hash_bits),
        cancellation: options.cancellation.child(),
    });
    let found = Arc::clone(&run).execute(snapshot.as_ref()).await?;
    snapshot.finish().await?;
    let tables = tables(&run.plan, &found);
    let notes = snapshot.notes().into_iter().chain(run.plan.notes()).collect();
    let rules = outcome::report(rules, &run.plan, found);
    Ok(Report {
        format: FORMAT,
        status: rules.iter().map(|it| it.status).max().unwrap_or(Status::NotApplicable),
        as_of: as_of.to_string(),
        source: source.name().to_owned(),
        notes,
        tables,
        rules,
        elapsed: options.clock.now().duration_since(started),
    })
}

/// Plans a run without reading any row.
///
/// # Errors
///
/// As [`validate`], as far as they concern the rules and the opening of the source.
pub async fn explain(
    source: &dyn Source,
    rules: &RuleSet,
    options: &ValidateOptions,
) -> Result<Plan> {
    let as_of = options.as_of.unwrap_or_else(|| Date::of(options.clock.utc()));
    let snapshot = source.snapshot().await?;
    Plan::new(rules, snapshot.tables(), as_of)
}

fn tables(plan: &Plan, found: &Found) -> Vec<TableReport> {
    let report = |table: &usize| {
        let (plan, outcome) = (plan.tables.get(*table)?, found.tables.get(*table)?);
        Some(TableReport { table: plan.schema.name.clone(), rows: outcome.rows })
    };
    plan.order.iter().filter_map(report).collect()
}
