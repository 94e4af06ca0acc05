//! Checks that servers of parts answer.

use std::collections::BTreeMap;
use std::sync::Arc;

use dq_core::clock::SystemClock;
use dq_core::database::postgres::{PostgresConfig, PostgresSource};
use dq_core::rules::RuleSet;
use dq_core::source::Source;
use dq_core::validate::{
    CheckReport, Engine, Report, ValidateOptions, validate,
};

use serde_json::Value;

use crate::servers::shards::Shards;

/// Providers spread by their id, affiliations by that of their provider, facilities by theirs; the same tables on one
/// server are called `one_…`.
const TABLES: [(&str, &str, &str); 3] = [
    ("provider", "id text NOT NULL, npi text, email varchar(80), zip text, city text, born int, joined date, score numeric(9, 2), active boolean", "id"),
    ("affiliation", "id bigint NOT NULL, provider_id text, facility_id int, since timestamptz", "provider_id"),
    ("facility", "id int NOT NULL, name text", "id"),
];

const RULES: &str = "
version: 1
rules:
  - id: provider
    table: provider
    where: \"born > 1940 OR born IS NULL\"
    checks:
      - { id: npi, column: npi, format: npi }
      - { id: email, column: email, format: email }
      - { id: zip, column: zip, matches: '^[0-9]{5}$' }
      - { id: phone, column: zip, format: phone }
      - { id: city, column: city, not_blank: true }
      - { id: trimmed, column: city, trimmed: true }
      - { id: listed, column: city, one_of: [Rome, Oslo, ' Bonn'] }
      - { id: length, column: zip, length: { min: 5, max: 5 } }
      - { id: born, column: born, between: { min: 1930, max: 1990 } }
      - { id: joined, column: joined, between: { min: 2000-01-01, max: 2020-12-31 } }
      - { id: text_days, column: zip, between: { min: 2000-01-01 } }
      - { id: expression, expression: \"born + 20 <= 2000 AND (city LIKE '%o%' OR NOT active) IS NOT FALSE\" }
      - { id: order, expression: \"zip < '5' OR coalesce(city, 'x') <> 'Rome'\" }
      - { id: days, expression: \"joined + 3 > date '2010-01-01'\" }
      - { id: complete, column: city, completeness: { min: 99% } }
      - { id: shared_id, unique: [id] }
      - { id: shared_npi, unique: [npi] }
      - { id: shared_email, unique: [email], normalize: case }
      - { id: shared_pair, unique: [city, zip] }
      - { id: shared_with_id, unique: [zip, id] }
      - { id: city_of_zip, functional_dependency: { from: [zip], to: city } }
      - { id: cities, column: city, distinct_count: { min: 1, max: 3 } }
      - { id: has_affiliation, referenced: { columns: [id], table: affiliation, foreign_key: [provider_id] } }
      - { id: few_affiliations, cardinality: { columns: [id], table: affiliation, foreign_key: [provider_id], max: 2 } }
  - id: affiliation
    table: affiliation
    checks:
      - { id: provider, references: { columns: [provider_id], table: provider, key: [id] } }
      - { id: facility, references: { columns: [facility_id], table: facility, key: [id] } }
      - { id: rows, row_count: { min: 1 } }
  - id: streamed
    table: provider
    checks:
      - { id: score, column: score, between: { min: 10 } }
      - { id: mean, column: born, mean: { min: 1900 } }
";

/// Fills a table with rows of which some are wrong in every way.
fn fill(shards: &Shards, prefix: &str) {
    shards.run(&format!(
        "INSERT INTO {prefix}provider SELECT 'P' || g, CASE WHEN g % 7 = 0 THEN '1234567890' WHEN g % 11 = 0 THEN NULL ELSE '1245319599' END, \
           CASE g % 5 WHEN 0 THEN 'A' || g % 50 || '@x.org' WHEN 1 THEN 'a' || g % 50 || '@x.org' WHEN 2 THEN 'nobody' ELSE 'u' || g || '@x.org' END, \
           CASE WHEN g % 13 = 0 THEN '2001-02-03' ELSE lpad((g % 40)::text, 5, '0') END, \
           CASE g % 40 WHEN 0 THEN NULL WHEN 1 THEN '  ' WHEN 2 THEN 'Zürich ' ELSE (ARRAY['Rome', 'Oslo', ' Bonn'])[1 + g % 3] END, \
           1925 + g % 80, date '1999-01-01' + g * 10, g / 3.0, g % 2 = 0 FROM generate_series(1, 1000) g; \
         INSERT INTO {prefix}facility SELECT g, 'F' || g FROM generate_series(1, 40) g; \
         INSERT INTO {prefix}affiliation SELECT g, CASE WHEN g % 50 = 0 THEN NULL ELSE 'P' || (g * 3) % 1100 END, g % 45, '2020-01-01' FROM generate_series(1, 1200) g"
    ));
}

fn tables(shards: &Shards) {
    shards.link();
    for (name, columns, by) in TABLES {
        shards.spread(name, columns, by);
        shards.note_key(name, "[\"id\"]");
        shards.run(&format!("CREATE TABLE one_{name} ({columns}, PRIMARY KEY (id))"));
    }
    fill(shards, "");
    fill(shards, "one_");
}

fn source(shards: &Shards) -> PostgresSource {
    let config = PostgresConfig { readers: 4, ..PostgresConfig::new(shards.url()) };
    PostgresSource::new(&config, Arc::new(SystemClock)).unwrap()
}

fn rules(text: &str) -> RuleSet {
    RuleSet::parse("rules.yaml", text, &BTreeMap::new()).unwrap()
}

/// The same rules of the tables on one server.
fn of_one(text: &str) -> RuleSet {
    let tables = ["provider", "affiliation", "facility"];
    let replaced = tables.iter().fold(text.to_owned(), |text, it| {
        text.replace(&format!("table: {it}"), &format!("table: one_{it}"))
    });
    rules(&replaced)
}

async fn report(source: &dyn Source, rules: &RuleSet, engine: Engine) -> Report {
    let options = ValidateOptions { engine, show_values: true, ..ValidateOptions::default() };
    validate(source, rules, &options).await.unwrap()
}

/// What a check found, without what says who answered it and of which table.
fn told(check: &CheckReport) -> Value {
    let check = CheckReport { engine: None, streamed: None, ..check.clone() };
    let mut told = serde_json::to_value(check).unwrap();
    told.as_object_mut().unwrap().remove("definition");
    told
}

#[tokio::test(flavor = "multi_thread")]
async fn parts_count_what_one_server_counts_and_only_what_cannot_be_sent_is_streamed() {
    let Some(shards) = Shards::start() else { return };
    tables(&shards);
    let source = source(&shards);
    let one = report(&source, &of_one(RULES), Engine::Native).await;
    let parts = report(&source, &rules(RULES), Engine::Auto).await;
    let (mut failing, mut wrong) = (0, Vec::new());
    for (one, parts) in one.checks().zip(parts.checks()) {
        if told(parts) != told(one) {
            wrong.push(format!("{} {:?} {}\n{}", parts.id, parts.streamed, told(parts), told(one)));
        }
        failing += usize::from(one.violations > 0);
        let is_streamed = ["score", "mean"].contains(&parts.id.as_str());
        let expected = if is_streamed { Engine::Native } else { Engine::Sql };
        if (parts.engine, parts.streamed.is_some()) != (Some(expected), is_streamed) {
            wrong.push(format!("{}: {:?} {:?}", parts.id, parts.engine, parts.streamed));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(failing > 20, "{failing}");
    let notes = parts.notes.join("\n");
    assert!(notes.contains("snapshot: per shard"), "{notes}");
    assert!(!notes.contains("one after the other"), "{notes}");
    assert!(one.checks().all(|it| it.engine.is_none()));
    assert!(!one.notes.iter().any(|it| it.contains("per shard")), "{:?}", one.notes);
}
