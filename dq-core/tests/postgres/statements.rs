//! Statements: parameters, results, and what is PostgreSQL's own about them.

use dq_core::ErrorKind;
use dq_core::database::postgres::{IsolationLevel, PostgresConfig};
use dq_core::database::{DatabaseManager, Statement};
use dq_core::value::{OwnedValue, Value};

use crate::bench::{Place, open, rows, scalar};
use crate::endless::ENDLESS;
use crate::wait_for;

#[tokio::test(flavor = "multi_thread")]
async fn parameters_take_the_type_that_the_statement_wants() {
    let Some(place) = Place::new() else { return };
    let database = place.open().await;
    place.run(
        "CREATE TYPE mood AS ENUM ('happy', 'sad'); CREATE TABLE t (s smallint, n numeric(10,2), u uuid, j jsonb, m mood, d date, c char(3))",
    );
    let insert = Statement::new("INSERT INTO t VALUES (?, ?, ?, ?, ?, ?, ?)")
        .bind(7)
        .bind(1.5)
        .bind("00112233-4455-6677-8899-aabbccddeeff")
        .bind("{\"a\": [1]}")
        .bind("sad")
        .bind("2026-11-23")
        .bind("ab");
    assert_eq!(database.execute(&insert).await.unwrap(), 1);
    let result = database.query(&"SELECT * FROM t".into()).await.unwrap();
    let row: Vec<_> =
        (0..7).map(|it| result.rows().next().unwrap().value(it).to_string()).collect();
    assert_eq!(
        row,
        [
            "7",
            "1.5",
            "00112233-4455-6677-8899-aabbccddeeff",
            "{\"a\": [1]}",
            "sad",
            "2026-11-23",
            "ab"
        ]
    );
    let large = Statement::new("INSERT INTO t (s) VALUES (?)").bind(70_000);
    let error = database.execute(&large).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::QueryInvalid);
    assert!(!error.message().contains("70000"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_operators_of_json_can_be_written() {
    let Some(place) = Place::new() else { return };
    let database = place.open().await;
    let sql = "SELECT ('{\"a\": 1}'::jsonb ?? ?)::int";
    let found = database.query(&Statement::new(sql).bind("a")).await.unwrap();
    assert_eq!(found.scalar(), Value::Integer(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_dq_has_no_type_for_is_text_and_arrays_are_json() {
    let Some(place) = Place::new() else { return };
    let database = place.open().await;
    let sql = "SELECT ? AS n, '10.0.0.1'::inet AS address, '14:05'::time AS time, '2 months'::interval AS span, \
               ARRAY[1, NULL] AS list, ARRAY['a \"b'] AS list, point(1, 2) AS place, (1, 'x') AS pair, NULL::cidr \
               ORDER BY 1; -- not the end";
    let statement = Statement::new(sql).bind(7);
    let mut results = vec![database.query(&statement.clone().limit(1)).await.unwrap()];
    let mut transaction = database.begin().await.unwrap();
    results.push(transaction.query(&statement).await.unwrap());
    for result in results {
        let names: Vec<_> = result.columns.iter().map(|it| it.name.as_str()).collect();
        assert_eq!(
            names,
            ["n", "address", "time", "span", "list", "list", "place", "pair", "cidr"]
        );
        assert_eq!(
            rows(&result.batches),
            [[
                "7",
                "10.0.0.1/32",
                "14:05:00",
                "2 mons",
                "[1,null]",
                "[\"a \\\"b\"]",
                "(1,2)",
                "(1,x)",
                "NULL"
            ]]
        );
    }
    transaction.execute(&"CREATE TABLE t (a inet)".into()).await.unwrap();
    let insert = "INSERT INTO t VALUES ('::1') RETURNING a";
    let returned = transaction.query(&insert.into()).await.unwrap();
    assert_eq!(rows(&returned.batches), [["::1/128"]]);
    transaction.rollback().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_type_that_a_query_cannot_read_is_named_with_a_way_out() {
    let Some(place) = Place::new() else { return };
    place.run("CREATE TABLE t (a inet)");
    let mut transaction = place.open().await.begin().await.unwrap();
    let sql = "WITH i AS (INSERT INTO t VALUES ('::1') RETURNING a) SELECT a AS address FROM i";
    let error = transaction.query(&sql.into()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert!(error.message().contains("`CAST(address AS TEXT)`"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_changed_its_shape_is_queried_anew() {
    let Some(place) = Place::new() else { return };
    let database = place.open().await;
    place.run("CREATE TABLE t (a int); INSERT INTO t VALUES (1)");
    for change in ["ADD COLUMN b text", "ALTER a TYPE text", "DROP COLUMN a"] {
        let before = database.query(&"SELECT * FROM t".into()).await.unwrap();
        place.run(&format!("ALTER TABLE t {change}"));
        let after = database.query(&"SELECT * FROM t".into()).await.unwrap();
        assert_ne!(before.columns, after.columns, "{change}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_about_data_holds_no_data() {
    let Some(place) = Place::new() else { return };
    let database = place.open().await;
    place.run("CREATE TABLE t (a text UNIQUE); INSERT INTO t VALUES ('canary')");
    place
        .run("CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$ BEGIN RAISE 'canary'; END $$");
    for sql in [
        "SELECT a::int FROM t",
        "SELECT a::date FROM t",
        "SELECT f()",
        "SELECT CAST(a AS uuid) FROM t",
        "SELECT a::json FROM t",
    ] {
        let error = database.query(&sql.into()).await.unwrap_err();
        assert!(!format!("{error:?}").contains("canary"), "{error:?}");
    }
    let twice = database.execute(&"INSERT INTO t VALUES ('canary')".into()).await.unwrap_err();
    assert_eq!(twice.kind(), ErrorKind::Conflict);
    assert!(!format!("{twice:?}").contains("canary"), "{twice:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_that_takes_too_long_is_ended_by_the_server() {
    let Some(place) = Place::new() else { return };
    let config = PostgresConfig { statement_timeout_ms: 50, ..place.config() };
    let database = open(config).await;
    let endless = format!("SELECT count(*) FROM ({ENDLESS}) n");
    let error = database.query(&endless.into()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert!(error.message().contains("statement timeout"), "{error}");
    assert_eq!(scalar(&database, "SELECT 1").await, OwnedValue::from(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lock_is_waited_for_no_longer_than_allowed() {
    let Some(place) = Place::new() else { return };
    let database = open(PostgresConfig { lock_timeout_ms: 30, ..place.config() }).await;
    place.run("CREATE TABLE t (a int); INSERT INTO t VALUES (1)");
    let mut first = database.begin().await.unwrap();
    first.execute(&"UPDATE t SET a = 2".into()).await.unwrap();
    let error = database.execute(&"UPDATE t SET a = 3".into()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Busy);
    first.commit().await.unwrap();
    assert_eq!(database.execute(&"UPDATE t SET a = 3".into()).await.unwrap(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_that_would_overwrite_another_unseen_is_refused() {
    let Some(place) = Place::new() else { return };
    place.run("CREATE TABLE t (a int); INSERT INTO t VALUES (1)");
    for (isolation, is_refused) in
        [(IsolationLevel::RepeatableRead, true), (IsolationLevel::ReadCommitted, false)]
    {
        let database = open(PostgresConfig { isolation, ..place.config() }).await;
        let mut transaction = database.begin().await.unwrap();
        transaction.query(&"SELECT a FROM t".into()).await.unwrap();
        database.execute(&"UPDATE t SET a = a + 1".into()).await.unwrap();
        let changed = transaction.execute(&"UPDATE t SET a = 7".into()).await;
        assert_eq!(changed.is_err_and(|it| it.kind() == ErrorKind::Busy), is_refused);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dropped_query_is_ended_on_the_server_at_once() {
    let Some(place) = Place::new() else { return };
    let database = place.open().await;
    let endless = Statement::new(format!("SELECT count(*) FROM ({ENDLESS}) n"));
    let busy = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
                AND pid <> pg_backend_pid() AND state = 'active'";
    tokio::select! {
        _ = database.query(&endless) => panic!("the endless query ended"),
        () = wait_for("the query runs", || place.run(busy) == "1") => {}
    }
    wait_for("the server is idle", || place.run(busy) == "0").await;
    wait_for("the place in the pool is free", || database.statistics().readers.in_use == 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_result_is_refused_and_a_limit_spares_the_server_the_rest() {
    let Some(place) = Place::new() else { return };
    let database = open(PostgresConfig { result_size_max_bytes: 100_000, ..place.config() }).await;
    let error = database.query(&ENDLESS.into()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::LimitExceeded);
    let some = database.query(&Statement::new(ENDLESS).limit(5)).await.unwrap();
    assert_eq!((some.row_count(), some.truncated), (5, true));
    let mut transaction = database.begin().await.unwrap();
    for _ in 0..2 {
        let some = transaction.query(&Statement::new(ENDLESS).limit(5)).await.unwrap();
        assert_eq!((some.row_count(), some.truncated), (5, true));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_function_cannot_make_a_reading_connection_write() {
    let Some(place) = Place::new() else { return };
    let database = place.open().await;
    place.run("CREATE TABLE t (a int)");
    for sql in [
        "SELECT set_config('transaction_read_only', 'off', false)",
        "SELECT set_config('default_transaction_read_only', 'off', false)",
    ] {
        drop(database.query(&sql.into()).await);
        let error =
            database.query(&"INSERT INTO t VALUES (1) RETURNING a".into()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::PermissionDenied);
    }
    assert_eq!(place.run("SELECT count(*) FROM t"), "0");
}
