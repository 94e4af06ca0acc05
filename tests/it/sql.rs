//! Rules in the dialect of the database.

use std::fs;
use std::path::PathBuf;

use dq_core::ErrorKind;
use dq_core::database::sqlite::{ScanMethod, SqliteConfig, SqliteSource};
use dq_core::source::csv::{CsvOptions, CsvSource};
use dq_core::validate::{Report, Status, ValidateOptions, explain, validate};
use rusqlite::Connection;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::run::{counts, rules, rules_of, threads, wait};

const METHODS: [ScanMethod; 2] = [ScanMethod::Pages, ScanMethod::Statements];

/// Twelve people, of whom those with an odd id have no name.
struct People(TempDir);

impl People {
    fn new() -> Self {
        let people = Self(tempfile::tempdir().unwrap());
        let connection = Connection::open(people.path()).unwrap();
        let sql = "CREATE TABLE people (id INTEGER PRIMARY KEY, name TEXT, boss INTEGER);
            CREATE TABLE notes (note TEXT);
            CREATE TABLE nobody (id INTEGER PRIMARY KEY);
            INSERT INTO notes VALUES ('a'), ('b');
            WITH RECURSIVE n(i) AS (SELECT 12 UNION ALL SELECT i - 1 FROM n WHERE i > 1)
            INSERT INTO people SELECT i, CASE i % 2 WHEN 0 THEN 'secret ' || i END, 13 - i FROM n;";
        connection.execute_batch(sql).unwrap();
        people
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("people.db")
    }

    fn source(&self, scan_method: ScanMethod) -> SqliteSource {
        let config = SqliteConfig { scan_method, ..SqliteConfig::new(self.path()) };
        SqliteSource::new(config).unwrap()
    }

    /// The same report by pages and by statements, at every number of threads.
    fn report(&self, table: &str, checks: &[&str], options: &ValidateOptions) -> Report {
        let rules = rules_of(table, checks);
        let mut reports = Vec::new();
        for (method, number) in METHODS.into_iter().flat_map(|it| [(it, 1), (it, 2), (it, 7)]) {
            let options = ValidateOptions { threads: threads(number).threads, ..options.clone() };
            reports.push(wait(validate(&self.source(method), &rules, &options)).unwrap());
        }
        let shown = |it: &Report| json!(it.rules);
        assert!(reports.iter().all(|it| shown(it) == shown(&reports[0])), "{reports:#?}");
        reports.remove(0)
    }
}

fn sample(report: &Report, check: usize) -> Value {
    json!(report.checks().nth(check).unwrap().sample)
}

#[test]
fn every_row_of_a_query_is_a_violation() {
    let people = People::new();
    let checks = [
        "sql: SELECT id FROM people WHERE name IS NULL }",
        "sql: SELECT p.id FROM people p JOIN people b ON b.id = p.boss WHERE b.name IS NULL }",
        "sql: SELECT id FROM people WHERE id > 12 }",
        "sql: SELECT a.id FROM people a JOIN people b WHERE b.id < 3 }",
        "column: name, not_null: true }",
    ];
    let report = people.report("people", &checks, &threads(1));
    let rows = |it| (12, it, None);
    assert_eq!(counts(&report), [rows(6), rows(6), rows(0), rows(24), rows(6)]);
    let statuses: Vec<_> = report.checks().map(|it| it.status).collect();
    let fail = Status::Fail;
    assert_eq!(statuses, [fail, fail, Status::Pass, fail, fail]);
    assert_eq!(sample(&report, 0), sample(&report, 4));
}

#[test]
fn the_keys_of_a_result_name_the_rows_and_the_lowest_are_shown() {
    let people = People::new();
    let options = ValidateOptions { sample_limit: 2, show_values: true, ..threads(1) };
    let checks = [
        "sql: 'SELECT boss, ID FROM people WHERE id > 4 ORDER BY id DESC' }",
        "sql: SELECT boss FROM people }",
    ];
    let report = people.report("people", &checks, &options);
    let row = |id| json!({ "key": { "id": id }, "values": { "boss": 13 - id, "id": id } });
    assert_eq!(sample(&report, 0), json!([row(5), row(6)]));
    assert_eq!(sample(&report, 1), json!([]), "a result without the key names no rows");
    let shown: Vec<_> = report.checks().map(|it| (it.violations, it.truncated)).collect();
    assert_eq!(shown, [(8, true), (12, true)]);
    let report = people.report("notes", &["sql: SELECT note FROM notes }"], &options);
    assert_eq!((sample(&report, 0), counts(&report)), (json!([]), vec![(2, 2, None)]));
}

#[test]
fn a_query_tolerates_a_share_of_the_rows_of_its_table() {
    let people = People::new();
    let checks = [
        "sql: SELECT id FROM people WHERE id < 4, tolerance: 25% }",
        "sql: SELECT id FROM people WHERE id < 5, tolerance: 25% }",
        "sql: SELECT id FROM people, tolerance: { warn: 3 } }",
        "sql: SELECT id FROM people, severity: info }",
    ];
    let report = people.report("people", &checks, &threads(1));
    let statuses: Vec<_> = report.checks().map(|it| it.status).collect();
    assert_eq!(statuses, [Status::Pass, Status::Fail, Status::Warn, Status::Pass]);
}

#[test]
fn a_query_about_an_empty_table_may_still_find_something() {
    let people = People::new();
    let checks =
        ["sql: SELECT id FROM nobody }", "sql: SELECT 1 WHERE NOT EXISTS (SELECT 1 FROM nobody) }"];
    let report = people.report("nobody", &checks, &threads(1));
    let statuses: Vec<_> = report.checks().map(|it| it.status).collect();
    assert_eq!(statuses, [Status::NotApplicable, Status::Fail]);
    assert_eq!(counts(&report), [(0, 0, None), (0, 1, None)]);
}

#[test]
fn a_query_that_fails_is_an_error_of_its_check_alone() {
    let people = People::new();
    let checks = [
        "sql: SELECT abs(-9223372036854775807 - id) FROM people }",
        "sql: SELECT id FROM people }",
        "column: name, not_null: true }",
    ];
    let report = people.report("people", &checks, &threads(1));
    let errors: Vec<_> = report.checks().map(|it| it.error.as_deref()).collect();
    let overflow = "cannot query the table `people`: integer overflow";
    assert_eq!(errors, [Some(overflow), None, None]);
    assert_eq!(report.status, Status::Error);
    assert_eq!(counts(&report), [(12, 0, None), (12, 12, None), (12, 6, None)]);
}

#[test]
fn a_source_without_sql_makes_the_check_an_error() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("data.csv"), "a\n1\n\n").unwrap();
    let path = folder.path().join("data.csv");
    let source = CsvSource::open(path.to_str().unwrap(), CsvOptions::default()).unwrap();
    let rules = rules_of("data", &["sql: SELECT 1 }", "column: a, not_null: true }"]);
    let report = wait(validate(&source, &rules, &threads(1))).unwrap();
    let error = report.checks().next().unwrap().error.as_deref();
    assert_eq!(error, Some("cannot query `data`: this source runs no SQL"));
    assert_eq!(counts(&report), [(2, 0, None), (2, 1, None)]);
    assert!(report.has_errors());
}

#[test]
fn what_is_wrong_with_a_query_is_told_with_its_line_before_anything_runs() {
    let people = People::new();
    let before = fs::read(people.path()).unwrap();
    let text = r"
version: 1
rules:
  - id: people
    table: people
    checks:
      - { id: column, sql: SELECT nme FROM people }
      - { id: fine, sql: SELECT id FROM people }
      - { id: syntax, sql: SELECT id FORM people WHERE }
      - id: write
        sql: |
          WITH old AS (SELECT 1)
          DELETE FROM people
      - { id: attach, sql: 'ATTACH ''other.db'' AS other' }
";
    let rules = rules(text);
    for method in METHODS {
        let source = people.source(method);
        let errors = [
            wait(validate(&source, &rules, &threads(2))).unwrap_err(),
            wait(explain(&source, &rules, &threads(2))).unwrap_err(),
        ];
        for error in errors {
            assert_eq!(error.kind(), ErrorKind::RulesInvalid);
            insta::allow_duplicates! {
                insta::assert_snapshot!(error.message(), @r#"
                rules.yaml:7:9: `sql`: cannot query the table `people`: no such column: nme
                rules.yaml:9:9: `sql`: cannot query the table `people`: near "people": syntax error
                rules.yaml:10:9: `sql`: cannot query the table `people`: it would write
                rules.yaml:14:9: `sql`: cannot query the table `people`: it must be one statement that begins with `SELECT`, `WITH` or `VALUES`
                "#);
            }
        }
    }
    assert_eq!(fs::read(people.path()).unwrap(), before);
}

#[test]
fn what_is_wrong_with_queries_is_told_among_the_other_problems_in_the_order_of_the_lines() {
    let people = People::new();
    let text = "\
version: 1
rules:
  - id: people
    table: people
    checks:
      - { id: first, sql: SELECT nme FROM people }
      - { id: second, column: nme, not_null: true }
      - { id: third, sql: SELECT bos FROM people }
  - { id: others, table: others, checks: [{ id: fourth, sql: SELECT x }] }
  - { id: again, table: people, checks: [{ sql: SELECT bos }] }
";
    let error = wait(validate(&people.source(ScanMethod::Auto), &rules(text), &threads(1)));
    insta::assert_snapshot!(error.unwrap_err().message(), @r"
    rules.yaml:6:9: `sql`: cannot query the table `people`: no such column: nme
    rules.yaml:7:9: table `people` has no column `nme`; did you mean `name`?
    rules.yaml:8:9: `sql`: cannot query the table `people`: no such column: bos
    rules.yaml:9:5: the source has no table `others`; did you mean `notes`?
    rules.yaml:10:42: `sql`: cannot query the table `people`: no such column: bos
    ");
}

#[test]
fn a_filter_cannot_narrow_a_query() {
    let people = People::new();
    let text =
        "version: 1\nrules: [{ id: a, table: people, where: id > 3, checks: [{ sql: SELECT 1 }] }]";
    let error = wait(validate(&people.source(ScanMethod::Auto), &rules(text), &threads(1)));
    insta::assert_snapshot!(error.unwrap_err().message(), @"rules.yaml:2:57: `where` cannot narrow a query of `sql`: put the condition into the query, or the check into a rule of its own");
}

#[test]
fn a_plan_shows_its_queries() {
    let people = People::new();
    let text = r"
version: 1
rules:
  - id: people
    table: people
    checks:
      - id: query
        sql: |
          SELECT id
            FROM people
      - { id: greatest, column: id, max: { max: 5 } }
      - { id: bosses, column: boss, distinct_count: { min: 5 } }
";
    let source = people.source(ScanMethod::Auto);
    let plan = wait(explain(&source, &rules(text), &threads(1))).unwrap();
    insta::assert_snapshot!(plan.to_string(), @r"
    1. scan `people`: 2 of 3 columns, about 12 rows
      columns: id, boss
      collect keys: (boss)
      check people/greatest: id
    after the scans, decide by key:
      people/bosses: 5 to any number of different keys in `people` (boss)
    run the query of people/query: SELECT id FROM people
    ");
}

#[test]
fn a_query_runs_on_until_the_run_is_cancelled() {
    let people = People::new();
    let endless = "sql: 'WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i FROM n) SELECT i FROM n WHERE i = 0' }";
    for method in METHODS {
        let options = threads(1);
        let cancellation = options.cancellation.clone();
        let progress = move |_: &dq_core::validate::Progress| {
            let cancellation = cancellation.clone();
            // Nothing else ends the run: whenever this happens, the query has to notice.
            std::thread::spawn(move || cancellation.cancel());
        };
        let options = ValidateOptions { progress: Some(std::sync::Arc::new(progress)), ..options };
        let result =
            wait(validate(&people.source(method), &rules_of("people", &[endless]), &options));
        assert_eq!(result.unwrap_err().kind(), ErrorKind::Cancelled);
    }
}
