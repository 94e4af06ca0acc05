//! How many at once, who waits, and who is next.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use dq_core::ErrorKind;
use dq_core::database::DatabaseManager;
use dq_core::executor::{Call, ExecutorConfig, QueryExecutor};
use dq_core::resilience::RetryConfig;

use crate::bench::{Bench, limits, of, until};

#[tokio::test]
async fn who_finds_the_queue_full_is_told_so_at_once() {
    let bench = Bench::new(limits(1, 1)).await;
    let running = bench.occupy(&Call::default()).await;
    let waiting = bench.ask("SELECT 1", &Call::default());
    until("it waits", || bench.executor.statistics().waiting == 1).await;
    let error = bench.executor.query(&"SELECT 2".into(), &Call::default()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Busy);
    assert!(error.message().contains("1 calls wait already"), "{error}");
    running.abort();
    assert_eq!(waiting.await.unwrap().unwrap(), 1);
    bench.idle().await;
}

#[tokio::test]
async fn a_caller_that_fills_the_queue_keeps_nobody_else_out() {
    let bench = Bench::new(limits(1, 4)).await;
    let running = bench.occupy(&of("many")).await;
    let mut many = Vec::new();
    for count in 1..=4 {
        many.push(bench.ask("SELECT 1", &of("many")));
        until("it waits", || bench.executor.statistics().waiting == count).await;
    }
    let few = bench.ask("SELECT 2", &of("few"));
    let evicted = many.pop().unwrap().await.unwrap().unwrap_err();
    assert_eq!(evicted.kind(), ErrorKind::Busy);
    running.abort();
    assert_eq!(few.await.unwrap().unwrap(), 2);
    for task in many {
        assert_eq!(task.await.unwrap().unwrap(), 1);
    }
    bench.idle().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_queries_on_ten_connections_starve_nobody() {
    const MANY: usize = 1_000;
    let bench = Bench::with_readers(limits(10, MANY + 10), 10).await;
    let done = Arc::new(AtomicUsize::new(0));
    let ask = |caller: &str| {
        let (executor, done, call) = (Arc::clone(&bench.executor), Arc::clone(&done), of(caller));
        tokio::spawn(async move {
            let result = executor.query(&"SELECT count(*) FROM t".into(), &call).await;
            result.map(|_| done.fetch_add(1, Ordering::Relaxed))
        })
    };
    // Nothing runs before all have asked.
    let blockers: Vec<_> = {
        let mut blockers = Vec::new();
        for _ in 0..10 {
            blockers.push(bench.occupy(&of("before")).await);
        }
        blockers
    };
    let many: Vec<_> = (0..MANY).map(|_| ask("many")).collect();
    until("all wait", || bench.executor.statistics().waiting == MANY).await;
    let few: Vec<_> = (0..10).map(|_| ask("few")).collect();
    until("all wait", || bench.executor.statistics().waiting == MANY + 10).await;
    blockers.iter().for_each(tokio::task::JoinHandle::abort);
    for task in few {
        let before = task.await.unwrap().unwrap();
        assert!(before < 100, "{before} others were served first");
    }
    for task in many {
        task.await.unwrap().unwrap();
    }
    let pool = bench.database.statistics().readers;
    assert_eq!((pool.timeouts, pool.size), (0, 10));
    bench.idle().await;
}

#[tokio::test]
async fn who_stops_waiting_is_forgotten() {
    let bench = Bench::new(limits(1, 10)).await;
    let running = bench.occupy(&Call::default()).await;
    let waiting: Vec<_> = (0..5).map(|_| bench.ask("SELECT 1", &Call::default())).collect();
    until("they wait", || bench.executor.statistics().waiting == 5).await;
    waiting.iter().for_each(tokio::task::JoinHandle::abort);
    until("they are gone", || bench.executor.statistics().waiting == 0).await;
    running.abort();
    bench.idle().await;
    assert_eq!(bench.executor.statistics().total.dropped, 6);
}

#[tokio::test]
async fn a_closed_executor_sends_away_who_waits_and_lets_what_runs_end() {
    let bench = Bench::new(limits(1, 10)).await;
    let mut rows = bench
        .executor
        .stream(&"SELECT a.a FROM t AS a, t AS b".into(), &Call::default())
        .await
        .unwrap();
    let waiting = bench.ask("SELECT 1", &Call::default());
    until("it waits", || bench.executor.statistics().waiting == 1).await;
    let executor = Arc::clone(&bench.executor);
    let closing = tokio::spawn(async move { executor.close().await });
    assert_eq!(waiting.await.unwrap().unwrap_err().kind(), ErrorKind::Unavailable);
    let error = bench.executor.query(&"SELECT 1".into(), &Call::default()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert!(error.message().contains("the executor is closed"), "{error}");
    let mut count = 0;
    while let Some(batch) = rows.next().await.unwrap() {
        count += batch.rows();
    }
    assert_eq!(count, 1_000_000);
    closing.await.unwrap();
    bench.executor.close().await;
    bench.idle().await;
}

#[tokio::test]
async fn a_closed_database_says_so() {
    let retry = RetryConfig { attempts_max: 1, ..RetryConfig::default() };
    let bench = Bench::new(ExecutorConfig { retry, ..ExecutorConfig::default() }).await;
    bench.database.close().await;
    let error = bench.executor.query(&"SELECT 1".into(), &Call::default()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert!(error.message().contains("the manager is closed"), "{error}");
    bench.idle().await;
}

#[tokio::test]
async fn a_wrong_configuration_is_refused() {
    let bench = Bench::new(ExecutorConfig::default()).await;
    let gate = dq_core::executor::Gate::new("a", limits(0, 1), Arc::new(bench.clock.clone()));
    let error = gate.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConfigInvalid);
    assert!(error.message().contains("`concurrent_max`"), "{error}");
}
