//! Statements: parameters, results, and what is MySQL's own about them.

use dq_core::ErrorKind;
use dq_core::database::mysql::{IsolationLevel, MySqlConfig};
use dq_core::database::{DatabaseManager, Statement};
use dq_core::value::{OwnedValue, Value, ValueType};

use crate::bench::{ENDLESS, Place, open, scalar};
use crate::wait_for;

#[tokio::test(flavor = "multi_thread")]
async fn parameters_are_read_as_their_column_wants() {
    let Some(place) = Place::new() else { return };
    let database = place.open().await;
    place.run(
        "CREATE TABLE t (s smallint, n decimal(10,2), j json, m enum('happy','sad'), d date, c char(3), b bit(3), y year)",
    );
    let insert = Statement::new("INSERT INTO t VALUES (?, ?, ?, ?, ?, ?, ?, ?)")
        .bind(7)
        .bind(1.5)
        .bind("{\"a\": [1]}")
        .bind("sad")
        .bind("2026-11-23")
        .bind("ab")
        .bind(5)
        .bind("1999");
    assert_eq!(database.execute(&insert).await.unwrap(), 1);
    let result = database.query(&"SELECT * FROM t".into()).await.unwrap();
    let row: Vec<_> =
        (0..8).map(|it| result.rows().next().unwrap().value(it).to_string()).collect();
    assert_eq!(row, ["7", "1.50", "{\"a\": [1]}", "sad", "2026-11-23", "ab", "5", "1999"]);
    let large = Statement::new("INSERT INTO t (s) VALUES (?)").bind(70_000);
    let error = database.execute(&large).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::QueryInvalid, "it is not cut off");
    assert!(!error.message().contains("70000"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn results_of_expressions_have_types() {
    let Some(place) = Place::new() else { return };
    let database = place.open().await;
    let sql = "SELECT 1 AS a, 1.50 AS b, 1e0 AS c, 'x' AS d, x'ff' AS e, NULL AS f, TRUE AS g, \
               DATE '2026-11-23' AS h, now(6) AS i, TIME '14:05' AS j, 1 + 18446744073709551614 AS k";
    let result = database.query(&sql.into()).await.unwrap();
    let types: Vec<_> = result.columns.iter().map(|it| it.value_type).collect();
    let (integer, text) = (ValueType::Integer, ValueType::Text);
    let expected = [
        integer,
        ValueType::Any,
        ValueType::Float,
        text,
        ValueType::Bytes,
        text,
        integer,
        ValueType::Date,
        ValueType::Timestamp,
        text,
        integer,
    ];
    assert_eq!(types, expected);
    let row = result.rows().next().unwrap();
    assert_eq!(row.get("b"), Some(Value::Text(b"1.50")));
    assert_eq!((row.get("e"), row.get("f")), (Some(Value::Bytes(&[0xff])), Some(Value::Null)));
    assert_eq!(row.get("k"), Some(Value::Text(b"18446744073709551615")));
    assert_eq!(row.get("j"), Some(Value::Text(b"14:05:00")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_changed_its_shape_is_queried_anew() {
    let Some(place) = Place::new() else { return };
    let database = place.open().await;
    place.run("CREATE TABLE t (a int); INSERT INTO t VALUES (1)");
    for change in
        ["ADD COLUMN b text", "MODIFY a varchar(9)", "DROP COLUMN a", "ADD COLUMN c int FIRST"]
    {
        let before = database.query(&"SELECT * FROM t".into()).await.unwrap();
        place.run(&format!("ALTER TABLE t {change}"));
        let after = database.query(&"SELECT * FROM t".into()).await.unwrap();
        assert_ne!(before.columns, after.columns, "{change}");
        let stream = database.stream(&"SELECT * FROM t".into()).await.unwrap();
        assert_eq!(stream.columns(), after.columns, "{change}");
    }
    place.run("DELETE FROM t");
    database.query(&"SELECT * FROM t".into()).await.unwrap();
    place.run("ALTER TABLE t ADD COLUMN d date");
    let empty = database.query(&"SELECT * FROM t".into()).await.unwrap();
    assert_eq!(empty.columns.last().unwrap().name, "d");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_about_data_holds_no_data() {
    let Some(place) = Place::new() else { return };
    let database = place.open().await;
    place.run("CREATE TABLE t (a varchar(20) UNIQUE, n int, d date, CONSTRAINT short CHECK (length(a) < 9)); INSERT INTO t VALUES ('canary', 1, NULL)");
    place.run("DELIMITER //\nCREATE FUNCTION f() RETURNS int BEGIN SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'canary'; RETURN 1; END//");
    for sql in [
        "SELECT f()",
        "SELECT json_extract(a, '$.canary.a b') FROM t",
        "SELECT CAST(a AS uuid) FROM t",
        "SELECT ST_GeomFromText(a) FROM t",
    ] {
        if let Err(error) = database.query(&sql.into()).await {
            assert!(!format!("{error:?}").contains("canary"), "{sql}: {error:?}");
        }
    }
    for (sql, kind) in [
        ("INSERT INTO t VALUES ('canary', 2, NULL)", ErrorKind::Conflict),
        ("INSERT INTO t SELECT concat(a, a), 2, NULL FROM t", ErrorKind::Conflict),
        ("UPDATE t SET n = a", ErrorKind::QueryInvalid),
        ("UPDATE t SET d = a", ErrorKind::QueryInvalid),
        ("UPDATE t SET n = n / 0", ErrorKind::QueryInvalid),
    ] {
        let error = database.execute(&sql.into()).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
        assert!(!format!("{error:?}").contains("canary"), "{error:?}");
    }
    let twice = database.execute(&"INSERT INTO t VALUES ('canary', 2, NULL)".into()).await;
    assert!(twice.unwrap_err().message().ends_with("duplicate entry for key 'a'"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_that_takes_too_long_is_ended_by_the_server() {
    let Some(place) = Place::new() else { return };
    place.run("CREATE TABLE t (a bigint)");
    let config = MySqlConfig { statement_timeout_ms: 50, ..place.config() };
    let database = open(config).await;
    let endless = format!("SELECT count(*) FROM ({ENDLESS}) n WHERE i % 2 = 2");
    let error = database.query(&endless.as_str().into()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert!(error.message().contains("max_statement_time"), "{error}");
    let insert = format!("INSERT INTO t {endless}");
    let error = database.execute(&insert.into()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert_eq!(scalar(&database, "SELECT 1").await, OwnedValue::from(1));
    // A scan takes as long as it takes.
    place.run("CREATE VIEW slow AS SELECT sleep(0.2) AS a");
    let (batches, _) = crate::bench::scan(&database, "slow").await.unwrap();
    assert_eq!(crate::bench::rows(&batches), [["0"]]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lock_is_waited_for_no_longer_than_allowed() {
    let Some(place) = Place::new() else { return };
    let database = open(MySqlConfig { lock_timeout_ms: 30, ..place.config() }).await;
    place.run("CREATE TABLE t (a int); INSERT INTO t VALUES (1)");
    let mut first = database.begin().await.unwrap();
    first.execute(&"UPDATE t SET a = 2".into()).await.unwrap();
    let error = database.execute(&"UPDATE t SET a = 3".into()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Busy);
    let mut second = database.begin().await.unwrap();
    let error = second.execute(&"UPDATE t SET a = 3".into()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Busy);
    assert_eq!(second.commit().await.unwrap_err().kind(), ErrorKind::Conflict, "it begins again");
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
        let database = open(MySqlConfig { isolation, ..place.config() }).await;
        let mut transaction = database.begin().await.unwrap();
        transaction.query(&"SELECT a FROM t".into()).await.unwrap();
        database.execute(&"UPDATE t SET a = a + 1".into()).await.unwrap();
        let changed = transaction.execute(&"UPDATE t SET a = 7".into()).await;
        assert_eq!(changed.is_err_and(|it| it.kind() == ErrorKind::Busy), is_refused);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_serializable_transaction_has_read_is_not_changed_by_others() {
    let Some(place) = Place::new() else { return };
    place.run("CREATE TABLE t (a int); INSERT INTO t VALUES (1)");
    let isolation = IsolationLevel::Serializable;
    let config = MySqlConfig { isolation, lock_timeout_ms: 30, ..place.config() };
    let database = open(config).await;
    let mut transaction = database.begin().await.unwrap();
    transaction.query(&"SELECT a FROM t".into()).await.unwrap();
    let error = database.execute(&"UPDATE t SET a = 2".into()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Busy);
    transaction.rollback().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deadlock_ends_one_of_two_transactions() {
    let Some(place) = Place::new() else { return };
    place.run("CREATE TABLE t (id int PRIMARY KEY, a int); INSERT INTO t VALUES (1, 0), (2, 0)");
    let database = place.open().await;
    let (mut one, mut two) = (database.begin().await.unwrap(), database.begin().await.unwrap());
    one.execute(&"UPDATE t SET a = 1 WHERE id = 1".into()).await.unwrap();
    two.execute(&"UPDATE t SET a = 2 WHERE id = 2".into()).await.unwrap();
    let (statement_one, statement_two): (Statement, Statement) =
        ("UPDATE t SET a = 1 WHERE id = 2".into(), "UPDATE t SET a = 2 WHERE id = 1".into());
    let (first, second) = tokio::join!(one.execute(&statement_one), two.execute(&statement_two));
    let (lost, won) = if first.is_err() { (one, two) } else { (two, one) };
    assert_eq!(first.and(second).unwrap_err().kind(), ErrorKind::Busy);
    assert_eq!(lost.commit().await.unwrap_err().kind(), ErrorKind::Conflict);
    won.commit().await.unwrap();
    assert_eq!(scalar(&database, "SELECT count(DISTINCT a) FROM t").await, 1.into());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_would_commit_a_transaction_is_refused_in_one() {
    let Some(place) = Place::new() else { return };
    place.run("CREATE TABLE t (a int); CREATE PROCEDURE p() COMMIT");
    let database = place.open().await;
    for sql in ["CREATE TABLE u (a int)", "TRUNCATE t", "/*!ALTER*/ TABLE t ADD b int", "CALL p()"]
    {
        let mut transaction = database.begin().await.unwrap();
        transaction.execute(&"INSERT INTO t VALUES (1)".into()).await.unwrap();
        let error = transaction.execute(&sql.into()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::QueryInvalid, "{sql}");
        transaction.rollback().await.unwrap();
    }
    assert_eq!(scalar(&database, "SELECT count(*) FROM t").await, 0.into());
    database.execute(&"CALL p()".into()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dropped_query_is_ended_on_the_server_at_once() {
    let Some(place) = Place::new() else { return };
    let database = place.open().await;
    let endless = Statement::new(format!("SELECT count(*) FROM ({ENDLESS}) n WHERE i % 2 = 2"));
    let busy = "SELECT count(*) FROM information_schema.processlist WHERE db = DATABASE() \
                AND id <> connection_id() AND command <> 'Sleep'";
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
    let database = open(MySqlConfig { result_size_max_bytes: 100_000, ..place.config() }).await;
    let error = database.query(&ENDLESS.into()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::LimitExceeded);
    let own = format!("{ENDLESS} LIMIT 9000000000000000000");
    for sql in [ENDLESS, own.as_str()] {
        let some = database.query(&Statement::new(sql).limit(5)).await.unwrap();
        assert_eq!((some.row_count(), some.truncated), (5, true));
        let mut stream = database.stream(&Statement::new(sql).limit(5)).await.unwrap();
        assert_eq!(stream.next().await.unwrap().unwrap().rows(), 5);
        assert!(stream.next().await.unwrap().is_none());
    }
    let mut transaction = database.begin().await.unwrap();
    for _ in 0..2 {
        let some = transaction.query(&Statement::new(ENDLESS).limit(5)).await.unwrap();
        assert_eq!((some.row_count(), some.truncated), (5, true));
    }
    transaction.commit().await.unwrap();
    let all = database.query(&"SELECT seq FROM seq_1_to_7".into()).await.unwrap();
    assert_eq!(all.row_count(), 7, "no limit stays behind");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_writes_on_a_reading_connection() {
    let Some(place) = Place::new() else { return };
    place.run("CREATE TABLE t (a int)");
    place.run("DELIMITER //\nCREATE FUNCTION f() RETURNS int BEGIN INSERT INTO t VALUES (1); RETURN 1; END//");
    place.run("DELIMITER //\nCREATE PROCEDURE p() BEGIN COMMIT; START TRANSACTION READ WRITE; INSERT INTO t VALUES (2); COMMIT; END//");
    let database = place.open().await;
    for sql in [
        "SELECT f()",
        "INSERT INTO t VALUES (1) RETURNING a",
        "CALL p()",
        "FLUSH TABLES",
        "CREATE TEMPORARY TABLE u (a int)",
        "/*!INSERT*/ INTO t VALUES (3)",
    ] {
        let error = database.query(&sql.into()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::PermissionDenied, "{sql}: {error}");
    }
    for sql in ["SET SESSION TRANSACTION READ WRITE", "/*!COMMIT*/", "XA START 'a'"] {
        let error = database.query(&sql.into()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::QueryInvalid, "{sql}: {error}");
    }
    assert_eq!(place.run("SELECT count(*) FROM t"), "0");
}

#[tokio::test(flavor = "multi_thread")]
async fn text_is_compared_by_the_server_as_its_collation_says() {
    let Some(place) = Place::new() else { return };
    place.run("CREATE TABLE t (a varchar(9) collate utf8mb4_general_ci); INSERT INTO t VALUES ('a'), ('A'), ('a ')");
    let database = place.open().await;
    let equal = "SELECT count(*) FROM t WHERE a = 'A'";
    assert_eq!(scalar(&database, equal).await, 3.into(), "which is why dq compares by itself");
    let (batches, _) = crate::bench::scan(&database, "t").await.unwrap();
    assert_eq!(crate::bench::rows(&batches), [["a"], ["A"], ["a "]]);
}
