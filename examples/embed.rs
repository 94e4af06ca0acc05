//! Checks Arrow tables in memory, as a program that embeds dq would: with progress, with a way to
//! stop, on a runtime of its own.
//!
//! `cargo run --example embed`

use std::collections::BTreeMap;
use std::io::Write as _;
use std::sync::Arc;

use anyhow::Context as _;
use arrow_array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use dq_core::report::{ReportFormat, render};
use dq_core::rules::{RuleSet, Severity};
use dq_core::source::Cancellation;
use dq_core::source::memory::MemorySource;
use dq_core::validate::{Progress, ValidateOptions, validate};

const RULES: &str = "
version: 1
rules:
  - id: providers
    table: providers
    severity: high
    checks:
      - { id: npi, column: npi, format: npi }
      - { id: npi_shared, unique: [npi], severity: critical }
      - { id: career, expression: 'graduation_year >= birth_year + 18' }
";

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let rules = RuleSet::parse("rules.yaml", RULES, &BTreeMap::new())?;
    let source = MemorySource::new("two providers").table("providers", vec![providers()?])?;
    let cancellation = Cancellation::new();
    let options = ValidateOptions {
        // Another thread may call `cancellation.cancel()` at any time.
        cancellation: cancellation.clone(),
        progress: Some(Arc::new(tell)),
        show_values: true,
        ..ValidateOptions::default()
    };
    let report = validate(&source, &rules, &options).await?;
    render(&report, ReportFormat::Text, &mut std::io::stdout().lock())?;
    anyhow::ensure!(report.fails_at(Severity::Critical), "the two providers share a number");
    Ok(())
}

fn tell(progress: &Progress) {
    // A closed pipe is no reason to stop.
    drop(writeln!(std::io::stderr(), "{}: {} rows", progress.table, progress.rows));
}

fn providers() -> anyhow::Result<RecordBatch> {
    let columns: [(&str, ArrayRef); 4] = [
        ("provider_id", Arc::new(StringArray::from(vec!["P1", "P2"]))),
        ("npi", Arc::new(StringArray::from(vec!["1234567893", "1234567893"]))),
        ("birth_year", Arc::new(Int64Array::from(vec![Some(1970), Some(1990)]))),
        ("graduation_year", Arc::new(Int64Array::from(vec![Some(1995), Some(1999)]))),
    ];
    RecordBatch::try_from_iter(columns).context("the columns make a table")
}
