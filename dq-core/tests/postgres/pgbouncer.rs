//! Behind a PgBouncer that pools transactions, where nothing outlasts one.

use std::sync::Arc;

use dq_core::ErrorKind;
use dq_core::database::conformance::{Bench, check};
use dq_core::database::postgres::{PostgresConfig, PostgresDatabaseManager};
use dq_core::database::{DatabaseManager, Statement};
use dq_core::source::Source;
use tokio::task::JoinSet;

use crate::bench::{Place, count, few, open, read, rows, scalar, scan, try_open, whole};
use crate::endless::ENDLESS;
use crate::servers::pgbouncer::PgBouncer;
use crate::servers::postgres::PostgresServer;
use crate::wait_for;

/// Rows of a table that is worth several partitions.
const FILL: &str =
    "CREATE TABLE t AS SELECT i AS id, repeat('x', 500) AS filler FROM generate_series(1, 60000) i";

/// A database, and a PgBouncer before it with so many connections.
async fn behind(connections: usize) -> Option<(Place, PgBouncer, PostgresDatabaseManager)> {
    let place = Place::new()?;
    let bouncer = PgBouncer::start(&place.server, connections, "");
    let database = open(few(&bouncer.url(&place.name))).await;
    Some((place, bouncer, database))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_promise_holds_behind_it() {
    let Some(server) = PostgresServer::start() else { return };
    let bouncer = PgBouncer::start(&server, 10, "");
    let open = async || {
        let database = Arc::new(open(few(&bouncer.url(&server.database()))).await);
        Ok(Bench { database, bytes_type: "BYTEA", timestamp_type: "TIMESTAMP" })
    };
    if let Err(error) = check(open).await {
        panic!("{error}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn callers_share_a_few_connections_and_do_not_see_each_others_statements() {
    let Some((place, _bouncer, database)) = behind(2).await else { return };
    place.run("CREATE TYPE mood AS ENUM ('well'); CREATE TABLE t (a int, m mood)");
    let database = Arc::new(database);
    let mut callers = JoinSet::new();
    for caller in 0..8_i64 {
        let database = Arc::clone(&database);
        callers.spawn(go_rounds(database, caller));
    }
    while let Some(ended) = callers.join_next().await {
        ended.unwrap();
    }
    assert_eq!(place.run("SELECT count(*) FROM t"), "320");
    assert!(place.server.connections(&place.name) <= 2);
    assert_eq!(place.run("SELECT count(*) FROM pg_prepared_statements"), "0");
}

async fn go_rounds(database: Arc<PostgresDatabaseManager>, caller: i64) {
    for round in 0..20 {
        go_round(&database, caller, round).await;
    }
}

/// A query, a write and a transaction of one caller.
async fn go_round(database: &PostgresDatabaseManager, caller: i64, round: i64) {
    let sum = Statement::new(format!("SELECT CAST(? AS bigint) + {caller}")).bind(round);
    let found = database.query(&sum).await.unwrap().scalar().to_string();
    assert_eq!(found, (round + caller).to_string());
    let insert = Statement::new("INSERT INTO t VALUES (?, 'well')").bind(round);
    assert_eq!(database.execute(&insert).await.unwrap(), 1);
    let mut transaction = database.begin().await.unwrap();
    transaction.execute(&insert).await.unwrap();
    let select = Statement::new("SELECT * FROM t").limit(1);
    assert!(transaction.query(&select).await.is_ok());
    transaction.commit().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_found_out_where_it_refuses_parameters_and_where_it_forgets_them() {
    let Some(place) = Place::new() else { return };
    // What a connection remembers would be seen by the next.
    let remembered = "SELECT current_setting('statement_timeout')";
    for settings in ["", "ignore_startup_parameters = extra_float_digits,options"] {
        let bouncer = PgBouncer::start(&place.server, 1, settings);
        let config = PostgresConfig { statement_timeout_ms: 777, ..few(&bouncer.url(&place.name)) };
        let database = open(config).await;
        assert_eq!(scalar(&database, remembered).await, "777ms".into(), "{settings}");
        let others = open(PostgresConfig { lock_timeout_ms: 0, ..few(&bouncer.url(&place.name)) });
        assert_eq!(scalar(&others.await, remembered).await, "0".into(), "{settings}");
    }
    let told = format!("{}?pgbouncer=true", place.server.url(&place.name));
    assert_eq!(scalar(&open(few(&told)).await, "SELECT 1").await, 1.into());
    let unknown = format!("{}?pgbouncer=perhaps", place.server.url(&place.name));
    let error = try_open(few(&unknown)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConfigInvalid);
    assert!(error.message().ends_with("`pgbouncer` in `url` is neither `true` nor `false`"));
}

#[tokio::test(flavor = "multi_thread")]
async fn options_that_would_not_reach_the_server_are_refused() {
    let Some((place, bouncer, _database)) = behind(1).await else { return };
    let reason = "do not reach a server behind PgBouncer";
    for told in ["", "&pgbouncer=true"] {
        let url = format!("{}?options[search_path]=x{told}", bouncer.url(&place.name));
        let error = try_open(few(&url)).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConfigInvalid);
        assert!(error.message().contains(reason), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_scan_has_as_many_partitions_as_there_are_connections() {
    for (connections, partitions) in [(1, 1), (3, 2), (10, 3)] {
        let Some((place, _bouncer, database)) = behind(connections).await else { return };
        place.run(FILL);
        let snapshot = database.snapshot().await.unwrap();
        place.run("DELETE FROM t WHERE id > 100");
        for _ in 0..2 {
            let scan = whole(&*snapshot, "t", 4);
            let (batches, found) = read(&*snapshot, &scan).await.unwrap();
            assert_eq!((count(&batches), found), (60_000, partitions), "{connections}");
        }
        snapshot.finish().await.unwrap();
        drop(snapshot);
        let (batches, _) = scan(&database, "t").await.unwrap();
        assert_eq!(count(&batches), 100);
        assert!(place.server.connections(&place.name) <= connections);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn reading_stays_reading_and_versions_tell_changes() {
    let Some((place, _bouncer, database)) = behind(2).await else { return };
    place.run("CREATE TABLE t (a int); CREATE SEQUENCE s");
    let error = database.query(&"SELECT nextval('s')".into()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::PermissionDenied);
    let before = database.version("t").await.unwrap().unwrap();
    assert_eq!(database.version("t").await.unwrap().unwrap(), before);
    database.execute(&"INSERT INTO t VALUES (1)".into()).await.unwrap();
    assert_ne!(database.version("t").await.unwrap().unwrap(), before);
    let (batches, _) = scan(&database, "t").await.unwrap();
    assert_eq!(rows(&batches), [["1"]]);
    database.optimize().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_dropped_is_ended_by_the_server_and_nobody_elses_work_is() {
    let Some((place, _bouncer, database)) = behind(2).await else { return };
    let endless = Statement::new(format!("SELECT count(*) FROM ({ENDLESS}) n"));
    let other = open(place.config()).await;
    let mut transaction = other.begin().await.unwrap();
    transaction.execute(&"CREATE TABLE t (a int)".into()).await.unwrap();
    tokio::select! {
        _ = database.query(&endless) => panic!("it has no end"),
        () = wait_for("it runs", || running(&place) == "1") => {}
    }
    wait_for("it is ended", || running(&place) == "0").await;
    transaction.commit().await.unwrap();
    assert_eq!(scalar(&database, "SELECT count(*) FROM t").await, 0.into());
}

/// How many statements without end are at work.
fn running(place: &Place) -> String {
    place.run(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state = 'active' \
         AND query LIKE '%RECURSIVE%' AND pid <> pg_backend_pid()",
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn values_are_the_same_text_whatever_is_set_for_the_database() {
    let Some((place, bouncer, pooled)) = behind(4).await else { return };
    place.run(
        "CREATE TYPE pair AS (a float8, b bytea); \
         CREATE TABLE t (i interval, b bytea[], p point, f float8[], c pair, r regclass)",
    );
    place.run(
        "INSERT INTO t VALUES ('1 year 3 mons -2 days', ARRAY['\\x00ff'::bytea], '(0.1,2)', \
         '{0.30000000000000004}', ROW(0.1::float8 + 0.2, '\\xff'), 't')",
    );
    let name = &place.name;
    for setting in [
        "intervalstyle = iso_8601",
        "bytea_output = escape",
        "quote_all_identifiers = on",
        "extra_float_digits = -10",
        "datestyle = German",
        "timezone = 'Asia/Kolkata'",
    ] {
        place.run(&format!("ALTER DATABASE {name} SET {setting}"));
    }
    // Connections of before do not know of it yet.
    drop((pooled, bouncer));
    let bouncer = PgBouncer::start(&place.server, 4, "");
    let (direct, pooled) = (place.open().await, open(few(&bouncer.url(name))).await);
    for database in [direct, pooled] {
        let (batches, _) = scan(&database, "t").await.unwrap();
        let expected = [
            "1 year 3 mons -2 days",
            "[\"\\\\x00ff\"]",
            "(0.1,2)",
            "[0.30000000000000004]",
            "(0.30000000000000004,\"\\\\xff\")",
            "t",
        ];
        assert_eq!(rows(&batches), [expected]);
    }
}
