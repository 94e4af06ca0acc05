//! How good the data are, in one number: a pure function of what the checks of a run found.
//!
//! ```text
//! check       1 − violations / evaluated; for a check of the table as a whole: 1 or 0
//! dimension   100 × Σ (weight × check) / Σ weight, over its checks; weight by severity:
//!             low 1, medium 2, high 3, critical 4
//! score       Σ (weight × dimension) / Σ weight, over the dimensions that have checks; weight:
//!             validity 30, completeness 25, consistency 20, uniqueness 15, timeliness 10
//! ```
//!
//! A table's score is that of the checks of its rules; the score of the run is that of all checks.
//! Tolerated violations count: a tolerance is about verdicts, not about the data. Checks of severity
//! `info` and checks with nothing in scope do not count. Where a check could not run, neither its
//! dimension nor anything that rests on it has a score, for nobody knows what it would have found.
//! Scores are cut to one decimal place, not rounded: 100 means no violation at all.

use std::fmt;

use crate::rules::{Dimension, Severity};
use crate::validate::{CheckReport, RuleReport, Status};

/// How good the data of a run are, by the checks that it made.
#[derive(Clone, Debug, PartialEq, serde::Deserialize, serde::Serialize)]
pub struct Quality {
    /// Over all tables.
    #[serde(flatten)]
    pub overall: Score,
    /// By table, in the order of the rule set.
    pub tables: Vec<TableQuality>,
}

/// How good the data of a table are.
#[derive(Clone, Debug, PartialEq, serde::Deserialize, serde::Serialize)]
pub struct TableQuality {
    /// The table.
    pub table: String,
    /// Its score.
    #[serde(flatten)]
    pub quality: Score,
}

/// A score, and what it is made of.
#[derive(Clone, Debug, PartialEq, serde::Deserialize, serde::Serialize)]
pub struct Score {
    /// From 0 to 100, cut to one decimal place. `None` if a check could not run, or if no check had
    /// anything in scope.
    pub score: Option<f64>,
    /// What the score is worth.
    pub grade: Option<Grade>,
    /// The dimensions that have checks.
    pub dimensions: Vec<DimensionScore>,
}

/// The score of one dimension.
#[derive(Clone, Debug, PartialEq, serde::Deserialize, serde::Serialize)]
pub struct DimensionScore {
    /// The dimension.
    pub dimension: Dimension,
    /// As [`Score::score`].
    pub score: Option<f64>,
    /// What the score is worth.
    pub grade: Option<Grade>,
    /// How many checks the score rests on.
    pub checks: usize,
    /// How many checks could not run.
    pub errors: usize,
}

/// What a score is worth.
#[derive(
    Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd, serde::Deserialize, serde::Serialize,
)]
pub enum Grade {
    /// 95 or more.
    A,
    /// 85 or more.
    B,
    /// 75 or more.
    C,
    /// 65 or more.
    D,
    /// Less than 65.
    F,
}

/// Kinds of checks that judge a table as a whole, so that there are no rows to have a share of.
const OF_WHOLE_TABLES: [&str; 9] = [
    "row_count",
    "freshness",
    "completeness",
    "distinct_count",
    "mean",
    "min",
    "max",
    "sum",
    "quantile",
];

impl Quality {
    /// The quality by what these rules found.
    pub fn of(rules: &[RuleReport]) -> Self {
        let of_rule = |rule| move |check| (RuleReport::table_of(rule, check), check);
        let checks: Vec<(&str, &CheckReport)> =
            rules.iter().flat_map(|it| it.checks.iter().map(of_rule(it))).collect();
        let mut tables: Vec<&str> = Vec::new();
        for (table, _) in &checks {
            if !tables.contains(table) {
                tables.push(table);
            }
        }
        let of_table = |table: &str| {
            Score::of(checks.iter().filter(|it| it.0 == table).map(|(_, check)| *check))
        };
        let table = |it: &str| TableQuality { table: it.to_owned(), quality: of_table(it) };
        Self {
            overall: Score::of(rules.iter().flat_map(|it| &it.checks)),
            tables: tables.into_iter().map(table).collect(),
        }
    }
}

impl Score {
    /// The score by what these checks found.
    pub fn of<'a>(checks: impl Iterator<Item = &'a CheckReport>) -> Self {
        let checks: Vec<_> = checks.filter(|it| it.severity != Severity::Info).collect();
        let exact = Dimension::ALL.map(|it| (it, Exact::of(&checks, it)));
        let scored =
            exact.iter().filter_map(|(dimension, it)| Some((weight(*dimension), it.score?)));
        let whole = !exact.iter().any(|(_, it)| it.errors > 0);
        let score = mean(scored).filter(|_| whole).map(cut);
        let dimensions = exact.into_iter().filter(|(_, it)| it.checks + it.errors > 0);
        let dimensions = dimensions.map(|(dimension, it)| it.named(dimension)).collect();
        Self { score, grade: score.map(Grade::of), dimensions }
    }

    /// How many checks could not run, so that there is no score.
    pub fn errors(&self) -> usize {
        self.dimensions.iter().map(|it| it.errors).sum()
    }
}

impl Grade {
    /// The grade of a score.
    pub fn of(score: f64) -> Self {
        match score {
            95.0.. => Self::A,
            85.0.. => Self::B,
            75.0.. => Self::C,
            65.0.. => Self::D,
            _ => Self::F,
        }
    }

    /// The letter.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::A => "A",
            Self::B => "B",
            Self::C => "C",
            Self::D => "D",
            Self::F => "F",
        }
    }
}

impl fmt::Display for Grade {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// The score of a dimension before it is cut.
struct Exact {
    score: Option<f64>,
    checks: usize,
    errors: usize,
}

impl Exact {
    fn of(checks: &[&CheckReport], dimension: Dimension) -> Self {
        let checks = || checks.iter().filter(|it| it.dimension == dimension);
        let errors = checks().filter(|it| it.status == Status::Error).count();
        let parts = checks().filter_map(|it| Some((severity_weight(it.severity), good_share(it)?)));
        let parts: Vec<_> = parts.collect();
        let score = mean(parts.iter().copied()).filter(|_| errors == 0).map(|it| it * 100.0);
        Self { score, checks: parts.len(), errors }
    }

    fn named(self, dimension: Dimension) -> DimensionScore {
        let score = self.score.map(cut);
        let grade = score.map(Grade::of);
        DimensionScore { dimension, score, grade, checks: self.checks, errors: self.errors }
    }
}

/// The share of what was in scope that does not violate the check.
fn good_share(check: &CheckReport) -> Option<f64> {
    match check.status {
        Status::NotApplicable | Status::Error => None,
        _ if OF_WHOLE_TABLES.contains(&check.check) => {
            Some(if check.violations == 0 { 1.0 } else { 0.0 })
        }
        _ => check.share().map(|it| 1.0 - it.min(1.0)),
    }
}

const fn severity_weight(severity: Severity) -> f64 {
    match severity {
        Severity::Info => 0.0,
        Severity::Low => 1.0,
        Severity::Medium => 2.0,
        Severity::High => 3.0,
        Severity::Critical => 4.0,
    }
}

const fn weight(dimension: Dimension) -> f64 {
    match dimension {
        Dimension::Validity => 30.0,
        Dimension::Completeness => 25.0,
        Dimension::Consistency => 20.0,
        Dimension::Uniqueness => 15.0,
        Dimension::Timeliness => 10.0,
    }
}

/// The mean of (weight, value).
fn mean(parts: impl Iterator<Item = (f64, f64)>) -> Option<f64> {
    let (weights, sum) = parts.fold((0.0, 0.0), |(weights, sum), (weight, value)| {
        (weights + weight, sum + weight * value)
    });
    (weights > 0.0).then(|| sum / weights)
}

/// Cut to one decimal place, so that 100 is reached only by what is 100.
fn cut(score: f64) -> f64 {
    // What floating-point arithmetic has taken from a round number is given back first.
    (score.mul_add(10.0, 1e-9)).floor() / 10.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::validate::testing;

    fn check(dimension: Dimension, violations: u64, evaluated: u64) -> CheckReport {
        let status = if violations == 0 { Status::Pass } else { Status::Fail };
        CheckReport { dimension, evaluated, violations, ..testing::check("c", status) }
    }

    fn failed(dimension: Dimension) -> CheckReport {
        CheckReport { status: Status::Error, ..check(dimension, 0, 0) }
    }

    fn idle(dimension: Dimension) -> CheckReport {
        CheckReport { status: Status::NotApplicable, ..check(dimension, 0, 0) }
    }

    fn score(checks: &[CheckReport]) -> Option<f64> {
        Score::of(checks.iter()).score
    }

    #[test]
    fn a_score_is_the_share_of_good_rows() {
        assert_eq!(score(&[check(Dimension::Validity, 1, 4)]), Some(75.0));
        assert_eq!(score(&[check(Dimension::Validity, 4, 4)]), Some(0.0));
    }

    #[test]
    fn severe_checks_weigh_more() {
        let low = CheckReport { severity: Severity::Low, ..check(Dimension::Validity, 10, 10) };
        let critical =
            CheckReport { severity: Severity::Critical, ..check(Dimension::Validity, 0, 10) };
        assert_eq!(score(&[low.clone(), critical]), Some(80.0));
        let info = CheckReport { severity: Severity::Info, ..check(Dimension::Validity, 0, 10) };
        assert_eq!(score(&[low, info]), Some(0.0));
    }

    #[test]
    fn dimensions_weigh_as_documented_and_those_without_checks_nothing() {
        let all = Dimension::ALL.map(|it| check(it, 0, 10));
        for (position, expected) in [75.0, 70.0, 85.0, 80.0, 90.0].into_iter().enumerate() {
            let mut checks = all.clone();
            checks[position].violations = 10;
            assert_eq!(score(&checks), Some(expected), "{}", checks[position].dimension);
        }
        // 25 of 25 + 15.
        let two = [check(Dimension::Completeness, 0, 10), check(Dimension::Uniqueness, 10, 10)];
        assert_eq!(score(&two), Some(62.5));
    }

    #[test]
    fn only_what_is_perfect_has_100() {
        assert_eq!(score(&[check(Dimension::Validity, 1, 10_000_000)]), Some(99.9));
        let many = [(); 60].map(|()| check(Dimension::Validity, 0, 3));
        assert_eq!(score(&many), Some(100.0));
        assert_eq!(score(&[check(Dimension::Validity, 50_001, 1_000_000)]), Some(94.9));
        assert_eq!(score(&[check(Dimension::Validity, 50_000, 1_000_000)]), Some(95.0));
    }

    #[test]
    fn grades_begin_where_documented() {
        let grades = [100.0, 95.0, 94.9, 85.0, 84.9, 75.0, 74.9, 65.0, 64.9, 0.0].map(Grade::of);
        let letters: String = grades.map(Grade::as_str).concat();
        assert_eq!(letters, "AABBCCDDFF");
    }

    #[test]
    fn a_check_that_could_not_run_leaves_its_dimension_and_its_table_without_a_score() {
        let checks = [check(Dimension::Validity, 0, 4), failed(Dimension::Uniqueness)];
        let quality = Score::of(checks.iter());
        assert_eq!((quality.score, quality.grade, quality.errors()), (None, None, 1));
        let scores: Vec<_> =
            quality.dimensions.iter().map(|it| (it.score, it.checks, it.errors)).collect();
        assert_eq!(scores, [(Some(100.0), 1, 0), (None, 0, 1)]);
    }

    #[test]
    fn what_has_nothing_in_scope_does_not_count() {
        assert_eq!(
            score(&[check(Dimension::Validity, 1, 2), idle(Dimension::Uniqueness)]),
            Some(50.0)
        );
        assert_eq!(score(&[idle(Dimension::Validity)]), None);
        assert_eq!(score(&[]), None);
    }

    #[test]
    fn a_check_of_the_whole_table_holds_or_does_not() {
        let count = |violations, evaluated| CheckReport {
            check: "row_count",
            ..check(Dimension::Completeness, violations, evaluated)
        };
        assert_eq!(score(&[count(1, 1_000_000)]), Some(0.0));
        assert_eq!(score(&[count(1, 0)]), Some(0.0));
        assert_eq!(score(&[count(0, 1_000_000)]), Some(100.0));
    }

    #[test]
    fn each_table_has_a_score_and_all_have_one_together() {
        let rule = |id: &str, table: &str, checks| RuleReport {
            id: id.to_owned(),
            table: table.to_owned(),
            description: None,
            status: Status::Fail,
            checks,
        };
        let quality = Quality::of(&[
            rule("a", "people", vec![check(Dimension::Validity, 0, 4)]),
            rule("b", "places", vec![failed(Dimension::Validity)]),
            rule("c", "people", vec![check(Dimension::Validity, 4, 4)]),
        ]);
        let tables: Vec<_> =
            quality.tables.iter().map(|it| (it.table.as_str(), it.quality.score)).collect();
        assert_eq!(tables, [("people", Some(50.0)), ("places", None)]);
        assert_eq!(quality.overall.score, None);
    }
}
