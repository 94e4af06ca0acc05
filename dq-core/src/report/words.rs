//! The words and figures that every form of the report for people has in common.

use std::fmt::Write;
use std::time::Duration;

use serde_json::Value;

use crate::report::text::{cut, visible};
use crate::validate::{CheckReport, Compared, FailingRow, Report, RuleReport, Status};

/// No key is printed wider than this.
const KEY_WIDTH_MAX: usize = 80;

/// How checks ended, in the order and the words of summaries.
pub(crate) const OUTCOMES: [(Status, &str); 5] = [
    (Status::Pass, "passed"),
    (Status::Warn, "warned"),
    (Status::Fail, "failed"),
    (Status::Error, "could not run"),
    (Status::NotApplicable, "not applicable"),
];

/// The sign of how something ended.
pub(crate) const fn sign(status: Status) -> &'static str {
    match status {
        Status::NotApplicable => "·",
        Status::Pass => "✓",
        Status::Warn => "!",
        Status::Fail => "✗",
        Status::Error => "⊘",
    }
}

/// The word that is shown for it.
pub(crate) const fn word(status: Status) -> &'static str {
    match status {
        Status::NotApplicable => "n/a",
        other => other.as_str(),
    }
}

/// `1234567` as `1,234,567`.
pub(crate) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// So many things, with the plural's s where one is due: `1,000 rows`.
pub fn counted(number: u64, noun: &str) -> String {
    format!("{} {noun}{}", count(number), if number == 1 { "" } else { "s" })
}

/// The share of violations in percent; none where there is nothing to be a share of.
pub(crate) fn share(check: &CheckReport) -> Option<String> {
    let has_share = check.evaluated > 0 && check.check != "row_count" && check.measured.is_none();
    has_share.then(|| percent(check.violations, check.evaluated))
}

/// A share in percent. It reads as nothing only if there are none and as everything only if there are no
/// others.
pub(crate) fn percent(part: u64, whole: u64) -> String {
    let (part, whole) = (u128::from(part), u128::from(whole));
    let tenths = (part * 1000 + whole / 2) / whole.max(1);
    match tenths {
        _ if part == 0 => "0%".to_owned(),
        _ if part == whole => "100%".to_owned(),
        0 => "<0.1%".to_owned(),
        1000 if part < whole => ">99.9%".to_owned(),
        _ => format!("{}.{}%", tenths / 10, tenths % 10),
    }
}

/// A span of time as a person says it.
pub(crate) fn span(elapsed: Duration) -> String {
    match elapsed.as_secs() {
        0 => format!("{} ms", elapsed.as_millis()),
        1..60 => format!("{:.2} s", elapsed.as_secs_f64()),
        seconds => format!("{} min {:02} s", seconds / 60, seconds % 60),
    }
}

/// What a check is about: `unique(npi_number)`.
pub(crate) fn subject(check: &CheckReport) -> String {
    let columns = visible(&check.columns.join(", ")).into_owned();
    if columns.is_empty() { check.check.to_owned() } else { format!("{}({columns})", check.check) }
}

/// What a check found, in one sentence without a dot: `12 of 5,000 rows (0.2%) in 6 groups`.
pub(crate) fn finding(check: &CheckReport) -> String {
    if let Some(error) = &check.error {
        return format!("could not run: {}", visible(error));
    }
    if check.status == Status::NotApplicable {
        return "nothing in scope".to_owned();
    }
    if let Some(observed) = &check.observed {
        return format!("found {}", visible(observed));
    }
    let mut text = format!("{} of {}", count(check.violations), counted(check.evaluated, "row"));
    if let Some(share) = share(check) {
        let _ = write!(text, " ({share})");
    }
    if let Some(groups) = check.groups {
        let _ = write!(text, " in {}", counted(groups, "group"));
    }
    text
}

/// The full name of a check: `rule/check`.
pub(crate) fn path(rule: &RuleReport, check: &CheckReport) -> String {
    format!("{}/{}", rule.id, check.id)
}

/// How many checks of the report ended so.
pub(crate) fn ended(report: &Report, status: Status) -> u64 {
    report.checks().filter(|it| it.status == status).count() as u64
}

/// How the checks ended: `8 checks: 5 passed, 3 failed`.
pub(crate) fn outcomes(report: &Report) -> String {
    let ended = OUTCOMES.map(|(status, word)| (ended(report, status), word));
    let ended: Vec<_> = ended
        .into_iter()
        .filter(|(number, _)| *number > 0)
        .map(|(number, word)| format!("{} {word}", count(number)))
        .collect();
    let checks = counted(report.checks().count() as u64, "check");
    if ended.is_empty() { checks } else { format!("{checks}: {}", ended.join(", ")) }
}

/// How the violations compare with the baseline: `2 new, 3 fixed, 10 unchanged`.
pub(crate) fn comparison(check: &CheckReport) -> Option<String> {
    let it = check.baseline?;
    let reason = match it.compared {
        Compared::Keys => "",
        Compared::Counts => " (by count)",
        Compared::Added => " (the baseline does not have this check)",
        Compared::Changed => " (the check has changed since the baseline)",
        Compared::Failed => " (the check could not run for the baseline)",
    };
    Some(format!("{}{reason}", changes(it.new, it.fixed, it.unchanged)))
}

/// `2 new, 3 fixed, 10 unchanged`.
pub(crate) fn changes(new: u64, fixed: u64, unchanged: u64) -> String {
    format!("{} new, {} fixed, {} unchanged", count(new), count(fixed), count(unchanged))
}

/// A score: `97.3`.
pub(crate) fn score(score: Option<f64>) -> String {
    score.map_or_else(|| "–".to_owned(), |it| format!("{it:.1}"))
}

/// What [`keys`] are: `rows` by number where the table has no key.
pub(crate) fn keys_label(check: &CheckReport) -> &'static str {
    if check.sample.iter().all(|it| row_number(it).is_some()) { "rows" } else { "keys" }
}

/// The keys of the failing rows that the report shows, and how many more there are.
pub(crate) fn keys(check: &CheckReport) -> Vec<String> {
    let mut keys: Vec<_> = check.sample.iter().map(key).collect();
    if check.truncated {
        let more = check.failing_rows().saturating_sub(keys.len() as u64);
        keys.push(if more > 0 {
            format!("… and {} more", count(more))
        } else {
            "…".to_owned()
        });
    }
    let last = keys.len().saturating_sub(1);
    keys.iter_mut().take(last).for_each(|it| it.push(','));
    keys
}

/// The key of a row: `P1`, `(P1, F2)`, or its number where the table has no key.
pub(crate) fn key(row: &FailingRow) -> String {
    let values: Vec<_> = row.key.values().map(value).collect();
    let text = match values.as_slice() {
        [value] => value.clone(),
        values => format!("({})", values.join(", ")),
    };
    cut(&text, KEY_WIDTH_MAX)
}

fn row_number(row: &FailingRow) -> Option<u64> {
    row.key.get("row").filter(|_| row.key.len() == 1).and_then(Value::as_u64)
}

/// The values of a failing row: `zip: 123, city: NULL`.
pub(crate) fn values(row: &FailingRow) -> Option<String> {
    let values = row.values.as_ref()?.iter();
    let values: Vec<_> =
        values.map(|(name, it)| format!("{}: {}", visible(name), value(it))).collect();
    Some(values.join(", "))
}

/// A value of a row; quoted where its end or its kind would not be plain otherwise.
pub(crate) fn value(value: &Value) -> String {
    match value {
        Value::Null => "NULL".to_owned(),
        Value::String(text) => {
            let plain = !text.is_empty() && text.trim() == text && text != "NULL";
            if plain && !text.contains([',', '"', '(', ')']) {
                visible(text).into_owned()
            } else {
                format!("\"{}\"", visible(&text.replace('"', "\"\"")))
            }
        }
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::testing;
    use crate::validate::Measured;

    fn share_of(violations: u64, evaluated: u64) -> Option<String> {
        share(&CheckReport { evaluated, violations, ..testing::check("c", Status::Fail) })
    }

    #[test]
    fn thousands_are_separated() {
        let texts = [0, 999, 1000, 12_345, 123_456, 1_234_567].map(count);
        assert_eq!(texts, ["0", "999", "1,000", "12,345", "123,456", "1,234,567"]);
    }

    #[test]
    fn a_share_is_nothing_or_everything_only_if_it_is_so() {
        assert_eq!(share_of(0, 10).as_deref(), Some("0%"));
        assert_eq!(share_of(1, 10_000_000).as_deref(), Some("<0.1%"));
        assert_eq!(share_of(1, 1000).as_deref(), Some("0.1%"));
        assert_eq!(share_of(1, 3).as_deref(), Some("33.3%"));
        assert_eq!(share_of(9_999_999, 10_000_000).as_deref(), Some(">99.9%"));
        assert_eq!(share_of(10, 10).as_deref(), Some("100%"));
        assert_eq!(share_of(0, 0), None);
        assert_eq!(share_of(u64::MAX, u64::MAX).as_deref(), Some("100%"));
    }

    #[test]
    fn keys_say_how_many_more_there_are() {
        let mut check = testing::check("c", Status::Fail);
        check.sample =
            vec![testing::row(&[("id", "a".into())]), testing::row(&[("id", "b".into())])];
        check.violations = 1002;
        assert_eq!(keys(&check).join(" "), "a, b");
        check.truncated = true;
        assert_eq!(keys(&check).join(" "), "a, b, … and 1,000 more");
        let (value, min, max) = (Some(5.into()), None, Some(4.into()));
        check.measured = Some(Measured { value, min, max, out_of_bounds: true });
        assert_eq!(keys(&check).join(" "), "a, b, … and 999 more", "a figure is no row");
    }

    #[test]
    fn rows_without_a_key_have_numbers() {
        let row = |key| CheckReport {
            sample: vec![testing::row(&[key])],
            ..testing::check("c", Status::Fail)
        };
        assert_eq!(keys_label(&row(("row", 7.into()))), "rows");
        assert_eq!(keys_label(&row(("row", "seven".into()))), "keys");
        assert_eq!(keys_label(&row(("id", 7.into()))), "keys");
    }

    #[test]
    fn keys_are_told_apart_from_their_surroundings() {
        assert_eq!(key(&testing::row(&[("id", 7.into())])), "7");
        assert_eq!(key(&testing::row(&[("a", "P1".into()), ("b", Value::Null)])), "(P1, NULL)");
        assert_eq!(key(&testing::row(&[("id", "NULL".into())])), "\"NULL\"");
        assert_eq!(key(&testing::row(&[("id", "".into())])), "\"\"");
        assert_eq!(key(&testing::row(&[("id", "a, \"b\"".into())])), "\"a, \"\"b\"\"\"");
        assert_eq!(key(&testing::row(&[("id", "x".repeat(500).into())])).chars().count(), 80);
    }

    #[test]
    fn nothing_in_a_key_reaches_the_terminal_as_a_command() {
        let evil = testing::row(&[("id", "\u{1b}[2J\u{9b}31m\r\n\u{202e}\u{200b}end".into())]);
        assert_eq!(key(&evil), r"\u{1b}[2J\u{9b}31m\r\n\u{202e}\u{200b}end");
    }

    #[test]
    fn spans_are_told_in_the_unit_that_fits() {
        let texts =
            [3, 999, 1500, 59_990, 60_000, 125_900].map(|it| span(Duration::from_millis(it)));
        assert_eq!(texts, ["3 ms", "999 ms", "1.50 s", "59.99 s", "1 min 00 s", "2 min 05 s"]);
    }
}
