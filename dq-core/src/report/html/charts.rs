//! Charts: SVG in the page, whose figures stand beside them as text.

use std::collections::BTreeMap;

use maud::{Markup, html};

use crate::report::html::visible;
use crate::report::scores;
use crate::report::words::{self, OUTCOMES};
use crate::rules::Severity;
use crate::validate::{CheckReport, Report, RuleReport, Score};

/// How many bars a chart has at most; the rest is summed up in one more.
const BARS_MAX: usize = 10;

/// The circumference of the gauge, so that its dashes are lengths in percent.
const GAUGE_LENGTH: f64 = 100.0;

/// A bar of a chart.
struct Bar {
    label: String,
    violations: u64,
    /// The name of its colour.
    color: &'static str,
}

/// The score as a ring.
pub(super) fn gauge(score: &Score) -> Markup {
    let radius = GAUGE_LENGTH / std::f64::consts::TAU;
    let filled = score.score.unwrap_or_default();
    html! {
        figure.gauge data-grade=[score.grade] {
            svg viewBox="0 0 40 40" role="img" aria-label=(format!("quality score {}", words::score(score.score))) {
                circle.track cx="20" cy="20" r=(format!("{radius:.4}")) {}
                @if score.score.is_some() {
                    circle.fill cx="20" cy="20" r=(format!("{radius:.4}")) stroke-dasharray=(format!("{filled:.1} 100")) {}
                }
                text.letter x="20" y="20" { @if let Some(grade) = score.grade { (grade) } @else { "–" } }
                @if score.score.is_some() { text.score x="20" y="28" { (words::score(score.score)) } }
            }
            figcaption {
                @if score.score.is_some() { "quality" } @else { "no score: " (scores::reason(score)) }
            }
        }
    }
}

/// How the checks ended, as one bar.
pub(super) fn outcomes(report: &Report) -> Markup {
    let all = report.checks().count() as f64;
    let mut end = 0;
    let parts = OUTCOMES.map(|(status, _)| {
        let checks = words::ended(report, status);
        end += checks;
        (status, (end - checks) as f64 / all, checks as f64 / all)
    });
    html! {
        @if all > 0.0 {
            svg.stack aria-hidden="true" {
                @for (status, start, part) in parts.into_iter().filter(|it| it.2 > 0.0) {
                    rect data-status=(status.as_str()) x=(percent(start)) width=(percent(part)) height="100%" {}
                }
            }
        }
    }
}

/// A bar of so much of its track.
pub(super) fn bar(share: f64, color: &str) -> Markup {
    html! {
        svg.bar aria-hidden="true" {
            rect.track width="100%" height="100%" rx="3" {}
            @if share > 0.0 { rect.fill.(color) width=(percent(share)) height="100%" rx="3" {} }
        }
    }
}

/// Where the violations are. Those of severity `info` are none.
pub(super) fn violations(report: &Report) -> Markup {
    let mut found: Vec<_> = report.ranked().into_iter().filter(|(_, it)| counts(it)).collect();
    if found.is_empty() {
        return html! {};
    }
    found.sort_by_key(|(_, check)| std::cmp::Reverse(check.violations));
    html! {
        section.charts #violations {
            (chart("by-check", "Violations by check", by_check(&found)))
            (chart("by-severity", "Violations by severity", by_severity(&found)))
            (chart("by-table", "Violations by table", by_table(&found)))
        }
    }
}

fn counts(check: &CheckReport) -> bool {
    check.severity != Severity::Info && check.error.is_none() && check.violations > 0
}

fn by_check(found: &[(&RuleReport, &CheckReport)]) -> Vec<Bar> {
    let bars = found.iter().map(|(rule, check)| Bar {
        label: words::path(rule, check),
        violations: check.violations,
        color: check.severity.as_str(),
    });
    bars.collect()
}

fn by_severity(found: &[(&RuleReport, &CheckReport)]) -> Vec<Bar> {
    let sum = |severity: Severity| {
        found.iter().filter(|(_, it)| it.severity == severity).map(|(_, it)| it.violations).sum()
    };
    let counted = Severity::ALL.into_iter().rev().filter(|it| *it != Severity::Info);
    let bars =
        counted.map(|it| Bar { label: it.to_string(), violations: sum(it), color: it.as_str() });
    bars.collect()
}

fn by_table(found: &[(&RuleReport, &CheckReport)]) -> Vec<Bar> {
    let mut tables: BTreeMap<&str, u64> = BTreeMap::new();
    for (rule, check) in found {
        *tables.entry(rule.table_of(check)).or_default() += check.violations;
    }
    let bars = tables.into_iter().map(|(table, violations)| Bar {
        label: table.to_owned(),
        violations,
        color: "plain",
    });
    let mut bars: Vec<_> = bars.collect();
    bars.sort_by_key(|it| std::cmp::Reverse(it.violations));
    bars
}

fn chart(id: &str, title: &str, mut bars: Vec<Bar>) -> Markup {
    if bars.len() > BARS_MAX {
        let others = bars.split_off(BARS_MAX);
        bars.push(Bar {
            label: format!("{} more", others.len()),
            violations: others.iter().map(|it| it.violations).sum(),
            color: "others",
        });
    }
    let most = bars.iter().map(|it| it.violations).max().unwrap_or_default();
    html! {
        figure.card id=(id) {
            figcaption { h2 { (title) } }
            ol.bars {
                @for it in &bars {
                    li data-count=(it.violations) {
                        span.label title=(visible(&it.label)) { (visible(&it.label)) }
                        (bar(it.violations as f64 / most.max(1) as f64, it.color))
                        span.count { (words::count(it.violations)) }
                    }
                }
            }
        }
    }
}

fn percent(share: f64) -> String {
    format!("{:.2}%", share * 100.0)
}
