//! Markdown as GitHub and its kin have it: a comment of a pull request.
//!
//! What matters most comes first, and the whole stays below [`LENGTH_MAX`], whatever the rules and the
//! data are: what does not fit is counted. Nothing in a text becomes markup, a link or a mention.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::io;

use crate::report::scores;
use crate::report::text::{shorten, visible};
use crate::report::words;
use crate::rules::Severity;
use crate::validate::{CheckReport, Report, RuleReport, Score, Status};

/// How many bytes the text has at most. GitHub takes comments of 65,536 characters.
const LENGTH_MAX: usize = 60_000;

/// Up to where findings go, so that there is room for where they were found.
const FINDINGS_END: usize = 35_000;
/// Up to where the quality of tables goes.
const QUALITY_END: usize = 40_000;
/// Up to where keys of failing rows go.
const KEYS_END: usize = 55_000;

/// No name is longer than this, in columns of a terminal.
const NAME_WIDTH_MAX: usize = 80;
/// No message is longer than this.
const MESSAGE_WIDTH_MAX: usize = 400;
/// How many keys of a check are shown.
const KEYS_MAX: usize = 20;

/// Writes `report` as Markdown.
pub(crate) fn render(report: &Report, out: &mut dyn io::Write) -> io::Result<()> {
    let (found, others): (Vec<_>, Vec<_>) =
        report.ranked().into_iter().partition(|(_, check)| is_finding(check));
    let mut page = head(report);
    findings(&mut page, report, &found);
    quality(&mut page, report);
    keys(&mut page, &found);
    rest(&mut page, report, &others);
    out.write_all(page.trim_end().as_bytes())?;
    out.write_all(b"\n")
}

const fn is_finding(check: &CheckReport) -> bool {
    matches!(check.status, Status::Warn | Status::Fail | Status::Error)
}

/// The verdict, and what it rests on.
fn head(report: &Report) -> String {
    let mut text =
        format!("## {} Data quality: {}\n\n", sign(report.status), verdict(report.status));
    let score = &report.quality.overall;
    let quality = match (score.score, score.grade) {
        (Some(_), Some(grade)) => format!("Quality **{} ({grade})**", words::score(score.score)),
        _ => format!("No score: {}", scores::reason(score)),
    };
    let rows: u64 = report.tables.iter().map(|it| it.rows).sum();
    let _ = writeln!(
        text,
        "{quality} · {} · {} · {} as of {}",
        words::outcomes(report),
        words::counted(rows, "row"),
        code(&report.source),
        prose(&report.as_of)
    );
    if let Some(baseline) = &report.baseline {
        let changes = words::changes(baseline.new, baseline.fixed, baseline.unchanged);
        let _ = writeln!(text, "\nAgainst {}: **{changes}**", code(&baseline.file));
    }
    text.push('\n');
    text
}

/// A table of the checks that did not pass, severest first.
fn findings(page: &mut String, report: &Report, found: &[(&RuleReport, &CheckReport)]) {
    if found.is_empty() {
        return;
    }
    let compared = report.baseline.is_some();
    let (names, rule) = if compared { (" new |", "---:|") } else { ("", "") };
    let head = format!(
        "| | severity | check | table | violations | share |{names}\n|---|---|---|---|---:|---:|{rule}\n"
    );
    let rows = found.iter().map(|(rule, check)| {
        let ran = check.error.is_none();
        let figure = |it: Option<String>| it.filter(|_| ran).unwrap_or_else(|| "–".to_owned());
        let mut row = format!(
            "| {} {} | {} | {} | {} | {} | {} |",
            sign(check.status),
            check.status.as_str(),
            check.severity,
            code(&words::path(rule, check)),
            code(rule.table_of(check)),
            figure(Some(words::count(check.violations))),
            figure(words::share(check)),
        );
        if compared {
            let _ = write!(row, " {} |", figure(check.baseline.map(|it| words::count(it.new))));
        }
        row.push('\n');
        row
    });
    append(page, &head, rows, FINDINGS_END, "check");
}

/// A table of the scores, a line for each table.
fn quality(page: &mut String, report: &Report) {
    let quality = &report.quality;
    let dimensions: Vec<_> = scores::dimensions(quality).collect();
    if dimensions.is_empty() {
        return;
    }
    let names: Vec<_> = dimensions.iter().map(|it| it.as_str()).collect();
    let names = names.join(" | ");
    let head =
        format!("| table | quality | {names} |\n|---|---:|{}\n", "---:|".repeat(dimensions.len()));
    let row = |name: String, score: &Score| {
        let grade = score.grade.map(|it| format!(" {it}")).unwrap_or_default();
        let mut row = format!("| {name} | {}{grade} |", words::score(score.score));
        for dimension in &dimensions {
            let found = score.dimensions.iter().find(|it| it.dimension == *dimension);
            let _ =
                write!(row, " {} |", found.map_or_else(String::new, |it| words::score(it.score)));
        }
        row + "\n"
    };
    let tables = quality.tables.iter().filter(|it| !it.quality.dimensions.is_empty());
    let rows: Vec<_> = tables.map(|it| row(code(&it.table), &it.quality)).collect();
    append(page, &head, rows.into_iter(), QUALITY_END, "table");
}

/// What was found where, folded.
fn keys(page: &mut String, found: &[(&RuleReport, &CheckReport)]) {
    if found.is_empty() {
        return;
    }
    let items = found.iter().map(|(rule, check)| item(rule, check));
    append(page, "<details><summary>What was found where</summary>\n\n", items, KEYS_END, "check");
    page.push_str("</details>\n\n");
}

fn item(rule: &RuleReport, check: &CheckReport) -> String {
    let finding = format!("{}: {}", words::subject(check), words::finding(check));
    let mut text = format!("- {} {}", code(&words::path(rule, check)), prose(&finding));
    let mut lines: Vec<String> = words::comparison(check).into_iter().collect();
    lines.extend(check.message.as_deref().map(prose));
    if !check.sample.is_empty() {
        let shown: Vec<_> =
            check.sample.iter().take(KEYS_MAX).map(|it| code(&words::key(it))).collect();
        let more = check.violations.saturating_sub(shown.len() as u64);
        let more =
            if more > 0 { format!(", … and {} more", words::count(more)) } else { String::new() };
        lines.push(format!("{}: {}{more}", words::keys_label(check), shown.join(", ")));
    }
    for line in lines {
        let _ = write!(text, "<br>{line}");
    }
    text + "\n"
}

/// The checks that passed or had nothing in scope, folded; and the notes.
fn rest(page: &mut String, report: &Report, others: &[(&RuleReport, &CheckReport)]) {
    if !others.is_empty() {
        let checks = words::counted(others.len() as u64, "check");
        let head = format!(
            "<details><summary>{checks} without findings</summary>\n\n| | check | table | rows | violations |\n|---|---|---|---:|---:|\n"
        );
        let rows = others.iter().map(|(rule, check)| {
            let informs = check.severity == Severity::Info && check.violations > 0;
            let sign = if informs { "ℹ️" } else { sign(check.status) };
            let (path, table) = (code(&words::path(rule, check)), code(rule.table_of(check)));
            let (rows, violations) =
                (words::count(check.evaluated), words::count(check.violations));
            format!("| {sign} | {path} | {table} | {rows} | {violations} |\n")
        });
        append(page, &head, rows, LENGTH_MAX - 2_000, "check");
        page.push_str("</details>\n\n");
    }
    let notes = report.notes.iter().map(|it| format!("> {}\n\n", prose(it)));
    append(page, "", notes, LENGTH_MAX - 200, "note");
}

/// Appends `head` and as many of the items as end before `end`, and says how many do not.
fn append(
    page: &mut String,
    head: &str,
    items: impl ExactSizeIterator<Item = String>,
    end: usize,
    noun: &str,
) {
    page.push_str(head);
    let mut left_out = items.len() as u64;
    for item in items {
        if page.len() + item.len() > end {
            break;
        }
        page.push_str(&item);
        left_out -= 1;
    }
    if left_out > 0 {
        let _ = write!(
            page,
            "\n… and {} that there is no room for here.\n",
            words::counted(left_out, &format!("more {noun}"))
        );
    }
    page.push('\n');
}

const fn sign(status: Status) -> &'static str {
    match status {
        Status::NotApplicable => "➖",
        Status::Pass => "✅",
        Status::Warn => "⚠️",
        Status::Fail => "❌",
        Status::Error => "🚫",
    }
}

const fn verdict(status: Status) -> &'static str {
    match status {
        Status::NotApplicable => "nothing was in scope",
        Status::Pass => "passed",
        Status::Warn => "passed with warnings",
        Status::Fail => "failed",
        Status::Error => "could not be checked completely",
    }
}

/// A name or a value as code, in which nothing is markup and nobody is mentioned.
fn code(text: &str) -> String {
    let text = bounded(text, NAME_WIDTH_MAX);
    let is_plain = !text.is_empty() && text.trim() == text && !text.contains(['`', '|']);
    if is_plain {
        return format!("`{text}`");
    }
    // Where backticks would not do, references to characters do.
    let character = |it: char| {
        if it.is_ascii_punctuation() || it == ' ' {
            Cow::Owned(format!("&#{};", u32::from(it)))
        } else {
            it.to_string().into()
        }
    };
    format!("<code>{}</code>", text.chars().map(character).collect::<String>())
}

/// A text in which nothing is markup, a link, a mention or the number of an issue.
fn prose(text: &str) -> String {
    let text = bounded(text, MESSAGE_WIDTH_MAX);
    let mut escaped = String::with_capacity(text.len() + 8);
    for character in text.chars() {
        if r"\`*_[]<>&|~$#".contains(character) {
            escaped.push('\\');
        }
        escaped.push(character);
        // Mentions, numbers of issues and addresses are looked for in what is left of the markup.
        if matches!(character, '@' | '#') {
            escaped.push_str("<!-- -->");
        }
    }
    escaped.replace("://", "\\://")
}

/// As much of the text as is shown; signs without a width count too.
fn bounded(text: &str, width_max: usize) -> String {
    let text: String = visible(text).chars().take(2 * MESSAGE_WIDTH_MAX).collect();
    shorten(&text, width_max)
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
    fn a_comment_tells_what_matters_first() {
        insta::assert_snapshot!(rendered(&testing::report()));
    }

    #[test]
    fn a_comparison_tells_what_is_new() {
        insta::assert_snapshot!(rendered(&testing::report_with_baseline()));
    }

    #[test]
    fn a_comment_is_never_longer_than_github_takes_and_says_what_is_missing() {
        let mut report = testing::report();
        let hostile = "|`@#<".repeat(100);
        for rule in &mut report.rules {
            for check in &mut rule.checks {
                check.id.clone_from(&hostile);
                check.message = Some(hostile.repeat(10));
                check.sample = vec![testing::row(&[(&hostile, hostile.as_str().into())]); 100];
            }
            rule.checks = rule.checks.iter().cycle().take(1000).cloned().collect();
        }
        report.notes = vec![hostile.repeat(10); 500];
        report.source.clone_from(&hostile);
        let text = rendered(&report);
        assert!(text.len() <= LENGTH_MAX, "{}", text.len());
        assert!(text.contains("more checks that there is no room for here."), "{text}");
        assert_eq!(text.matches("<details>").count(), text.matches("</details>").count());
    }

    #[test]
    fn nothing_in_a_text_is_markup() {
        assert_eq!(prose("a|b *c* <d> @e"), r"a\|b \*c\* \<d\> @<!-- -->e");
        assert_eq!(code("npi/luhn_1"), "`npi/luhn_1`");
        assert_eq!(code("a|b"), "<code>a&#124;b</code>");
        assert_eq!(code("`"), "<code>&#96;</code>");
        assert_eq!(code(""), "<code></code>");
    }
}
