//! A database that fails: what is tried again, and when it is left alone.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use dq_core::clock::TestClock;
use dq_core::executor::{AsyncQueryExecutor, Call, ExecutorConfig, QueryExecutor, Repeat};
use dq_core::resilience::{CircuitBreakerConfig, CircuitState, RetryConfig};
use dq_core::{ErrorKind, Result};

use crate::bench::{Bench, limits, over, until, within};
use crate::flaky::Flaky;

/// Lets time pass while `future` goes on: ten seconds at most, which is longer than all pauses between
/// attempts and shorter than a deadline, however slow the machine is.
async fn in_time<F>(clock: &TestClock, future: F) -> F::Output
where
    F: Future + Send + 'static,
    F::Output: Send,
{
    let task = tokio::spawn(future);
    for _ in 0..1_000 {
        clock.advance(Duration::from_millis(10));
        tokio::task::yield_now().await;
    }
    task.await.unwrap()
}

fn query(
    executor: &Arc<AsyncQueryExecutor>,
    call: Call,
) -> impl Future<Output = Result<u32>> + use<> {
    let executor = Arc::clone(executor);
    async move { executor.query(&"SELECT 1".into(), &call).await.map(|it| it.statistics.attempts) }
}

fn unretried() -> ExecutorConfig {
    let retry = RetryConfig { attempts_max: 1, ..RetryConfig::default() };
    let breaker =
        CircuitBreakerConfig { minimum_requests: 5, success_threshold: 1, ..Default::default() };
    ExecutorConfig { retry, breaker, ..ExecutorConfig::default() }
}

#[tokio::test]
async fn what_reads_is_tried_again() {
    let bench = Bench::new(ExecutorConfig::default()).await;
    let flaky = Flaky::new(Arc::clone(&bench.database) as _, 2);
    let retry = RetryConfig { budget_min_per_second: 100, ..RetryConfig::default() };
    let config = ExecutorConfig { retry, ..ExecutorConfig::default() };
    let executor = over(Arc::clone(&flaky) as _, config, &bench.clock);
    assert_eq!(in_time(&bench.clock, query(&executor, Call::named("a"))).await.unwrap(), 3);
    flaky.failures.store(3, Ordering::Relaxed);
    let error = in_time(&bench.clock, query(&executor, Call::named("b"))).await.unwrap_err();
    assert_eq!(error.message(), "the database is down");
    assert_eq!(flaky.asked.load(Ordering::Relaxed), 6);
    let names = executor.statistics().names;
    assert_eq!((names["a"].attempts, names["b"].attempts, names["b"].errors), (3, 3, 1));

    flaky.failures.store(1, Ordering::Relaxed);
    let (snapshots, clock) = (Arc::clone(&executor), &bench.clock);
    let opened = in_time(clock, async move { snapshots.snapshot(&Call::default()).await }).await;
    opened.unwrap().finish().await.unwrap();
    flaky.failures.store(1, Ordering::Relaxed);
    let streams = Arc::clone(&executor);
    let stream = async move { streams.stream(&"SELECT 1".into(), &Call::default()).await };
    let mut rows = in_time(clock, stream).await.unwrap();
    while rows.next().await.unwrap().is_some() {}
    assert_eq!(rows.statistics().unwrap().attempts, 2);
    bench.idle().await;
}

#[tokio::test]
async fn a_write_is_tried_again_only_if_its_caller_says_so() {
    let bench = Bench::new(ExecutorConfig::default()).await;
    let flaky = Flaky::new(Arc::clone(&bench.database) as _, 1);
    let executor = over(Arc::clone(&flaky) as _, ExecutorConfig::default(), &bench.clock);
    let delete = |call: Call| {
        let executor = Arc::clone(&executor);
        async move {
            executor.execute(&"DELETE FROM t WHERE a = 1".into(), &call).await.map(|it| it.value)
        }
    };
    let error = in_time(&bench.clock, delete(Call::default())).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert_eq!(flaky.asked.load(Ordering::Relaxed), 1);
    flaky.failures.store(1, Ordering::Relaxed);
    let call = Call { repeat: Repeat::Everything, ..Call::default() };
    assert_eq!(in_time(&bench.clock, delete(call)).await.unwrap(), 1);
    flaky.failures.store(1, Ordering::Relaxed);
    let call = Call { repeat: Repeat::Nothing, ..Call::default() };
    assert!(in_time(&bench.clock, query(&executor, call)).await.is_err());
    assert_eq!(flaky.asked.load(Ordering::Relaxed), 4);
}

#[tokio::test]
async fn nothing_is_tried_again_that_would_come_too_late() {
    let bench = Bench::new(ExecutorConfig::default()).await;
    let flaky = Flaky::new(Arc::clone(&bench.database) as _, 1);
    let retry =
        RetryConfig { delay_ms: 3_600_000, delay_max_ms: 3_600_000, ..RetryConfig::default() };
    let config = ExecutorConfig { retry, ..ExecutorConfig::default() };
    let executor = over(Arc::clone(&flaky) as _, config, &bench.clock);
    let call = Call { deadline: Some(Duration::from_millis(1)), ..Call::default() };
    let error = query(&executor, call).await.unwrap_err();
    assert_eq!(error.message(), "the database is down");
    assert_eq!(flaky.asked.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn a_database_that_is_down_is_left_alone_until_it_recovers() {
    let bench = Bench::new(ExecutorConfig::default()).await;
    let flaky = Flaky::new(Arc::clone(&bench.database) as _, 5);
    let executor = over(Arc::clone(&flaky) as _, unretried(), &bench.clock);
    for _ in 0..5 {
        query(&executor, Call::default()).await.unwrap_err();
    }
    assert_eq!(executor.gate().breaker().state(), CircuitState::Open);
    for _ in 0..100 {
        let error = query(&executor, Call::default()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unavailable);
        assert!(error.message().contains("circuit breaker `sqlite:"), "{error}");
    }
    assert!(executor.snapshot(&Call::default()).await.is_err());
    assert_eq!(flaky.asked.load(Ordering::Relaxed), 5);
    bench.clock.advance(Duration::from_secs(36));
    query(&executor, Call::default()).await.unwrap();
    assert_eq!(executor.gate().breaker().state(), CircuitState::Closed);
    bench.idle().await;
}

#[tokio::test]
async fn the_mistakes_of_callers_do_not_count_against_the_database() {
    let bench = Bench::new(unretried()).await;
    for _ in 0..20 {
        bench.executor.query(&"SELECT nothing".into(), &Call::default()).await.unwrap_err();
        bench.executor.query(&"SELECT 1".into(), &within(0)).await.unwrap_err();
        let running = bench.occupy(&within(1)).await;
        bench.clock.sleepers(1).await;
        bench.clock.advance(Duration::from_secs(1));
        running.await.unwrap().unwrap_err();
        bench.occupy(&Call::default()).await.abort();
        bench.idle().await;
    }
    assert_eq!(bench.executor.gate().breaker().state(), CircuitState::Closed);
}

#[tokio::test]
async fn a_database_that_does_not_answer_is_down() {
    let bench = Bench::new(unretried()).await;
    for _ in 0..5 {
        let running = bench.occupy(&within(20)).await;
        bench.clock.sleepers(1).await;
        bench.clock.advance(Duration::from_secs(20));
        assert_eq!(running.await.unwrap().unwrap_err().kind(), ErrorKind::Timeout);
        bench.idle().await;
    }
    assert_eq!(bench.executor.gate().breaker().state(), CircuitState::Open);
}

#[tokio::test]
async fn who_would_have_to_queue_hears_at_once_that_the_breaker_is_open() {
    let bench = Bench::new(limits(1, 10)).await;
    let running = bench.occupy(&Call::default()).await;
    let breaker = bench.executor.gate().breaker();
    breaker.force_open();
    let error = bench.executor.query(&"SELECT 1".into(), &Call::default()).await.unwrap_err();
    assert!(error.message().contains("open by order"), "{error}");
    assert_eq!(bench.executor.statistics().waiting, 0);
    breaker.force_close();
    let waiting = bench.ask("SELECT 1", &Call::default());
    until("it waits", || bench.executor.statistics().waiting == 1).await;
    running.abort();
    waiting.await.unwrap().unwrap();
    bench.idle().await;
}
