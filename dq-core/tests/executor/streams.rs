//! Rows as they come.

use std::time::Duration;

use dq_core::ErrorKind;
use dq_core::database::DatabaseManager;
use dq_core::executor::{Call, ExecutorConfig, QueryExecutor};

use crate::bench::{Bench, ENDLESS, limits, until, within};

#[tokio::test]
async fn rows_that_nobody_takes_are_not_read() {
    let bench = Bench::new(ExecutorConfig::default()).await;
    let mut rows = bench.executor.stream(&ENDLESS.into(), &Call::named("all")).await.unwrap();
    assert_eq!(rows.columns()[0].name, "i");
    let mut taken = 0;
    for _ in 0..3 {
        taken += rows.next().await.unwrap().unwrap().rows() as u64;
    }
    // However long nobody takes more: one batch waits here, one there, and one is in hand on each side.
    for _ in 0..10_000 {
        tokio::task::yield_now().await;
    }
    drop(rows);
    bench.idle().await;
    let figures = bench.executor.statistics().names["all"].clone();
    assert_eq!((figures.calls, figures.dropped), (1, 1));
    assert!(figures.rows <= taken * 3, "{} rows were read, {taken} were taken", figures.rows);
}

#[tokio::test]
async fn a_stream_tells_at_its_end_what_it_took() {
    let bench = Bench::new(ExecutorConfig::default()).await;
    let mut rows =
        bench.executor.stream(&"SELECT a FROM t".into(), &Call::default()).await.unwrap();
    assert!(rows.statistics().is_none());
    while rows.next().await.unwrap().is_some() {}
    let statistics = rows.statistics().unwrap();
    assert_eq!((statistics.rows, statistics.attempts), (1000, 1));
    assert!(statistics.bytes >= 8000, "{statistics:?}");
    assert!(rows.next().await.unwrap().is_none());
    bench.idle().await;
}

#[tokio::test]
async fn a_stream_that_nobody_reads_ends_at_its_deadline() {
    let bench = Bench::new(limits(1, 10)).await;
    let mut rows = bench.executor.stream(&ENDLESS.into(), &within(5)).await.unwrap();
    let waiting = bench.ask("SELECT 7", &Call::default());
    until("it waits", || bench.executor.statistics().waiting == 1).await;
    bench.clock.sleepers(2).await;
    bench.clock.advance(Duration::from_secs(5));
    assert_eq!(waiting.await.unwrap().unwrap(), 7);
    until("the connection is back", || bench.database.statistics().readers.in_use == 0).await;
    let error = loop {
        match rows.next().await {
            Ok(batch) => assert!(batch.is_some(), "the rows do not end by themselves"),
            Err(error) => break error,
        }
    };
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert!(rows.next().await.unwrap().is_none());
    bench.idle().await;
}

#[tokio::test]
async fn a_statement_that_cannot_begin_is_an_error_of_the_stream() {
    let bench = Bench::new(ExecutorConfig::default()).await;
    let error =
        bench.executor.stream(&"SELECT nothing".into(), &Call::default()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::QueryInvalid);
    bench.idle().await;
}
