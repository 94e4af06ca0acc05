//! What tables tell of each check: the columns that CSV and workbooks have in common.

use crate::validate::{CheckReport, RuleReport};
use crate::value::OwnedValue;

/// What the check is, and its figures.
pub(crate) const FIGURES: [&str; 11] = [
    "rule",
    "check",
    "table",
    "kind",
    "columns",
    "dimension",
    "severity",
    "status",
    "evaluated",
    "violations",
    "groups",
];

/// What is told in words.
pub(crate) const WORDS: [&str; 3] = ["observed", "message", "error"];

/// How it compares with an earlier report.
pub(crate) const COMPARED: [&str; 3] = ["new", "fixed", "unchanged"];

/// The values of [`FIGURES`].
pub(crate) fn figures(rule: &RuleReport, check: &CheckReport) -> [OwnedValue; FIGURES.len()] {
    [
        rule.id.clone().into(),
        check.id.clone().into(),
        rule.table_of(check).into(),
        check.check.into(),
        check.columns.join(", ").into(),
        check.dimension.to_string().into(),
        check.severity.as_str().into(),
        check.status.as_str().into(),
        if_ran(check, check.evaluated),
        if_ran(check, check.violations),
        check.groups.map(|it| it as i64).into(),
    ]
}

/// The values of [`WORDS`].
pub(crate) fn words(check: &CheckReport) -> [OwnedValue; WORDS.len()] {
    [&check.observed, &check.message, &check.error].map(|it| it.clone().into())
}

/// The values of [`COMPARED`]; none where nothing was compared.
pub(crate) fn compared(check: &CheckReport) -> [OwnedValue; COMPARED.len()] {
    let figures = check.baseline.map(|it| [it.new, it.fixed, it.unchanged]);
    figures.map_or([None; COMPARED.len()], |it| it.map(|it| Some(it as i64))).map(OwnedValue::from)
}

/// A figure of a check that could run.
pub(crate) fn if_ran(check: &CheckReport, figure: u64) -> OwnedValue {
    check.error.is_none().then_some(figure as i64).into()
}
