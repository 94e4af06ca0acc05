//! What the checks say of a record.

use crate::error::Error;
use crate::rules::Severity;

/// What the checks say of a record. Names are those of the validator, so that a report costs little.
#[derive(Debug)]
pub struct RecordReport<'a> {
    /// The checks, in the order of the rule set.
    pub checks: Vec<RecordCheck<'a>>,
}

/// What one check says of a record.
#[derive(Debug)]
pub struct RecordCheck<'a> {
    /// The id of the rule.
    pub rule: &'a str,
    /// The id of the check, unique in its rule.
    pub check: &'a str,
    /// The kind of check, such as `not_null`.
    pub kind: &'static str,
    /// The columns that it is about.
    pub columns: &'a [String],
    /// How much a violation matters.
    pub severity: Severity,
    /// The author's message to whoever reads of violations.
    pub message: Option<&'a str>,
    /// What it says.
    pub verdict: Verdict,
    /// Why it could not run.
    pub error: Option<Error>,
}

/// What a check says of a record. Tolerances count rows of a table, so they have no say here.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The record is as it must be.
    Pass,
    /// It is not.
    Violation,
    /// Not applicable: the record is none of those that the rule is about.
    OutOfScope,
    /// Not applicable: the check compares rows or counts them, so it says nothing about one alone.
    NeedsOtherRows,
    /// The check could not run. Never the same as passing.
    Error,
}

impl Verdict {
    /// The word for it: `pass`, `violation`, `out_of_scope`, `needs_other_rows`, `error`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Violation => "violation",
            Self::OutOfScope => "out_of_scope",
            Self::NeedsOtherRows => "needs_other_rows",
            Self::Error => "error",
        }
    }

    /// Whether the check has judged the record, or has tried to.
    pub const fn is_applicable(self) -> bool {
        !matches!(self, Self::OutOfScope | Self::NeedsOtherRows)
    }
}

impl RecordReport<'_> {
    /// The checks that the record violates, those of severity `info` too.
    pub fn violations(&self) -> impl Iterator<Item = &RecordCheck<'_>> {
        self.checks.iter().filter(|it| it.verdict == Verdict::Violation)
    }

    /// Whether the record violates a check of at least this severity; `info` never counts.
    pub fn fails_at(&self, severity: Severity) -> bool {
        let severity = severity.max(Severity::Low);
        self.violations().any(|it| it.severity >= severity)
    }

    /// Whether any check could not run.
    pub fn has_errors(&self) -> bool {
        self.checks.iter().any(|it| it.verdict == Verdict::Error)
    }
}
