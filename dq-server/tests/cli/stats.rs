//! `--stats`: what a run took.

use rusqlite::Connection;
use serde_json::Value;

use crate::program::Program;

const RULES: &str = "
version: 1
rules:
  - { id: people, table: people, checks: [{ column: name, not_null: true }, { column: zip, matches: '^[0-9]{5}$' }] }
  - { id: asked, table: people, checks: [{ sql: 'SELECT id FROM people WHERE id > 2' }] }
";

fn program() -> Program {
    let program = Program::new();
    let database = Connection::open(program.path("people.db")).unwrap();
    database
        .execute_batch(
            "CREATE TABLE people (id INTEGER PRIMARY KEY, name TEXT, zip TEXT);
             INSERT INTO people VALUES (1, 'Ada', '12345'), (2, NULL, '123x5'), (3, 'Grace', '54321')",
        )
        .unwrap();
    program.write("people.yaml", RULES);
    program
}

const RUN: [&str; 4] = ["validate", "sqlite:people.db", "-r", "people.yaml"];

#[test]
fn the_figures_of_each_rule_are_in_the_report_where_they_are_asked_for() {
    let program = program();
    let json = ["--format", "json"];
    let plain = program.run(&[&RUN[..], &json].concat()).with(1);
    assert!(!plain.stdout.contains("statistics"));
    let ended = program.run(&[&RUN[..], &json, &["--stats"]].concat()).saying(1, "");
    let report: Value = serde_json::from_str(&ended.stdout).unwrap();
    let statistics = &report["statistics"];
    let number = |path: &str| statistics.pointer(path).unwrap().as_u64().unwrap();
    assert_eq!((number("/snapshots"), number("/attempts")), (1, 1));
    // The table once, and the rows of the query.
    assert_eq!(number("/rows"), 3 + 1);
    assert_eq!((number("/rules/0/rows"), number("/rules/0/queries")), (6, 0));
    assert_eq!((number("/rules/1/rows"), number("/rules/1/queries")), (3, 1));
    for rule in ["/rules/0/seconds", "/rules/1/seconds", "/read_seconds"] {
        assert!(statistics.pointer(rule).unwrap().as_f64().unwrap() > 0.0, "{statistics:#}");
    }
    assert_eq!(statistics["cache"], Value::Null, "there is none");
}

#[test]
fn people_get_a_line_for_each_rule() {
    let program = program();
    let ended = program.run(&[&RUN[..], &["--stats"]].concat()).saying(1, "");
    let line = |begin: &str| {
        let words = |it: &str| it.split_whitespace().collect::<Vec<_>>().join(" ");
        let mut lines = ended.stdout.lines().map(words);
        lines.rfind(|it| it.starts_with(begin)).unwrap_or_default()
    };
    assert_eq!(line("rule "), "rule rows judged queries time", "{ended:#?}");
    assert_ne!(line("people 6 0 "), "", "{ended:#?}");
    assert_ne!(line("asked 3 1 "), "", "{ended:#?}");
    assert!(line("source: ").starts_with("source: 4 rows (0.0 MiB) read in "), "{ended:#?}");
    assert!(line("source: ").ends_with(" of waiting, 1 attempt"), "{ended:#?}");
}

#[test]
fn what_the_database_answers_itself_is_counted_too() {
    let program = program();
    let sql = ["--engine", "sql", "--format", "json", "--stats"];
    let ended = program.run(&[&RUN[..], &sql].concat()).with(1);
    let report: Value = serde_json::from_str(&ended.stdout).unwrap();
    let rule = &report["statistics"]["rules"][0];
    assert_eq!(rule["rows"], 6);
    assert!(rule["seconds"].as_f64().unwrap() > 0.0, "{report:#}");
}

#[test]
fn several_sources_together_have_figures_too() {
    let program = program();
    let rules = crate::program::RULES.replace("table: data", "table: extra");
    program.write("extra.yaml", rules);
    let sources = ["validate", "sqlite:people.db", "extra=people.csv", "-r", "extra.yaml"];
    let ended = program.run(&[&sources[..], &["--stats", "--format", "json"]].concat()).with(1);
    let report: Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!(report["statistics"]["rows"], 3);
    assert_eq!(report["statistics"]["rules"][0]["rows"], 6);
}
