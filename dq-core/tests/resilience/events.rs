//! What a breaker tells of its transitions.

use dq_core::clock::{Clock, TestClock};
use dq_core::resilience::{CircuitBreaker, CircuitCause, CircuitState, Outcome};

use crate::{SECOND, breaker, calls, small};

#[test]
fn each_transition_is_told_once_and_in_order() {
    let clock = TestClock::new();
    let breaker = breaker(&small(), &clock);
    let mut events = breaker.subscribe();
    calls(&breaker, 4, Outcome::Failure).expect("it was closed");
    assert!(breaker.try_acquire().is_err());
    clock.advance(10 * SECOND);
    let at = clock.utc();
    calls(&breaker, 2, Outcome::Success).expect("probes");
    breaker.force_open();
    breaker.force_open();
    breaker.reset();

    let told: Vec<_> = std::iter::from_fn(|| events.try_next()).collect();
    let steps: Vec<_> = told.iter().map(|it| (it.sequence, it.from, it.to, it.cause)).collect();
    let (closed, open) = (CircuitState::Closed, CircuitState::Open);
    let (half_open, forced_open) = (CircuitState::HalfOpen, CircuitState::ForcedOpen);
    assert_eq!(
        steps,
        [
            (1, closed, open, CircuitCause::FailureRate),
            (2, open, half_open, CircuitCause::RecoveryTimeout),
            (3, half_open, closed, CircuitCause::ProbesSucceeded),
            (4, closed, forced_open, CircuitCause::Forced),
            (5, forced_open, closed, CircuitCause::Reset),
        ]
    );
    assert_eq!(told[1].at, at);
    assert_eq!(told[0].breaker, "db");
    let json = serde_json::to_value(&told[1]).expect("events are JSON");
    let expected = serde_json::json!({
        "sequence": 2, "breaker": "db", "from": "open", "to": "half_open",
        "cause": "recovery_timeout", "at": "2026-01-01T00:00:10Z",
    });
    assert_eq!(json, expected);
    assert_eq!(breaker.statistics().sequence, 5);
}

#[tokio::test]
async fn who_is_too_slow_sees_a_gap_and_who_outlives_the_breaker_the_end() {
    let clock = TestClock::new();
    let breaker = breaker(&small(), &clock);
    let mut events = breaker.subscribe();
    for _ in 0..50 {
        breaker.force_open();
        breaker.force_close();
    }
    drop(breaker);
    let mut told = Vec::new();
    while let Some(event) = events.next().await {
        told.push(event.sequence);
    }
    assert_eq!(told, (37..=100).collect::<Vec<_>>());
}
