//! GitHub annotations: workflow commands that show findings beside the rule file, in the pull request
//! that a workflow runs for.
//!
//! A check that failed or could not run is an `::error`, one that warns a `::warning`, and violations
//! of severity `info` are a `::notice`. The severest come first, since GitHub shows ten of each kind.

use std::io;

use crate::report::text::visible;
use crate::report::words;
use crate::rules::Severity;
use crate::validate::{CheckReport, Report, RuleReport, Status};

/// Writes `report` as workflow commands, and one line of the log that sums it up.
pub(crate) fn render(report: &Report, out: &mut dyn io::Write) -> io::Result<()> {
    for (rule, check) in report.ranked() {
        if let Some(command) = command(check) {
            write_annotation(command, report, rule, check, out)?;
        }
    }
    writeln!(out, "{}", words::outcomes(report))
}

const fn command(check: &CheckReport) -> Option<&'static str> {
    match (check.status, check.severity) {
        (Status::Fail | Status::Error, _) => Some("error"),
        (Status::Warn, _) => Some("warning"),
        (Status::Pass, Severity::Info) if check.violations > 0 => Some("notice"),
        (Status::Pass | Status::NotApplicable, _) => None,
    }
}

fn write_annotation(
    command: &str,
    report: &Report,
    rule: &RuleReport,
    check: &CheckReport,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let title =
        format!("{} ({}, {})", words::path(rule, check), check.severity, rule.table_of(check));
    let mut lines = vec![format!("{}: {}", words::subject(check), words::finding(check))];
    lines.extend(words::comparison(check));
    lines.extend(check.message.as_deref().map(|it| visible(it).into_owned()));
    if !check.sample.is_empty() {
        lines.push(format!("{}: {}", words::keys_label(check), words::keys(check).join(" ")));
    }
    writeln!(
        out,
        "::{command} file={},line={},title={}::{}",
        property(&report.rules_file),
        check.line,
        property(&visible(&title)),
        data(&lines.join("\n"))
    )
}

/// The text as the message of a command: see `escapeData` in `@actions/core`.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// The text as a property of a command: see `escapeProperty` in `@actions/core`.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::testing;

    #[test]
    fn an_annotation_for_each_finding_and_a_line_that_sums_up() {
        let mut out = Vec::new();
        render(&testing::report(), &mut out).unwrap();
        insta::assert_snapshot!(String::from_utf8(out).unwrap());
    }

    #[test]
    fn nothing_in_a_text_ends_a_command_or_begins_one() {
        assert_eq!(property("a:b,c%\r\nd"), "a%3Ab%2Cc%25%0D%0Ad");
        assert_eq!(data("50%\n::error::x"), "50%25%0A::error::x");
    }
}
