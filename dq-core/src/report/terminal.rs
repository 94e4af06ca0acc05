//! The report for people: a table of every check, then what failed and where, then one line to
//! remember.

use std::io;

use crate::report::scores;
use crate::report::statistics;
use crate::report::style::{Ink, TerminalStyle};
use crate::report::table::{self, Align, TableColumn};
use crate::report::text::{cut, visible, width};
use crate::report::words::{self, OUTCOMES, sign, word};
use crate::report::wrap::{self, Word};
use crate::rules::Severity;
use crate::validate::{CheckReport, Report, RuleReport, Status};

const INDENT: &str = "    ";

/// Writes `report` as text.
pub(crate) fn render(
    report: &Report,
    style: TerminalStyle,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    write_title(report, style, out)?;
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
        wrap::write("note: ", visible(note).split(' '), style, out)?;
    }
    if !report.notes.is_empty() {
        writeln!(out)?;
    }
    scores::write(&report.quality, style, out)?;
    if let Some(figures) = &report.statistics {
        statistics::write(figures, style, out)?;
    }
    write_baseline(report, style, out)?;
    write_summary(report, style, out)
}

/// What was checked, and on which day.
fn write_title(report: &Report, style: TerminalStyle, out: &mut dyn io::Write) -> io::Result<()> {
    let source = visible(&report.source);
    let as_of = format!("as of {}", visible(&report.as_of));
    let gap = if width(&source) + 2 + width(&as_of) <= style.width { "  " } else { "\n" };
    let (source, as_of) = (style.paint(Ink::Bold, &source), style.paint(Ink::Dim, &as_of));
    writeln!(out, "{source}{gap}{as_of}\n")
}

/// The columns of the table of checks.
fn columns(ranked: &[(&RuleReport, &CheckReport)]) -> Vec<TableColumn> {
    let mut status = TableColumn::new("  status", Align::Left);
    let mut severity = dispensable(1, "severity", Align::Left);
    let mut name = TableColumn::flexible("check", 16, 0);
    let mut table = TableColumn::flexible("table", 6, 5);
    let mut subject = TableColumn::flexible("columns", 8, 6);
    let mut rows = dispensable(2, "rows", Align::Right);
    let mut violations = TableColumn::new("violations", Align::Right);
    let mut groups = dispensable(4, "groups", Align::Right);
    let mut share = dispensable(3, "share", Align::Right);
    for (rule, check) in ranked {
        let ink = figure_ink(check);
        let ran = check.error.is_none();
        status.push(
            &format!("{} {}", sign(check.status), word(check.status)),
            self::ink(check.status),
        );
        severity.push(check.severity.as_str(), severity_ink(check.severity));
        name.push(&format!("{}/{}", rule.id, check.id), Ink::Plain);
        table.push(rule.table_of(check), Ink::Plain);
        subject.push(&check.columns.join(", "), Ink::Plain);
        rows.push_some(ran.then(|| words::count(check.evaluated)), Ink::Plain);
        violations.push_some(ran.then(|| words::count(check.violations)), ink);
        groups.push_some(check.groups.map(words::count).filter(|_| ran), ink);
        share.push_some(words::share(check).filter(|_| ran), ink);
    }
    let mut columns = vec![status, severity, name, table, subject, rows, violations, groups, share];
    if ranked.iter().all(|(_, check)| check.groups.is_none()) {
        columns.retain(|it| it.heading != "groups");
    }
    columns
}

fn dispensable(rank: u8, heading: &'static str, align: Align) -> TableColumn {
    TableColumn { dispensable: rank, ..TableColumn::new(heading, align) }
}

/// What one check found, and in which rows.
fn write_finding(
    rule: &RuleReport,
    check: &CheckReport,
    style: TerminalStyle,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let name = format!("{}/{}", visible(&rule.id), visible(&check.id));
    let finding = format!("{}: {}", words::subject(check), words::finding(check));
    let heading = format!(
        "{} {}",
        style.paint(ink(check.status), sign(check.status)),
        style.paint(Ink::Bold, &name)
    );
    if width(&name) + width(&finding) + 4 <= style.width {
        writeln!(out, "{heading}  {finding}")?;
    } else {
        writeln!(out, "{heading}")?;
        wrap::write(INDENT, finding.split(' '), style, out)?;
    }
    if let Some(comparison) = words::comparison(check) {
        wrap::write(INDENT, comparison.split(' '), style, out)?;
    }
    if let Some(message) = &check.message {
        wrap::write(INDENT, visible(message).split(' '), style, out)?;
    }
    if check.sample.iter().any(|it| it.values.is_some()) {
        write_values(check, style, out)?;
    } else if !check.sample.is_empty() {
        let keys = words::keys(check);
        let label = format!("{INDENT}{}: ", words::keys_label(check));
        wrap::write(&label, keys.iter().map(String::as_str), style, out)?;
    }
    writeln!(out)
}

/// The failing rows of a check, a line for each: its key and its values.
fn write_values(
    check: &CheckReport,
    style: TerminalStyle,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let noun = if words::keys_label(check) == "rows" { "row " } else { "" };
    let keys = check.sample.iter().map(|it| format!("{noun}{}", words::key(it)));
    let keys: Vec<_> = keys.collect();
    let width_max = keys.iter().map(|it| width(it)).max().unwrap_or(0);
    for (row, key) in check.sample.iter().zip(&keys) {
        let blanks = " ".repeat(width_max - width(key));
        let values = words::values(row).unwrap_or_default();
        let line =
            cut(&format!("{key}{blanks}  {values}"), style.width.saturating_sub(INDENT.len()));
        writeln!(out, "{INDENT}{}", line.trim_end())?;
    }
    if check.truncated {
        let more = check.failing_rows().saturating_sub(check.sample.len() as u64);
        writeln!(out, "{INDENT}… and {} more", words::count(more))?;
    }
    Ok(())
}

/// How the run compares with its baseline.
fn write_baseline(
    report: &Report,
    style: TerminalStyle,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let Some(baseline) = &report.baseline else { return Ok(()) };
    let changes = words::changes(baseline.new, baseline.fixed, baseline.unchanged);
    let (file, as_of) = (visible(&baseline.file), visible(&baseline.as_of));
    let text = format!("{changes}, against `{file}` as of {as_of}");
    wrap::write("baseline: ", text.split(' '), style, out)?;
    if !baseline.gone.is_empty() {
        let gone: Vec<_> = baseline.gone.iter().map(|it| format!("`{}`", visible(it))).collect();
        let text = format!("without these checks of the baseline: {}", gone.join(", "));
        wrap::write("baseline: ", text.split(' '), style, out)?;
    }
    writeln!(out)
}

/// The verdict, and what it rests on.
fn write_summary(report: &Report, style: TerminalStyle, out: &mut dyn io::Write) -> io::Result<()> {
    let outcomes = OUTCOMES.map(|(status, word)| (words::ended(report, status), word, ink(status)));
    let outcomes: Vec<_> = outcomes.into_iter().filter(|(count, ..)| *count > 0).collect();
    let checks = words::counted(report.checks().count() as u64, "check");
    let colon = if outcomes.is_empty() { "" } else { ":" };
    let mut line = vec![Word::new(checks.into(), Ink::Plain, colon)];
    for (index, (count, word, ink)) in outcomes.iter().enumerate() {
        let comma = if index + 1 == outcomes.len() { "" } else { "," };
        line.push(Word::new(format!("{} {word}", words::count(*count)).into(), *ink, comma));
    }
    wrap::write("", line, style, out)?;

    let rows: u64 = report.tables.iter().map(|it| it.rows).sum();
    let read = format!("{} in {}", words::counted(rows, "row"), words::span(report.elapsed));
    if let Some(original) = &report.original {
        let (age, elapsed) = (words::span(original.age), words::span(original.elapsed));
        let text = format!("{read}, from the cache: checked {age} ago in {elapsed}");
        return wrap::write("", text.split(' '), style, out);
    }
    let rate = rows as f64 / report.elapsed.as_secs_f64();
    if !rate.is_normal() {
        return wrap::write("", [&*read], style, out);
    }
    let rate = format!("{} rows/s", words::count(rate as u64));
    let words = [Word::new(read.into(), Ink::Plain, ","), Word::from(&*rate)];
    wrap::write("", words, style, out)
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

const fn figure_ink(check: &CheckReport) -> Ink {
    match check.status {
        _ if check.violations == 0 => Ink::Dim,
        Status::Warn | Status::Fail => ink(check.status),
        Status::NotApplicable | Status::Pass | Status::Error => Ink::Plain,
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

    fn rendered(report: &Report, style: TerminalStyle) -> String {
        let mut out = Vec::new();
        render(report, style, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    fn plain(colored: &str) -> String {
        regex::Regex::new("\u{1b}\\[[0-9;]*m").unwrap().replace_all(colored, "").into_owned()
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
        assert_eq!(
            plain(&colored),
            rendered(&testing::report(), TerminalStyle { color: false, width: 100 })
        );
    }

    #[test]
    fn values_are_shown_where_the_report_has_them() {
        insta::assert_snapshot!(rendered(&testing::report_with_values(), TerminalStyle::default()));
    }

    #[test]
    fn no_line_is_wider_than_a_terminal_of_at_least_40_columns() {
        let reports = [
            testing::report(),
            Report { statistics: Some(testing::statistics()), ..testing::report() },
            testing::report_from_cache(),
            testing::report_with_values(),
        ];
        for (report, columns) in reports.iter().flat_map(|it| (40..140).map(move |at| (it, at))) {
            for color in [false, true] {
                let text = plain(&rendered(report, TerminalStyle { color, width: columns }));
                text.lines().for_each(|it| assert!(width(it) <= columns, "{columns}: {it}"));
            }
        }
    }

    #[test]
    fn no_line_of_the_table_is_wider_than_a_terminal_of_30_columns() {
        for columns in 30..40 {
            let style = TerminalStyle { color: false, width: columns };
            let text = rendered(&testing::report(), style);
            let table = text.lines().skip(2).take_while(|it| !it.is_empty());
            table.for_each(|line| assert!(width(line) <= columns, "{columns}: {line}"));
        }
    }

    #[test]
    fn a_report_fits_into_terminals_of_every_usual_width() {
        for columns in [40, 60, 80, 120] {
            let style = TerminalStyle { color: false, width: columns };
            insta::assert_snapshot!(
                format!("{columns}_columns"),
                rendered(&testing::report(), style)
            );
        }
    }

    #[test]
    fn an_earlier_verdict_says_how_old_it_is() {
        let text = rendered(&testing::report_from_cache(), TerminalStyle::default());
        let last = text.lines().last();
        let says = "1,255,000 rows in 2 ms, from the cache: checked 3 min 05 s ago in 1.25 s";
        assert_eq!(last, Some(says), "{text}");
    }

    #[test]
    fn a_report_without_checks_has_no_table() {
        let report = Report { rules: Vec::new(), notes: Vec::new(), ..testing::report() };
        insta::assert_snapshot!(rendered(&report, TerminalStyle::default()));
    }
}
