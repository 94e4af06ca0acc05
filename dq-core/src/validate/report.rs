//! What a run found: the outcome of every check of every rule.
//!
//! These types serialise to the JSON report; `docs/report.schema.json` describes it.

use std::time::Duration;

use serde::de::Error;
use serde::{Deserialize, Deserializer};

use crate::rules::{Check, Dimension, Severity};
use crate::validate::Engine;
use crate::validate::baseline::{BaselineReport, Comparison};
use crate::validate::quality::Quality;
use crate::validate::statistics::RunStatistics;

/// The version of the JSON report. It changes when a reader of the old one would misread the new one.
pub const FORMAT: u32 = 1;

/// How a check, a rule or a run ended; ordered from the best to the worst.
#[derive(
    Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, serde::Deserialize, serde::Serialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Nothing was in scope: an empty table, or a filter that lets no row through. Neither pass nor fail.
    NotApplicable,
    /// Violations, if any, are within the tolerance.
    Pass,
    /// More violations than the tolerance to warn, but not more than the tolerance to fail.
    Warn,
    /// More violations than tolerated.
    Fail,
    /// The check could not run. Never the same as "no violations".
    Error,
}

impl Status {
    /// The word for it: `not_applicable`, `pass`, `warn`, `fail`, `error`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NotApplicable => "not_applicable",
            Self::Pass => "pass",
            Self::Warn => "warn",
            Self::Fail => "fail",
            Self::Error => "error",
        }
    }
}

/// What one run found.
#[derive(Clone, Debug, serde::Deserialize, serde::Serialize)]
pub struct Report {
    /// The version of this form: [`FORMAT`].
    pub format: u32,
    /// The worst status of any check.
    pub status: Status,
    /// "Today" for rules about dates, `YYYY-MM-DD`.
    pub as_of: String,
    /// The name of the source, without credentials.
    pub source: String,
    /// The name of the file of the rule set.
    pub rules_file: String,
    /// What to know about how the rows were read.
    pub notes: Vec<String>,
    /// The tables that were read, in the order of the plan.
    pub tables: Vec<TableReport>,
    /// The rules, in the order of the rule set.
    pub rules: Vec<RuleReport>,
    /// How good the data are, by the checks of this run.
    pub quality: Quality,
    /// The earlier report that this one was compared with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub baseline: Option<BaselineReport>,
    /// How long the run took.
    #[serde(rename = "seconds", with = "seconds")]
    pub elapsed: Duration,
    /// Whether this is the verdict of an earlier run. Then `elapsed` is what it took to look it up.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub cached: bool,
    /// The run whose verdict this is, if that was an earlier one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub original: Option<OriginalRun>,
    /// What the run took, where that was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub statistics: Option<RunStatistics>,
}

/// An earlier run, whose verdict is used again.
#[derive(Clone, Debug, PartialEq, serde::Deserialize, serde::Serialize)]
pub struct OriginalRun {
    /// How long it took.
    #[serde(rename = "seconds", with = "seconds")]
    pub elapsed: Duration,
    /// How long ago it ended.
    #[serde(rename = "age_seconds", with = "seconds")]
    pub age: Duration,
    /// Whether its samples of failing rows were kept. Without them, no failing row is shown.
    pub has_samples: bool,
}

/// A table that was read.
#[derive(Clone, Debug, serde::Deserialize, serde::Serialize)]
pub struct TableReport {
    /// Its name.
    pub table: String,
    /// How many rows it had.
    pub rows: u64,
}

/// What one rule found.
#[derive(Clone, Debug, serde::Deserialize, serde::Serialize)]
pub struct RuleReport {
    /// The id of the rule.
    pub id: String,
    /// The table of the rule.
    pub table: String,
    /// What the rule is for, in its author's words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The worst status of its checks.
    pub status: Status,
    /// The checks, in the order of the rule.
    pub checks: Vec<CheckReport>,
}

/// By another name, since serde would borrow what is called `&str`.
type CheckName = &'static str;

/// What one check found.
#[derive(Clone, Debug, serde::Deserialize, serde::Serialize)]
pub struct CheckReport {
    /// The id of the check, unique in its rule.
    pub id: String,
    /// The table that it is about, where that is another than the table of the rule.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub table: Option<String>,
    /// The kind of check, such as `not_null`.
    #[serde(deserialize_with = "check_name")]
    pub check: CheckName,
    /// The columns that it is about.
    pub columns: Vec<String>,
    /// How much its violations matter.
    pub severity: Severity,
    /// Which quality of the data it is about.
    pub dimension: Dimension,
    /// How it ended.
    pub status: Status,
    /// The author's message to whoever reads about violations.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// How many rows were in its scope.
    pub evaluated: u64,
    /// How many of them violate it. Where something is measured, 1 more if that is out of its bounds.
    pub violations: u64,
    /// For checks of groups, how many groups violate it.
    pub groups: Option<u64>,
    /// What was there, in words, where a key says nothing: the number of rows, say, and the bounds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed: Option<String>,
    /// For checks of the rows as a whole, what was measured.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub measured: Option<Measured>,
    /// The lowest keys of failing rows, in order.
    pub sample: Vec<FailingRow>,
    /// Whether there are more failing rows than the sample shows.
    pub truncated: bool,
    /// Why the check could not run.
    pub error: Option<String>,
    /// The line of the rule set on which the check begins, from 1.
    pub line: usize,
    /// A number that stays the same as long as the check judges the same rows in the same way.
    pub definition: String,
    /// Which engine answered, where SQL was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub engine: Option<Engine>,
    /// Why it was judged natively although SQL was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub streamed: Option<String>,
    /// How many violations are new, against the baseline of the run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub baseline: Option<Comparison>,
}

impl RuleReport {
    /// The table that a check of this rule is about.
    pub fn table_of<'a>(&'a self, check: &'a CheckReport) -> &'a str {
        check.table.as_ref().unwrap_or(&self.table)
    }
}

impl CheckReport {
    /// How many rows violate it by themselves: all violations but a figure that is out of its bounds.
    pub fn failing_rows(&self) -> u64 {
        let figures = self.measured.as_ref().map_or(0, |it| u64::from(it.out_of_bounds));
        self.violations.saturating_sub(figures)
    }

    /// Violations as a share of the rows in scope; `None` where nothing was in scope.
    pub fn share(&self) -> Option<f64> {
        (self.evaluated > 0).then(|| self.violations as f64 / self.evaluated as f64)
    }
}

/// What a check measured of the rows in its scope as a whole.
///
/// Numbers are numbers of JSON, or text where none holds them exactly; days and points in time are text;
/// shares are parts of 1.
#[derive(Clone, Debug, PartialEq, serde::Deserialize, serde::Serialize)]
pub struct Measured {
    /// The figure; none where there was nothing to measure.
    pub value: Option<serde_json::Value>,
    /// The least that the check allows, if it says so.
    pub min: Option<serde_json::Value>,
    /// The most that the check allows, if it says so.
    pub max: Option<serde_json::Value>,
    /// Whether the figure is out of these bounds.
    pub out_of_bounds: bool,
}

/// A row that violates a check.
#[derive(Clone, Debug, serde::Deserialize, serde::Serialize)]
pub struct FailingRow {
    /// The primary key, by column; where the table has none, `{"row": n}`, counted from 1.
    pub key: serde_json::Map<String, serde_json::Value>,
    /// The values of the columns of the check, only where the caller asked to see them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub values: Option<serde_json::Map<String, serde_json::Value>>,
}

impl Report {
    /// Every check with its rule, in the order in which a person wants to read them: severest first,
    /// then worst status first, then most violations, then the order of the rule set.
    pub fn ranked(&self) -> Vec<(&RuleReport, &CheckReport)> {
        let mut checks: Vec<_> = self
            .rules
            .iter()
            .flat_map(|rule| rule.checks.iter().map(move |check| (rule, check)))
            .collect();
        checks.sort_by_key(|(_, check)| {
            std::cmp::Reverse((check.severity, check.status, check.violations))
        });
        checks
    }

    /// Whether any check of at least this severity failed.
    pub fn fails_at(&self, severity: Severity) -> bool {
        self.checks().any(|it| it.status == Status::Fail && it.severity >= severity)
    }

    /// Whether any check could not run.
    pub fn has_errors(&self) -> bool {
        self.checks().any(|it| it.status == Status::Error)
    }

    /// Every check, in the order of the rule set.
    pub fn checks(&self) -> impl Iterator<Item = &CheckReport> {
        self.rules.iter().flat_map(|it| &it.checks)
    }
}

/// The kind of check with this name.
fn check_name<'de, D: Deserializer<'de>>(deserializer: D) -> Result<&'static str, D::Error> {
    let name = String::deserialize(deserializer)?;
    let known = Check::NAMES.iter().copied().find(|it| *it == name);
    known.ok_or_else(|| D::Error::custom("unknown kind of check"))
}

/// A span of time as a number of seconds.
pub(crate) mod seconds {
    use std::time::Duration;

    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(crate) fn serialize<S: Serializer>(
        span: &Duration,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(span.as_secs_f64())
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Duration, D::Error> {
        Duration::try_from_secs_f64(f64::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}
