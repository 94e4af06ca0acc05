//! Deadlines: before anything begins, while a call waits, while the database is at it.

use std::sync::Arc;
use std::time::Duration;

use dq_core::ErrorKind;
use dq_core::database::DatabaseManager;
use dq_core::executor::{Call, ExecutorConfig, QueryExecutor};

use crate::bench::{Bench, HUNG, limits, until, within};

#[tokio::test]
async fn a_deadline_that_is_over_at_the_start_asks_nobody() {
    let bench = Bench::new(ExecutorConfig::default()).await;
    let before = bench.database.statistics().statements;
    let error = bench.executor.query(&"SELECT 1".into(), &within(0)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert!(error.message().contains("the database did not get to it"), "{error}");
    assert_eq!(bench.database.statistics().statements, before);
    bench.idle().await;
}

#[tokio::test]
async fn a_deadline_ends_the_waiting() {
    let bench = Bench::new(limits(1, 10)).await;
    let running = bench.occupy(&Call::default()).await;
    let waiting = bench.ask("SELECT 1", &within(3));
    until("it waits", || bench.executor.statistics().waiting == 1).await;
    bench.clock.sleepers(2).await;
    bench.clock.advance(Duration::from_secs(3));
    let error = waiting.await.unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert!(error.message().contains("3000 ms"), "{error}");
    assert!(!running.is_finished());
    let statistics = bench.executor.statistics();
    assert_eq!((statistics.running, statistics.waiting), (1, 0));
    assert_eq!(statistics.total.waited, Duration::from_secs(3));
    running.abort();
    bench.idle().await;
}

#[tokio::test]
async fn a_deadline_interrupts_a_statement_that_would_run_for_ever() {
    let bench = Bench::new(ExecutorConfig::default()).await;
    let running = bench.occupy(&within(5)).await;
    until("it has a connection", || bench.database.statistics().readers.in_use == 1).await;
    bench.clock.sleepers(1).await;
    bench.clock.advance(Duration::from_secs(4));
    assert_eq!(bench.database.statistics().readers.in_use, 1);
    bench.clock.advance(Duration::from_secs(1));
    let error = running.await.unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert!(error.message().contains("it was interrupted"), "{error}");
    // The database itself has stopped: its connection is back, and the statement has failed.
    bench.idle().await;
    assert!(bench.database.statistics().errors >= 1);
}

#[tokio::test]
async fn a_write_beyond_its_deadline_changes_nothing() {
    let bench = Bench::new(ExecutorConfig::default()).await;
    let statement = format!("INSERT INTO t SELECT 2000 + ({HUNG})").into();
    let (executor, call) = (Arc::clone(&bench.executor), within(1));
    let writing = tokio::spawn(async move { executor.execute(&statement, &call).await });
    until("it writes", || bench.database.statistics().writers.in_use == 1).await;
    bench.clock.sleepers(1).await;
    bench.clock.advance(Duration::from_secs(1));
    assert_eq!(writing.await.unwrap().unwrap_err().kind(), ErrorKind::Timeout);
    bench.idle().await;
    let count = bench.ask("SELECT count(*) FROM t", &Call::default()).await.unwrap().unwrap();
    assert_eq!(count, 1000);
}
