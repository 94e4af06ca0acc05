//! What cannot be reached or read, and what is said about it.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::num::NonZero;
use std::sync::Arc;

use dq_core::clock::SystemClock;
use dq_core::database::postgres::{PostgresConfig, PostgresSource};
use dq_core::database::{DatabaseManager, HealthStatus};
use dq_core::rules::RuleSet;
use dq_core::source::Source;
use dq_core::validate::{CheckReport, ValidateOptions, validate};
use dq_core::{Error, ErrorKind};

use crate::bench::{Place, few, open, read, scalar, scan, try_open, whole};
use crate::endless::ENDLESS;
use crate::servers::port;
use crate::servers::postgres::{PASSWORD, PostgresServer};
use crate::wait_for;

async fn refused(url: &str) -> Error {
    let error = try_open(few(url)).await.unwrap_err();
    assert!(!format!("{error:?}").contains(PASSWORD), "{error:?}");
    error
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_not_let_in_hears_why() {
    let Some(place) = Place::new() else { return };
    let port = place.server.port;
    let error = refused(&format!("postgres://postgres:wrong@127.0.0.1:{port}/postgres")).await;
    assert_eq!(error.kind(), ErrorKind::PermissionDenied);
    assert!(error.message().contains("password authentication failed"), "{error}");
    let error = refused(&place.server.url("nowhere")).await;
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert!(error.message().contains("\"nowhere\" does not exist"), "{error}");
    let error = refused(&format!("postgres://u:{PASSWORD}@127.0.0.1:{}/d", port::free())).await;
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert!(error.message().starts_with("cannot connect to `postgres://127.0.0.1:"), "{error}");
    let error = refused(&format!("postgres://u:{PASSWORD}@no-such-host.invalid/d")).await;
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert!(error.message().contains("no-such-host.invalid"), "{error}");
}

/// The port of somebody who gives the same answer to all who come, whatever they say.
fn answering(answer: &'static [u8]) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for mut caller in listener.incoming().flatten() {
            let mut said = [0; 8];
            if caller.read_exact(&mut said).is_ok() {
                caller.write_all(answer).ok();
            }
        }
    });
    port
}

#[tokio::test(flavor = "multi_thread")]
async fn who_answers_and_is_no_server_of_this_kind_is_said_to_be_none() {
    let http = b"HTTP/1.1 400 Bad Request\r\n\r\n";
    let redis = b"-ERR unknown command\r\n";
    for (answer, mode) in [(&http[..], "prefer"), (redis, "require"), (redis, "disable")] {
        let place = format!("127.0.0.1:{}/d", answering(answer));
        let error = refused(&format!("postgres://u:{PASSWORD}@{place}?sslmode={mode}")).await;
        assert_eq!(error.kind(), ErrorKind::Unavailable);
        let told = format!(
            "cannot connect to `postgres://{place}`: what answers is no PostgreSQL server ("
        );
        assert!(error.message().starts_with(&told), "{error}");
        assert!(!error.message().contains("::"), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_url_that_is_none_is_a_wrong_configuration() {
    for (url, word) in [
        ("mysql://h/d", "`url` does not begin with `postgres://`"),
        ("postgres://u:canary@h/d?sslmod=require", "`sslmod`"),
        ("postgres://u:canary@h:99999/d", "cannot be read"),
        ("postgres://u:canary@h/d?sslmode=maybe", "sslmode"),
    ] {
        let error =
            PostgresSource::new(&PostgresConfig::new(url), Arc::new(SystemClock)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConfigInvalid, "{url}");
        let shown = format!("{error:?}");
        assert!(!shown.contains("canary"), "{shown}");
        assert!(error.message().contains(word) || word == "sslmode", "{error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_without_permission_is_named_and_others_are_read() {
    let Some(place) = Place::new() else { return };
    let user = format!("reader_{}", place.name);
    place.run(&format!(
        "CREATE TABLE open (a int); CREATE TABLE closed (a int); \
         CREATE ROLE {user} LOGIN PASSWORD 'reader-pw'; GRANT SELECT ON open TO {user}"
    ));
    let url = format!("postgres://{user}:reader-pw@127.0.0.1:{}/{}", place.server.port, place.name);
    let database = open(few(&url)).await;
    scan(&database, "open").await.unwrap();
    let error = scan(&database, "closed").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::PermissionDenied);
    assert!(error.message().contains("closed"), "{error}");
    assert!(database.version("open").await.unwrap().is_some(), "anyone may ask for a version");
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_on_rows_are_noted() {
    let Some(place) = Place::new() else { return };
    let user = format!("limited_{}", place.name);
    place.run(&format!(
        "CREATE TABLE t (a int); INSERT INTO t VALUES (1), (2); ALTER TABLE t ENABLE ROW LEVEL SECURITY; \
         CREATE POLICY p ON t USING (a = 1); \
         CREATE ROLE {user} LOGIN PASSWORD 'reader-pw'; GRANT SELECT ON t TO {user}"
    ));
    let url = format!("postgres://{user}:reader-pw@127.0.0.1:{}/{}", place.server.port, place.name);
    let snapshot = open(few(&url)).await.snapshot().await.unwrap();
    assert_eq!(snapshot.notes(), ["`t`: row-level security may hide rows from this user"]);
    let (batches, _) = read(&*snapshot, &whole(&*snapshot, "t", 1)).await.unwrap();
    assert_eq!(crate::bench::count(&batches), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn more_connections_than_the_server_has_are_refused_in_its_words() {
    let Some(server) = PostgresServer::start_with("max_connections = 6", None) else { return };
    let database =
        open(PostgresConfig { readers: 20, ..PostgresConfig::new(server.url("postgres")) }).await;
    let mut streams = Vec::new();
    let error = loop {
        match database.stream(&ENDLESS.into()).await {
            Ok(stream) => streams.push(stream),
            Err(error) => break error,
        }
    };
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert!(
        error.message().contains("too many clients") || error.message().contains("reserved"),
        "{error}"
    );
    drop(streams);
    wait_for("connections come back", || database.statistics().readers.in_use == 0).await;
    assert_eq!(scalar(&database, "SELECT 1").await, 1.into());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_goes_away_during_a_scan_is_an_error_and_found_again() {
    // Else the end of the server may take the table with it.
    let started = PostgresServer::start_with("synchronous_commit = on", None);
    let Some(mut server) = started else { return };
    server.run("postgres", "CREATE TABLE t AS SELECT i AS id, repeat('x', 800) AS filler FROM generate_series(1, 60000) i");
    let database = open(few(&server.url("postgres"))).await;
    let snapshot = database.snapshot().await.unwrap();
    let mut partitions = snapshot.scan(&whole(&*snapshot, "t", 2)).await.unwrap();
    let mut partition = partitions.pop().unwrap();
    assert!(partition.next().await.unwrap().is_some());
    server.kill();
    let error = loop {
        match partition.next().await {
            Ok(Some(_)) => {}
            Ok(None) => panic!("the rows end as if they were all"),
            Err(error) => break error,
        }
    };
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert!(error.message().starts_with("cannot scan the table `t`"), "{error}");
    assert!(snapshot.finish().await.is_err());
    drop((partition, partitions, snapshot));
    let health = database.health().await;
    assert_eq!(health.status, HealthStatus::Unhealthy);
    server.restart();
    for _ in 0..10 {
        assert_eq!(scalar(&database, "SELECT count(*) FROM t").await, 60_000.into());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn idle_connections_that_a_restart_broke_are_replaced_unseen() {
    let Some(mut server) = PostgresServer::start() else { return };
    let database = open(few(&server.url("postgres"))).await;
    let mut streams = Vec::new();
    for _ in 0..3 {
        streams.push(database.stream(&"SELECT 1".into()).await.unwrap());
    }
    for mut stream in streams {
        while stream.next().await.unwrap().is_some() {}
    }
    database.begin().await.unwrap().rollback().await.unwrap();
    server.restart();
    assert_eq!(scalar(&database, "SELECT 1").await, 1.into());
    database.begin().await.unwrap().rollback().await.unwrap();
    assert_eq!(database.execute(&"CREATE TABLE t (a int)".into()).await.unwrap(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_outcome_of_a_commit_without_an_answer_is_not_known() {
    let Some(place) = Place::new() else { return };
    let database = place.open().await;
    // At its commit the transaction ends the process that commits it.
    place.run(
        "CREATE TABLE t (a int); CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS \
         $$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); PERFORM pg_sleep(5); RETURN NULL; END $$; \
         CREATE CONSTRAINT TRIGGER dies AFTER INSERT ON t DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION die()",
    );
    let mut transaction = database.begin().await.unwrap();
    transaction.execute(&"INSERT INTO t VALUES (1)".into()).await.unwrap();
    let error = transaction.commit().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::OutcomeUnknown);
    assert!(error.message().ends_with("whether it was committed is not known"), "{error}");
    let error = database.execute(&"INSERT INTO t VALUES (1)".into()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::OutcomeUnknown);
    assert_eq!(scalar(&database, "SELECT count(*) FROM t").await, 0.into());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_view_does_wrong_is_not_said_to_be_a_change() {
    let Some(place) = Place::new() else { return };
    place.run(
        "CREATE TABLE t (a int); INSERT INTO t VALUES (1); \
         CREATE VIEW divided AS SELECT 1 / (a - 1) AS x FROM t; \
         CREATE FUNCTION boom() RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN (SELECT a FROM nowhere); END'; \
         CREATE VIEW broken AS SELECT boom() AS x; \
         CREATE MATERIALIZED VIEW empty AS SELECT * FROM t WITH NO DATA",
    );
    let database = place.open().await;
    for (view, kind, reason) in [
        ("divided", ErrorKind::QueryInvalid, "division by zero"),
        ("broken", ErrorKind::QueryInvalid, "relation \"nowhere\" does not exist"),
        ("empty", ErrorKind::QueryInvalid, "Use the REFRESH MATERIALIZED VIEW command"),
    ] {
        let error = scan(&database, view).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
        assert!(
            error.message().starts_with(&format!("cannot scan the table `{view}`: ")),
            "{error}"
        );
        assert!(error.message().ends_with(reason), "{error}");
    }
    let unreadable = database.unreadable().await.unwrap();
    let names: Vec<_> = unreadable.iter().map(|it| it.table.as_str()).collect();
    assert_eq!(names, ["empty"], "the others would have to read rows");

    let snapshot = database.snapshot().await.unwrap();
    place.run("DROP VIEW divided");
    let error = read(&*snapshot, &whole(&*snapshot, "divided", 1)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::SourceChanged);
    assert!(error.message().ends_with("; it was changed during the run"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_lies_on_a_server_that_is_gone_cannot_be_read_and_the_reason_is_told() {
    let Some(place) = Place::new() else { return };
    place.run(&format!(
        "CREATE EXTENSION postgres_fdw; \
         CREATE SERVER far FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '127.0.0.1', port '{}', dbname 'x'); \
         CREATE USER MAPPING FOR PUBLIC SERVER far OPTIONS (user 'u', password 'canary'); \
         CREATE FOREIGN TABLE remote (a int) SERVER far; CREATE VIEW seen AS SELECT a + 1 AS b FROM remote; \
         CREATE TABLE near (a int)",
        port::free()
    ));
    let database = place.open().await;
    let unreadable = database.unreadable().await.unwrap();
    let names: Vec<_> = unreadable.iter().map(|it| it.table.as_str()).collect();
    assert_eq!(names, ["remote", "seen"]);
    for told in unreadable {
        assert!(told.reason.starts_with("could not connect to server \"far\": "), "{told:?}");
        assert!(told.reason.contains("Connection refused"), "{told:?}");
        let error = scan(&database, &told.table).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unavailable);
        assert!(error.message().contains(&format!("`{}`: {}", told.table, told.reason)), "{error}");
        assert!(!format!("{told:?} {error:?}").contains("canary"), "{error:?}");
    }
    scan(&database, "near").await.unwrap();
}

const OF_FIVE: &str = "
version: 1
rules:
  - { id: good, table: good, checks: [{ column: x, not_null: true }] }
  - { id: damaged, table: damaged, checks: [{ column: x, not_null: true }] }
  - { id: forbidden, table: forbidden, checks: [{ column: x, not_null: true }] }
  - { id: divided, table: divided, checks: [{ column: x, not_null: true }] }
  - { id: other, table: other, checks: [{ column: x, not_null: true }] }
";

#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_cannot_be_read_is_an_error_of_its_checks_and_of_no_other() {
    let Some(place) = Place::new() else { return };
    // A page whose checksum is wrong is reported so; and a view reads what its owner may read.
    place.run(&format!(
        "CREATE TABLE good (x int); INSERT INTO good VALUES (NULL); \
         CREATE TABLE other (x int); INSERT INTO other VALUES (1); \
         CREATE FUNCTION damage() RETURNS int LANGUAGE plpgsql AS \
         $$ BEGIN RAISE EXCEPTION 'invalid page in block 0' USING ERRCODE = 'XX001'; END $$; \
         CREATE VIEW damaged AS SELECT damage() AS x; CREATE VIEW divided AS SELECT 1 / (x - 1) AS x FROM other; \
         CREATE ROLE powerless_{0}; CREATE VIEW forbidden AS SELECT * FROM good; ALTER VIEW forbidden OWNER TO powerless_{0}",
        place.name
    ));
    let rules = RuleSet::parse("rules.yaml", OF_FIVE, &BTreeMap::new()).unwrap();
    for (readers, threads) in [(1, 1), (1, 2), (4, 1), (4, 2)] {
        let database = open(PostgresConfig { readers, ..place.config() }).await;
        let threads = NonZero::new(threads).unwrap();
        let options = ValidateOptions { threads, ..ValidateOptions::default() };
        let report = validate(&database, &rules, &options).await.unwrap();
        assert!(report.has_errors());
        let told = |it: &CheckReport| it.error.clone().unwrap_or(it.violations.to_string());
        let told: Vec<_> = report.checks().map(told).collect();
        let expected = [
            "1",
            "cannot scan the table `damaged`: invalid page in block 0",
            "cannot scan the table `forbidden`: permission denied for table good",
            "cannot scan the table `divided`: division by zero",
            "0",
        ];
        assert_eq!(told, expected);
    }
}
