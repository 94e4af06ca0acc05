//! How an open breaker finds out whether it may close.

use dq_core::clock::TestClock;
use dq_core::resilience::{
    CircuitBreaker, CircuitBreakerConfig, CircuitState, Outcome, Permit, WindowedCircuitBreaker,
};

use crate::{SECOND, breaker, calls, small};

/// A breaker whose recovery timeout is over.
fn due(config: &CircuitBreakerConfig, clock: &TestClock) -> WindowedCircuitBreaker {
    let breaker = breaker(config, clock);
    calls(&breaker, 4, Outcome::Failure).expect("it was closed");
    clock.advance(10 * SECOND);
    breaker
}

/// How long the breaker stays open from now on.
fn open_for(breaker: &dyn CircuitBreaker) -> u64 {
    let refusal = breaker.try_acquire().expect_err("it is open");
    refusal.retry_after.expect("it is known").as_secs()
}

#[test]
fn no_more_probes_are_out_than_may_be() {
    let clock = TestClock::new();
    let breaker = due(&small(), &clock);
    let first = breaker.try_acquire().expect("the first probe");
    let second = breaker.try_acquire().expect("the second probe");
    let refusal = breaker.try_acquire().expect_err("two are out");
    assert_eq!((refusal.state, refusal.retry_after), (CircuitState::HalfOpen, None));
    assert!(breaker.check().is_err());
    first.ignore();
    assert!(breaker.check().is_ok());
    let third = breaker.try_acquire().expect("one came back");
    second.success();
    third.success();
    assert_eq!(breaker.state(), CircuitState::Closed);
}

#[test]
fn a_failed_probe_opens_it_for_twice_as_long() {
    let clock = TestClock::new();
    let breaker = due(&small(), &clock);
    for expected in [20, 40, 40] {
        calls(&breaker, 1, Outcome::Failure).expect("a probe");
        assert_eq!(breaker.state(), CircuitState::Open);
        assert_eq!(open_for(&breaker), expected);
        clock.advance(expected as u32 * SECOND);
    }
    calls(&breaker, 2, Outcome::Success).expect("probes");
    calls(&breaker, 4, Outcome::Failure).expect("it was closed");
    assert_eq!(open_for(&breaker), 10, "once closed, it begins anew");
}

#[test]
fn the_time_open_varies_but_not_beyond_its_maximum() {
    let config = CircuitBreakerConfig { recovery_jitter_percent: 20, ..small() };
    let mut spans = Vec::new();
    for seed in 0..200 {
        let clock = TestClock::new();
        let with = std::sync::Arc::new(clock.clone());
        let breaker = WindowedCircuitBreaker::with_seed("db", &config, with, seed);
        let breaker = breaker.expect("the config is valid");
        calls(&breaker, 4, Outcome::Failure).expect("it was closed");
        for (least, most) in [(8.0, 12.0), (16.0, 24.0), (32.0, 40.0), (32.0, 40.0)] {
            let refusal = breaker.try_acquire().expect_err("it is open");
            let span = refusal.retry_after.expect("it is known");
            assert!((least..=most).contains(&span.as_secs_f64()), "{span:?}");
            spans.push(span);
            clock.advance(span);
            calls(&breaker, 1, Outcome::Failure).expect("a probe");
        }
    }
    spans.sort();
    spans.dedup();
    assert!(spans.len() > 700, "{} of 800 differ", spans.len());
}

#[test]
fn a_slow_probe_is_a_failed_one() {
    let clock = TestClock::new();
    let breaker = due(&small(), &clock);
    let probe = breaker.try_acquire().expect("a probe");
    clock.advance(5 * SECOND);
    probe.success();
    assert_eq!(breaker.state(), CircuitState::Open);
}

#[test]
fn probes_that_never_end_do_not_wedge_it() {
    let clock = TestClock::new();
    let breaker = due(&small(), &clock);
    let mut hung = Vec::new();
    for round in 0..50 {
        hung.push(breaker.try_acquire().expect("a probe"));
        hung.push(breaker.try_acquire().expect("a probe"));
        clock.advance(29 * SECOND);
        assert!(breaker.try_acquire().is_err(), "round {round}: they may still come back");
        assert_eq!(breaker.state(), CircuitState::HalfOpen);
        clock.advance(SECOND);
        assert!(breaker.check().is_err(), "round {round}: nor is a call of any use now");
        assert!(breaker.try_acquire().is_err(), "round {round}: it opens again");
        assert_eq!(breaker.state(), CircuitState::Open);
        clock.advance(40 * SECOND);
    }
    calls(&breaker, 2, Outcome::Success).expect("it still recovers");
    assert_eq!(breaker.state(), CircuitState::Closed);
    drop(hung);
    assert_eq!(breaker.state(), CircuitState::Closed, "they are of the past");
}

#[test]
fn dropped_probes_do_not_wedge_it() {
    let clock = TestClock::new();
    let config = CircuitBreakerConfig { dropped_call_min_ms: 1, ..small() };
    let breaker = due(&config, &clock);
    for _ in 0..1000 {
        drop(breaker.try_acquire().expect("a probe"));
    }
    calls(&breaker, 1000, Outcome::Ignored).expect("these tell nothing, either");
    assert_eq!(breaker.state(), CircuitState::HalfOpen);
    calls(&breaker, 2, Outcome::Success).expect("probes");
    assert_eq!(breaker.state(), CircuitState::Closed);
}

#[test]
fn few_calls_close_it_too_however_long_that_takes() {
    let clock = TestClock::new();
    let breaker = due(&small(), &clock);
    calls(&breaker, 1, Outcome::Success).expect("a probe");
    clock.advance(3600 * SECOND);
    calls(&breaker, 1, Outcome::Success).expect("another");
    assert_eq!(breaker.state(), CircuitState::Closed);
}

#[test]
fn a_lost_probe_does_not_take_its_place_into_the_next_round() {
    let clock = TestClock::new();
    let breaker = due(&small(), &clock);
    let lost = breaker.try_acquire().expect("a probe");
    calls(&breaker, 1, Outcome::Failure).expect("a probe");
    clock.advance(20 * SECOND);
    let new = [breaker.try_acquire().expect("one"), breaker.try_acquire().expect("two")];
    lost.success();
    assert!(breaker.try_acquire().is_err(), "the old one gave nothing back");
    new.into_iter().for_each(Permit::success);
    assert_eq!(breaker.state(), CircuitState::Closed);
}
