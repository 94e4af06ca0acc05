//! Queries of rules: what they see, what they may not do, and how they end.

use std::sync::mpsc::{Sender, channel};
use std::time::Duration;

use dq_core::database::sqlite::ScanMethod;
use dq_core::source::{Query, QueryRows, Snapshot, Source};
use dq_core::value::OwnedValue;
use dq_core::{ErrorKind, Result};

use crate::database::Database;

const METHODS: [ScanMethod; 3] = [ScanMethod::Auto, ScanMethod::Pages, ScanMethod::Statements];

/// Far longer than anything here takes.
const SOON: Duration = Duration::from_secs(30);

/// A query that gives no row and never ends.
const ENDLESS: &str =
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n WHERE i < 0";

/// A query that gives rows without end.
const ROWS_WITHOUT_END: &str =
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n";

fn query(sql: &str) -> Query {
    Query { table: "t".to_owned(), sql: sql.to_owned(), ..Query::default() }
}

async fn all(mut result: QueryRows) -> Result<Vec<Vec<OwnedValue>>> {
    let mut rows = Vec::new();
    while let Some(batch) = result.rows.next().await? {
        let value = |row| batch.columns().iter().map(move |it| it.value(row).into()).collect();
        rows.extend((0..batch.rows()).map(value));
    }
    Ok(rows)
}

/// Reads rows to their end, and tells when it begins.
async fn read_on(snapshot: &dyn Snapshot, query: &Query, begins: Sender<()>) -> Result<()> {
    let mut result = snapshot.query(query).await?;
    begins.send(()).unwrap();
    while result.rows.next().await?.is_some() {}
    Ok(())
}

#[tokio::test]
async fn a_query_gives_its_columns_and_all_its_rows() {
    let database = Database::new(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT);
         WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)
         INSERT INTO t SELECT i, 'name ' || i FROM n;",
    );
    for method in METHODS {
        let snapshot = database.source(method).snapshot().await.unwrap();
        let sql =
            "-- the odd ones\nselect id AS \"the id\", name, id / 2.0 FROM t WHERE id % 2 = 1;";
        let result = snapshot.query(&query(sql)).await.unwrap();
        let names: Vec<_> = result.columns.iter().map(|it| it.name.as_str()).collect();
        assert_eq!(names, ["the id", "name", "id / 2.0"]);
        let rows = all(result).await.unwrap();
        assert_eq!(rows.len(), 10_000, "{method:?}");
        let last: [OwnedValue; 3] = [19_999.into(), "name 19999".into(), 9999.5.into()];
        assert!(rows.last().is_some_and(|it| it == &last), "{method:?}");
        snapshot.finish().await.unwrap();
    }
}

#[tokio::test]
async fn a_query_sees_the_moment_of_the_snapshot() {
    let database =
        Database::new("PRAGMA journal_mode = WAL; CREATE TABLE t (a); INSERT INTO t VALUES (1);");
    for method in METHODS {
        let snapshot = database.source(method).snapshot().await.unwrap();
        let rows = || async { all(snapshot.query(&query("SELECT a FROM t")).await.unwrap()).await };
        let before = rows().await.unwrap();
        database.run("INSERT INTO t VALUES (2); CREATE TABLE later (a);");
        assert!(rows().await.unwrap() == before, "{method:?}");
        let error = snapshot.query(&query("SELECT * FROM later")).await.unwrap_err();
        assert_eq!(error.message(), "cannot query the table `t`: no such table: later");
        snapshot.finish().await.unwrap();
        database.run("DROP TABLE later");
    }
}

#[tokio::test]
async fn whatever_does_more_than_read_is_refused() {
    let database = Database::new("CREATE TABLE t (a); INSERT INTO t VALUES (1);");
    let before = std::fs::read(database.path()).unwrap();
    let begin = "it must be one statement that begins with `SELECT`, `WITH` or `VALUES`";
    let refused = [
        ("", begin),
        ("-- nothing but a comment", begin),
        ("DELETE FROM t", begin),
        ("/* SELECT */ UPDATE t SET a = 2", begin),
        ("ATTACH 'other.db' AS other", begin),
        ("PRAGMA query_only = 0", begin),
        ("COMMIT", begin),
        ("EXPLAIN SELECT 1", begin),
        ("WITH old AS (SELECT 1) DELETE FROM t", "it would write"),
        ("WITH old AS (SELECT 1) INSERT INTO t SELECT * FROM old RETURNING a", "it would write"),
        ("SELECT 1; DELETE FROM t", "Multiple statements provided"),
        ("SELECT load_extension('evil')", "not authorized"),
        (
            "SELECT a FROM t WHERE a = :a",
            "nothing is bound to its parameters; write values into the query, or `${name}` for \
             parameters of the rule set",
        ),
        ("SELECT b FROM t", "no such column: b"),
        ("SELECT a FROM t WHERE", "incomplete input"),
        ("SELECT a FORM t", "near \"t\": syntax error"),
    ];
    for method in METHODS {
        let snapshot = database.source(method).snapshot().await.unwrap();
        for (sql, reason) in refused {
            let error = match snapshot.query(&query(sql)).await {
                Ok(result) => all(result).await.map(|_| ()).unwrap_err(),
                Err(error) => error,
            };
            let told = (error.kind(), error.message());
            let message = format!("cannot query the table `t`: {reason}");
            assert_eq!(told, (ErrorKind::QueryInvalid, message.as_str()), "{sql}");
        }
        snapshot.finish().await.unwrap();
    }
    assert_eq!(std::fs::read(database.path()).unwrap(), before);
    let files: Vec<_> = std::fs::read_dir(database.folder.path()).unwrap().collect();
    assert_eq!(files.len(), 1, "{files:?}");
}

#[tokio::test]
async fn a_query_that_fails_on_its_way_is_an_error_and_no_end() {
    let database =
        Database::new("CREATE TABLE t (a); INSERT INTO t VALUES (1), (-9223372036854775808);");
    for method in METHODS {
        let snapshot = database.source(method).snapshot().await.unwrap();
        let result = snapshot.query(&query("SELECT abs(a) FROM t")).await.unwrap();
        let error = all(result).await.unwrap_err();
        assert_eq!(error.message(), "cannot query the table `t`: integer overflow");
        // Others still run, and the snapshot is sound.
        let result = snapshot.query(&query("SELECT a FROM t")).await.unwrap();
        assert_eq!(all(result).await.unwrap().len(), 2);
        snapshot.finish().await.unwrap();
    }
}

#[test]
fn a_query_without_an_end_is_cancelled() {
    let database = Database::new("CREATE TABLE t (a)");
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    for (method, sql) in METHODS.into_iter().flat_map(|it| [(it, ENDLESS), (it, ROWS_WITHOUT_END)])
    {
        let (asked, is_asked) = channel();
        let (done, is_done) = channel();
        let query = query(sql);
        let cancellation = query.cancellation.clone();
        let snapshot = runtime.block_on(database.source(method).snapshot()).unwrap();
        let (snapshot, runtime) = (&snapshot, &runtime);
        std::thread::scope(|scope| {
            scope.spawn(move || {
                let ended = runtime.block_on(read_on(&**snapshot, &query, asked));
                done.send(ended.map_err(|it| it.kind())).unwrap();
            });
            is_asked.recv_timeout(SOON).unwrap();
            cancellation.cancel();
            let ended = is_done.recv_timeout(SOON).unwrap();
            assert_eq!(ended, Err(ErrorKind::Cancelled), "{method:?}: {sql}");
        });
        runtime.block_on(snapshot.finish()).unwrap();
    }
}

#[tokio::test]
async fn rows_that_nobody_reads_any_more_leave_the_connection_free() {
    let database = Database::new("CREATE TABLE t (a)");
    for method in METHODS {
        let snapshot = database.source(method).snapshot().await.unwrap();
        let mut result = snapshot.query(&query(ROWS_WITHOUT_END)).await.unwrap();
        assert!(result.rows.next().await.unwrap().is_some());
        drop(result);
        let never_begun = snapshot.query(&query(ENDLESS)).await.unwrap();
        drop(never_begun);
        snapshot.finish().await.unwrap();
    }
}
