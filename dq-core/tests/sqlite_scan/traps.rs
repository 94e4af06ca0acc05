//! What makes a database file hard to read: pages must give what statements give.

use dq_core::database::sqlite::ScanMethod;

use crate::database::Database;

/// Rows `i` from 1 to `count`, for an `INSERT … SELECT … FROM n`.
fn numbers(count: u32) -> String {
    format!("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count})")
}

/// A table whose rows hold every kind of value, some of them on overflow pages.
fn every_kind_of_value(count: u32) -> String {
    format!(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, whole INTEGER, number REAL, name TEXT, amount DECIMAL, anything, data BLOB);
         {} INSERT INTO t SELECT i,
            CASE i % 9 WHEN 0 THEN NULL WHEN 1 THEN 0 WHEN 2 THEN 1 WHEN 3 THEN -i WHEN 4 THEN i * 1000
                WHEN 5 THEN -i * 100000 WHEN 6 THEN i * 10000000000 WHEN 7 THEN -9223372036854775808 + i ELSE 'odd ' || i END,
            CASE i % 6 WHEN 0 THEN NULL WHEN 1 THEN i WHEN 2 THEN i + 0.5 WHEN 3 THEN 0 WHEN 4 THEN 1e300 * i ELSE 'odd' END,
            CASE i % 5 WHEN 0 THEN NULL WHEN 1 THEN '' WHEN 2 THEN 'é' || i WHEN 3 THEN 'Ames' ELSE printf('%.*c', i % 3000, 'x') END,
            CASE i % 4 WHEN 0 THEN i WHEN 1 THEN i / 8.0 WHEN 2 THEN 'n/a' END,
            CASE i % 4 WHEN 0 THEN i WHEN 1 THEN 'text' WHEN 2 THEN x'00ff' END,
            zeroblob(i % 700)
         FROM n;",
        numbers(count)
    )
}

#[tokio::test]
async fn every_kind_of_value_is_read() {
    let database = Database::new(&every_kind_of_value(3_000));
    assert_eq!(database.assert_same("t").await.len(), 3_000);
}

#[tokio::test]
async fn every_page_size_is_read() {
    for page_bytes in [512, 1024, 4096, 65_536] {
        for vacuum in ["NONE", "FULL"] {
            let database = Database::new(&format!(
                "PRAGMA page_size = {page_bytes}; PRAGMA auto_vacuum = {vacuum}; {}",
                every_kind_of_value(500)
            ));
            assert_eq!(database.assert_same("t").await.len(), 500);
        }
    }
}

#[tokio::test]
async fn tables_of_any_depth_are_read() {
    for count in [0, 1, 3, 50, 6_000] {
        let database = Database::new(&format!(
            "PRAGMA page_size = 512; CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT);
             {} INSERT INTO t SELECT i, 'row ' || i FROM n WHERE i <= {count}",
            numbers(6_000)
        ));
        assert_eq!(database.assert_same("t").await.len(), count);
    }
}

#[tokio::test]
async fn overflow_pages_are_read() {
    let database = Database::new(&format!(
        "CREATE TABLE t (a TEXT, long TEXT, b TEXT, data BLOB, c INTEGER);
         {} INSERT INTO t SELECT 'a' || i, printf('%.*c', i * 997, 'é'), 'b' || i, randomblob(i * 31), i FROM n;
         INSERT INTO t VALUES ('a', printf('%.*c', 3000000, 'x'), 'b', x'', 1);",
        numbers(150)
    ));
    assert_eq!(database.assert_same("t").await.len(), 151);
}

#[tokio::test]
async fn a_header_that_overflows_is_read() {
    let columns: Vec<_> = (0..1_500).map(|it| format!("c{it}")).collect();
    let values: Vec<_> = (0..1_500).map(|it| format!("'value {it} of ' || i")).collect();
    let database = Database::new(&format!(
        "PRAGMA page_size = 1024; CREATE TABLE t ({}); {} INSERT INTO t SELECT {} FROM n",
        columns.join(", "),
        numbers(3),
        values.join(", ")
    ));
    let statements = database.rows(ScanMethod::Statements, "t", 1).await.unwrap();
    assert_eq!(database.rows(ScanMethod::Pages, "t", 1).await.unwrap(), statements);
}

#[tokio::test]
async fn many_columns_are_read() {
    let columns: Vec<_> = (0..200).map(|it| format!("c{it} TEXT")).collect();
    let values: Vec<_> = (0..200).map(|it| format!("i * {it}")).collect();
    let database = Database::new(&format!(
        "CREATE TABLE t ({}); {} INSERT INTO t SELECT {} FROM n",
        columns.join(", "),
        numbers(40),
        values.join(", ")
    ));
    assert_eq!(database.assert_same("t").await.len(), 40);
}

#[tokio::test]
async fn rows_older_than_a_column_have_its_default() {
    let database = Database::new(
        "CREATE TABLE t (a); INSERT INTO t VALUES (1), (2);
         ALTER TABLE t ADD COLUMN empty; ALTER TABLE t ADD COLUMN number REAL DEFAULT 5;
         ALTER TABLE t ADD COLUMN name TEXT DEFAULT 7; ALTER TABLE t ADD COLUMN whole INTEGER DEFAULT '8';
         ALTER TABLE t ADD COLUMN data BLOB DEFAULT x'01ff'; ALTER TABLE t ADD COLUMN amount DECIMAL NOT NULL DEFAULT '2.50';
         ALTER TABLE t ADD COLUMN invalid TEXT DEFAULT (CAST(x'ff' AS TEXT));
         INSERT INTO t (a, name) VALUES (3, 'new'); INSERT INTO t VALUES (4, 4, 4, 4, 4, 4, 4, 4);
         ALTER TABLE t ADD COLUMN last TEXT DEFAULT 'é';",
    );
    let rows = database.assert_same("t").await;
    assert!(rows[0].starts_with(r#"Integer(1) | Null | Float(5.0) | "7" | Integer(8) | Bytes([1, 255]) | Float(2.5) | Bytes([255])"#), "{}", rows[0]);
}

#[tokio::test]
async fn a_dropped_column_leaves_no_trace() {
    let database = Database::new(&format!(
        "CREATE TABLE t (a, b, c, d); {} INSERT INTO t SELECT i, 'b' || i, 'c' || i, 'd' || i FROM n;
         ALTER TABLE t DROP COLUMN b; ALTER TABLE t ADD COLUMN e DEFAULT 'e'; ALTER TABLE t DROP COLUMN a;
         ALTER TABLE t RENAME COLUMN c TO cc; INSERT INTO t VALUES (1, 2, 3);",
        numbers(1_000)
    ));
    assert_eq!(database.assert_same("t").await.len(), 1_001);
}

#[tokio::test]
async fn the_rowid_alias_is_read_and_its_like_is_not_taken_for_it() {
    for key in [
        "a, id INTEGER PRIMARY KEY",
        "id INTEGER PRIMARY KEY, a",
        "id INTEGER PRIMARY KEY AUTOINCREMENT, a",
        "a, id INTEGER, PRIMARY KEY (id DESC)",
        "a, id INTEGER PRIMARY KEY DESC",
        "id INT PRIMARY KEY, a",
        "id INTEGER, a, PRIMARY KEY (id, a)",
        "rowid TEXT, id INTEGER PRIMARY KEY, a",
        "rowid TEXT, _rowid_, oid, id INTEGER PRIMARY KEY, a",
    ] {
        let database = Database::new(&format!(
            "CREATE TABLE t ({key}); {} INSERT INTO t (id, a) SELECT 500 - i * 7, 'row' FROM n;
             ALTER TABLE t ADD COLUMN new DEFAULT 1",
            numbers(300)
        ));
        assert_eq!(database.assert_same("t").await.len(), 300, "{key}");
    }
}

#[tokio::test]
async fn rowids_of_every_size_are_read() {
    let database = Database::new(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, a); INSERT INTO t VALUES
         (-9223372036854775808, 'first'), (-5000000000, ''), (-1, ''), (0, ''), (127, ''), (128, ''), (16384, ''),
         (4294967296, ''), (72057594037927936, ''), (9223372036854775807, 'last')",
    );
    let rows = database.assert_same("t").await;
    assert_eq!(rows.len(), 10);
    assert!(rows[0].starts_with("Integer(-9223372036854775808)"));
}

#[tokio::test]
async fn text_is_checked() {
    let database = Database::new(
        "CREATE TABLE t (a TEXT, b TEXT, c);
         INSERT INTO t VALUES (CAST(x'ff' AS TEXT), 'é', CAST(x'c3' AS TEXT)), ('a' || char(0) || 'b', CAST(x'80' AS TEXT), 'ok'),
         (x'61', 'plain', 1), ('', '', ''), (NULL, NULL, NULL)",
    );
    let rows = database.assert_same("t").await;
    assert_eq!(rows[0], r#"Bytes([255]) | "é" | Bytes([195])"#);
    assert_eq!(rows[1], r#""a\0b" | Bytes([128]) | "ok""#);
}

#[tokio::test]
async fn numbers_in_columns_of_every_affinity_are_read() {
    let database = Database::new(
        "CREATE TABLE t (a INTEGER, b REAL, c NUMERIC, d TEXT, e BLOB, f DATE, g BOOLEAN);
         INSERT INTO t SELECT v, v, v, v, v, v, v FROM (SELECT 1 AS v UNION ALL SELECT 1.0 UNION ALL SELECT 1.5
            UNION ALL SELECT '1' UNION ALL SELECT '1.5' UNION ALL SELECT 'x' UNION ALL SELECT x'31' UNION ALL SELECT NULL
            UNION ALL SELECT 9e999 UNION ALL SELECT -9e999 UNION ALL SELECT 9007199254740993 UNION ALL SELECT -0.0)",
    );
    database.assert_same("t").await;
}

#[tokio::test]
async fn strict_tables_are_read() {
    let database = Database::new(
        "CREATE TABLE t (a INT, b REAL, c TEXT, d ANY, e BLOB) STRICT;
         INSERT INTO t VALUES (1, 1, 'x', 1, x'00'), (2, 2.5, 'y', 'text', NULL), (NULL, NULL, NULL, x'01', x'02')",
    );
    database.assert_same("t").await;
}

#[tokio::test]
async fn free_pages_and_deleted_rows_are_passed_over() {
    let database = Database::new(&format!(
        "{} DELETE FROM t WHERE id % 3 <> 0; CREATE TABLE u (a); DROP TABLE u;
         DELETE FROM t WHERE id BETWEEN 1000 AND 2000; UPDATE t SET name = 'updated' WHERE id % 9 = 0;",
        every_kind_of_value(2_100)
    ));
    assert_eq!(database.assert_same("t").await.len(), 700 - 334 + 1);
}

#[tokio::test]
async fn reserved_bytes_are_not_read() {
    let database = Database::new("PRAGMA page_size = 1024");
    // SQLite reserves bytes only for extensions: a header that says so is written by hand.
    drop(database.connection.close());
    let path = database.folder.path().join("test.db");
    let connection = rusqlite::Connection::open(&path).unwrap();
    connection
        .execute_batch("PRAGMA page_size = 1024; CREATE TABLE gone (a); DROP TABLE gone; VACUUM")
        .unwrap();
    drop(connection);
    let mut bytes = std::fs::read(&path).unwrap();
    assert_eq!(bytes[20], 0);
    bytes[20] = 32;
    // The first page is an empty leaf, whose content area now ends 32 bytes sooner.
    bytes[105..107].copy_from_slice(&(1024_u16 - 32).to_be_bytes());
    std::fs::write(&path, &bytes).unwrap();
    let connection = rusqlite::Connection::open(&path).unwrap();
    connection.execute_batch(&every_kind_of_value(500)).unwrap();
    let integrity: String =
        connection.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(integrity, "ok");
    let database = Database { connection, folder: database.folder };
    assert_eq!(database.assert_same("t").await.len(), 500);
}

#[tokio::test]
async fn what_pages_do_not_hold_in_order_is_read_by_statements() {
    let database = Database::new(
        "CREATE TABLE plain (a); CREATE TABLE keyed (a TEXT PRIMARY KEY, b) WITHOUT ROWID;
         CREATE TABLE computed (a, b AS (a + 1) VIRTUAL, c AS (a + 2) STORED, d);
         CREATE VIEW shown AS SELECT a, a * 2 FROM computed; CREATE VIRTUAL TABLE words USING fts5(body);
         INSERT INTO keyed VALUES ('b', 1), ('a', 2); INSERT INTO computed (a, d) VALUES (1, 'x'), (2, 'y');
         INSERT INTO words VALUES ('some words');",
    );
    assert_eq!(database.assert_only_statements("keyed").await.len(), 2);
    assert_eq!(
        database.assert_only_statements("computed").await[0],
        r#"Integer(1) | Integer(2) | Integer(3) | "x""#
    );
    assert_eq!(database.assert_only_statements("shown").await[1], "Integer(2) | Integer(4)");
    assert_eq!(database.assert_only_statements("words").await.len(), 1);
    for (table, reason) in [
        ("keyed", "it is `WITHOUT ROWID`"),
        ("computed", "it has generated columns"),
        ("shown", "it is a view"),
        ("words", "it is a virtual table"),
    ] {
        let error = database.rows(ScanMethod::Pages, table, 1).await.unwrap_err();
        assert!(error.message().contains(reason), "{error}");
        assert!(error.message().ends_with("use the scan method `auto`"), "{error}");
    }
}

#[tokio::test]
async fn utf_16_is_read_by_statements() {
    for encoding in ["UTF-16le", "UTF-16be"] {
        let database = Database::new(&format!(
            "PRAGMA encoding = '{encoding}'; CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT); INSERT INTO t (a) VALUES ('é'), ('b')"
        ));
        assert_eq!(database.assert_only_statements("t").await[0], r#"Integer(1) | "é""#);
        let error = database.rows(ScanMethod::Pages, "t", 1).await.unwrap_err();
        assert!(error.message().contains("the database stores text in UTF-16"), "{error}");
    }
}

#[tokio::test]
async fn names_need_no_care() {
    let database = Database::new(
        r#"CREATE TABLE "a ""b"" 'c'; --" ("select" TEXT, "x""y" TEXT, [1] TEXT); INSERT INTO "a ""b"" 'c'; --" VALUES ('a', 'b', 'c')"#,
    );
    assert_eq!(database.assert_same(r#"a "b" 'c'; --"#).await.len(), 1);
}
