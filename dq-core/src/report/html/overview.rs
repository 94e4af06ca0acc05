//! The verdict and the quality of the data: what one sees first.

use maud::{Markup, html};

use crate::report::html::charts;
use crate::report::html::{breakable, visible};
use crate::report::scores;
use crate::report::words::{self, OUTCOMES, sign};
use crate::rules::Dimension;
use crate::validate::{DimensionScore, Report, Score, Status};

/// What was checked, how it went, and how good it is.
pub(super) fn header(report: &Report) -> Markup {
    let rows: u64 = report.tables.iter().map(|it| it.rows).sum();
    let tables = words::counted(report.tables.len() as u64, "table");
    html! {
        header.card {
            div.title {
                p.verdict data-status=(report.status.as_str()) { (sign(report.status)) " " (verdict(report.status)) }
                h1 { (visible(&report.source)) }
                p.facts {
                    span { (words::counted(rows, "row")) " of " (tables) " in " (words::span(report.elapsed)) }
                    span { "as of " time { (visible(&report.as_of)) } }
                    span { "rules of " code { (visible(&report.rules_file)) } }
                }
                (charts::outcomes(report))
                ul.outcomes {
                    @for (status, word) in OUTCOMES {
                        @let number = words::ended(report, status);
                        @if number > 0 {
                            li data-status=(status.as_str()) data-count=(number) { b { (words::count(number)) } " " (word) }
                        }
                    }
                }
            }
            (charts::gauge(&report.quality.overall))
        }
    }
}

/// How the run compares with its baseline.
pub(super) fn baseline(report: &Report) -> Markup {
    let Some(baseline) = &report.baseline else { return html! {} };
    let figures =
        [("new", baseline.new), ("fixed", baseline.fixed), ("unchanged", baseline.unchanged)];
    html! {
        section.card #baseline {
            h2 { "Since the baseline" }
            ul.figures {
                @for (word, number) in figures {
                    li.(word) data-count=(number) { b { (words::count(number)) } " " (word) }
                }
            }
            p.facts { "Violations, against " code { (visible(&baseline.file)) } " as of " (visible(&baseline.as_of)) ". Only new ones fail." }
            @if !baseline.gone.is_empty() {
                p.facts { "Without these checks of the baseline: "
                    @for (position, name) in baseline.gone.iter().enumerate() {
                        @if position > 0 { ", " }
                        code { (visible(name)) }
                    }
                }
            }
        }
    }
}

/// The scores of each table by dimension.
pub(super) fn quality(report: &Report) -> Markup {
    let quality = &report.quality;
    let dimensions: Vec<_> = scores::dimensions(quality).collect();
    if dimensions.is_empty() {
        return html! {};
    }
    let tables: Vec<_> =
        quality.tables.iter().filter(|it| !it.quality.dimensions.is_empty()).collect();
    html! {
        section.card #quality {
            h2 { "Quality" }
            div.scroll {
                table.scores {
                    thead {
                        tr {
                            th scope="col" { "table" }
                            th scope="col" { "score" }
                            @for dimension in &dimensions { th scope="col" { (dimension) } }
                        }
                    }
                    tbody {
                        @for table in &tables {
                            (scores_row(&breakable(&table.table), &table.quality, &dimensions))
                        }
                    }
                    @if tables.len() > 1 {
                        tfoot { (scores_row(&html! { "all tables" }, &quality.overall, &dimensions)) }
                    }
                }
            }
            p.facts {
                "The share of rows without violations, weighted by severity and dimension. A from 95, B from 85, C from 75, D from 65."
            }
        }
    }
}

fn scores_row(name: &Markup, score: &Score, dimensions: &[Dimension]) -> Markup {
    let found = |it: &Dimension| score.dimensions.iter().find(|found| found.dimension == *it);
    html! {
        tr {
            th scope="row" { (name) }
            td.whole data-grade=[score.grade] title=[score.score.is_none().then(|| scores::reason(score))] {
                (words::score(score.score))
                @if let Some(grade) = score.grade { " " b.grade { (grade) } }
            }
            @for dimension in dimensions { (dimension_cell(found(dimension))) }
        }
    }
}

fn dimension_cell(found: Option<&DimensionScore>) -> Markup {
    let Some(found) = found else { return html! { td {} } };
    let title = match found.errors {
        0 => words::counted(found.checks as u64, "check"),
        errors => format!("{} could not run", words::counted(errors as u64, "check")),
    };
    html! {
        td data-grade=[found.grade] data-label=(found.dimension) title=(title) {
            span { (words::score(found.score)) }
            @if let Some(score) = found.score { (charts::bar(score / 100.0, "grade")) }
        }
    }
}

/// What the status of a run means.
const fn verdict(status: Status) -> &'static str {
    match status {
        Status::NotApplicable => "nothing in scope",
        Status::Pass => "passed",
        Status::Warn => "passed with warnings",
        Status::Fail => "failed",
        Status::Error => "not checked completely",
    }
}
