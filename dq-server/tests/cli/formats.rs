//! Every format, read back by a parser that is not ours and compared with the JSON report.

use std::collections::HashMap;

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};
use regex::Regex;
use scraper::{Html, Selector};
use serde_json::Value;
use serde_sarif::sarif::{ResultLevel, Sarif};

use crate::program::Program;
use crate::town::{checks, ended, json, town, validate};

/// The town's report in this format and as JSON.
fn rendered(format: &str, file: &str) -> (String, Value) {
    let program = town();
    let ended = validate(&program, &["--format", format, "--report", file, "--report", "r.json"]);
    let text = ended.saying(1, "").stdout;
    let without_time =
        |it: &str| Regex::new(r"in [0-9.]+ m?s").unwrap().replace(it, "").into_owned();
    assert_eq!(
        without_time(&text),
        without_time(&program.read(file)),
        "{file} is of another format"
    );
    (text, json(&program, "r.json"))
}

#[test]
fn the_town_has_a_check_of_every_status() {
    let program = town();
    validate(&program, &["--report", "r.json"]).with(1);
    let report = json(&program, "r.json");
    let statuses = ["pass", "warn", "fail", "not_applicable"].map(|it| ended(&report, it));
    assert_eq!(statuses, [2, 1, 5, 1]);
}

#[test]
fn csv_has_a_line_for_each_check() {
    let (text, report) = rendered("csv", "r.csv");
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let lines: Vec<HashMap<String, String>> = reader.deserialize().map(|it| it.unwrap()).collect();
    assert_eq!(lines.len(), checks(&report).len());
    for (line, (rule, check)) in lines.iter().zip(checks(&report)) {
        for (name, value) in [
            ("rule", &rule["id"]),
            ("table", &rule["table"]),
            ("check", &check["id"]),
            ("kind", &check["check"]),
            ("severity", &check["severity"]),
            ("status", &check["status"]),
            ("dimension", &check["dimension"]),
            ("evaluated", &check["evaluated"]),
            ("violations", &check["violations"]),
            ("line", &check["line"]),
        ] {
            let expected = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            assert_eq!(line[name], expected, "{name}");
        }
        assert_eq!(line["message"], check["message"].as_str().unwrap_or_default());
        assert_eq!(line["file"], "town.yaml");
    }
}

#[test]
fn sarif_has_a_rule_for_each_check_and_a_result_for_each_finding() {
    let (text, report) = rendered("sarif", "r.sarif");
    let log: Sarif = serde_json::from_str(&text).unwrap();
    assert_eq!(log.runs.len(), 1);
    let run = &log.runs[0];
    let rules = run.tool.driver.rules.as_ref().unwrap();
    assert_eq!(rules.len(), checks(&report).len());
    let results = run.results.as_ref().unwrap();
    assert_eq!(results.len(), ended(&report, "fail") + ended(&report, "warn"));
    assert!(run.invocations.as_ref().unwrap()[0].execution_successful);
    for result in results {
        let index = result.rule_index.unwrap() as usize;
        let (rule, check) = checks(&report)[index];
        let id = format!("{}/{}", rule["id"].as_str().unwrap(), check["id"].as_str().unwrap());
        assert_eq!(result.rule_id.as_ref(), Some(&id));
        assert_eq!(rules[index].id, id);
        let properties = &result.properties.as_ref().unwrap().additional_properties;
        assert_eq!(properties["violations"], check["violations"]);
        let level = match (check["status"].as_str().unwrap(), check["severity"].as_str().unwrap()) {
            ("fail", "critical" | "high") => ResultLevel::Error,
            (_, "low") => ResultLevel::Note,
            _ => ResultLevel::Warning,
        };
        assert_eq!(result.level, Some(level));
        let place = result.locations.as_ref().unwrap()[0].physical_location.as_ref().unwrap();
        let file = place.artifact_location.as_ref().unwrap().uri.as_deref();
        assert_eq!(file, Some("town.yaml"));
        assert_eq!(place.region.as_ref().unwrap().start_line, check["line"].as_i64());
    }
}

#[test]
fn the_line_of_a_finding_is_that_of_its_check() {
    let (_, report) = rendered("sarif", "r.sarif.json");
    let lines: Vec<_> = crate::town::RULES.lines().collect();
    for (_, check) in checks(&report) {
        let line = lines[check["line"].as_u64().unwrap() as usize - 1];
        assert!(line.trim_start().starts_with("- { id: "), "{line}");
    }
}

#[test]
fn github_gets_an_annotation_for_each_finding() {
    let program = town();
    let text =
        validate(&program, &["--format", "github", "--report", "r.json"]).saying(1, "").stdout;
    let report = json(&program, "r.json");
    let command = r"^::(error|warning|notice) file=([^,:]*),line=([0-9]+),title=([^,:]*)::(.*)$";
    let command = Regex::new(command).unwrap();
    let mut found: Vec<_> = text.lines().filter_map(|it| command.captures(it)).collect();
    assert_eq!(found.len(), text.lines().count() - 1, "{text}");
    let informs = |check: &Value| check["severity"] == "info" && check["violations"] != 0;
    for (rule, check) in checks(&report) {
        let expected = match check["status"].as_str().unwrap() {
            "fail" | "error" => "error",
            "warn" => "warning",
            _ if informs(check) => "notice",
            _ => continue,
        };
        let line = check["line"].to_string();
        let position = found.iter().position(|it| it[3] == line).unwrap();
        let command = found.remove(position);
        assert_eq!((&command[1], &command[2]), (expected, "town.yaml"));
        if check["observed"].is_null() {
            let finding = format!(": {} of {} rows", check["violations"], check["evaluated"]);
            assert!(command[5].contains(&finding), "{rule}: {text}");
        }
    }
    assert!(found.is_empty(), "{text}");
    assert!(
        text.ends_with("\n9 checks: 2 passed, 1 warned, 5 failed, 1 not applicable\n"),
        "{text}"
    );
}

/// The cells of every table of a Markdown text, as they show, and the tags of HTML in it.
fn tables(text: &str) -> (Vec<Vec<String>>, Vec<String>) {
    let (mut rows, mut tags): (Vec<Vec<String>>, _) = (Vec::new(), Vec::new());
    let mut cell = None;
    for event in Parser::new_ext(text, Options::ENABLE_TABLES) {
        match event {
            Event::Start(Tag::TableRow) => rows.push(Vec::new()),
            Event::Start(Tag::TableCell) => cell = Some(String::new()),
            Event::End(TagEnd::TableCell) => {
                if let (Some(row), Some(cell)) = (rows.last_mut(), cell.take()) {
                    row.push(cell);
                }
            }
            Event::Text(text) | Event::Code(text) => {
                if let Some(cell) = &mut cell {
                    cell.push_str(&text);
                }
            }
            Event::Html(tag) | Event::InlineHtml(tag) => tags.push(tag.trim().to_owned()),
            Event::Start(Tag::Link { .. } | Tag::Image { .. }) => panic!("a link in {text}"),
            _ => {}
        }
    }
    (rows, tags)
}

#[test]
fn markdown_has_a_row_for_each_check() {
    let (text, report) = rendered("markdown", "r.md");
    let (rows, tags) = tables(&text);
    let count = |it: &Value| it.as_u64().unwrap().to_string();
    for (rule, check) in checks(&report) {
        let name = format!("{}/{}", rule["id"].as_str().unwrap(), check["id"].as_str().unwrap());
        let name = name.replace("\r\n", "\\r\\n");
        let is_finding = matches!(check["status"].as_str().unwrap(), "fail" | "warn");
        let place = if is_finding { 2 } else { 1 };
        let named: Vec<_> = rows.iter().filter(|it| it.get(place) == Some(&name)).collect();
        assert_eq!(named.len(), 1, "{name}: {text}");
        assert_eq!(named[0][4], count(&check["violations"]), "{name}");
    }
    let known = [
        "<details>",
        "<summary>",
        "</summary>",
        "</details>",
        "<code>",
        "</code>",
        "<br>",
        "<!-- -->",
    ];
    for tag in &tags {
        let mut rest = tag.clone();
        for it in known {
            rest = rest.replace(it, "");
        }
        assert!(!rest.contains('<'), "{tag}");
    }
    assert!(!Regex::new(r"@\w").unwrap().is_match(&text), "{text}");
    for table in report["quality"]["tables"].as_array().unwrap() {
        let score =
            format!("{:.1} {}", table["score"].as_f64().unwrap(), table["grade"].as_str().unwrap());
        let name = table["table"].as_str().unwrap();
        assert!(rows.iter().any(|it| it[0] == name && it[1] == score), "{name} {score}: {text}");
    }
}

#[test]
fn html_has_a_row_for_each_check_and_the_scores_of_each_table() {
    let (text, report) = rendered("html", "r.html");
    let page = Html::parse_document(&text);
    assert!(page.errors.is_empty(), "{:?}", page.errors);
    crate::html::compare(&page, &report);
    let selector = Selector::parse("script, img, iframe, b b, td.check i").unwrap();
    assert_eq!(page.select(&selector).count(), 0);
}

#[test]
fn junit_has_a_case_for_each_check() {
    let (text, report) = rendered("junit", "r.xml");
    let document = roxmltree::Document::parse(&text).unwrap();
    let count = |name| document.descendants().filter(|it| it.has_tag_name(name)).count();
    assert_eq!(count("testcase"), checks(&report).len());
    assert_eq!(count("failure"), ended(&report, "fail"));
    assert_eq!(count("skipped"), ended(&report, "not_applicable"));
}

#[test]
fn values_are_in_no_format_unless_they_are_demanded() {
    let program = Program::new();
    for format in ["html", "markdown", "sarif", "csv", "github"] {
        let ended = program.validate(&["--format", format]).with(1);
        assert!(!ended.stdout.contains("secret"), "{ended:?}");
    }
    let ended = program.validate(&["--format", "html", "--show-values"]).with(1);
    assert!(ended.stdout.contains("123x5-secret"), "{ended:?}");
}
