//! The report for people: a table of every check, then what failed and where, then one line to
//! remember.

use std::io;

use crate::report::style::{Ink, TerminalStyle};
use crate::report::table::{self, Align, TableColumn};
use crate::report::text::{cut, visible, width};
use crate::report::words;
use crate::rules::Severity;
use crate::validate::{CheckReport, Report, RuleReport, Status};

const INDENT: &str = "    ";

/// Writes `report` as text.
pub(crate) fn render(
    report: &Report,
    style: TerminalStyle,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let source = style.paint(Ink::Bold, &visible(&report.source));
    let as_of = style.paint(Ink::Dim, &format!("as of {}", visible(&report.as_of)));
    writeln!(out, "{source}  {as_of}\n")?;
    let ranked = report.ranked();
    if !ranked.is_empty() {
        table::write(columns(&ranked), style, out)?;
        writeln!(out)?;
    }
    for (rule, check) in &ranked {
        if matches!(check.status, Status::Warn | Status::Fail | Status::Error) {
            write_finding(rule, check, style, out)?;
        }
    }
    for note in &report.notes {
        write_wrapped("note: ", visible(note).split(' '), style, out)?;
    }
    if !report.notes.is_empty() {
        writeln!(out)?;
    }
    writeln!(out, "{}", summary(report, style))
}

/// The columns of the table of checks.
fn columns(ranked: &[(&RuleReport, &CheckReport)]) -> Vec<TableColumn> {
    let cuttable = |heading, width_min, dispensable| TableColumn {
        width_min: Some(width_min),
        dispensable,
        ..TableColumn::new(heading, Align::Left)
    };
    let mut status = TableColumn::new("  status", Align::Left);
    let mut severity = TableColumn::new("severity", Align::Left);
    let mut name = cuttable("check", 16, 0);
    let mut table = cuttable("table", 6, 2);
    let mut subject = cuttable("columns", 8, 3);
    let mut rows = TableColumn::new("rows", Align::Right);
    let mut violations = TableColumn::new("violations", Align::Right);
    let mut groups = TableColumn { dispensable: 1, ..TableColumn::new("groups", Align::Right) };
    let mut share = TableColumn::new("share", Align::Right);
    for (rule, check) in ranked {
        let ink = if check.violations > 0 { ink(check.status) } else { Ink::Dim };
        let figure =
            |number| if check.error.is_some() { "–".to_owned() } else { words::count(number) };
        status.push(
            &format!("{} {}", sign(check.status), word(check.status)),
            self::ink(check.status),
        );
        severity.push(check.severity.as_str(), severity_ink(check.severity));
        name.push(&format!("{}/{}", rule.id, check.id), Ink::Plain);
        table.push(&rule.table, Ink::Plain);
        subject.push(&check.columns.join(", "), Ink::Plain);
        rows.push(&figure(check.evaluated), Ink::Plain);
        violations.push(&figure(check.violations), ink);
        groups.push(&check.groups.map_or("–".to_owned(), figure), ink);
        let percent = if check.error.is_some() { None } else { words::share(check) };
        share.push(percent.as_deref().unwrap_or("–"), ink);
    }
    let mut columns = vec![status, severity, name, table, subject, rows, violations];
    if ranked.iter().any(|(_, check)| check.groups.is_some()) {
        columns.push(groups);
    }
    columns.push(share);
    columns
}

/// What one check found, and in which rows.
fn write_finding(
    rule: &RuleReport,
    check: &CheckReport,
    style: TerminalStyle,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let name = format!("{}/{}", visible(&rule.id), visible(&check.id));
    let sign = style.paint(ink(check.status), sign(check.status));
    let finding = words::finding(check);
    if width(&name) + width(&finding) + 4 <= style.width {
        writeln!(out, "{sign} {}  {finding}", style.paint(Ink::Bold, &name))?;
    } else {
        writeln!(out, "{sign} {}", style.paint(Ink::Bold, &name))?;
        write_wrapped("", finding.split(' '), style, out)?;
    }
    if let Some(message) = &check.message {
        write_wrapped("", visible(message).split(' '), style, out)?;
    }
    if check.sample.iter().any(|it| it.values.is_some()) {
        write_values(check, style, out)?;
    } else if !check.sample.is_empty() {
        write_wrapped("keys: ", words::keys(check).iter().map(String::as_str), style, out)?;
    }
    writeln!(out)
}

/// The failing rows of a check, a line for each: its key and its values.
fn write_values(
    check: &CheckReport,
    style: TerminalStyle,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let keys: Vec<_> = check.sample.iter().map(words::key).collect();
    let width_max = keys.iter().map(|it| width(it)).max().unwrap_or(0);
    for (row, key) in check.sample.iter().zip(&keys) {
        let blanks = " ".repeat(width_max - width(key));
        let values = words::values(row).unwrap_or_default();
        let line =
            cut(&format!("{key}{blanks}  {values}"), style.width.saturating_sub(INDENT.len()));
        writeln!(out, "{INDENT}{}", line.trim_end())?;
    }
    if check.truncated {
        let more = check.violations.saturating_sub(check.sample.len() as u64);
        writeln!(out, "{INDENT}… and {} more", words::count(more))?;
    }
    Ok(())
}

/// Writes words one after the other, indented, on as many lines as they need.
fn write_wrapped<'a>(
    label: &str,
    words: impl Iterator<Item = &'a str>,
    style: TerminalStyle,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let mut line = format!("{INDENT}{}", style.paint(Ink::Dim, label));
    let indent = INDENT.len() + width(label);
    let mut used = indent;
    for word in words {
        let needed = width(word) + usize::from(used > indent);
        if used > indent && used + needed > style.width {
            writeln!(out, "{line}")?;
            line = " ".repeat(indent);
            used = indent;
        }
        if used > indent {
            line.push(' ');
            used += 1;
        }
        line.push_str(word);
        used += width(word);
    }
    writeln!(out, "{line}")
}

/// The line to remember: the verdict, and what it rests on.
fn summary(report: &Report, style: TerminalStyle) -> String {
    let rows = report.tables.iter().map(|it| it.rows).sum();
    let checks = report.checks().count() as u64;
    let outcomes = [
        (Status::Pass, "passed", Ink::Good),
        (Status::Warn, "warned", Ink::Warning),
        (Status::Fail, "failed", Ink::Bad),
        (Status::Error, "could not run", Ink::Worst),
        (Status::NotApplicable, "not applicable", Ink::Dim),
    ];
    let mut parts = Vec::new();
    for (status, word, ink) in outcomes {
        let count = report.checks().filter(|it| it.status == status).count() as u64;
        if count > 0 {
            parts.push(style.paint(ink, &format!("{} {word}", words::count(count))));
        }
    }
    let mut line = words::counted(rows, "row");
    line.push_str(&format!(" · {}: {}", words::counted(checks, "check"), parts.join(", ")));
    line.push_str(&format!(" · {}", words::span(report.elapsed)));
    let rate = rows as f64 / report.elapsed.as_secs_f64();
    if rate.is_finite() && rows > 0 {
        line.push_str(&format!(" · {} rows/s", words::count(rate as u64)));
    }
    line
}

const fn sign(status: Status) -> &'static str {
    match status {
        Status::NotApplicable => "·",
        Status::Pass => "✓",
        Status::Warn => "!",
        Status::Fail => "✗",
        Status::Error => "⊘",
    }
}

const fn word(status: Status) -> &'static str {
    match status {
        Status::NotApplicable => "n/a",
        other => other.as_str(),
    }
}

const fn ink(status: Status) -> Ink {
    match status {
        Status::NotApplicable => Ink::Dim,
        Status::Pass => Ink::Good,
        Status::Warn => Ink::Warning,
        Status::Fail => Ink::Bad,
        Status::Error => Ink::Worst,
    }
}

const fn severity_ink(severity: Severity) -> Ink {
    match severity {
        Severity::Critical => Ink::Bold,
        Severity::Info => Ink::Dim,
        Severity::Low | Severity::Medium | Severity::High => Ink::Plain,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::testing;
    use crate::report::width;

    fn rendered(report: &Report, style: TerminalStyle) -> String {
        let mut out = Vec::new();
        render(report, style, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn text_without_a_terminal_is_plain_and_whole() {
        insta::assert_snapshot!(rendered(&testing::report(), TerminalStyle::default()));
    }

    #[test]
    fn a_terminal_of_100_columns_cuts_long_names() {
        insta::assert_snapshot!(rendered(
            &testing::report(),
            TerminalStyle { color: false, width: 100 }
        ));
    }

    #[test]
    fn a_narrow_terminal_leaves_columns_out() {
        insta::assert_snapshot!(rendered(
            &testing::report(),
            TerminalStyle { color: false, width: 72 }
        ));
    }

    #[test]
    fn colours_change_nothing_but_colours() {
        let style = TerminalStyle { color: true, width: 100 };
        let colored = rendered(&testing::report(), style);
        insta::assert_snapshot!(colored.replace('\u{1b}', "␛"));
        let plain =
            regex::Regex::new("\u{1b}\\[[0-9;]*m").unwrap().replace_all(&colored, "").into_owned();
        assert_eq!(plain, rendered(&testing::report(), TerminalStyle { color: false, width: 100 }));
    }

    #[test]
    fn values_are_shown_where_the_report_has_them() {
        insta::assert_snapshot!(rendered(&testing::report_with_values(), TerminalStyle::default()));
    }

    #[test]
    fn no_line_of_the_table_is_wider_than_the_terminal() {
        for columns in 64..140 {
            let text = rendered(&testing::report(), TerminalStyle { color: false, width: columns });
            let table = text.lines().skip(2).take_while(|it| !it.is_empty());
            table.for_each(|line| assert!(width(line) <= columns, "{columns}: {line}"));
        }
    }

    #[test]
    fn a_report_without_checks_has_no_table() {
        let report = Report { rules: Vec::new(), notes: Vec::new(), ..testing::report() };
        insta::assert_snapshot!(rendered(&report, TerminalStyle::default()));
    }
}
