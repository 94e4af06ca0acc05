//! CSV: a line for each check, for spreadsheets and whoever collects the figures of many runs.
//!
//! As RFC 4180 has it, with a line of names. A figure that does not exist is an empty field.

use std::io;

use crate::validate::{CheckReport, Report, RuleReport};

/// The names of the columns; more may be added behind them.
const NAMES: [&str; 19] = [
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
    "observed",
    "message",
    "error",
    "file",
    "line",
    "new",
    "fixed",
    "unchanged",
];

/// Writes `report` as CSV.
pub(crate) fn render(report: &Report, out: &mut dyn io::Write) -> io::Result<()> {
    write_line(&NAMES.map(str::to_owned), out)?;
    for rule in &report.rules {
        for check in &rule.checks {
            write_line(&fields(report, rule, check), out)?;
        }
    }
    Ok(())
}

fn fields(report: &Report, rule: &RuleReport, check: &CheckReport) -> [String; NAMES.len()] {
    let ran = |figure: u64| if check.error.is_none() { figure.to_string() } else { String::new() };
    let some = |figure: Option<u64>| figure.map(|it| it.to_string()).unwrap_or_default();
    [
        rule.id.clone(),
        check.id.clone(),
        rule.table_of(check).to_owned(),
        check.check.to_owned(),
        check.columns.join(", "),
        check.dimension.to_string(),
        check.severity.to_string(),
        check.status.as_str().to_owned(),
        ran(check.evaluated),
        ran(check.violations),
        some(check.groups),
        check.observed.clone().unwrap_or_default(),
        check.message.clone().unwrap_or_default(),
        check.error.clone().unwrap_or_default(),
        report.rules_file.clone(),
        check.line.to_string(),
        some(check.baseline.map(|it| it.new)),
        some(check.baseline.map(|it| it.fixed)),
        some(check.baseline.map(|it| it.unchanged)),
    ]
}

pub(crate) fn write_line(fields: &[String], out: &mut dyn io::Write) -> io::Result<()> {
    let fields: Vec<_> = fields.iter().map(|it| quoted(it)).collect();
    write!(out, "{}\r\n", fields.join(","))
}

fn quoted(field: &str) -> String {
    if field.contains([',', '"', '\r', '\n']) {
        format!("\"{}\"", field.replace('"', "\"\""))
    } else {
        field.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::testing;

    fn rendered(report: &Report) -> String {
        let mut out = Vec::new();
        render(report, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_line_for_each_check() {
        insta::assert_snapshot!(rendered(&testing::report()).replace('\r', "␍"));
    }

    #[test]
    fn a_comparison_is_told_in_figures() {
        let text = rendered(&testing::report_with_baseline());
        let ends = |start: &str, end: &str| {
            assert!(text.lines().any(|it| it.starts_with(start) && it.ends_with(end)), "{text}");
        };
        ends("npi,luhn,", ",2,3,10");
        ends("npi,shared,", ",2,0,0");
        ends("facilities_have_a_shape,network,", ",,,");
    }
}
