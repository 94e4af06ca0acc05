//! What ends, and what is left when it has: transactions, snapshots, tables, the manager.

use std::sync::Arc;

use tokio::task::JoinSet;

use crate::database::Statement;
use crate::database::conformance::{Bench, Case, ENDLESS, case_list, ensure, error_of, failure};
use crate::error::{ErrorKind, Result};
use crate::source::VersionReach;
use crate::value::OwnedValue;

case_list![
    transactions_follow_one_another,
    a_transaction_that_did_nothing_commits,
    a_key_that_was_taken_back_is_free,
    a_query_of_a_transaction_is_limited_too,
    a_transaction_creates_a_table_for_all_or_for_none,
    the_catalog_follows_what_is_created_and_dropped,
    a_column_that_is_added_is_told,
    a_dropped_snapshot_gives_its_connections_back,
    versions_of_two_managers_are_not_mixed_up,
    closing_refuses_those_who_wait,
    several_may_close,
];

async fn transactions_follow_one_another(bench: Bench) -> Result<()> {
    bench.person(1).await?;
    for id in 2..=50_i64 {
        let mut transaction = bench.database.begin().await?;
        let insert = Statement::new("INSERT INTO person (id, name) VALUES (?, 'x')").bind(id);
        transaction.execute(&insert).await?;
        if id % 2 == 0 {
            transaction.commit().await?;
        } else {
            transaction.rollback().await?;
        }
    }
    let left = bench.count().await?;
    ensure!(left == 26, "1 and 25 committed rows are {left}");
    bench.settle().await
}

async fn a_transaction_that_did_nothing_commits(bench: Bench) -> Result<()> {
    bench.person(2).await?;
    bench.database.begin().await?.commit().await?;
    let mut transaction = bench.database.begin().await?;
    let found = transaction.query(&"SELECT count(*) FROM person".into()).await?;
    ensure!(OwnedValue::from(found.scalar()) == 2.into(), "the transaction sees other rows");
    transaction.commit().await?;
    bench.settle().await
}

async fn a_key_that_was_taken_back_is_free(bench: Bench) -> Result<()> {
    bench.person(1).await?;
    let insert = || Statement::new("INSERT INTO person (id, name) VALUES (7, 'x')");
    let mut transaction = bench.database.begin().await?;
    transaction.execute(&insert()).await?;
    transaction.rollback().await?;
    bench.execute(insert()).await?;
    error_of(bench.execute(insert()).await, ErrorKind::Conflict, "a key twice")?;
    ensure!(bench.count().await? == 2, "there are {} rows", bench.count().await?);
    bench.settle().await
}

async fn a_query_of_a_transaction_is_limited_too(bench: Bench) -> Result<()> {
    bench.person(10).await?;
    let mut transaction = bench.database.begin().await?;
    for (limit, rows, truncated) in [(0, 0, true), (4, 4, true), (10, 10, false), (99, 10, false)] {
        let statement = Statement::new("SELECT id FROM person ORDER BY id").limit(limit);
        let result = transaction.query(&statement).await?;
        let found = (result.row_count(), result.truncated);
        ensure!(found == (rows, truncated), "of 10 rows, a limit of {limit} gives {found:?}");
    }
    let changed = transaction.execute(&"UPDATE person SET age = 1".into()).await?;
    ensure!(changed == 10, "{changed} rows changed after a cut query");
    transaction.commit().await?;
    bench.settle().await
}

/// MySQL commits a transaction in which a table is created; then it is there for all.
async fn a_transaction_creates_a_table_for_all_or_for_none(bench: Bench) -> Result<()> {
    let mut transaction = bench.database.begin().await?;
    let created = transaction.execute(&"CREATE TABLE other (id INTEGER)".into()).await;
    let ended = transaction.rollback().await;
    let tables = bench.database.catalog().await?.len();
    let is_told = created.is_err() || ended.is_err();
    ensure!(tables == 0 || is_told, "a table outlived a rollback without an error");
    bench.person(1).await?;
    ensure!(bench.count().await? == 1, "rows are missing");
    bench.settle().await
}

async fn the_catalog_follows_what_is_created_and_dropped(bench: Bench) -> Result<()> {
    for _ in 0..3 {
        bench.person(1).await?;
        let names: Vec<_> = bench.database.catalog().await?.into_iter().map(|it| it.name).collect();
        ensure!(names == ["person"], "the tables are {names:?}");
        bench.execute("DROP TABLE person").await?;
        let tables = bench.database.catalog().await?.len();
        ensure!(tables == 0, "there are {tables} tables after the last was dropped");
    }
    Ok(())
}

async fn a_column_that_is_added_is_told(bench: Bench) -> Result<()> {
    bench.person(3).await?;
    bench.query("SELECT * FROM person").await?;
    bench.execute("ALTER TABLE person ADD COLUMN email TEXT").await?;
    let tables = bench.database.catalog().await?;
    let columns = tables.first().map_or(0, |it| it.columns.len());
    ensure!(columns == 4, "the catalog tells {columns} columns");
    let result = bench.query("SELECT * FROM person").await?;
    ensure!(result.columns.len() == 4, "a query gives {} columns", result.columns.len());
    ensure!(result.row_count() == 3, "{} rows", result.row_count());
    bench.settle().await
}

async fn a_dropped_snapshot_gives_its_connections_back(bench: Bench) -> Result<()> {
    bench.person(10).await?;
    for _ in 0..20 {
        drop(bench.database.snapshot().await?);
    }
    bench.settle().await
}

async fn versions_of_two_managers_are_not_mixed_up(bench: Bench) -> Result<()> {
    bench.person(3).await?;
    let Some(one) = bench.database.version("person").await? else { return Ok(()) };
    let texts = [VersionReach::Everywhere, VersionReach::Process].map(|it| one.reaching(it));
    let [everywhere, process] = texts;
    let is_shared = one.shared().is_some();
    ensure!(process.contains(one.local()), "the version of this process is not its own");
    ensure!(is_shared != (everywhere == process), "what is not shared must not reach everywhere");
    Ok(())
}

async fn closing_refuses_those_who_wait(bench: Bench) -> Result<()> {
    bench.person(1).await?;
    let mut streams = Vec::new();
    for _ in 0..bench.database.statistics().readers.size {
        streams.push(bench.database.stream(&ENDLESS.into()).await?);
    }
    let mut waiting = JoinSet::new();
    for _ in 0..5 {
        let database = Arc::clone(&bench.database);
        waiting.spawn(async move { database.query(&"SELECT 1".into()).await });
    }
    while bench.database.statistics().readers.waiting < 5 {
        tokio::task::yield_now().await;
    }
    let database = Arc::clone(&bench.database);
    let closing = tokio::spawn(async move { database.close().await });
    while let Some(refused) = waiting.join_next().await {
        let refused = refused.map_err(|it| failure(it.to_string()))?;
        error_of(refused, ErrorKind::Unavailable, "a query that waited when the manager closed")?;
    }
    drop(streams);
    closing.await.map_err(|it| failure(it.to_string()))
}

async fn several_may_close(bench: Bench) -> Result<()> {
    bench.person(1).await?;
    let mut closing = JoinSet::new();
    for _ in 0..5 {
        let database = Arc::clone(&bench.database);
        closing.spawn(async move { database.close().await });
    }
    while let Some(closed) = closing.join_next().await {
        closed.map_err(|it| failure(it.to_string()))?;
    }
    let refused = bench.count().await;
    error_of(refused, ErrorKind::Unavailable, "a query after five have closed").map(drop)
}
