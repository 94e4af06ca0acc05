//! CSV: a line for each check, for spreadsheets and whoever collects the figures of many runs.
//!
//! As RFC 4180 has it, with a line of names. A figure that does not exist is an empty field.

use std::io;

use crate::report::columns;
use crate::validate::{CheckReport, Report, RuleReport};

/// Where a check is written.
const PLACE: [&str; 2] = ["file", "line"];

/// Writes `report` as CSV. More columns may be added behind these.
pub(crate) fn render(report: &Report, out: &mut dyn io::Write) -> io::Result<()> {
    let names = [&columns::FIGURES[..], &columns::WORDS, &PLACE, &columns::COMPARED].concat();
    write_line(&names.into_iter().map(str::to_owned).collect::<Vec<_>>(), out)?;
    for rule in &report.rules {
        for check in &rule.checks {
            write_line(&fields(report, rule, check), out)?;
        }
    }
    Ok(())
}

fn fields(report: &Report, rule: &RuleReport, check: &CheckReport) -> Vec<String> {
    let place = [report.rules_file.clone().into(), (check.line as i64).into()];
    let values = columns::figures(rule, check).into_iter();
    let values = values.chain(columns::words(check)).chain(place).chain(columns::compared(check));
    values
        .map(|it| if it.as_value().is_null() { String::new() } else { it.as_value().to_string() })
        .collect()
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
