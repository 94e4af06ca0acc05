//! An earlier report, against which only new violations fail.
//!
//! Violations are compared by key where both reports show every failing key, and by their numbers
//! elsewhere. A check excuses only itself: one that the earlier report does not have, that has another
//! definition now, or that could not run then, has nothing but new violations.

use std::collections::HashMap;
use std::path::Path;

use serde_json::{Map, Value};

use crate::error::{Error, ErrorKind, Result};
use crate::rules::{RuleSet, Severity};
use crate::validate::{CheckReport, FORMAT, FailingRow, Report, Status};

/// An earlier report, to compare with.
#[derive(Clone, Debug)]
pub struct Baseline {
    file: String,
    as_of: String,
    checks: Vec<EarlierCheck>,
    /// Whether it shows the rows that its run could show: a verdict that was kept without them does not.
    has_samples: bool,
}

/// What a report says about its baseline.
#[derive(Clone, Debug, PartialEq, serde::Deserialize, serde::Serialize)]
pub struct BaselineReport {
    /// The file of the earlier report.
    pub file: String,
    /// "Today" of the earlier run.
    pub as_of: String,
    /// How many violations are new, over all checks.
    pub new: u64,
    /// How many violations are gone.
    pub fixed: u64,
    /// How many violations were there before.
    pub unchanged: u64,
    /// The checks of the earlier report that the rule set no longer has, as `rule/check`.
    pub gone: Vec<String>,
}

/// How the violations of a check compare with those of the baseline.
#[derive(Clone, Copy, Debug, Eq, PartialEq, serde::Deserialize, serde::Serialize)]
pub struct Comparison {
    /// How many are new.
    pub new: u64,
    /// How many are gone.
    pub fixed: u64,
    /// How many were there before.
    pub unchanged: u64,
    /// By what they were compared.
    pub compared: Compared,
}

/// By what violations were compared.
#[derive(Clone, Copy, Debug, Eq, PartialEq, serde::Deserialize, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Compared {
    /// By the keys of all failing rows.
    Keys,
    /// By their numbers: a report does not show all keys, or rows have no keys but their numbers.
    Counts,
    /// With nothing: the earlier report does not have the check.
    Added,
    /// With nothing: the check had another definition.
    Changed,
    /// With nothing: the check could not run then.
    Failed,
}

/// What is read of an earlier report; the rest of it does not matter here.
#[derive(serde::Deserialize)]
struct EarlierReport {
    as_of: String,
    rules: Vec<EarlierRule>,
    original: Option<EarlierOriginal>,
}

#[derive(serde::Deserialize)]
struct EarlierOriginal {
    has_samples: bool,
}

#[derive(serde::Deserialize)]
struct EarlierRule {
    id: String,
    checks: Vec<EarlierCheck>,
}

#[derive(Clone, Debug, serde::Deserialize)]
struct EarlierCheck {
    #[serde(skip)]
    rule: String,
    id: String,
    status: Status,
    violations: u64,
    sample: Vec<EarlierRow>,
    definition: String,
}

#[derive(Clone, Debug, serde::Deserialize)]
struct EarlierRow {
    key: Map<String, Value>,
}

impl Baseline {
    /// Reads the JSON report in the file at `path`.
    ///
    /// # Errors
    ///
    /// `UsageInvalid` if the file cannot be read, is no JSON report of dq, or is one of another version.
    pub fn read(path: &Path) -> Result<Self> {
        let file = path.display().to_string();
        let text = std::fs::read(path).map_err(|error| invalid(&file, &error.to_string()))?;
        Self::parse(&file, &text)
    }

    /// Reads the JSON report in `text`; messages call it `file`.
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read).
    pub fn parse(file: &str, text: &[u8]) -> Result<Self> {
        // Nothing of what serde says but the place: its words repeat values of the report.
        let wrong = |error: serde_json::Error| {
            let place = format!("line {}, column {}", error.line(), error.column());
            let reason =
                format!("it is no JSON report of dq ({place}); `--report FILE.json` writes one");
            invalid(file, &reason)
        };
        let format: Versioned = serde_json::from_slice(text).map_err(wrong)?;
        if format.format != u64::from(FORMAT) {
            let found = format.format;
            return Err(invalid(
                file,
                &format!("its format is {found}, and this dq reads {FORMAT}"),
            ));
        }
        let report: EarlierReport = serde_json::from_slice(text).map_err(wrong)?;
        let checks = report.rules.into_iter().flat_map(|rule| {
            let id = rule.id;
            rule.checks.into_iter().map(move |it| EarlierCheck { rule: id.clone(), ..it })
        });
        let has_samples = report.original.is_none_or(|it| it.has_samples);
        let (file, checks) = (file.to_owned(), checks.collect());
        Ok(Self { file, as_of: report.as_of, checks, has_samples })
    }

    /// Makes sure that there is something to compare: that at least one check of `rules` is in the
    /// baseline with the same definition.
    ///
    /// # Errors
    ///
    /// `UsageInvalid` if it is the report of another rule set.
    pub fn fits(&self, rules: &RuleSet) -> Result<()> {
        let known = self.by_name();
        let mut names = rules.rules().iter().flat_map(|rule| {
            rule.checks.iter().map(|it| (rule.id.as_str(), it.id.as_str(), it.definition.as_str()))
        });
        let is_known = |(rule, check, definition): (&str, &str, &str)| {
            known.get(&(rule, check)).is_some_and(|it| it.definition == definition)
        };
        if names.any(is_known) {
            return Ok(());
        }
        let message = format!(
            "cannot compare with the baseline `{}`: it is of another rule set, and has none of the checks of `{}`",
            self.file,
            rules.file()
        );
        Err(Error::new(ErrorKind::UsageInvalid, message))
    }

    /// Compares every check of `report`, which `rules` made, and lets those that failed without any
    /// new violation warn instead. Notes it where the baseline is a verdict that was kept without rows, and
    /// therefore only numbers could be compared.
    pub fn apply(&self, report: &mut Report, rules: &RuleSet) {
        let known = self.by_name();
        let mut sum = BaselineReport {
            file: self.file.clone(),
            as_of: self.as_of.clone(),
            new: 0,
            fixed: 0,
            unchanged: 0,
            gone: self.gone(report, rules),
        };
        for rule in &mut report.rules {
            for check in &mut rule.checks {
                let compared =
                    compare(check, known.get(&(rule.id.as_str(), check.id.as_str())).copied());
                excuse(check, compared, &mut sum);
            }
            rule.status = rule.checks.iter().map(|it| it.status).max().unwrap_or(rule.status);
        }
        report.status = report.rules.iter().map(|it| it.status).max().unwrap_or(report.status);
        report.baseline = Some(sum);
        let by_counts = |it: &CheckReport| {
            it.violations > 0 && it.baseline.is_some_and(|it| it.compared == Compared::Counts)
        };
        if !self.has_samples && report.checks().any(by_counts) {
            report.notes.push(format!(
                "the baseline `{}` is a verdict of an earlier run that was kept without rows, so violations are \
                 compared by their numbers; a run without the cache makes one with rows",
                self.file
            ));
        }
    }

    fn by_name(&self) -> HashMap<(&str, &str), &EarlierCheck> {
        self.checks.iter().map(|it| ((it.rule.as_str(), it.id.as_str()), it)).collect()
    }

    /// The checks that the rule set no longer has; those that were left out of the run are still in it.
    fn gone(&self, report: &Report, rules: &RuleSet) -> Vec<String> {
        let ran = |earlier: &EarlierCheck| {
            let mut checks =
                report.rules.iter().filter(|it| it.id == earlier.rule).flat_map(|it| &it.checks);
            checks.any(|it| it.id == earlier.id)
        };
        let gone =
            self.checks.iter().filter(|it| !ran(it) && !rules.has_left_out(&it.rule, &it.id));
        gone.map(|it| format!("{}/{}", it.rule, it.id)).collect()
    }
}

#[derive(serde::Deserialize)]
struct Versioned {
    format: u64,
}

fn invalid(file: &str, reason: &str) -> Error {
    Error::new(ErrorKind::UsageInvalid, format!("cannot read the baseline `{file}`: {reason}"))
}

/// Notes the comparison, and takes the failure from a check without new violations.
fn excuse(check: &mut CheckReport, compared: Comparison, sum: &mut BaselineReport) {
    if check.status == Status::Error {
        return;
    }
    if check.severity != Severity::Info {
        sum.new += compared.new;
        sum.fixed += compared.fixed;
        sum.unchanged += compared.unchanged;
    }
    if check.status == Status::Fail && compared.new == 0 {
        check.status = Status::Warn;
    }
    check.baseline = Some(compared);
}

fn compare(check: &CheckReport, earlier: Option<&EarlierCheck>) -> Comparison {
    let unknown = |compared| Comparison { new: check.violations, fixed: 0, unchanged: 0, compared };
    let Some(earlier) = earlier else { return unknown(Compared::Added) };
    if earlier.definition != check.definition {
        return unknown(Compared::Changed);
    }
    if earlier.status == Status::Error {
        return unknown(Compared::Failed);
    }
    let unchanged = by_keys(check, earlier);
    Comparison {
        compared: if unchanged.is_some() { Compared::Keys } else { Compared::Counts },
        ..split(check.violations, earlier.violations, unchanged)
    }
}

/// By counts, as many violations as can be are the same.
fn split(now: u64, then: u64, unchanged: Option<u64>) -> Comparison {
    let unchanged = unchanged.unwrap_or(now.min(then));
    Comparison {
        new: now - unchanged,
        fixed: then - unchanged,
        unchanged,
        compared: Compared::Counts,
    }
}

/// How many violations both have, by their keys; `None` where keys do not tell.
fn by_keys(check: &CheckReport, earlier: &EarlierCheck) -> Option<u64> {
    let then: Vec<_> = earlier.sample.iter().map(|it| &it.key).collect();
    let now: Vec<_> = check.sample.iter().map(|FailingRow { key, .. }| key).collect();
    let all_shown = then.len() as u64 == earlier.violations && now.len() as u64 == check.violations;
    // The number of a row says little: whoever inserts a row moves all that follow.
    let named = |key: &&Map<String, Value>| !(key.len() == 1 && key.contains_key("row"));
    if !all_shown || !then.iter().chain(&now).all(named) {
        return None;
    }
    let mut left: HashMap<String, u64> = HashMap::new();
    for key in then {
        *left.entry(Value::from(key.clone()).to_string()).or_default() += 1;
    }
    let mut unchanged = 0;
    for key in now {
        if let Some(count) =
            left.get_mut(&Value::from(key.clone()).to_string()).filter(|it| **it > 0)
        {
            *count -= 1;
            unchanged += 1;
        }
    }
    Some(unchanged)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::validate::testing;
    use serde_json::json;

    fn earlier(violations: u64, keys: &[Value]) -> EarlierCheck {
        let row = |key: &Value| EarlierRow { key: key.as_object().unwrap().clone() };
        EarlierCheck {
            rule: "r".to_owned(),
            id: "c".to_owned(),
            status: Status::Fail,
            violations,
            sample: keys.iter().map(row).collect(),
            definition: testing::check("c", Status::Fail).definition,
        }
    }

    fn now(violations: u64, keys: &[Value]) -> CheckReport {
        let row = |key: &Value| FailingRow { key: key.as_object().unwrap().clone(), values: None };
        let sample = keys.iter().map(row).collect();
        CheckReport { violations, sample, ..testing::check("c", Status::Fail) }
    }

    fn figures(it: Comparison) -> (u64, u64, u64, Compared) {
        (it.new, it.fixed, it.unchanged, it.compared)
    }

    #[test]
    fn keys_tell_which_violations_are_new() {
        let key = |it: u64| json!({ "id": it });
        let then = earlier(3, &[key(1), key(2), key(3)]);
        let found = compare(&now(3, &[key(2), key(3), key(4)]), Some(&then));
        assert_eq!(figures(found), (1, 1, 2, Compared::Keys));
        let found = compare(&now(0, &[]), Some(&then));
        assert_eq!(figures(found), (0, 3, 0, Compared::Keys));
    }

    #[test]
    fn a_key_that_is_there_twice_counts_twice() {
        let key = json!({ "id": null });
        let then = earlier(1, std::slice::from_ref(&key));
        let found = compare(&now(2, &[key.clone(), key]), Some(&then));
        assert_eq!(figures(found), (1, 0, 1, Compared::Keys));
    }

    #[test]
    fn counts_tell_where_keys_are_missing_or_mean_nothing() {
        let key = |it: u64| json!({ "id": it });
        let row = |it: u64| json!({ "row": it });
        let counts = |it: Comparison| figures(it);
        let found = compare(&now(12, &[key(1)]), Some(&earlier(10, &[key(2)])));
        assert_eq!(counts(found), (2, 0, 10, Compared::Counts));
        let found = compare(&now(1, &[row(7)]), Some(&earlier(2, &[row(8), row(9)])));
        assert_eq!(counts(found), (0, 1, 1, Compared::Counts));
        let found = compare(&now(1, &[]), Some(&earlier(1, &[])));
        assert_eq!(counts(found), (0, 0, 1, Compared::Counts));
    }

    #[test]
    fn a_check_that_the_baseline_cannot_judge_has_only_new_violations() {
        let all_new = |compared| (5, 0, 0, compared);
        assert_eq!(figures(compare(&now(5, &[]), None)), all_new(Compared::Added));
        let other = EarlierCheck { definition: "other".to_owned(), ..earlier(5, &[]) };
        assert_eq!(figures(compare(&now(5, &[]), Some(&other))), all_new(Compared::Changed));
        let failed = EarlierCheck { status: Status::Error, ..earlier(0, &[]) };
        assert_eq!(figures(compare(&now(5, &[]), Some(&failed))), all_new(Compared::Failed));
    }

    #[test]
    fn what_is_no_report_is_refused_without_repeating_it() {
        let message =
            |text: &str| Baseline::parse("old.json", text.as_bytes()).unwrap_err().to_string();
        let hint = "`--report FILE.json` writes one";
        assert_eq!(
            message("secret"),
            format!(
                "cannot read the baseline `old.json`: it is no JSON report of dq (line 1, column 1); {hint}"
            )
        );
        assert_eq!(
            message(r#"{"format": 1, "as_of": 1, "rules": "secret"}"#),
            format!(
                "cannot read the baseline `old.json`: it is no JSON report of dq (line 1, column 24); {hint}"
            )
        );
        assert_eq!(
            message(r#"{"format": 2}"#),
            "cannot read the baseline `old.json`: its format is 2, and this dq reads 1"
        );
    }
}
