//! One page for a browser, with everything in it: no network, no script, no other file.
//!
//! It is read as it is, filtered by style alone, printed, and follows the colours that its reader
//! prefers. `maud` escapes every text, and the page forbids itself to load or to run anything.

mod charts;
mod checks;
mod overview;

use std::borrow::Cow;
use std::io;

use maud::{DOCTYPE, Markup, PreEscaped, html};

use crate::report::text;
use crate::report::words::{self, sign};
use crate::validate::Report;

const STYLE: &str = include_str!("style.css");

/// What the page may do: use its own style.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:";

/// Writes `report` as a page.
pub(crate) fn render(report: &Report, out: &mut dyn io::Write) -> io::Result<()> {
    out.write_all(page(report).into_string().as_bytes())
}

fn page(report: &Report) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="generator" content=(concat!("dq ", env!("CARGO_PKG_VERSION")));
                title { (sign(report.status)) " " (visible(&report.source)) " – data quality" }
                link rel="icon" href="data:,";
                style { (PreEscaped(STYLE)) (PreEscaped(checks::filter_style(report))) }
            }
            body data-status=(report.status.as_str()) {
                (overview::header(report))
                main {
                    (overview::baseline(report))
                    (overview::quality(report))
                    (charts::violations(report))
                    (checks::section(report))
                    (notes(report))
                }
                footer { "dq " (env!("CARGO_PKG_VERSION")) " · " (words::outcomes(report)) }
            }
        }
    }
}

fn notes(report: &Report) -> Markup {
    html! {
        @if !report.notes.is_empty() {
            section.card #notes {
                h2 { "Notes" }
                ul { @for note in &report.notes { li { (visible(note)) } } }
            }
        }
    }
}

/// A text from outside. What would not show itself is written as an escape.
fn visible(text: &str) -> Cow<'_, str> {
    text::visible(text)
}

/// A name that may go on in the next line behind each of its words.
fn breakable(name: &str) -> Markup {
    let name = visible(name);
    html! { @for word in name.split_inclusive(['_', '/', '.']) { (word) wbr; } }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::testing;

    fn rendered(report: &Report) -> String {
        page(report).into_string()
    }

    #[test]
    fn the_page_loads_and_runs_nothing() {
        let text = rendered(&testing::report_with_baseline());
        for forbidden in ["<script", "http://", "https://", "@import", "url(", "<img", "<iframe"] {
            assert!(!text.contains(forbidden), "{forbidden}");
        }
    }

    #[test]
    fn nothing_in_a_text_is_markup() {
        let evil = "\"><script>alert(1)</script>&amp;'\u{1b}[2J";
        let mut report = testing::report_with_values();
        report.source = evil.to_owned();
        report.rules_file = evil.to_owned();
        report.as_of = evil.to_owned();
        report.notes = vec![evil.to_owned()];
        for rule in &mut report.rules {
            rule.id = evil.to_owned();
            rule.table = evil.to_owned();
            rule.description = Some(evil.to_owned());
            for check in &mut rule.checks {
                check.id = evil.to_owned();
                check.columns = vec![evil.to_owned()];
                check.message = Some(evil.to_owned());
                check.observed = Some(evil.to_owned());
                check.error = check.error.as_ref().map(|_| evil.to_owned());
                check.sample = vec![testing::row(&[(evil, evil.into())])];
            }
        }
        report.quality = crate::validate::Quality::of(&report.rules);
        let text = rendered(&report);
        assert!(!text.contains("<script") && !text.contains('\u{1b}'));
        assert!(text.contains("&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;&amp;amp;"));
    }
}
