//! JUnit XML: a suite for each rule, a case for each check, so that a build server shows data as it
//! shows tests.

use std::io;

use quick_junit::{NonSuccessKind, TestCase, TestCaseStatus, TestSuite};

use crate::report::text::visible;
use crate::report::words;
use crate::validate::{CheckReport, Report, RuleReport, Status};

/// Writes `report` as JUnit XML.
pub(crate) fn render(report: &Report, out: &mut dyn io::Write) -> io::Result<()> {
    let mut junit = quick_junit::Report::new(visible(&report.source));
    junit.set_time(report.elapsed);
    junit.add_test_suites(report.rules.iter().map(suite));
    let text = junit.to_string().map_err(io::Error::other)?;
    let (before, behind) = around_total_of_skipped(&text);
    out.write_all(before.as_bytes())?;
    out.write_all(behind.as_bytes())
}

/// The text before and behind the first attribute `skipped`, that of all suites together, which the schemas that
/// build servers hold reports against do not know. In values no quote stands as it is.
fn around_total_of_skipped(text: &str) -> (&str, &str) {
    let parts = text.split_once(" skipped=\"");
    let parts = parts.and_then(|(before, it)| Some((before, it.split_once('"')?.1)));
    parts.unwrap_or((text, ""))
}

fn suite(rule: &RuleReport) -> TestSuite {
    let mut suite = TestSuite::new(visible(&rule.id));
    suite.add_test_cases(rule.checks.iter().map(|it| case(rule, it)));
    suite
}

fn case(rule: &RuleReport, check: &CheckReport) -> TestCase {
    let status = match check.status {
        Status::Pass | Status::Warn => TestCaseStatus::success(),
        Status::Fail => non_success(NonSuccessKind::Failure, check),
        Status::Error => non_success(NonSuccessKind::Error, check),
        Status::NotApplicable => {
            let mut status = TestCaseStatus::skipped();
            status.set_message(words::finding(check));
            status
        }
    };
    let mut case = TestCase::new(visible(&check.id), status);
    case.set_classname(format!("{}.{}", visible(rule.table_of(check)), visible(&rule.id)));
    if check.status == Status::Warn {
        case.set_system_out(format!("warning: {}\n{}", words::finding(check), description(check)));
    }
    case
}

fn non_success(kind: NonSuccessKind, check: &CheckReport) -> TestCaseStatus {
    let mut status = TestCaseStatus::non_success(kind);
    status
        .set_type(check.check)
        .set_message(words::finding(check))
        .set_description(description(check));
    status
}

/// All that a person needs to find the rows.
fn description(check: &CheckReport) -> String {
    let mut lines = vec![format!("severity: {}", check.severity)];
    if !check.columns.is_empty() {
        lines.push(format!("columns: {}", visible(&check.columns.join(", "))));
    }
    lines.extend(words::comparison(check));
    lines.extend(check.message.as_deref().map(|it| visible(it).into_owned()));
    if !check.sample.is_empty() {
        lines.push(format!("{}: {}", words::keys_label(check), words::keys(check).join(" ")));
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::testing;

    fn rendered() -> String {
        let mut out = Vec::new();
        render(&testing::report(), &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn no_name_holds_what_xml_may_not_hold() {
        let mut report = testing::report();
        let odd = "\0\u{1b}\u{fffe}\u{ffff}\u{1ffff}]]>&<";
        for rule in &mut report.rules {
            rule.id = odd.to_owned();
            rule.checks.iter_mut().for_each(|it| it.message = Some(odd.to_owned()));
        }
        let mut out = Vec::new();
        render(&report, &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        let is_allowed =
            |it: char| matches!(it, '\n' | ' '..='\u{fffd}' | '\u{10000}'..) && it != '\u{1ffff}';
        assert!(text.chars().all(is_allowed), "{text}");
        assert!(text.contains(r"\u{fffe}\u{ffff}\u{1ffff}"), "{text}");
        roxmltree::Document::parse(&text).unwrap();
    }

    #[test]
    fn a_suite_for_each_rule_and_a_case_for_each_check() {
        insta::assert_snapshot!(rendered());
    }

    #[test]
    fn no_element_has_an_attribute_that_the_schemas_of_build_servers_do_not_know() {
        let mut report = testing::report();
        report.source = " skipped=\"7\"".to_owned();
        let mut out = Vec::new();
        render(&report, &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        let document = roxmltree::Document::parse(&text).unwrap();
        for element in document.descendants().filter(roxmltree::Node::is_element) {
            let known: &[&str] = match element.tag_name().name() {
                "testsuites" => &["name", "tests", "failures", "errors", "time"],
                "testsuite" => &["name", "tests", "failures", "errors", "skipped"],
                "testcase" => &["name", "classname"],
                "failure" | "error" | "skipped" => &["message", "type"],
                _ => &[],
            };
            for it in element.attributes() {
                assert!(
                    known.contains(&it.name()),
                    "{} of {}",
                    it.name(),
                    element.tag_name().name()
                );
            }
        }
        assert_eq!(document.root_element().attribute("name"), Some(" skipped=\"7\""));
    }

    #[test]
    fn another_parser_reads_the_same_counts() {
        let (text, report) = (rendered(), testing::report());
        let document = roxmltree::Document::parse(&text).unwrap();
        let count = |name| document.descendants().filter(|it| it.has_tag_name(name)).count();
        let ended = |status| report.checks().filter(|it| it.status == status).count();
        assert_eq!(count("testsuite"), report.rules.len());
        assert_eq!(count("testcase"), report.checks().count());
        assert_eq!(count("failure"), ended(Status::Fail));
        assert_eq!(count("error"), ended(Status::Error));
        assert_eq!(count("skipped"), ended(Status::NotApplicable));
        assert_eq!(count("system-out"), ended(Status::Warn));
        for suite in document.descendants().filter(|it| it.has_tag_name("testsuite")) {
            let rule = report
                .rules
                .iter()
                .find(|it| visible(&it.id) == suite.attribute("name").unwrap())
                .unwrap();
            let ended =
                |status| rule.checks.iter().filter(|it| it.status == status).count().to_string();
            assert_eq!(suite.attribute("tests").unwrap(), rule.checks.len().to_string());
            assert_eq!(suite.attribute("failures").unwrap(), ended(Status::Fail));
            assert_eq!(suite.attribute("errors").unwrap(), ended(Status::Error));
            assert_eq!(suite.attribute("skipped").unwrap(), ended(Status::NotApplicable));
        }
    }
}
