//! A database of two tables with every kind of finding, under names that try to be markup.

use rusqlite::Connection;
use serde_json::Value;

use crate::program::{Ended, Program};

/// Names and messages that mean something in each of the formats.
pub(crate) const RULES: &str = r#"
version: 1
rules:
  - id: "people"
    description: "<script>alert('rule')</script>"
    table: people
    severity: high
    checks:
      - { id: 'name | <b>bold</b>', column: name, not_blank: true, severity: critical, message: "50%, [see](http://x.test) @someone #1 {0}\n::error::no" }
      - { id: 'zip"''`&amp;', column: zip, matches: '^[0-9]{5}$' }
      - { id: "born,::", column: born, between: { min: 1900, max: 2020 }, tolerance: { warn: 0, fail: 50% } }
      - { id: shared, unique: [zip], severity: info }
  - id: "places\r\nrule"
    table: places
    checks:
      - { id: named, column: name, not_null: true }
      - { id: closed, expression: "closed >= opened", severity: low }
      - { id: people, references: { columns: [owner], table: people, key: [id] } }
      - { id: rows, row_count: { min: 10 } }
  - id: nobody
    table: places
    where: "name = 'nowhere'"
    checks:
      - { id: scope, column: owner, not_null: true }
"#;

/// A folder with `town.db` and `town.yaml`.
pub(crate) fn town() -> Program {
    let program = Program::new();
    program.write("town.yaml", RULES);
    let database = Connection::open(program.path("town.db")).unwrap();
    let rows = "
        CREATE TABLE people (id TEXT PRIMARY KEY, name TEXT, zip TEXT, born INTEGER);
        CREATE TABLE places (id INTEGER PRIMARY KEY, name TEXT, owner TEXT, opened TEXT, closed TEXT);
        INSERT INTO people VALUES ('<i>1</i>', '', '12345', 1990), ('p|2', NULL, '123', 1890), ('p3', 'Ada', '12345', 1815);
        WITH RECURSIVE n(i) AS (SELECT 4 UNION ALL SELECT i + 1 FROM n WHERE i < 40)
        INSERT INTO people SELECT 'p' || i, 'Grace', 'wrong', 1950 FROM n;
        INSERT INTO places VALUES (1, 'Here', 'p3', '2020-01-01', '2019-01-01'), (2, 'There', 'nobody', '2020-01-01', NULL);";
    database.execute_batch(rows).unwrap();
    program
}

/// `dq validate` of the town with more arguments.
pub(crate) fn validate(program: &Program, arguments: &[&str]) -> Ended {
    program.run(&[&["validate", "sqlite:town.db", "--rules", "town.yaml"], arguments].concat())
}

/// The JSON report in a file.
pub(crate) fn json(program: &Program, name: &str) -> Value {
    serde_json::from_str(&program.read(name)).unwrap()
}

/// Every check of a JSON report with its rule.
pub(crate) fn checks(report: &Value) -> Vec<(&Value, &Value)> {
    let rules = report["rules"].as_array().unwrap().iter();
    rules
        .flat_map(|rule| rule["checks"].as_array().unwrap().iter().map(move |it| (rule, it)))
        .collect()
}

/// How many checks of a JSON report have this status.
pub(crate) fn ended(report: &Value, status: &str) -> usize {
    checks(report).iter().filter(|(_, it)| it["status"] == status).count()
}
