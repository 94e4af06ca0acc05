//! Many threads at one breaker.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use dq_core::clock::TestClock;
use dq_core::resilience::{
    CircuitBreaker, CircuitBreakerConfig, CircuitState, Outcome, SlidingWindow,
};

use crate::{SECOND, breaker, calls, small};

const THREADS: usize = 8;
const CALLS: usize = 5_000;

#[test]
fn no_call_is_lost_or_counted_twice() {
    for sliding_window in [SlidingWindow::Count, SlidingWindow::Time] {
        let config = CircuitBreakerConfig {
            sliding_window,
            sliding_window_size: 100,
            failure_rate_threshold: 60.0,
            ..small()
        };
        let clock = TestClock::new();
        let breaker = breaker(&config, &clock);
        breaker.metrics_only();
        let breaker = &breaker;
        thread::scope(|scope| {
            for outcome in [Outcome::Success, Outcome::Failure].into_iter().cycle().take(THREADS) {
                scope.spawn(move || calls(breaker, CALLS, outcome));
            }
        });
        let metrics = breaker.statistics().metrics;
        assert_eq!(metrics.total_calls, (THREADS * CALLS) as u64);
        assert_eq!(metrics.total_failures, (THREADS * CALLS / 2) as u64);
        let expected = match sliding_window {
            SlidingWindow::Count => 100,
            _ => (THREADS * CALLS) as u64,
        };
        assert_eq!(metrics.current_window_size, expected);
        calls(breaker, 100, Outcome::Success).expect("it counts only");
        let rate = breaker.statistics().metrics.failure_rate;
        match sliding_window {
            SlidingWindow::Count => assert!(rate.abs() < 1e-9, "the ring holds the last calls"),
            _ => assert!((rate - 50.0).abs() < 0.2, "{rate}"),
        }
    }
}

#[test]
fn it_opens_once_however_many_fail_at_once() {
    for round in 0..100 {
        let clock = TestClock::new();
        let breaker = breaker(&small(), &clock);
        let mut events = breaker.subscribe();
        thread::scope(|scope| {
            for _ in 0..THREADS {
                scope.spawn(|| calls(&breaker, 100, Outcome::Failure));
            }
        });
        let told: Vec<_> = std::iter::from_fn(|| events.try_next()).map(|it| it.to).collect();
        assert_eq!(told, [CircuitState::Open], "round {round}");
    }
}

#[test]
fn probes_never_exceed_their_number_between_threads() {
    let config =
        CircuitBreakerConfig { success_threshold: 10_000, half_open_permits: 3, ..small() };
    let clock = TestClock::new();
    let breaker = breaker(&config, &clock);
    calls(&breaker, 4, Outcome::Failure).expect("it was closed");
    clock.advance(10 * SECOND);
    let (out, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let probe = || {
        for permit in (0..CALLS).filter_map(|_| breaker.try_acquire().ok()) {
            most.fetch_max(out.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            thread::yield_now();
            out.fetch_sub(1, Ordering::SeqCst);
            permit.ignore();
        }
    };
    thread::scope(|scope| (0..THREADS).for_each(|_| drop(scope.spawn(probe))));
    assert_eq!(breaker.state(), CircuitState::HalfOpen);
    let most = most.into_inner();
    assert!((1..=3).contains(&most), "{most} were out");
    assert!((0..3).map(|_| breaker.try_acquire()).collect::<Vec<_>>().iter().all(Result::is_ok));
}
