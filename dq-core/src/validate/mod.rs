//! The main job: a rule set and a source in, a report out.
//!
//! ```text
//! RuleSet ─plan─▶ scan each table once ─▶ a worker per partition ─merge─▶ decide by key ─▶ Report
//! ```
//!
//! Every table is read once, in partitions that run in parallel on threads of the caller's tokio
//! runtime. Each partition has a worker of its own that judges rows and collects keys; workers share
//! nothing and their states merge, so no count depends on how the rows were split.
//!
//! ```
//! use std::collections::BTreeMap;
//! use std::sync::Arc;
//!
//! use arrow_array::{ArrayRef, RecordBatch, StringArray};
//! use dq_core::rules::{RuleSet, Severity};
//! use dq_core::source::memory::MemorySource;
//! use dq_core::validate::{ValidateOptions, validate};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let rules = "
//! version: 1
//! rules:
//!   - { id: zip, table: places, severity: low, checks: [{ id: form, column: zip, format: us_zip }] }
//! ";
//! let rules = RuleSet::parse("rules.yaml", rules, &BTreeMap::new())?;
//! let zip: ArrayRef = Arc::new(StringArray::from(vec![Some("86503"), Some("8650"), None]));
//! let places = RecordBatch::try_from_iter([("zip", zip)])?;
//! let source = MemorySource::new("an example").table("places", vec![places])?;
//!
//! let options = ValidateOptions { sample_limit: 1, ..ValidateOptions::default() };
//! let report = validate(&source, &rules, &options).await?;
//! assert_eq!(report.checks().map(|it| it.violations).sum::<u64>(), 1);
//! assert!(report.fails_at(Severity::Low) && !report.fails_at(Severity::High));
//! # Ok(())
//! # }
//! ```
//!
//! [`record`] judges single records by the same rules; `VerdictCache`, with the feature `cache`, uses the verdict of unchanged
//! data again.

mod answers;
mod baseline;
mod engine;
mod explanation;
mod failing_rows;
mod job;
mod kept_column;
mod kept_numbers;
mod kept_rows;
mod kept_values;
mod keys;
mod lookups;
mod losses;
mod measured;
mod measuring;
mod memory;
mod options;
mod outcome;
mod quality;
mod query;
pub mod record;
mod report;
mod row_key;
pub(crate) mod run;
mod sample;
mod statistics;
mod stopwatch;
#[cfg(test)]
pub(crate) mod testing;
pub(crate) mod threads;
mod usage;
#[cfg(feature = "cache")]
mod verdict;
mod violations;
mod worker;

use std::sync::Arc;

use tokio::task::spawn_blocking;

use crate::error::{Error, ErrorKind, Result};
use crate::rules::{Now, Plan, RuleSet};
use crate::source::{Snapshot, Source};
use crate::validate::answers::{Aim, Answers};
use crate::validate::keys::{KeyHash, bucket_count};
use crate::validate::lookups::numbered_sets;
use crate::validate::memory::Budget;
use crate::validate::outcome::TableOutcome;
use crate::validate::run::{Found, Run};
use crate::validate::threads::join;
use crate::validate::violations::Teller;
use crate::value::Timestamp;

pub use baseline::{Baseline, BaselineReport, Compared, Comparison};
pub use engine::Engine;
pub use explanation::Explanation;
pub use options::{Progress, ProgressListener, ValidateOptions};
pub use quality::{DimensionScore, Grade, Quality, Score, TableQuality};
pub use report::{
    CheckReport, FORMAT, FailingRow, Measured, OriginalRun, Report, RuleReport, Status, TableReport,
};
pub use statistics::{CacheUse, RuleStatistics, RunStatistics};
#[cfg(feature = "cache")]
pub use verdict::{Trust, VerdictCache, VerdictCacheConfig};
pub use violations::{Violation, ViolationListener};

/// Checks the rows of `source` against `rules`.
///
/// All rows are of one moment. Dropping the future stops the run. Works on a tokio runtime of any
/// kind: the work is done on threads that may block.
///
/// # Errors
///
/// `RulesInvalid` if a rule names what the source does not have; whatever makes the source unreadable;
/// `SourceChanged` if it changed meanwhile; `Cancelled`. A check that cannot run is no error here but a
/// check of status [`Status::Error`] in the report, and so are those of a table that cannot be read while others can.
pub async fn validate(
    source: &dyn Source,
    rules: &RuleSet,
    options: &ValidateOptions,
) -> Result<Report> {
    validate_at(source, rules, options, now(options)).await
}

async fn validate_at(
    source: &dyn Source,
    rules: &RuleSet,
    options: &ValidateOptions,
    now: Now,
) -> Result<Report> {
    let started = options.clock.now();
    let snapshot = source.snapshot().await?;
    let plan = planned(snapshot.as_ref(), rules, now).await?;
    let (plan, answers) = match Aim::of(snapshot.as_ref(), (&plan, now), options) {
        None => (plan, None),
        Some(aim) => {
            let answers = Box::pin(Answers::ask(snapshot.as_ref(), (plan, aim), options)).await?;
            (answers.rest(rules, snapshot.tables(), now.day())?, Some(answers))
        }
    };
    let rows = plan.tables.iter().filter_map(|it| it.schema.rows_estimate).max();
    let run = Arc::new(Run {
        numbered: numbered_sets(&plan),
        plan,
        now,
        buckets: bucket_count(rows),
        budget: Arc::new(Budget::new(options.memory_bytes_max, options.temp_dir.clone())),
        options: options.clone(),
        hash: KeyHash::with_bits(options.hash_bits),
        cancellation: options.cancellation.child(),
    });
    let mut found = Arc::clone(&run).execute(snapshot.as_ref()).await?;
    snapshot.finish().await?;
    found.tables.iter_mut().for_each(TableOutcome::number_rows);
    if let Some(listener) = &options.violations {
        let teller = Teller::new(&run, rules, listener);
        let told = spawn_blocking(move || teller.tell(&found).map(|()| found));
        let lost = || Error::new(ErrorKind::Internal, "what was found is lost");
        found = join(vec![told]).await?.pop().ok_or_else(lost)?;
    }
    let tables = tables(&run.plan, &found);
    let absent = answers.as_ref().map_or_else(|| run.plan.notes().collect(), Answers::notes);
    let notes = snapshot.notes().into_iter().chain(absent).collect();
    let rules_file = rules.file().to_owned();
    let mut spent = Vec::new();
    usage::add(&run.plan, &found.checks, &mut spent);
    if let Some(answers) = &answers {
        answers.add_usage(&mut spent);
    }
    let native = (outcome::report(rules, &run.plan, found), tables);
    let (rules, tables) = match answers {
        Some(answers) => answers.merge(rules, native),
        None => native,
    };
    usage::of(&rules, &spent).for_each(|it| snapshot.note_usage(&it));
    Ok(Report {
        format: FORMAT,
        status: rules.iter().map(|it| it.status).max().unwrap_or(Status::NotApplicable),
        as_of: now.day().to_string(),
        source: source.name().to_owned(),
        rules_file,
        notes,
        tables,
        quality: Quality::of(&rules),
        baseline: None,
        rules,
        elapsed: options.clock.now().duration_since(started),
        cached: false,
        original: None,
        statistics: None,
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
) -> Result<Explanation> {
    let now = now(options);
    let snapshot = source.snapshot().await?;
    let plan = planned(snapshot.as_ref(), rules, now).await?;
    let Some(aim) = Aim::of(snapshot.as_ref(), (&plan, now), options) else {
        return Ok(Explanation::new(plan, None));
    };
    let mut pushdown = aim.pushdown(snapshot.as_ref(), &plan);
    let concurrent =
        answers::settle(snapshot.as_ref(), &plan, &mut pushdown, &options.cancellation).await?;
    Ok(Explanation::new(plan, Some((pushdown, concurrent))))
}

/// Plans a run. Where a table is missed that is there and cannot be read, such as a view of what is gone, the
/// error says why.
async fn planned(snapshot: &dyn Snapshot, rules: &RuleSet, now: Now) -> Result<Plan> {
    let (plan, mut problems) = Plan::draft(rules, snapshot.tables(), now.day());
    query::prepare(snapshot, rules, &plan, &mut problems).await;
    if problems.is_empty() {
        return Ok(plan);
    }
    let error = problems.into_error(ErrorKind::RulesInvalid, rules.file());
    let is_missed = |note: &String| {
        let named = note.split('`').nth(1);
        named.is_some_and(|it| error.message().contains(&format!("has no table `{it}`")))
    };
    let notes = snapshot.notes().into_iter().filter(is_missed).map(|it| format!("\nnote: {it}"));
    Err(Error::new(error.kind(), format!("{}{}", error.message(), notes.collect::<String>())))
}

/// What ages are measured against.
fn now(options: &ValidateOptions) -> Now {
    match options.as_of {
        Some(day) => Now::all_of(day),
        None => Now::at(Timestamp::of(options.clock.utc())),
    }
}

fn tables(plan: &Plan, found: &Found) -> Vec<TableReport> {
    let report = |table: &usize| {
        let (plan, outcome) = (plan.tables.get(*table)?, found.tables.get(*table)?);
        Some(TableReport { table: plan.schema.name.clone(), rows: outcome.rows })
    };
    plan.order.iter().filter(|it| !found.losses.has(**it)).filter_map(report).collect()
}
