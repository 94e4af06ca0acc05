//! Statements: what SQLite lets through and what it does not.

use dq_core::ErrorKind;
use dq_core::database::sqlite::{JournalMode, SqliteConfig};
use dq_core::database::{DatabaseManager, Statement};
use dq_core::source::Source;
use dq_core::value::Value;

use crate::bench::{Folder, execute, filled, number, open, query};
use crate::endless::ENDLESS;

#[tokio::test]
async fn the_engine_itself_refuses_to_write_for_a_query() {
    let folder = Folder::new();
    let database = filled(folder.config(), 3).await;
    for sql in [
        "INSERT INTO t VALUES (9) RETURNING a",
        "CREATE TEMP TABLE u (a)",
        "PRAGMA user_version = 7",
        "VACUUM",
        "REINDEX",
        "ANALYZE",
    ] {
        let error = database.query(&sql.into()).await.unwrap_err();
        assert!(
            matches!(error.kind(), ErrorKind::PermissionDenied | ErrorKind::QueryInvalid),
            "{sql}: {error}"
        );
    }
    for sql in ["PRAGMA query_only = 0", "PRAGMA writable_schema = 1", "ATTACH 'b.db' AS b"] {
        let error = database.query(&sql.into()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::QueryInvalid, "{sql}: {error}");
    }
    let error = database.query(&"DELETE FROM t RETURNING a".into()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::PermissionDenied);
    assert_eq!(number(&database, "SELECT count(*) FROM t").await, 3);
}

#[tokio::test]
async fn reading_changes_no_byte() {
    let folder = Folder::new();
    filled(folder.rollback(), 1_000).await.close().await;
    let before = std::fs::read(folder.path("a.db")).unwrap();
    let database = open(SqliteConfig::new(folder.path("a.db"))).await;
    query(&database, "SELECT * FROM t ORDER BY a DESC").await;
    drop(database.stream(&"SELECT * FROM t".into()).await.unwrap());
    database.catalog().await.unwrap();
    database.version("t").await.unwrap();
    database.health().await;
    database.snapshot().await.unwrap().finish().await.unwrap();
    database.query(&"DELETE FROM t".into()).await.unwrap_err();
    database.close().await;
    assert_eq!(std::fs::read(folder.path("a.db")).unwrap(), before);
    assert_eq!(folder.names(), ["a.db"]);
}

#[tokio::test]
async fn the_first_write_sets_the_journal_mode_that_the_configuration_wants() {
    let folder = Folder::new();
    filled(folder.rollback(), 3).await.close().await;
    let mode = async |config| {
        let database = open(config).await;
        let before = database.health().await.details["journal_mode"].clone();
        execute(&database, "UPDATE t SET a = a + 1").await;
        let after = database.health().await.details["journal_mode"].clone();
        database.close().await;
        (before == "wal", after == "wal")
    };
    let keep = SqliteConfig { journal_mode: JournalMode::Keep, ..folder.config() };
    assert_eq!(mode(keep.clone()).await, (false, false));
    assert_eq!(mode(folder.config()).await, (false, true));
    assert_eq!(mode(keep).await, (true, true));
}

#[tokio::test]
async fn a_new_database_may_have_a_rollback_journal() {
    let folder = Folder::new();
    let database = open(folder.rollback()).await;
    assert_eq!(number(&database, "SELECT count(*) FROM sqlite_schema").await, 0);
    assert!(database.catalog().await.unwrap().is_empty());
    execute(&database, "CREATE TABLE t (a)").await;
    assert_eq!(database.catalog().await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_transaction_may_return_what_it_wrote() {
    let folder = Folder::new();
    let database = filled(folder.config(), 3).await;
    let mut transaction = database.begin().await.unwrap();
    let returning = "UPDATE t SET a = a * 10 WHERE a > 1 RETURNING a".into();
    let result = transaction.query(&returning).await.unwrap();
    let values: Vec<_> = result.rows().map(|it| it.value(0)).collect();
    assert_eq!(values, [Value::Integer(20), Value::Integer(30)]);
    transaction.commit().await.unwrap();
    assert_eq!(number(&database, "SELECT sum(a) FROM t").await, 51);
}

#[tokio::test]
async fn executing_a_query_is_refused() {
    let folder = Folder::new();
    let database = filled(folder.config(), 3).await;
    let error = database.execute(&"SELECT * FROM t".into()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::QueryInvalid);
    assert!(error.message().contains("use a query"), "{error}");
}

#[tokio::test]
async fn foreign_keys_are_enforced() {
    let folder = Folder::new();
    let database = open(folder.config()).await;
    execute(&database, "CREATE TABLE p (id INTEGER PRIMARY KEY)").await;
    execute(
        &database,
        "CREATE TABLE c (p INTEGER REFERENCES p (id) DEFERRABLE INITIALLY DEFERRED)",
    )
    .await;
    let orphan: Statement = "INSERT INTO c VALUES (7)".into();
    assert_eq!(database.execute(&orphan).await.unwrap_err().kind(), ErrorKind::Conflict);
    let mut transaction = database.begin().await.unwrap();
    transaction.execute(&orphan).await.unwrap();
    assert_eq!(transaction.commit().await.unwrap_err().kind(), ErrorKind::Conflict);
    assert_eq!(number(&database, "SELECT count(*) FROM c").await, 0);
    execute(&database, "INSERT INTO p VALUES (7)").await;
}

#[tokio::test]
async fn a_transaction_that_sqlite_ended_does_not_go_on() {
    let folder = Folder::new();
    let database = filled(folder.config(), 3).await;
    execute(&database, "CREATE TABLE u (a UNIQUE ON CONFLICT ROLLBACK)").await;
    let mut transaction = database.begin().await.unwrap();
    transaction.execute(&"DELETE FROM t".into()).await.unwrap();
    transaction.execute(&"INSERT INTO u VALUES (1)".into()).await.unwrap();
    let error = transaction.execute(&"INSERT INTO u VALUES (1)".into()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict);
    let error = transaction.execute(&"INSERT INTO u VALUES (2)".into()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict);
    assert_eq!(transaction.commit().await.unwrap_err().kind(), ErrorKind::Conflict);
    assert_eq!(number(&database, "SELECT count(*) FROM t").await, 3);
    assert_eq!(number(&database, "SELECT count(*) FROM u").await, 0);
}

#[tokio::test]
async fn an_error_in_the_midst_of_a_stream_is_no_end() {
    let folder = Folder::new();
    let database = filled(folder.config(), 20_000).await;
    let overflow = "SELECT CASE a WHEN 15000 THEN abs(-9223372036854775808) ELSE a END FROM t";
    let mut stream = database.stream(&overflow.into()).await.unwrap();
    let mut rows = 0;
    let error = loop {
        match stream.next().await {
            Ok(Some(batch)) => rows += batch.rows(),
            Ok(None) => panic!("the stream ended after {rows} rows"),
            Err(error) => break error,
        }
    };
    assert!(rows < 15_000);
    assert!(error.message().contains("integer overflow"), "{error}");
    assert!(database.query(&overflow.into()).await.is_err());
}

#[tokio::test]
async fn a_result_beyond_the_bound_is_an_error_and_streams() {
    let folder = Folder::new();
    let config = SqliteConfig { result_size_max_bytes: 1 << 20, ..folder.config() };
    let database = filled(config, 1_000).await;
    let wide: Statement = "SELECT a, printf('%2000d', a) FROM t".into();
    let error = database.query(&wide).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::LimitExceeded);
    assert!(error.message().contains("result_size_max_bytes"), "{error}");
    assert_eq!(database.query(&wide.clone().limit(100)).await.unwrap().row_count(), 100);
    let error = database.query(&ENDLESS.into()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::LimitExceeded);
    let mut stream = database.stream(&wide).await.unwrap();
    let mut rows = 0;
    while let Some(batch) = stream.next().await.unwrap() {
        rows += batch.rows();
    }
    assert_eq!(rows, 1_000);
}

#[tokio::test]
async fn each_value_keeps_the_type_that_it_was_stored_with() {
    let folder = Folder::new();
    let database = open(folder.config()).await;
    execute(&database, "CREATE TABLE m (a)").await;
    execute(
        &database,
        "INSERT INTO m VALUES (1), (2.5), ('x'), (x'00ff'), (NULL), (CAST(x'ff' AS TEXT))",
    )
    .await;
    let result = query(&database, "SELECT a FROM m ORDER BY rowid").await;
    let values: Vec<_> = result.rows().map(|it| it.value(0)).collect();
    let expected = [
        Value::Integer(1),
        Value::Float(2.5),
        Value::Text(b"x"),
        Value::Bytes(&[0, 0xff]),
        Value::Null,
        Value::Bytes(&[0xff]),
    ];
    assert_eq!(values, expected);
}

#[tokio::test]
async fn a_changed_table_shows_its_new_columns() {
    let folder = Folder::new();
    let database = filled(folder.config(), 1).await;
    assert_eq!(query(&database, "SELECT * FROM t").await.columns.len(), 1);
    execute(&database, "ALTER TABLE t ADD COLUMN b DEFAULT 'new'").await;
    let result = query(&database, "SELECT * FROM t").await;
    assert_eq!(result.columns.len(), 2);
    assert_eq!(result.rows().next().unwrap().get("b"), Some(Value::Text(b"new")));
}

#[tokio::test]
async fn optimizing_lets_the_catalog_know_the_sizes() {
    let folder = Folder::new();
    let database = filled(folder.config(), 3_000).await;
    execute(&database, "CREATE INDEX t_a ON t (a)").await;
    execute(&database, "DELETE FROM t WHERE a < 2990 AND a > 1").await;
    assert_eq!(database.catalog().await.unwrap()[0].rows_estimate, Some(3_000));
    database.optimize().await.unwrap();
    assert_eq!(database.catalog().await.unwrap()[0].rows_estimate, Some(12));
}
