//! Real rows, whose counts were computed beforehand with two other tools: 5,326 American hospitals as
//! their ministry published them in 2020.

use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use dq_core::database::sqlite::{ScanMethod, SqliteConfig, SqliteSource};
use dq_core::engine::{OpenOptions, open};
use dq_core::rules::RuleSet;
use dq_core::source::{Cancellation, Scan, Source};
use dq_core::validate::{Report, validate};
use rusqlite::{Connection, params_from_iter};

use crate::run::{Counts, counts, repository, rules, threads, wait};

const RULES: &str = r#"
version: 1
rules:
  - id: all
    table: data
    checks:
      - { id: rows, row_count: { min: 5326, max: 5326 } }
      - { id: ccn_shared, unique: [Facility ID] }
      - { id: ccn_digits, column: Facility ID, matches: '^[0-9]{6}$' }
      - { id: ccn_form, column: Facility ID, matches: '^[0-9]{2}[0-9A-Z][0-9]{2}[0-9F]$' }
      - { id: zip, column: ZIP Code, matches: '^[0-9]{5}$' }
      - { id: phone_digits, column: Phone Number, matches: '^[^0-9]*([0-9][^0-9]*){10}$' }
      - { id: phone_shared, unique: [Phone Number] }
      - { id: name_shared, unique: [Facility Name, City, State] }
      - { id: address_shared, unique: [Address, City, State] }
      - { id: city_of_zip, functional_dependency: { from: [ZIP Code], to: City } }
      - { id: two_spaces, column: Facility Name, matches: '^([^ ]| [^ ]| $)*$' }
      - { id: two_spaces_in_sql, expression: "\"Facility Name\" NOT LIKE '%  %'" }
      - { id: location, column: Location, not_blank: true }
      - { id: location_null, column: Location, not_null: true }
      - { id: rating, column: Hospital overall rating, one_of: ['1', '2', '3', '4', '5'] }
      - { id: rating_number, column: Hospital overall rating, between: { min: 1, max: 5 } }
      - { id: rating_type, column: Hospital overall rating, type: integer }
  - id: unrated
    table: data
    where: "\"Hospital overall rating\" = 'Not Available'"
    checks:
      - { id: footnote, column: Hospital overall rating footnote, not_blank: true }
  - id: rated
    table: data
    where: "\"Hospital overall rating\" <> 'Not Available'"
    checks:
      - { id: footnote, expression: '"Hospital overall rating footnote" IS NULL' }
      - { id: rating, column: Hospital overall rating, between: { min: 1, max: 5 } }
"#;

const ALL: u64 = 5326;

const COUNTS: [(&str, Counts); 20] = [
    ("rows", (ALL, 0, None)),
    ("ccn_shared", (ALL, 0, Some(0))),
    ("ccn_digits", (ALL, 35, None)),
    ("ccn_form", (ALL, 0, None)),
    ("zip", (ALL, 0, None)),
    ("phone_digits", (ALL, 0, None)),
    ("phone_shared", (ALL, 40, Some(20))),
    ("name_shared", (ALL, 4, Some(2))),
    ("address_shared", (ALL, 6, Some(3))),
    ("city_of_zip", (ALL, 38, Some(22))),
    ("two_spaces", (ALL, 51, None)),
    ("two_spaces_in_sql", (ALL, 51, None)),
    ("location", (ALL, 404, None)),
    ("location_null", (ALL, 404, None)),
    ("rating", (ALL, 1750, None)),
    ("rating_number", (ALL, 1750, None)),
    ("rating_type", (ALL, 1750, None)),
    ("footnote", (1750, 0, None)),
    ("footnote", (3576, 60, None)),
    ("rating", (3576, 0, None)),
];

#[test]
fn the_counts_of_the_file_are_those_of_other_tools() {
    let file = file();
    for number in [1, 2, 7] {
        let report = run(&*file, &rules(RULES), number);
        assert_eq!(named(&report), COUNTS, "{number} threads");
    }
}

#[test]
fn the_same_rows_in_sqlite_have_the_same_counts() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("hospitals.db");
    copy(&*file(), &path);
    for scan_method in [ScanMethod::Pages, ScanMethod::Statements] {
        let config = SqliteConfig { scan_method, ..SqliteConfig::new(&path) };
        let database = SqliteSource::new(config).unwrap();
        for number in [1, 2, 7] {
            let report = run(&database, &rules(RULES), number);
            assert_eq!(named(&report), COUNTS, "{scan_method:?}, {number} threads");
        }
    }
}

#[test]
fn the_rules_of_the_example_say_what_they_said() {
    let path = repository("examples/rules/hospitals.yaml");
    let rules = RuleSet::read(&path, &[].into()).unwrap();
    let mut options = threads(2);
    options.sample_limit = 2;
    let mut report = wait(validate(&*file(), &rules, &options)).unwrap();
    report.elapsed = Duration::ZERO;
    report.source = "examples/data/hospitals.csv".to_owned();
    report.rules_file = "examples/rules/hospitals.yaml".to_owned();
    insta::assert_json_snapshot!(report);
}

fn file() -> Arc<dyn Source> {
    let path = repository("examples/data/hospitals.csv");
    open(path.to_str().unwrap(), &OpenOptions::default()).unwrap()
}

fn run(source: &dyn Source, rules: &RuleSet, number: usize) -> Report {
    wait(validate(source, rules, &threads(number))).unwrap()
}

fn named(report: &Report) -> Vec<(&str, Counts)> {
    report.checks().map(|it| it.id.as_str()).zip(counts(report)).collect()
}

/// Copies the table `data` into a new database at `path`, every column as text.
fn copy(source: &dyn Source, path: &Path) {
    let mut connection = Connection::open(path).unwrap();
    let snapshot = wait(source.snapshot()).unwrap();
    let schema = &snapshot.tables()[0];
    let columns: Vec<_> = schema.columns.iter().map(|it| format!("\"{}\" TEXT", it.name)).collect();
    connection.execute_batch(&format!("CREATE TABLE data ({})", columns.join(", "))).unwrap();
    let values = vec!["?"; columns.len()].join(", ");
    let scan = Scan {
        table: schema.name.clone(),
        columns: (0..columns.len()).collect(),
        partitions: NonZeroUsize::MIN,
        cancellation: Cancellation::new(),
    };
    let transaction = connection.transaction().unwrap();
    let mut insert = transaction.prepare(&format!("INSERT INTO data VALUES ({values})")).unwrap();
    for mut partition in wait(snapshot.scan(&scan)).unwrap() {
        while let Some(batch) = wait(partition.next()).unwrap() {
            for row in 0..batch.rows() {
                let values = batch.columns().iter().map(|it| it.value(row));
                let values = values.map(|it| (!it.is_null()).then(|| it.to_string()));
                insert.execute(params_from_iter(values)).unwrap();
            }
        }
    }
    drop(insert);
    transaction.commit().unwrap();
}
