//! Checks that servers of parts answer.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use dq_core::clock::SystemClock;
use dq_core::database::postgres::{PostgresConfig, PostgresSource};
use dq_core::rules::RuleSet;
use dq_core::source::Source;
use dq_core::validate::{
    CheckReport, Engine, Report, Status, ValidateOptions, ViolationListener, explain, validate,
};

use serde_json::Value;

use crate::servers::postgres::PASSWORD;
use crate::servers::shards::{Servers, Shards};

/// Providers spread by their id, affiliations by that of their provider, facilities by theirs; the same tables on one
/// server are called `one_…`.
const TABLES: [(&str, &str, &str); 3] = [
    (
        "provider",
        "id text NOT NULL, npi text, email varchar(80), zip text, city text, born int, joined date, score numeric(9, 2), active boolean",
        "id",
    ),
    (
        "affiliation",
        "id bigint NOT NULL, provider_id text, facility_id int, since timestamptz",
        "provider_id",
    ),
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
      - { id: mean, column: born, mean: { min: 1900 } }
      - { id: newest, column: joined, max: { max: 2020-12-31 } }
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
      - { id: middle, column: born, quantile: { at: 50%, min: 1900 } }
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
    let Some(shards) = Shards::shared() else { return };
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
        let is_streamed = ["score", "middle"].contains(&parts.id.as_str());
        let expected = if is_streamed { Engine::Native } else { Engine::Sql };
        if (parts.engine, parts.streamed.is_some()) != (Some(expected), is_streamed) {
            wrong.push(format!("{}: {:?} {:?}", parts.id, parts.engine, parts.streamed));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(failing > 20, "{failing}");
    let streamed = report(&source, &rules(RULES), Engine::Native).await;
    for (one, streamed) in one.checks().zip(streamed.checks()) {
        assert_eq!(told(streamed), told(one));
        assert_eq!(streamed.engine, None);
    }
    assert!(streamed.notes.iter().any(|it| it.contains("per shard")), "{:?}", streamed.notes);
    let notes = parts.notes.join("\n");
    assert!(notes.contains("snapshot: per shard"), "{notes}");
    assert!(!notes.contains("one after the other"), "{notes}");
    assert!(one.checks().all(|it| it.engine.is_none()));
    assert!(!one.notes.iter().any(|it| it.contains("per shard")), "{:?}", one.notes);
}

/// The plans that the coordinator has made of statements of rules.
fn plans(shards: &Shards) -> Vec<String> {
    let log = shards.servers.coordinator.log();
    let plans = log.split("Query Text: ").skip(1).map(str::to_owned);
    plans.filter(|it| it.starts_with("SELECT CAST(")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn all_servers_aggregate_at_once_and_an_explanation_says_so() {
    let settings = "session_preload_libraries = 'auto_explain'\nauto_explain.log_min_duration = 0\n\
                    auto_explain.log_verbose = on\n";
    let Some(servers) = Servers::start_with(settings) else { return };
    let shards = Shards::of(Arc::new(servers));
    tables(&shards);
    let source = source(&shards);
    let options = ValidateOptions { sample_limit: 0, ..ValidateOptions::default() };
    let text = explain(&source, &rules(RULES), &options).await.unwrap().to_string();
    assert_eq!(text.matches(", by all servers at once:").count(), 14, "{text}");
    assert!(!text.contains("one server after the other"), "{text}");
    assert!(text.contains("`provider/npi`: pushed down"), "{text}");
    assert!(text.contains("`streamed/score`: streamed: `postgres_fdw` would send"), "{text}");
    assert!(plans(&shards).is_empty());
    validate(&source, &rules(RULES), &options).await.unwrap();
    let plans = plans(&shards);
    assert_eq!(plans.len(), 14, "{plans:#?}");
    for plan in &plans {
        let scans = plan.matches("Foreign Scan").count();
        assert!(scans >= 2, "{plan}");
        assert_eq!(plan.matches("Async Foreign Scan").count(), scans, "{plan}");
        assert_eq!(plan.matches("Relations: Aggregate on").count(), scans, "{plan}");
        assert_eq!(plan.matches("Remote SQL: SELECT").count(), scans, "{plan}");
    }
    // Of tables whose rows lie beside each other, servers find what is missing alone.
    let joined = plans.iter().filter(|it| it.contains("Aggregate on (("));
    assert_eq!(joined.count(), 2, "{plans:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_gone_is_an_error_of_its_checks_and_of_no_other() {
    let Some(servers) = Servers::start_with("") else { return };
    let mut shards = Shards::of(Arc::new(servers));
    tables(&shards);
    Arc::get_mut(&mut shards.servers).unwrap().shards[1].kill();
    let source = source(&shards);
    let here = "  - id: here\n    table: one_provider\n    checks: [{ id: zip, column: zip, not_null: true }]\n";
    let found = report(&source, &rules(&format!("{RULES}{here}")), Engine::Auto).await;
    assert_eq!(found.status, Status::Error);
    for check in found.checks() {
        if check.id == "zip" && check.check == "not_null" {
            assert_eq!((check.status, check.evaluated), (Status::Pass, 1_000));
            continue;
        }
        assert_eq!(check.status, Status::Error, "{check:?}");
        let error = check.error.as_deref().unwrap_or_default();
        assert!(error.contains("could not connect to server \"s1\""), "{error}");
        assert!(!error.contains("postgres-pw"), "{error}");
    }
}

/// The checks of a report that could not run, by their names, and why; all others must have judged all rows.
fn could_not_run(found: &Report) -> Vec<(&str, &str)> {
    assert_eq!(found.status, Status::Error);
    let (failed, others): (Vec<_>, Vec<_>) =
        found.checks().partition(|it| it.status == Status::Error);
    assert!(others.iter().all(|it| it.evaluated > 0), "{others:?}");
    for check in &failed {
        assert_eq!((check.violations, check.groups), (0, None), "{check:?}");
        assert!(check.sample.is_empty() && check.measured.is_none(), "{check:?}");
    }
    failed.iter().map(|it| (it.id.as_str(), it.error.as_deref().unwrap_or_default())).collect()
}

/// Notes the checks of which failing rows are told.
fn noting(told: &Arc<Mutex<BTreeSet<String>>>) -> ViolationListener {
    let told = Arc::clone(told);
    Arc::new(move |it| {
        told.lock().unwrap().insert(it.check.to_owned());
        Ok(())
    })
}

/// Rules of tables of which one is on this server alone, in an order in which it is read last.
const AFTER: &str = "
  - id: here
    table: one_facility
    checks:
      - { id: here, column: name, not_null: true }
      - { id: here_too, unique: [id] }
      - { id: between, references: { columns: [id], table: facility, key: [id] } }
";

#[tokio::test(flavor = "multi_thread")]
async fn rows_that_cannot_be_streamed_are_an_error_of_their_checks_and_of_no_other() {
    let Some(servers) = Servers::start() else { return };
    let mut shards = Shards::of(Arc::new(servers));
    tables(&shards);
    let text = format!("{RULES}{AFTER}");
    // The table is gone on one server only: the copy fails after it has begun.
    shards.servers.shards[1].run(&shards.database, "DROP TABLE facility");
    let options = ValidateOptions { engine: Engine::Native, ..ValidateOptions::default() };
    let found = validate(&source(&shards), &rules(&text), &options).await.unwrap();
    let failed = could_not_run(&found);
    assert_eq!(failed.iter().map(|it| it.0).collect::<Vec<_>>(), ["facility", "between"]);
    assert!(
        failed.iter().all(|it| it.1.contains("\"public.facility\" does not exist")),
        "{failed:?}"
    );
    let read: Vec<_> = found.tables.iter().map(|it| it.table.as_str()).collect();
    assert!(read.contains(&"one_facility") && !read.contains(&"facility"), "{read:?}");

    shards.run("ALTER USER MAPPING FOR postgres SERVER s0 OPTIONS (SET user 'nobody')");
    shards.run("DROP USER MAPPING FOR postgres SERVER s1");
    let options = ValidateOptions::default();
    let found = validate(&source(&shards), &rules(&text), &options).await.unwrap();
    let failed = could_not_run(&found);
    assert_eq!(failed.len(), found.checks().count() - 2, "{failed:?}");
    let why = ["user mapping not found", "could not connect to server \"s0\""];
    let is_told = |it: &&str| why.iter().any(|why| it.contains(why));
    assert!(failed.iter().all(|it| is_told(&it.1)), "{failed:?}");
    shards.run(&format!("CREATE USER MAPPING FOR postgres SERVER s1 OPTIONS (user 'postgres', password '{PASSWORD}')"));
    shards.run("ALTER USER MAPPING FOR postgres SERVER s0 OPTIONS (SET user 'postgres')");

    Arc::get_mut(&mut shards.servers).unwrap().shards[1].kill();
    for wants_rows in [false, true] {
        let told = Arc::new(Mutex::new(BTreeSet::new()));
        let listener = noting(&told);
        let engine = if wants_rows { Engine::Auto } else { Engine::Native };
        let violations = wants_rows.then_some(listener);
        let options = ValidateOptions { engine, violations, ..ValidateOptions::default() };
        let here = "  - { id: wrong, table: one_provider, checks: [{ id: wrong, column: zip, length: { max: 1 } }] }\n";
        let found = validate(&source(&shards), &rules(&format!("{text}{here}")), &options).await;
        let found = found.unwrap();
        let failed = could_not_run(&found);
        assert_eq!(failed.len(), found.checks().count() - 3, "{failed:?}");
        for (check, error) in failed {
            assert!(error.contains("could not connect to server \"s1\""), "{check}: {error}");
            assert!(!error.contains(char::is_control), "{error}");
        }
        let told: Vec<_> = told.lock().unwrap().iter().cloned().collect();
        let expected: &[&str] = if wants_rows { &["wrong"] } else { &[] };
        assert_eq!(told, expected);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_without_a_key_are_counted_and_not_shown() {
    let Some(shards) = Shards::shared() else { return };
    shards.link();
    shards.spread("t", "id int, x text", "id");
    shards.run("INSERT INTO t SELECT g, nullif(g, 3) FROM generate_series(1, 10) g");
    shards.run("ALTER SERVER s1 OPTIONS (SET async_capable 'false')");
    let text = "version: 1\nrules:\n  - { id: r, table: t, checks: [{ id: x, column: x, not_null: true }, { id: same, unique: [id] }] }\n";
    let found = report(&source(&shards), &rules(text), Engine::Auto).await;
    let check = found.checks().next().unwrap();
    assert_eq!((check.evaluated, check.violations, check.engine), (10, 1, Some(Engine::Sql)));
    assert!(check.sample.is_empty() && check.truncated, "{check:?}");
    let notes = found.notes.join("\n");
    assert!(
        notes.contains("`t`: failing rows are not shown, since they have no primary key"),
        "{notes}"
    );
    assert!(notes.contains("one after the other: `async_capable`"), "{notes}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_servers_would_group_in_another_way_is_streamed() {
    let Some(shards) = Shards::shared() else { return };
    shards.link();
    let collation =
        "CREATE COLLATION same (provider = icu, locale = 'und-u-ks-level2', deterministic = false)";
    shards.run(collation);
    shards.run_on_each(collation);
    shards.spread("t", "id int, x text COLLATE same", "id");
    shards.run("INSERT INTO t VALUES (1, 'a'), (2, 'A'), (3, 'a')");
    let text = "version: 1\nrules:\n  - { id: r, table: t, checks: [{ id: same, unique: [x] }] }\n";
    let found = report(&source(&shards), &rules(text), Engine::Auto).await;
    let check = found.checks().next().unwrap();
    assert_eq!((check.evaluated, check.violations, check.engine), (3, 2, None));
}
