//! Reading: queries, streams, and that they never write.

use std::sync::Arc;

use tokio::task::JoinSet;

use crate::database::Statement;
use crate::database::conformance::{
    Bench, Case, abandon, case_list, ensure, error_of, failure, rows,
};
use crate::error::{ErrorKind, Result};
use crate::value::Value;

/// Never ends by itself.
const ENDLESS: &str = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n WHERE i < 0";

case_list![
    an_empty_result_has_columns,
    rows_come_in_order_with_their_columns,
    a_limit_cuts_and_says_so,
    a_wrong_statement_is_named,
    two_statements_are_refused,
    a_query_never_writes,
    a_stream_gives_every_row_once,
    a_stream_that_is_dropped_gives_its_connection_back,
    a_stream_is_of_one_moment,
    a_wrong_stream_fails_at_once,
    more_callers_than_connections_are_all_served,
    a_dropped_query_leaves_nothing_stuck,
];

async fn an_empty_result_has_columns(bench: Bench) -> Result<()> {
    bench.person(0).await?;
    let result = bench.query("SELECT name AS title, id FROM person").await?;
    let names: Vec<_> = result.columns.iter().map(|it| it.name.as_str()).collect();
    ensure!(names == ["title", "id"], "the columns are {names:?}");
    ensure!(result.row_count() == 0 && !result.truncated, "there are {} rows", result.row_count());
    ensure!(result.scalar().is_null(), "there is a value");
    Ok(())
}

async fn rows_come_in_order_with_their_columns(bench: Bench) -> Result<()> {
    bench.person(10_000).await?;
    let result = bench.query("SELECT age, id FROM person ORDER BY id DESC").await?;
    ensure!(result.row_count() == 10_000, "there are {} rows", result.row_count());
    for (row, id) in result.rows().zip((1..=10_000_i64).rev()) {
        ensure!(row.get("id") == Some(Value::Integer(id)), "row {id} has id {:?}", row.get("id"));
        ensure!(row.value(0) == Value::Integer(id % 100), "row {id} has age {:?}", row.value(0));
    }
    Ok(())
}

async fn a_limit_cuts_and_says_so(bench: Bench) -> Result<()> {
    bench.person(10).await?;
    for (limit, expected, truncated) in
        [(0, 0, true), (9, 9, true), (10, 10, false), (11, 10, false)]
    {
        let result =
            bench.query(Statement::new("SELECT id FROM person ORDER BY id").limit(limit)).await?;
        let found = (result.row_count(), result.truncated);
        ensure!(found == (expected, truncated), "of 10 rows, a limit of {limit} gives {found:?}");
        let stream =
            bench.database.stream(&Statement::new("SELECT id FROM person").limit(limit)).await?;
        ensure!(rows(stream).await? == expected, "the stream ignores a limit of {limit}");
    }
    Ok(())
}

async fn a_wrong_statement_is_named(bench: Bench) -> Result<()> {
    bench.person(1).await?;
    for (sql, word) in [
        ("SELECT nane FROM person", "nane"),
        ("SELECT * FROM persons", "persons"),
        ("SELEC 1", "SELEC"),
    ] {
        let error = error_of(bench.query(sql).await, ErrorKind::QueryInvalid, sql)?;
        ensure!(error.message().contains(word), "the message does not name `{word}`: {error}");
        ensure!(
            error.message().contains(bench.database.name()),
            "the message does not name the database: {error}"
        );
    }
    error_of(bench.query("").await, ErrorKind::QueryInvalid, "no statement at all")?;
    Ok(())
}

async fn two_statements_are_refused(bench: Bench) -> Result<()> {
    bench.person(2).await?;
    let two = "DELETE FROM person WHERE id = 1; DELETE FROM person WHERE id = 2";
    error_of(bench.execute(two).await, ErrorKind::QueryInvalid, two)?;
    error_of(bench.query("SELECT 1; SELECT 2").await, ErrorKind::QueryInvalid, "two queries")?;
    ensure!(bench.count().await? == 2, "one of two statements ran");
    Ok(())
}

async fn a_query_never_writes(bench: Bench) -> Result<()> {
    bench.person(3).await?;
    let writes = [
        "INSERT INTO person (id, name) VALUES (9, 'x')",
        "UPDATE person SET age = 1",
        "DELETE FROM person",
        "DROP TABLE person",
        "CREATE TABLE other (id INTEGER)",
        "CREATE INDEX person_name ON person (age)",
    ];
    for sql in writes {
        error_of(bench.query(sql).await, ErrorKind::PermissionDenied, sql)?;
        let streamed = match bench.database.stream(&sql.into()).await {
            Ok(stream) => rows(stream).await,
            Err(error) => Err(error),
        };
        error_of(streamed, ErrorKind::PermissionDenied, sql)?;
    }
    let tables = bench.database.catalog().await?;
    ensure!(tables.len() == 1 && bench.count().await? == 3, "something was written");
    bench.settle().await
}

async fn a_stream_gives_every_row_once(bench: Bench) -> Result<()> {
    bench.person(100_000).await?;
    let mut stream =
        bench.database.stream(&"SELECT id, name FROM person ORDER BY id".into()).await?;
    ensure!(stream.columns().len() == 2, "{} columns", stream.columns().len());
    let mut id = 0;
    while let Some(batch) = stream.next().await? {
        for row in 0..batch.rows() {
            id += 1;
            let found = batch.column(0).value(row);
            ensure!(found == Value::Integer(id), "row {id} is {found:?}");
        }
    }
    ensure!(id == 100_000, "{id} rows");
    ensure!(
        bench.database.statistics().readers.in_use == 0,
        "the end does not give the connection back"
    );
    Ok(())
}

async fn a_stream_that_is_dropped_gives_its_connection_back(bench: Bench) -> Result<()> {
    bench.person(100_000).await?;
    for batches in 0..3 {
        let mut stream = bench.database.stream(&"SELECT id, name FROM person".into()).await?;
        for _ in 0..batches {
            ensure!(stream.next().await?.is_some(), "100000 rows come in fewer than three batches");
        }
        drop(stream);
    }
    bench.settle().await
}

async fn a_stream_is_of_one_moment(bench: Bench) -> Result<()> {
    bench.person(100_000).await?;
    let mut stream = bench.database.stream(&"SELECT id FROM person".into()).await?;
    let first = stream.next().await?.map_or(0, |it| it.rows());
    let deleted = bench.execute("DELETE FROM person").await?;
    let rest = rows(stream).await?;
    ensure!(
        first + rest == 100_000,
        "{first} rows before, and {rest} after {deleted} rows were deleted"
    );
    ensure!(bench.count().await? == 0, "a later query still sees the rows");
    Ok(())
}

async fn a_wrong_stream_fails_at_once(bench: Bench) -> Result<()> {
    let wrong = "SELECT * FROM nothing".into();
    error_of(bench.database.stream(&wrong).await, ErrorKind::QueryInvalid, "a stream of no table")?;
    bench.settle().await
}

async fn more_callers_than_connections_are_all_served(bench: Bench) -> Result<()> {
    bench.person(1_000).await?;
    let mut callers = JoinSet::new();
    for id in 1..=100 {
        let database = Arc::clone(&bench.database);
        callers.spawn(async move {
            let statement = Statement::new("SELECT name FROM person WHERE id = ?").bind(id);
            let result = database.query(&statement).await?;
            Ok::<_, crate::error::Error>(
                result.scalar() == Value::Text(format!("person {id}").as_bytes()),
            )
        });
    }
    while let Some(served) = callers.join_next().await {
        let is_right = served.map_err(|it| failure(it.to_string()))??;
        ensure!(is_right, "a caller got another caller's row");
    }
    bench.settle().await
}

async fn a_dropped_query_leaves_nothing_stuck(bench: Bench) -> Result<()> {
    for turns in 0..20 {
        let ended = abandon(bench.query(ENDLESS), turns * turns).await;
        ensure!(ended.is_none(), "the endless query ended");
        let ended = abandon(bench.database.stream(&ENDLESS.into()), turns * turns).await;
        ensure!(ended.is_none_or(|it| it.is_ok()), "the endless stream failed");
    }
    bench.settle().await
}
