//! When a breaker opens, and when it does not.

use std::error::Error as _;
use std::time::Duration;

use dq_core::clock::TestClock;
use dq_core::resilience::{
    CircuitBreaker, CircuitBreakerConfig, CircuitOpen, CircuitState, Outcome, SlidingWindow,
};
use dq_core::{Error, ErrorKind};

use crate::{SECOND, breaker, calls, small};

#[test]
fn half_of_the_calls_failing_opens_it_once_there_are_enough() {
    let clock = TestClock::new();
    let breaker = breaker(&small(), &clock);
    calls(&breaker, 3, Outcome::Failure).expect("too few to judge");
    assert_eq!(breaker.state(), CircuitState::Closed);
    calls(&breaker, 1, Outcome::Success).expect("three of four failed, but this one goes through");
    assert_eq!(breaker.state(), CircuitState::Open, "a success can complete the number of calls");
}

#[test]
fn a_share_below_the_threshold_never_opens_it() {
    let clock = TestClock::new();
    let breaker = breaker(&small(), &clock);
    for _ in 0..1000 {
        calls(&breaker, 3, Outcome::Success).expect("it is closed");
        calls(&breaker, 2, Outcome::Failure).expect("it is closed");
    }
    let metrics = breaker.statistics().metrics;
    assert_eq!((metrics.total_calls, metrics.total_failures), (5000, 2000));
    assert_eq!((metrics.current_window_size, metrics.failure_rate), (10, 40.0));
}

#[test]
fn only_the_last_calls_count() {
    let clock = TestClock::new();
    let breaker = breaker(&small(), &clock);
    calls(&breaker, 3, Outcome::Failure).expect("it is closed");
    breaker.force_close();
    calls(&breaker, 100, Outcome::Success).expect("it is closed");
    calls(&breaker, 4, Outcome::Failure).expect("four of ten");
    assert_eq!(breaker.state(), CircuitState::Closed);
    calls(&breaker, 1, Outcome::Failure).expect("five of ten");
    assert_eq!(breaker.state(), CircuitState::Open);
}

#[test]
fn failures_in_a_row_open_it_below_the_rate() {
    let config = CircuitBreakerConfig { failure_threshold: 3, ..small() };
    let clock = TestClock::new();
    let breaker = breaker(&config, &clock);
    calls(&breaker, 10, Outcome::Success).expect("it is closed");
    calls(&breaker, 2, Outcome::Failure).expect("it is closed");
    calls(&breaker, 1, Outcome::Success).expect("it is closed");
    calls(&breaker, 2, Outcome::Failure).expect("it is closed");
    assert_eq!(breaker.statistics().consecutive_failures, 2);
    assert_eq!(breaker.state(), CircuitState::Closed);
    calls(&breaker, 1, Outcome::Failure).expect("the third in a row");
    assert_eq!(breaker.state(), CircuitState::Open);
    assert_eq!(breaker.statistics().consecutive_failures, 3);
}

#[test]
fn slow_calls_alone_open_it() {
    let clock = TestClock::new();
    let breaker = breaker(&small(), &clock);
    for _ in 0..4 {
        let permit = breaker.try_acquire().expect("it is closed");
        clock.advance(5 * SECOND);
        permit.success();
    }
    assert_eq!(breaker.state(), CircuitState::Open);
    let metrics = breaker.statistics().metrics;
    assert_eq!((metrics.total_slow_calls, metrics.total_failures), (4, 0));
    assert!((metrics.average_duration_ms - 5000.0).abs() < 1e-9);
}

#[test]
fn the_caller_may_say_how_long_a_call_took() {
    let clock = TestClock::new();
    let breaker = breaker(&small(), &clock);
    for _ in 0..4 {
        let permit = breaker.try_acquire().expect("it is closed");
        clock.advance(60 * SECOND);
        permit.record_after(Outcome::Success, Duration::from_millis(7));
    }
    assert_eq!(breaker.state(), CircuitState::Closed);
    assert!((breaker.statistics().metrics.average_duration_ms - 7.0).abs() < 1e-9);
}

#[test]
fn mistakes_of_callers_are_not_failures() {
    let clock = TestClock::new();
    let breaker = breaker(&small(), &clock);
    calls(&breaker, 1000, Outcome::Ignored).expect("it is closed");
    let metrics = breaker.statistics().metrics;
    assert_eq!((metrics.total_calls, metrics.total_ignored), (0, 1000));
    assert_eq!((metrics.current_window_size, metrics.failure_rate), (0, 0.0));
}

#[test]
fn a_dropped_call_is_a_failure_that_was_recorded() {
    let clock = TestClock::new();
    let breaker = breaker(&small(), &clock);
    for _ in 0..4 {
        drop(breaker.try_acquire().expect("it is closed"));
    }
    assert_eq!(breaker.state(), CircuitState::Open);
    let metrics = breaker.statistics().metrics;
    assert_eq!((metrics.total_dropped, metrics.total_failures), (4, 4));
}

#[test]
fn calls_that_are_dropped_early_may_be_forgiven() {
    let config = CircuitBreakerConfig { dropped_call_min_ms: 1000, ..small() };
    let clock = TestClock::new();
    let breaker = breaker(&config, &clock);
    for _ in 0..100 {
        drop(breaker.try_acquire().expect("it is closed"));
    }
    for _ in 0..4 {
        let _permit = breaker.try_acquire().expect("it is closed");
        clock.advance(SECOND);
    }
    assert_eq!(breaker.state(), CircuitState::Open);
    let metrics = breaker.statistics().metrics;
    assert_eq!((metrics.total_dropped, metrics.total_failures), (104, 4));
}

#[test]
fn a_window_by_time_forgets_what_is_old() {
    let config = CircuitBreakerConfig {
        sliding_window: SlidingWindow::Time,
        sliding_window_ms: 10_000,
        ..small()
    };
    let clock = TestClock::new();
    let breaker = breaker(&config, &clock);
    calls(&breaker, 3, Outcome::Failure).expect("it is closed");
    clock.advance(9 * SECOND);
    assert_eq!(breaker.statistics().metrics.current_window_size, 3);
    clock.advance(SECOND);
    assert_eq!(breaker.statistics().metrics.current_window_size, 0);
    calls(&breaker, 3, Outcome::Failure).expect("three, not six");
    clock.advance(5 * SECOND);
    calls(&breaker, 1, Outcome::Failure).expect("the fourth");
    assert_eq!(breaker.state(), CircuitState::Open);
}

#[test]
fn an_open_breaker_tells_when_to_come_back() {
    let clock = TestClock::new();
    let breaker = breaker(&small(), &clock);
    calls(&breaker, 4, Outcome::Failure).expect("it was closed");
    clock.advance(4 * SECOND);
    let refusal = breaker.try_acquire().expect_err("it is open");
    assert_eq!((refusal.state, refusal.retry_after), (CircuitState::Open, Some(6 * SECOND)));
    assert_eq!(breaker.check(), Err(refusal.clone()));
    assert_eq!(breaker.statistics().metrics.total_rejected, 1);

    let error = Error::from(refusal.clone());
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert_eq!(error.message(), "circuit breaker `db` is open; retry in 6.0 s");
    let source = error.source().and_then(|it| it.downcast_ref::<CircuitOpen>());
    assert_eq!(source, Some(&refusal));
}

#[test]
fn after_recovery_one_failure_does_not_open_it_again() {
    let clock = TestClock::new();
    let breaker = breaker(&small(), &clock);
    calls(&breaker, 4, Outcome::Failure).expect("it was closed");
    clock.advance(10 * SECOND);
    calls(&breaker, 2, Outcome::Success).expect("probes go through");
    assert_eq!(breaker.state(), CircuitState::Closed);
    assert_eq!(breaker.statistics().metrics.current_window_size, 0);
    calls(&breaker, 3, Outcome::Failure).expect("the window is empty");
    assert_eq!(breaker.state(), CircuitState::Closed);
}

#[test]
fn an_answer_from_before_a_transition_changes_nothing() {
    let clock = TestClock::new();
    let breaker = breaker(&small(), &clock);
    let late: Vec<_> = (0..20).map(|_| breaker.try_acquire().expect("it is closed")).collect();
    calls(&breaker, 4, Outcome::Failure).expect("it is closed");
    clock.advance(10 * SECOND);
    calls(&breaker, 1, Outcome::Success).expect("a probe");
    late.into_iter().enumerate().for_each(|(number, it)| match number % 2 {
        0 => it.success(),
        _ => it.failure(),
    });
    assert_eq!(breaker.state(), CircuitState::HalfOpen);
    calls(&breaker, 1, Outcome::Success).expect("the second probe");
    assert_eq!(breaker.state(), CircuitState::Closed);
    let metrics = breaker.statistics().metrics;
    assert_eq!((metrics.total_calls, metrics.total_failures), (26, 14));
    assert_eq!(metrics.current_window_size, 0);
}

#[test]
fn orders_hold_until_other_orders() {
    let clock = TestClock::new();
    let breaker = breaker(&small(), &clock);
    breaker.force_open();
    clock.advance(1000 * SECOND);
    let refusal = breaker.try_acquire().expect_err("it is open by order");
    assert_eq!((refusal.state, refusal.retry_after), (CircuitState::ForcedOpen, None));

    breaker.metrics_only();
    calls(&breaker, 100, Outcome::Failure).expect("it never opens");
    let metrics = breaker.statistics().metrics;
    assert_eq!((metrics.current_window_size, metrics.failure_rate), (10, 100.0));

    breaker.disable();
    calls(&breaker, 100, Outcome::Failure).expect("it never opens");
    assert_eq!(breaker.statistics().metrics.total_calls, 100, "nobody counts");

    breaker.reset();
    assert_eq!(breaker.state(), CircuitState::Closed);
    calls(&breaker, 4, Outcome::Failure).expect("it was closed");
    assert_eq!(breaker.state(), CircuitState::Open);
    breaker.force_close();
    assert_eq!(breaker.state(), CircuitState::Closed);
    breaker.force_half_open();
    calls(&breaker, 2, Outcome::Success).expect("probes");
    assert_eq!(breaker.state(), CircuitState::Closed);
}

#[test]
fn statistics_have_the_names_that_dashboards_know() {
    let clock = TestClock::new();
    let breaker = breaker(&small(), &clock);
    calls(&breaker, 2, Outcome::Success).expect("it is closed");
    calls(&breaker, 1, Outcome::Failure).expect("it is closed");
    let json = serde_json::to_value(breaker.statistics()).expect("statistics are JSON");
    assert_eq!(json["name"], "db");
    assert_eq!(json["state"], "closed");
    assert_eq!(json["consecutive_failures"], 1);
    assert_eq!(json["consecutive_successes"], 0);
    assert_eq!(json["last_failure_time"], "2026-01-01T00:00:00Z");
    assert_eq!(json["config"]["failure_rate_threshold"], 50.0);
    assert_eq!(json["metrics"]["total_calls"], 3);
    assert_eq!(json["metrics"]["total_successes"], 2);
    assert_eq!(json["metrics"]["total_slow_calls"], 0);
    assert_eq!(json["metrics"]["current_window_size"], 3);
    assert_eq!(json["metrics"]["slow_call_rate"], 0.0);
    assert_eq!(json["metrics"]["average_duration_ms"], 0.0);
}
