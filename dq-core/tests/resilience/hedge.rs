//! A second attempt beside one that takes long.

use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use dq_core::clock::{Clock, TestClock};
use dq_core::resilience::{
    Attempt, CallOptions, CircuitBreakerConfig, Guard, GuardConfig, HedgeConfig, RetryConfig,
};
use dq_core::{Error, ErrorKind, Result};
use tokio::task::{JoinSet, yield_now};

use crate::{hurry, small};

const MILLISECOND: Duration = Duration::from_millis(1);

fn guard(clock: &TestClock, budget_percent: u32) -> Guard {
    guard_with(clock, HedgeConfig { delay_ms: 20, budget_percent, ..HedgeConfig::default() })
}

fn guard_with(clock: &TestClock, hedge: HedgeConfig) -> Guard {
    let config = GuardConfig {
        attempt_timeout_ms: 10_000,
        breaker: CircuitBreakerConfig { minimum_requests: 10, ..small() },
        retry: RetryConfig { attempts_max: 1, ..RetryConfig::default() },
        hedge,
        ..GuardConfig::default()
    };
    Guard::new("db", &config, Arc::new(clock.clone())).expect("the config is valid")
}

#[tokio::test]
async fn the_second_attempt_answers_for_a_first_that_hangs() {
    let clock = TestClock::new();
    let guard = guard(&clock, 100);
    let attempts = AtomicU32::new(0);
    let call = guard.call(CallOptions::IDEMPOTENT, async |_| {
        match attempts.fetch_add(1, Ordering::Relaxed) {
            0 => pending().await,
            it => Ok(it),
        }
    });
    assert_eq!(hurry(&clock, call).await.expect("the second answers"), 1);
    assert_eq!(clock.elapsed(), 20 * MILLISECOND);
    let metrics = guard.breaker().statistics().metrics;
    assert_eq!((metrics.total_successes, metrics.total_ignored), (1, 1));
    assert_eq!((metrics.total_failures, metrics.total_dropped), (0, 0), "the loser did no wrong");
    assert_eq!(clock.sleeping(), 0);
}

#[tokio::test]
async fn a_failure_waits_for_the_other_attempt() {
    let clock = TestClock::new();
    let guard = guard(&clock, 100);
    let attempts = AtomicU32::new(0);
    let call = guard.call(CallOptions::IDEMPOTENT, async |_| {
        match attempts.fetch_add(1, Ordering::Relaxed) {
            0 => {
                clock.sleep(100 * MILLISECOND).await;
                Ok("slow, but right")
            }
            _ => Err(Error::new(ErrorKind::Unavailable, "it is down")),
        }
    });
    assert_eq!(hurry(&clock, call).await.expect("the first answers"), "slow, but right");
    let metrics = guard.breaker().statistics().metrics;
    assert_eq!((metrics.total_successes, metrics.total_failures), (1, 1));
}

#[tokio::test]
async fn work_that_must_be_done_once_is_begun_once() {
    let clock = TestClock::new();
    let guard = guard(&clock, 100);
    let attempts = AtomicU32::new(0);
    let call = guard.call(CallOptions::default(), async |_| {
        attempts.fetch_add(1, Ordering::Relaxed);
        pending::<Result<()>>().await
    });
    assert!(hurry(&clock, call).await.is_err());
    assert_eq!(attempts.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn probes_are_not_doubled() {
    let clock = TestClock::new();
    let guard = guard(&clock, 100);
    guard.breaker().force_half_open();
    let attempts = AtomicU32::new(0);
    let call = guard.call(CallOptions::IDEMPOTENT, async |_| {
        attempts.fetch_add(1, Ordering::Relaxed);
        pending::<Result<()>>().await
    });
    assert!(hurry(&clock, call).await.is_err());
    assert_eq!(attempts.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn a_dropped_call_drops_both_attempts() {
    let clock = TestClock::new();
    let guard = guard(&clock, 100);
    let hang = |_| pending::<Result<()>>();
    let call = guard.call(CallOptions::IDEMPOTENT, hang);
    let later = async {
        clock.sleepers(2).await;
        clock.advance(20 * MILLISECOND);
        for _ in 0..4 {
            yield_now().await;
        }
    };
    tokio::select! {
        _ = call => panic!("it hangs"),
        () = later => {}
    }
    let metrics = guard.breaker().statistics().metrics;
    assert_eq!(metrics.total_dropped, 2);
    assert_eq!((guard.bulkhead().active(), clock.sleeping()), (0, 0));
}

/// How long a call took, of which one attempt in 50 is slow by chance.
async fn span(clock: TestClock, guard: Guard, attempts: Arc<AtomicU32>) -> Duration {
    let start = clock.now();
    let work = async |_: Attempt| {
        let is_slow = attempts.fetch_add(1, Ordering::Relaxed) % 50 == 7;
        clock.sleep(if is_slow { 500 * MILLISECOND } else { 5 * MILLISECOND }).await;
        Ok(())
    };
    guard.call(CallOptions::IDEMPOTENT, work).await.expect("it works");
    clock.now() - start
}

/// How long each of 2000 calls took, the shortest first, and how many attempts that cost.
async fn spans(budget_percent: u32) -> (Vec<Duration>, u32) {
    let clock = TestClock::new();
    let guard = guard(&clock, budget_percent);
    let attempts = Arc::new(AtomicU32::new(0));
    let mut callers = JoinSet::new();
    for _ in 0..2000 {
        callers.spawn(span(clock.clone(), guard.clone(), Arc::clone(&attempts)));
        for _ in 0..4 {
            yield_now().await;
        }
        clock.advance(5 * MILLISECOND);
    }
    let mut spans = hurry(&clock, callers.join_all()).await;
    spans.sort();
    (spans, attempts.load(Ordering::Relaxed))
}

#[tokio::test]
async fn the_slowest_calls_take_half_as_long_for_a_twentieth_more_of_them() {
    let (without, calls) = spans(0).await;
    assert_eq!(calls, 2000);
    let (with, calls) = spans(5).await;
    assert!(calls > 2000 && calls <= 2100, "{calls} attempts");
    let percentile = |it: &[Duration]| it[it.len() * 99 / 100];
    assert!(percentile(&with) * 2 <= percentile(&without), "{:?}", percentile(&with));
}

#[tokio::test]
async fn the_delay_follows_what_nineteen_of_twenty_calls_take() {
    let clock = TestClock::new();
    let hedge = HedgeConfig { delay_ms: 20, delay_quantile: 0.95, budget_percent: 100 };
    let guard = guard_with(&clock, hedge);
    let attempts = AtomicU32::new(0);
    let attempt = |took: Duration| {
        attempts.fetch_add(1, Ordering::Relaxed);
        let clock = &clock;
        async move {
            clock.sleep(took).await;
            Ok(())
        }
    };
    let call = |took| guard.call(CallOptions::IDEMPOTENT, move |_| attempt(took));
    for _ in 0..20 {
        hurry(&clock, call(40 * MILLISECOND)).await.expect("it is slow, but right");
    }
    assert_eq!(attempts.swap(0, Ordering::Relaxed), 40, "20 ms are less than each of them takes");
    for _ in 0..100 {
        hurry(&clock, call(40 * MILLISECOND)).await.expect("it is slow, but right");
    }
    assert_eq!(attempts.swap(0, Ordering::Relaxed), 100, "40 ms are usual now");
    hurry(&clock, call(41 * MILLISECOND)).await.expect("it is slow, but right");
    assert_eq!(attempts.swap(0, Ordering::Relaxed), 2, "and more are not");
    for _ in 0..300 {
        hurry(&clock, call(MILLISECOND)).await.expect("it is fast");
    }
    attempts.store(0, Ordering::Relaxed);
    hurry(&clock, call(15 * MILLISECOND)).await.expect("it is fast");
    assert_eq!(attempts.load(Ordering::Relaxed), 1, "the delay is never less than it was set to");
}

#[test]
fn a_quantile_needs_a_delay_to_begin_with() {
    for (delay_ms, delay_quantile) in [(0, 0.95), (20, 1.0), (20, -0.1), (20, f64::NAN)] {
        let hedge = HedgeConfig { delay_ms, delay_quantile, ..HedgeConfig::default() };
        let error = hedge.validate().expect_err("it is out of range");
        assert!(error.message().contains("delay_quantile"), "{error}");
    }
}
