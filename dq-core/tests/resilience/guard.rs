//! The order of the parts around a call.

use std::cell::Cell;
use std::collections::VecDeque;
use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use dq_core::clock::{Clock, TestClock};
use dq_core::resilience::{
    BulkheadConfig, CallOptions, CircuitBreakerConfig, CircuitOpen, CircuitState, Deadline, Guard,
    GuardConfig, Outcome, RetryConfig, Work,
};
use dq_core::{Error, ErrorKind, Result};
use tokio::task::{AbortHandle, JoinSet, yield_now};

use crate::{SECOND, calls, hurry, small};

fn config() -> GuardConfig {
    GuardConfig {
        timeout_ms: 60_000,
        attempt_timeout_ms: 10_000,
        bulkhead: BulkheadConfig { concurrency_max: 2, queue_max: 10, wait_max_ms: 5_000 },
        breaker: small(),
        retry: RetryConfig { budget_min_per_second: 100, ..RetryConfig::default() },
        ..GuardConfig::default()
    }
}

fn guard(config: &GuardConfig, clock: &TestClock) -> Guard {
    Guard::new("db", config, Arc::new(clock.clone())).expect("the config is valid")
}

fn unavailable() -> Error {
    Error::new(ErrorKind::Unavailable, "it is down")
}

#[tokio::test]
async fn work_that_may_be_done_twice_is_tried_again() {
    let clock = TestClock::new();
    let guard = guard(&config(), &clock);
    let call = guard.call(CallOptions::IDEMPOTENT, async |attempt| match attempt.number {
        3 => Ok("done"),
        _ => Err(unavailable()),
    });
    assert_eq!(hurry(&clock, call).await.expect("the third attempt works"), "done");
    let metrics = guard.breaker().statistics().metrics;
    assert_eq!((metrics.total_calls, metrics.total_failures), (3, 2), "it sees every attempt");
    assert!(clock.elapsed() <= Duration::from_millis(300));
}

#[tokio::test]
async fn other_work_is_not() {
    let clock = TestClock::new();
    let guard = guard(&config(), &clock);
    let attempts = Cell::new(0);
    let call = guard.call(CallOptions::default(), async |_| {
        attempts.set(attempts.get() + 1);
        Err::<(), _>(unavailable())
    });
    assert_eq!(call.await.expect_err("it failed").message(), "it is down");
    assert_eq!(attempts.get(), 1);
}

#[tokio::test]
async fn the_callers_own_mistake_is_neither_repeated_nor_held_against_anyone() {
    let clock = TestClock::new();
    let guard = guard(&config(), &clock);
    for kind in ErrorKind::ALL.iter().filter(|it| !it.is_transient()).cycle().take(1000) {
        let call = async |_| Err::<(), _>(Error::new(*kind, "a mistake"));
        let error = guard.call(CallOptions::IDEMPOTENT, call).await.expect_err("a mistake");
        assert_eq!(error.kind(), *kind);
    }
    assert_eq!(guard.breaker().state(), CircuitState::Closed);
    let metrics = guard.breaker().statistics().metrics;
    assert_eq!((metrics.total_calls, metrics.total_ignored), (0, 1000));
}

#[tokio::test]
async fn the_caller_may_judge_otherwise() {
    let clock = TestClock::new();
    let guard = guard(&config(), &clock);
    let judge = |result: &Result<u16>| match result {
        Ok(500..) => Outcome::Failure,
        _ => Outcome::Success,
    };
    let options = CallOptions::IDEMPOTENT;
    let status = hurry(&clock, guard.run(options, judge, async |_| Ok(503))).await;
    assert_eq!(status.expect("a status is a result"), 503);
    assert_eq!(guard.breaker().statistics().metrics.total_failures, 3);
}

#[tokio::test]
async fn attempts_that_hang_are_failures() {
    let clock = TestClock::new();
    let guard = guard(&config(), &clock);
    let call = guard.call(CallOptions::IDEMPOTENT, |_| pending::<Result<()>>());
    let error = hurry(&clock, call).await.expect_err("it hangs");
    assert_eq!(error.kind(), ErrorKind::Timeout);
    let metrics = guard.breaker().statistics().metrics;
    assert_eq!((metrics.total_failures, metrics.total_dropped), (3, 0));
    let elapsed = clock.elapsed();
    assert!(elapsed >= 30 * SECOND && elapsed < 31 * SECOND, "{elapsed:?}");
    assert_eq!(clock.sleeping(), 0);
}

#[tokio::test]
async fn nothing_goes_on_after_the_deadline() {
    let clock = TestClock::new();
    let guard = guard(&config(), &clock);
    let options = CallOptions::IDEMPOTENT.until(Deadline::after(&clock, 15 * SECOND));
    let call = guard.call(options, async |attempt| {
        assert!(attempt.deadline.instant() <= options.deadline.instant());
        pending::<Result<()>>().await
    });
    let error = hurry(&clock, call).await.expect_err("it hangs");
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert_eq!(clock.elapsed(), 15 * SECOND);
    let metrics = guard.breaker().statistics().metrics;
    assert_eq!((metrics.total_failures, metrics.total_dropped), (2, 1), "the second was cut short");

    let called = guard.call(options, async |_| -> Result<()> { panic!("it is too late") });
    assert_eq!(called.await.expect_err("it is too late").kind(), ErrorKind::Timeout);
    assert_eq!(guard.breaker().statistics().metrics.total_calls, 2);
}

#[tokio::test]
async fn an_open_breaker_refuses_before_the_queue() {
    let clock = TestClock::new();
    let guard = guard(&config(), &clock);
    let hang = |_| pending::<Result<()>>();
    let busy = async {
        let options = CallOptions::default();
        tokio::join!(guard.call(options, hang), guard.call(options, hang)).0
    };
    let refused = async {
        calls(&**guard.breaker(), 4, Outcome::Failure).expect("it was closed");
        assert_eq!(guard.bulkhead().active(), 2, "there is no place");
        guard.call(CallOptions::default(), async |_| Ok(())).await
    };
    let error = tokio::select! {
        biased;
        _ = busy => panic!("it hangs"),
        it = refused => it.expect_err("it is open"),
    };
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    let source = std::error::Error::source(&error).and_then(|it| it.downcast_ref::<CircuitOpen>());
    assert_eq!(source.and_then(|it| it.retry_after), Some(10 * SECOND));
    assert_eq!(clock.elapsed(), Duration::ZERO);
}

#[tokio::test]
async fn attempts_end_when_the_breaker_opens() {
    let clock = TestClock::new();
    let retry = RetryConfig { attempts_max: 50, ..config().retry };
    let guard = guard(&GuardConfig { retry, ..config() }, &clock);
    let call = guard.call(CallOptions::IDEMPOTENT, async |_| Err::<(), _>(unavailable()));
    let error = hurry(&clock, call).await.expect_err("it is down");
    assert_eq!(error.message(), "it is down", "what happened tells more than a refusal");
    assert_eq!(guard.breaker().state(), CircuitState::Open);
    assert_eq!(guard.breaker().statistics().metrics.total_calls, 4);
}

#[tokio::test]
async fn a_dropped_call_is_recorded_and_gives_everything_back() {
    let clock = TestClock::new();
    let guard = guard(&config(), &clock);
    for _ in 0..4 {
        let call = guard.call(CallOptions::default(), |_| pending::<Result<()>>());
        tokio::select! {
            biased;
            _ = call => panic!("it hangs"),
            () = clock.sleepers(1) => {}
        }
        assert_eq!((guard.bulkhead().active(), clock.sleeping()), (0, 0));
    }
    let metrics = guard.breaker().statistics().metrics;
    assert_eq!((metrics.total_dropped, metrics.total_failures), (4, 4));
    assert_eq!(guard.breaker().state(), CircuitState::Open);
}

#[tokio::test]
async fn a_call_dropped_between_attempts_gives_everything_back() {
    let clock = TestClock::new();
    let guard = guard(&config(), &clock);
    let call = guard.call(CallOptions::IDEMPOTENT, async |_| Err::<(), _>(unavailable()));
    tokio::select! {
        biased;
        _ = call => panic!("it waits before the next attempt"),
        () = clock.sleepers(1) => {}
    }
    let metrics = guard.breaker().statistics().metrics;
    assert_eq!((metrics.total_failures, metrics.total_dropped), (1, 0));
    assert_eq!((guard.bulkhead().active(), clock.sleeping()), (0, 0));
}

/// A call that hangs, fails, sleeps or yields, by its number.
async fn odd_call(number: u32, guard: Guard, clock: TestClock) -> Result<()> {
    let work = async |_| {
        match number % 5 {
            0 => pending().await,
            1 => return Err(unavailable()),
            2 => clock.sleep(Duration::from_millis(3)).await,
            _ => yield_now().await,
        }
        Ok(())
    };
    let work_is = [CallOptions::IDEMPOTENT, CallOptions::default()][number as usize % 2];
    guard.call(work_is, work).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_cancellations_release_everything() {
    let clock = TestClock::new();
    let bulkhead = BulkheadConfig { concurrency_max: 20, queue_max: 20_000, wait_max_ms: 5_000 };
    let breaker = CircuitBreakerConfig {
        dropped_call_min_ms: 1000,
        failure_rate_threshold: 100.0,
        minimum_requests: 10,
        ..small()
    };
    let guard = guard(&GuardConfig { bulkhead, breaker, ..config() }, &clock);
    let mut calls = JoinSet::new();
    let mut handles = VecDeque::new();
    for number in 0..10_000 {
        handles.push_back(calls.spawn(odd_call(number, guard.clone(), clock.clone())));
        if number % 3 == 0 {
            yield_now().await;
        }
        if number % 7 > 0 && handles.len() > 25 {
            handles.remove(number as usize % 25).expect("it is there").abort();
        }
        clock.advance(Duration::from_micros(100));
    }
    handles.iter().for_each(AbortHandle::abort);
    while calls.join_next().await.is_some() {}
    assert_eq!((guard.bulkhead().active(), guard.bulkhead().waiting()), (0, 0));
    assert_eq!(clock.sleeping(), 0);
    let metrics = guard.breaker().statistics().metrics;
    // How many had begun when they were cancelled is for the scheduler to say.
    assert!(metrics.total_dropped > 0 && metrics.total_calls > 0, "{metrics:?}");
    guard.breaker().reset();
    assert!(guard.call(CallOptions::default(), async |_| Ok(())).await.is_ok());
}

#[test]
fn work_is_done_once_unless_it_is_said_to_be_idempotent() {
    assert_eq!(CallOptions::default().work, Work::Once);
    assert_eq!(CallOptions::default().deadline, Deadline::NEVER);
}
