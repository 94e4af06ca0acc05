//! The table of checks, and the filters above it: boxes whose state the style looks at.

use std::fmt::Write as _;

use maud::{Markup, html};

use crate::report::html::{breakable, visible};
use crate::report::words::{self, sign, word};
use crate::rules::{Dimension, Severity};
use crate::validate::{CheckReport, FailingRow, Report, RuleReport, Status};

/// From so many tables on there is no filter by table.
const TABLES_MAX: usize = 40;

const STATUSES: [Status; 5] =
    [Status::Fail, Status::Error, Status::Warn, Status::Pass, Status::NotApplicable];

/// What a filter can hide: the values of one attribute of the rows.
struct Filter {
    /// The attribute, without `data-`.
    attribute: &'static str,
    /// For each value: the value, what it is called, and how many checks have it.
    choices: Vec<(String, String, usize)>,
}

/// The style by which a box that is not ticked hides rows.
pub(super) fn filter_style(report: &Report) -> String {
    let mut style = String::new();
    for filter in filters(report) {
        for (value, ..) in &filter.choices {
            let attribute = filter.attribute;
            let _ = write!(
                style,
                "body:has(#f-{attribute}-{value}:not(:checked)) tr[data-{attribute}=\"{value}\"]{{display:none}}"
            );
        }
    }
    style
}

/// The filters and the table.
pub(super) fn section(report: &Report) -> Markup {
    let tables = tables(report);
    let compared = report.baseline.is_some();
    html! {
        section.card #checks {
            h2 { "Checks" }
            (filter_boxes(report))
            table.checks {
                thead {
                    tr {
                        th scope="col" { "status" }
                        th scope="col" { "severity" }
                        th scope="col" { "check" }
                        th scope="col" { "table" }
                        th.figure scope="col" { "rows" }
                        th.figure scope="col" { "violations" }
                        th.figure scope="col" { "share" }
                        @if compared { th.figure scope="col" { "new" } th.figure scope="col" { "fixed" } }
                    }
                }
                tbody {
                    @for (rule, check) in report.ranked() {
                        @let table = tables.iter().position(|it| *it == rule.table_of(check));
                        (row(rule, check, table.unwrap_or_default(), compared))
                    }
                }
            }
        }
    }
}

fn filters(report: &Report) -> Vec<Filter> {
    let count = |has: &dyn Fn(&RuleReport, &CheckReport) -> bool| {
        let checks =
            report.rules.iter().flat_map(|rule| rule.checks.iter().map(move |it| (rule, it)));
        checks.filter(|(rule, check)| has(rule, check)).count()
    };
    let statuses = STATUSES.map(|it| {
        (
            it.as_str().to_owned(),
            format!("{} {}", sign(it), word(it)),
            count(&|_, check| check.status == it),
        )
    });
    let severities = Severity::ALL
        .map(|it| (it.to_string(), it.to_string(), count(&|_, check| check.severity == it)));
    let dimensions = Dimension::ALL
        .map(|it| (it.to_string(), it.to_string(), count(&|_, check| check.dimension == it)));
    let tables = tables(report);
    let tables = tables.iter().enumerate().take_while(|_| tables.len() <= TABLES_MAX).map(
        |(position, table)| {
            (
                position.to_string(),
                visible(table).into_owned(),
                count(&|rule, check| rule.table_of(check) == *table),
            )
        },
    );
    let filters = [
        Filter { attribute: "status", choices: statuses.to_vec() },
        Filter { attribute: "severity", choices: severities.into_iter().rev().collect() },
        Filter { attribute: "dimension", choices: dimensions.to_vec() },
        Filter { attribute: "table", choices: tables.collect() },
    ];
    let mut filters = Vec::from(filters);
    for filter in &mut filters {
        filter.choices.retain(|(.., checks)| *checks > 0);
    }
    // What does not tell checks apart is no filter.
    filters.retain(|it| it.choices.len() > 1);
    filters
}

fn filter_boxes(report: &Report) -> Markup {
    html! {
        div.filters {
            @for filter in filters(report) {
                fieldset {
                    legend { (filter.attribute) }
                    @for (value, name, checks) in &filter.choices {
                        @let id = format!("f-{}-{value}", filter.attribute);
                        input type="checkbox" id=(id) checked;
                        label for=(id) { (name) " " span.count { (checks) } }
                    }
                }
            }
        }
    }
}

/// The tables, each once, in the order of the rule set.
fn tables(report: &Report) -> Vec<&str> {
    report.quality.tables.iter().map(|it| it.table.as_str()).collect()
}

fn row(rule: &RuleReport, check: &CheckReport, table: usize, compared: bool) -> Markup {
    let ran = check.error.is_none();
    let figure = |it: Option<String>| it.filter(|_| ran).unwrap_or_else(|| "–".to_owned());
    html! {
        tr data-status=(check.status.as_str()) data-severity=(check.severity) data-dimension=(check.dimension)
            data-table=(table) data-evaluated=(check.evaluated) data-violations=(check.violations) {
            td.status { span.badge { (sign(check.status)) " " (word(check.status)) } }
            td.severity { span.severity.(check.severity.as_str()) { (check.severity) } }
            td.check { (description(rule, check)) }
            td.table { (breakable(rule.table_of(check))) }
            td.figure data-label="rows" { (figure(Some(words::count(check.evaluated)))) }
            td.figure.violations data-label="violations" {
                (figure(Some(words::count(check.violations))))
                @if let Some(groups) = check.groups.filter(|it| *it > 0) { small { "in " (words::counted(groups, "group")) } }
            }
            td.figure data-label="share" { (figure(words::share(check))) }
            @if compared {
                td.figure.new data-label="new" { (figure(check.baseline.map(|it| words::count(it.new)))) }
                td.figure data-label="fixed" { (figure(check.baseline.map(|it| words::count(it.fixed)))) }
            }
        }
    }
}

/// What a check is, and what it found where.
fn description(rule: &RuleReport, check: &CheckReport) -> Markup {
    html! {
        strong title=[rule.description.as_deref().map(visible)] { (breakable(&words::path(rule, check))) }
        span.subject { (words::subject(check)) " · " (check.dimension) }
        @if let Some(error) = &check.error { p.error { (visible(error)) } }
        @if let Some(observed) = &check.observed { p { "found " (visible(observed)) } }
        @if let Some(message) = &check.message { p { (visible(message)) } }
        @if let Some(comparison) = words::comparison(check) { p.comparison { (comparison) } }
        @if !check.sample.is_empty() { (sample(check)) }
    }
}

/// The failing rows that the report shows.
fn sample(check: &CheckReport) -> Markup {
    let shown = check.sample.len() as u64;
    let label = words::keys_label(check);
    html! {
        details open[matches!(check.status, Status::Fail | Status::Warn) && shown <= 20] {
            summary {
                (label) " of failing rows"
                @if check.truncated { span.shown { " (" (words::count(shown)) " of " (words::count(check.violations)) ")" } }
            }
            @if check.sample.iter().any(|it| it.values.is_some()) {
                (values(check))
            } @else {
                ul.keys { @for row in &check.sample { li { code { (words::key(row)) } } } }
            }
        }
    }
}

/// The failing rows with the values of the columns of the check.
fn values(check: &CheckReport) -> Markup {
    let value = |row: &FailingRow, column: &str| {
        row.values.as_ref().and_then(|it| it.get(column)).map(words::value)
    };
    html! {
        div.scroll {
            table.values {
                thead { tr { th { "key" } @for column in &check.columns { th { (visible(column)) } } } }
                tbody {
                    @for row in &check.sample {
                        tr { td { code { (words::key(row)) } } @for column in &check.columns { td { (value(row, column).unwrap_or_default()) } } }
                    }
                }
            }
        }
    }
}
