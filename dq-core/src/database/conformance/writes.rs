//! Writing: single statements and transactions.

use std::sync::Arc;

use tokio::task::JoinSet;

use crate::database::conformance::{
    Ability, Bench, Case, abandon, case_list, ensure, error_of, failure,
};
use crate::database::{DatabaseManager, Statement, Transaction};
use crate::error::{ErrorKind, Result};
use crate::value::OwnedValue;

/// Inserts rows without end.
const ENDLESS: &str = "INSERT INTO person (id, name) \
     WITH RECURSIVE n (i) AS (SELECT 1000 UNION ALL SELECT i + 1 FROM n) SELECT i, 'x' FROM n";

case_list![
    changed_rows_are_counted,
    a_constraint_forbids_the_whole_statement,
    sql_neither_begins_nor_ends_a_transaction,
    a_transaction_is_seen_when_it_commits,
    a_rollback_takes_everything_back,
    a_dropped_transaction_is_rolled_back,
    a_failed_statement_does_not_commit,
    readers_go_on_while_a_transaction_writes,
    concurrent_writes_all_count needs WaitingWriters,
    concurrent_transactions_all_count,
    a_dropped_write_happens_whole_or_not_at_all,
    a_dropped_statement_ends_its_transaction,
];

async fn changed_rows_are_counted(bench: Bench) -> Result<()> {
    bench.person(10).await?;
    let changes = [
        ("UPDATE person SET age = 7 WHERE id <= 4", 4),
        ("CREATE TABLE other (id INTEGER)", 0),
        ("DELETE FROM person WHERE id > 8", 2),
        ("UPDATE person SET age = 7 WHERE id = 99", 0),
        ("INSERT INTO other (id) VALUES (1), (2), (3)", 3),
        ("DROP TABLE other", 0),
    ];
    for (sql, expected) in changes {
        let changed = bench.execute(sql).await?;
        ensure!(changed == expected, "`{sql}` changes {changed} rows instead of {expected}");
    }
    Ok(())
}

async fn a_constraint_forbids_the_whole_statement(bench: Bench) -> Result<()> {
    bench.person(3).await?;
    for sql in [
        "INSERT INTO person (id, name) VALUES (8, 'a'), (9, 'b'), (1, 'c')",
        "INSERT INTO person (id, name) VALUES (8, NULL)",
        "UPDATE person SET id = 1 WHERE id > 1",
    ] {
        error_of(bench.execute(sql).await, ErrorKind::Conflict, sql)?;
    }
    let left = bench.scalar("SELECT sum(id) FROM person").await?;
    ensure!(left == OwnedValue::Integer(6), "a part of a forbidden change was made");
    bench.settle().await
}

async fn sql_neither_begins_nor_ends_a_transaction(bench: Bench) -> Result<()> {
    bench.person(1).await?;
    for sql in [
        "BEGIN",
        "COMMIT",
        "ROLLBACK",
        "/* a */ -- b\n begin",
        "SAVEPOINT a",
        "RELEASE SAVEPOINT a",
    ] {
        error_of(bench.execute(sql).await, ErrorKind::QueryInvalid, sql)?;
        error_of(bench.query(sql).await, ErrorKind::QueryInvalid, sql)?;
        let mut transaction = begun(&bench, "DELETE FROM person").await?;
        error_of(transaction.execute(&sql.into()).await, ErrorKind::QueryInvalid, sql)?;
        transaction.rollback().await?;
    }
    ensure!(bench.count().await? == 1, "a statement ended the transaction");
    bench.settle().await
}

async fn a_transaction_is_seen_when_it_commits(bench: Bench) -> Result<()> {
    bench.person(3).await?;
    let mut transaction = bench.database.begin().await?;
    let deleted = transaction.execute(&"DELETE FROM person WHERE id = 1".into()).await?;
    ensure!(deleted == 1, "{deleted} rows deleted");
    let insert = Statement::new("INSERT INTO person (id, name) VALUES (?, ?)").bind(10).bind("ten");
    transaction.execute(&insert).await?;
    let inside = transaction.query(&"SELECT sum(id) FROM person".into()).await?;
    ensure!(
        OwnedValue::from(inside.scalar()) == 15.into(),
        "the transaction does not see its own changes"
    );
    let outside = bench.scalar("SELECT sum(id) FROM person").await?;
    ensure!(outside == 6.into(), "others see a change before its commit");
    transaction.commit().await?;
    let after = bench.scalar("SELECT sum(id) FROM person").await?;
    ensure!(after == 15.into(), "others do not see a change after its commit");
    bench.settle().await
}

async fn a_rollback_takes_everything_back(bench: Bench) -> Result<()> {
    bench.person(3).await?;
    begun(&bench, "DELETE FROM person").await?.rollback().await?;
    ensure!(bench.count().await? == 3, "rows are missing");
    bench.settle().await
}

async fn a_dropped_transaction_is_rolled_back(bench: Bench) -> Result<()> {
    bench.person(3).await?;
    for _ in 0..3 {
        drop(begun(&bench, "DELETE FROM person").await?);
    }
    let changed = bench.execute("UPDATE person SET age = 1").await?;
    ensure!(changed == 3, "{changed} rows are left");
    bench.settle().await
}

async fn a_failed_statement_does_not_commit(bench: Bench) -> Result<()> {
    bench.person(3).await?;
    let mut transaction = begun(&bench, "DELETE FROM person WHERE id = 1").await?;
    let twice = "INSERT INTO person (id, name) VALUES (2, 'x')".into();
    error_of(transaction.execute(&twice).await, ErrorKind::Conflict, "a key twice")?;
    let wrong = "SELECT nane FROM person".into();
    ensure!(transaction.query(&wrong).await.is_err(), "a wrong statement is no error");
    ensure!(bench.count().await? == 3, "the transaction is committed after an error");
    transaction.rollback().await?;
    ensure!(bench.count().await? == 3, "the rollback after an error commits");
    bench.settle().await
}

async fn readers_go_on_while_a_transaction_writes(bench: Bench) -> Result<()> {
    bench.person(1_000).await?;
    let mut transaction = bench.database.begin().await?;
    for id in 1..=20 {
        let delete = Statement::new("DELETE FROM person WHERE id = ?").bind(id);
        transaction.execute(&delete).await?;
        let seen = bench.count().await?;
        ensure!(seen == 1_000, "a reader sees {seen} rows");
    }
    transaction.commit().await?;
    let seen = bench.count().await?;
    ensure!(seen == 980, "after the commit a reader sees {seen} rows");
    Ok(())
}

async fn concurrent_writes_all_count(bench: Bench) -> Result<()> {
    all_count(bench, |database| async move {
        database.execute(&"UPDATE person SET age = age + 1".into()).await.map(drop)
    })
    .await
}

async fn concurrent_transactions_all_count(bench: Bench) -> Result<()> {
    all_count(bench, |database| async move {
        // Where several may write at once, the later of two is refused, and tries again.
        let mut done = increment(&*database).await;
        while done.as_ref().is_err_and(|it| it.kind() == ErrorKind::Busy) {
            done = increment(&*database).await;
        }
        done
    })
    .await
}

/// Whether each of 20 writers at once has added one.
async fn all_count<F>(bench: Bench, add_one: fn(Arc<dyn DatabaseManager>) -> F) -> Result<()>
where
    F: Future<Output = Result<()>> + Send + 'static,
{
    bench.person(1).await?;
    bench.execute("UPDATE person SET age = 0").await?;
    let mut writers = JoinSet::new();
    for _ in 0..20 {
        writers.spawn(add_one(Arc::clone(&bench.database)));
    }
    while let Some(written) = writers.join_next().await {
        written.map_err(|it| failure(it.to_string()))??;
    }
    let age = bench.scalar("SELECT age FROM person").await?;
    ensure!(age == 20.into(), "some of 20 increments are lost: {age:?}");
    bench.settle().await
}

/// Reads a number and writes the next one.
async fn increment(database: &dyn DatabaseManager) -> Result<()> {
    let mut transaction = database.begin().await?;
    let age = transaction.query(&"SELECT age FROM person".into()).await?;
    let OwnedValue::Integer(age) = age.scalar().into() else {
        return Err(failure("the age is no number".into()));
    };
    transaction.execute(&Statement::new("UPDATE person SET age = ?").bind(age + 1)).await?;
    transaction.commit().await
}

async fn a_dropped_write_happens_whole_or_not_at_all(bench: Bench) -> Result<()> {
    bench.person(5).await?;
    for turns in 0..20 {
        let ended = abandon(bench.execute(ENDLESS), turns * turns).await;
        ensure!(ended.is_none(), "the endless statement ended");
    }
    all_are_left(&bench, 5).await?;
    for turns in 0..20 {
        drop(abandon(bench.execute("UPDATE person SET age = 1"), turns).await);
        drop(abandon(bench.database.begin(), turns).await);
    }
    bench.settle().await
}

async fn a_dropped_statement_ends_its_transaction(bench: Bench) -> Result<()> {
    bench.person(5).await?;
    for turns in 0..20 {
        let mut transaction = begun(&bench, "DELETE FROM person WHERE id = 1").await?;
        let ended = abandon(transaction.execute(&ENDLESS.into()), turns * turns).await;
        ensure!(ended.is_none(), "the endless statement ended");
        let next = transaction.execute(&"DELETE FROM person WHERE id = 2".into()).await;
        error_of(next, ErrorKind::Conflict, "a statement after one that was dropped")?;
        error_of(
            transaction.commit().await,
            ErrorKind::Conflict,
            "a commit after a statement that was dropped",
        )?;
    }
    all_are_left(&bench, 5).await?;
    bench.settle().await
}

/// A transaction in which one statement has changed something.
async fn begun(bench: &Bench, change: &str) -> Result<Box<dyn Transaction>> {
    let mut transaction = bench.database.begin().await?;
    transaction.execute(&change.into()).await?;
    Ok(transaction)
}

/// Whether all `rows` rows are there when what was dropped has ended: then there is a place for another writer.
async fn all_are_left(bench: &Bench, rows: i64) -> Result<()> {
    bench.database.begin().await?.rollback().await?;
    let left = bench.count().await?;
    ensure!(left == rows, "what was dropped left {left} instead of {rows} rows");
    Ok(())
}
