//! A check that is written in Rust and used by its name in a rule set.
//!
//! `cargo run --example custom_check`

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::Context as _;
use arrow_array::{Array, BooleanArray, RecordBatch, StringViewArray};
use dq_core::engine::{self, OpenOptions};
use dq_core::report::{ReportFormat, render};
use dq_core::rules::{CustomCheck, RuleSet};
use dq_core::validate::{ValidateOptions, validate};
use dq_core::{Error, ErrorKind};

const RULES: &str = "
version: 1
rules:
  - id: hospitals
    table: data
    checks:
      - { id: shouting, custom: capitals, columns: [Facility Name], severity: low }
";

/// Text is in capital letters.
#[derive(Debug)]
struct Capitals;

impl CustomCheck for Capitals {
    fn violations(&self, rows: &RecordBatch) -> dq_core::Result<BooleanArray> {
        let names =
            rows.columns().first().and_then(|it| it.as_any().downcast_ref::<StringViewArray>());
        let names = names.ok_or_else(|| Error::new(ErrorKind::UsageInvalid, "expected text"))?;
        let has_lower = |it: Option<&str>| it.map(|it| it.chars().any(char::is_lowercase));
        Ok(names.iter().map(has_lower).collect())
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let rules = RuleSet::parse("rules.yaml", RULES, &BTreeMap::new())?;
    let rules = rules.with_custom("capitals", Arc::new(Capitals));
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/data/hospitals.csv");
    let source = engine::open(file, &OpenOptions::default())?;
    let report = validate(source.as_ref(), &rules, &ValidateOptions::default()).await?;
    render(&report, ReportFormat::Text, &mut std::io::stdout().lock())?;
    let check = report.checks().next().context("there is one check")?;
    anyhow::ensure!(check.evaluated == 5_326, "every hospital is looked at");
    Ok(())
}
