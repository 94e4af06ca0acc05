//! Rules over tables of MySQL: what a user types, and that dq decides by itself.

use std::collections::BTreeMap;

use dq_core::engine::{OpenOptions, is_url, open};
use dq_core::rules::RuleSet;
use dq_core::validate::{ValidateOptions, validate};

use crate::bench::Place;

const RULES: &str = "
version: 1
rules:
  - id: person
    table: person
    checks:
      - { id: name, unique: [name] }
      - { id: born, column: born, type: date }
      - { id: large, column: large, between: { max: 18446744073709551614 } }
      - { id: friend, references: { columns: [friend], table: person, key: [id] } }
      - { id: own, sql: 'SELECT id FROM person WHERE name = \"ANNA\"' }
";

#[tokio::test(flavor = "multi_thread")]
async fn rules_judge_bytes_numbers_and_days_by_themselves() {
    let Some(place) = Place::new() else { return };
    place.run(
        "SET sql_mode = ''; CREATE TABLE person (id int unsigned PRIMARY KEY, name varchar(20) collate utf8mb4_general_ci, born date, large bigint unsigned, friend decimal(20)); \
         INSERT INTO person VALUES (1, 'Anna', '2000-02-29', 18446744073709551615, 2), (2, 'anna', '0000-00-00', 7, 9), (3, 'anna', NULL, NULL, NULL)",
    );
    let rules = RuleSet::parse("rules.yaml", RULES, &BTreeMap::new()).unwrap();
    let url = place.server.url(&place.name).replace("mysql://", "mariadb://");
    assert!(is_url(&url));
    let source = open(&url, &OpenOptions::default()).unwrap();
    let report = validate(&*source, &rules, &ValidateOptions::default()).await.unwrap();
    let violations: Vec<_> = report.checks().map(|it| (it.id.as_str(), it.violations)).collect();
    // Only the server takes three names for one.
    let expected = [("name", 2), ("born", 1), ("large", 1), ("friend", 1), ("own", 3)];
    assert_eq!(violations, expected);
}
