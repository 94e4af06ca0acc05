//! `--engine sql`.

use rusqlite::Connection;
use serde_json::Value;

use crate::program::Program;

const RULES: &str = "
version: 1
rules:
  - id: people
    table: people
    checks:
      - { id: name, column: name, not_blank: true }
      - { id: zip, column: zip, matches: '^[0-9]{5}$' }
      - { id: once, unique: [name], normalize: case }
      - { id: stays, no_overlap: { key: [name], from: since, to: until } }
";

fn program() -> Program {
    let program = Program::new();
    let database = Connection::open(program.path("people.db")).unwrap();
    database
        .execute_batch(
            "CREATE TABLE people (id INTEGER PRIMARY KEY, name TEXT, zip TEXT, since TEXT, until TEXT);
             INSERT INTO people VALUES (1, 'Ada', '12345', '2020-01-01', NULL), (2, 'ADA', '1234', '2021-01-01', NULL),
             (3, ' ', '12345', NULL, NULL), (4, NULL, NULL, NULL, NULL)",
        )
        .unwrap();
    program.write("rules.yaml", RULES);
    program
}

fn report(program: &Program, engine: &str) -> Value {
    let arguments = ["validate", "sqlite:people.db", "-r", "rules.yaml", "--format", "json"];
    let ended = program.run(&[&arguments[..], &["--engine", engine]].concat()).with(1);
    serde_json::from_str(&ended.stdout).unwrap()
}

#[test]
fn the_database_answers_as_a_scan_does_and_the_report_says_who_answered() {
    let program = program();
    let (native, mut sql) = (report(&program, "native"), report(&program, "sql"));
    let checks = sql["rules"][0]["checks"].as_array_mut().unwrap();
    let engines: Vec<_> =
        checks.iter_mut().map(|it| it.as_object_mut().unwrap().remove("engine").unwrap()).collect();
    assert_eq!(engines, ["sql", "sql", "sql", "native"]);
    let streamed = checks[3].as_object_mut().unwrap().remove("streamed").unwrap();
    assert_eq!(streamed, "spans are sorted natively");
    assert_eq!(sql["rules"], native["rules"]);
    assert_eq!(sql["tables"], native["tables"]);
    let notes = sql["notes"].to_string();
    assert!(notes.contains("the database has answered 3 of 4 checks"), "{notes}");
    assert!(notes.contains("`people/stays` was streamed: spans are sorted natively"), "{notes}");
}

#[test]
fn what_is_asked_is_explained_without_any_value_of_a_rule() {
    let arguments = ["explain", "sqlite:people.db", "-r", "rules.yaml", "--engine", "sql"];
    let ended = program().run(&arguments).saying(0, "");
    assert!(ended.stdout.contains("statement 1 on `people`:\n  SELECT dq_tally_0("), "{ended:?}");
    assert!(ended.stdout.contains("`people/zip`: pushed down\n"), "{ended:?}");
    let streamed = "`people/stays`: streamed: spans are sorted natively\n";
    assert!(ended.stdout.contains(streamed), "{ended:?}");
    assert!(!ended.stdout.contains("0-9"), "{ended:?}");
}

#[test]
fn a_file_is_streamed_whatever_engine_is_asked_for() {
    let program = Program::new();
    let ended = program.validate(&["--engine", "sql", "--format", "json"]).with(1);
    let report: Value = serde_json::from_str(&ended.stdout).unwrap();
    let check = &report["rules"][0]["checks"][0];
    assert_eq!(check["engine"], "native");
    assert_eq!(check["streamed"], "no SQL is written for this source");
}
