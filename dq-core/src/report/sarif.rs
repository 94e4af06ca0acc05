//! SARIF 2.1.0: checks as rules and findings as results, for code scanning and editors.
//!
//! A finding is at the line of the rule file on which its check begins: SARIF is about files of text,
//! and that is the one that a person would open. What could not run is a notification of the
//! invocation, and the invocation is then not successful.

use std::fmt::Write;
use std::io;

use serde_json::{Value, json};

use crate::report::text::visible;
use crate::report::words;
use crate::rules::Severity;
use crate::validate::{CheckReport, Report, RuleReport, Status};

const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";

/// Writes `report` as SARIF.
pub(crate) fn render(report: &Report, out: &mut dyn io::Write) -> io::Result<()> {
    let log = json!({ "$schema": SCHEMA, "version": "2.1.0", "runs": [run(report)] });
    serde_json::to_writer_pretty(&mut *out, &log)?;
    out.write_all(b"\n")
}

fn run(report: &Report) -> Value {
    let checks =
        || report.rules.iter().flat_map(|rule| rule.checks.iter().map(move |check| (rule, check)));
    let rules: Vec<_> = checks().map(|(rule, check)| descriptor(rule, check)).collect();
    let numbered = checks().enumerate();
    let found = numbered.filter(|(_, (_, it))| matches!(it.status, Status::Warn | Status::Fail));
    let results: Vec<_> =
        found.map(|(index, (rule, check))| result(report, index, rule, check)).collect();
    let failed = checks().enumerate().filter(|(_, (_, it))| it.status == Status::Error);
    let failed: Vec<_> =
        failed.map(|(index, (rule, check))| notification(report, index, rule, check)).collect();
    json!({
        "tool": {
            "driver": {
                "name": "dq",
                "version": env!("CARGO_PKG_VERSION"),
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": rules,
            },
        },
        "columnKind": "unicodeCodePoints",
        "invocations": [{
            "executionSuccessful": failed.is_empty(),
            "toolExecutionNotifications": failed,
        }],
        "results": results,
        "properties": {
            "source": report.source,
            "asOf": report.as_of,
            "status": report.status,
            "score": report.quality.overall.score,
            "grade": report.quality.overall.grade,
        },
    })
}

/// A check as a rule of the tool.
fn descriptor(rule: &RuleReport, check: &CheckReport) -> Value {
    let subject = format!("{} of {}", words::subject(check), visible(rule.table_of(check)));
    let help = check.message.as_ref().or(rule.description.as_ref());
    let help = help.map_or_else(|| subject.clone(), |it| visible(it).into_owned());
    json!({
        "id": words::path(rule, check),
        "name": check.check,
        "shortDescription": { "text": literal(&subject) },
        "fullDescription": { "text": literal(&help) },
        "help": { "text": literal(&help) },
        "defaultConfiguration": { "level": level(Status::Fail, check.severity) },
        "properties": {
            "tags": ["data-quality", check.dimension],
            "severity": check.severity,
            "dimension": check.dimension,
            "table": rule.table_of(check),
            "columns": check.columns,
        },
    })
}

/// What a check found.
fn result(report: &Report, index: usize, rule: &RuleReport, check: &CheckReport) -> Value {
    let mut lines = vec![format!("{}: {}", words::subject(check), words::finding(check))];
    lines.extend(words::comparison(check));
    lines.extend(check.message.as_deref().map(|it| visible(it).into_owned()));
    if !check.sample.is_empty() {
        lines.push(format!("{}: {}", words::keys_label(check), words::keys(check).join(" ")));
    }
    let path = words::path(rule, check);
    json!({
        "ruleId": path,
        "ruleIndex": index,
        "level": level(check.status, check.severity),
        "kind": "fail",
        "message": { "text": literal(&lines.join("\n")) },
        "locations": [location(report, check)],
        // One alert for a check from run to run, wherever the check moves in its file.
        "partialFingerprints": { "dqCheck/v1": path },
        "properties": {
            "status": check.status,
            "evaluated": check.evaluated,
            "violations": check.violations,
            "groups": check.groups,
            "baseline": check.baseline,
        },
    })
}

/// A check that could not run.
fn notification(report: &Report, index: usize, rule: &RuleReport, check: &CheckReport) -> Value {
    let text = format!("{}: {}", visible(&words::path(rule, check)), words::finding(check));
    json!({
        "level": "error",
        "message": { "text": literal(&text) },
        "associatedRule": { "id": words::path(rule, check), "index": index },
        "locations": [location(report, check)],
    })
}

fn location(report: &Report, check: &CheckReport) -> Value {
    json!({
        "physicalLocation": {
            "artifactLocation": { "uri": uri(&report.rules_file) },
            "region": { "startLine": check.line },
        },
    })
}

/// What fails is as severe as its check; what only warns is never an error.
const fn level(status: Status, severity: Severity) -> &'static str {
    match (severity, status) {
        (Severity::Info | Severity::Low, _) => "note",
        (Severity::Critical | Severity::High, Status::Fail) => "error",
        _ => "warning",
    }
}

/// The text such that no reader takes brackets for links or braces for placeholders.
fn literal(text: &str) -> String {
    let text = text.replace('[', r"\[").replace(']', r"\]");
    text.replace('{', "{{").replace('}', "}}")
}

/// The path as the reference to a URI: relative as it is, absolute as a `file:` URI.
fn uri(path: &str) -> String {
    let path = if cfg!(windows) { path.replace('\\', "/") } else { path.to_owned() };
    let mut uri = if path.starts_with('/') { "file://".to_owned() } else { String::new() };
    for byte in path.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                uri.push(char::from(byte));
            }
            byte => {
                let _ = write!(uri, "%{byte:02X}");
            }
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::testing;

    #[test]
    fn checks_are_rules_and_findings_are_results() {
        let mut out = Vec::new();
        render(&testing::report_with_baseline(), &mut out).unwrap();
        let version = format!("ersion\": \"{}\"", env!("CARGO_PKG_VERSION"));
        let text = String::from_utf8(out).unwrap().replace(&version, "ersion\": \"VERSION\"");
        insta::assert_snapshot!(text);
    }

    #[test]
    fn levels_follow_severity_and_warnings_are_no_errors() {
        let of = |status| Severity::ALL.map(|it| level(status, it));
        assert_eq!(of(Status::Fail), ["note", "note", "warning", "error", "error"]);
        assert_eq!(of(Status::Warn), ["note", "note", "warning", "warning", "warning"]);
    }

    #[test]
    fn a_path_is_a_uri_whatever_is_in_it() {
        assert_eq!(uri("rules/my rules.yaml"), "rules/my%20rules.yaml");
        assert_eq!(uri("/srv/a:b%.yaml"), "file:///srv/a%3Ab%25.yaml");
        assert_eq!(uri("規.yaml"), "%E8%A6%8F.yaml");
    }

    #[test]
    fn brackets_and_braces_are_no_links_and_no_placeholders() {
        assert_eq!(literal("[a](1) {0}"), r"\[a\](1) {{0}}");
    }
}
