//! Runs rules as an embedding program does.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use dq_core::Result;
use dq_core::rules::RuleSet;
use dq_core::source::Source;
use dq_core::validate::{Report, ValidateOptions, validate};
use dq_core::value::Date;

/// Waits for a future, on a runtime with a single thread of its own.
pub(crate) fn wait<F: Future>(future: F) -> F::Output {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    runtime.enable_all().build().unwrap().block_on(future)
}

/// A rule set that is right.
pub(crate) fn rules(text: &str) -> RuleSet {
    RuleSet::parse("rules.yaml", text, &BTreeMap::new()).unwrap_or_else(|it| panic!("{it}\n{text}"))
}

/// Rules with one rule, about the table `table`, that has `checks`, a line each.
pub(crate) fn rules_of(table: &str, checks: &[&str]) -> RuleSet {
    let mut text = format!("version: 1\nrules:\n  - id: rule\n    table: {table}\n    checks:\n");
    for (number, check) in checks.iter().enumerate() {
        let check = check.strip_prefix('{').unwrap_or(check);
        writeln!(text, "      - {{ id: check_{number}, {check}").unwrap();
    }
    rules(&text)
}

/// What so many threads do, on a fixed day.
pub(crate) fn threads(threads: usize) -> ValidateOptions {
    ValidateOptions {
        threads: NonZeroUsize::new(threads).unwrap(),
        as_of: Date::from_civil(2026, 11, 23),
        ..ValidateOptions::default()
    }
}

/// Runs `rules` with the defaults.
pub(crate) fn run(source: &dyn Source, rules: &RuleSet) -> Result<Report> {
    wait(validate(source, rules, &threads(1)))
}

/// How many rows were evaluated, how many violate the check, and how many groups.
pub(crate) type Counts = (u64, u64, Option<u64>);

/// The counts of every check, in the order of the rules.
pub(crate) fn counts(report: &Report) -> Vec<Counts> {
    report.checks().map(|it| (it.evaluated, it.violations, it.groups)).collect()
}

/// A file of this repository.
pub(crate) fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}
