//! When a call is made again.

use std::sync::Arc;
use std::time::Duration;

use dq_core::clock::TestClock;
use dq_core::resilience::{Deadline, Retry, RetryConfig};

use crate::SECOND;

fn retry(config: &RetryConfig, clock: &TestClock) -> Retry {
    Retry::new(config, Arc::new(clock.clone())).expect("the config is valid").with_seed(1)
}

fn unbounded() -> RetryConfig {
    RetryConfig { attempts_max: 100, budget_min_per_second: 1_000_000, ..RetryConfig::default() }
}

#[test]
fn delays_are_drawn_from_all_up_to_a_doubling_maximum() {
    let clock = TestClock::new();
    let retry = retry(&unbounded(), &clock);
    for (number, most) in [(1, 100), (2, 200), (3, 400), (6, 3200), (7, 5000), (50, 5000)] {
        let delay = |_| retry.delay_after(number, Deadline::NEVER).expect("there is a budget");
        let delays: Vec<_> = (0..1000).map(delay).collect();
        let most = Duration::from_millis(most);
        assert!(delays.iter().all(|it| *it <= most), "attempt {number}");
        let mean = delays.iter().sum::<Duration>() / 1000;
        assert!(mean > most * 45 / 100 && mean < most * 55 / 100, "attempt {number}: {mean:?}");
        assert!(delays.iter().any(|it| *it < most / 20), "attempt {number}: jitter is full");
        assert!(delays.iter().any(|it| *it > most * 19 / 20), "attempt {number}: jitter is full");
    }
}

#[test]
fn there_is_a_last_attempt() {
    let clock = TestClock::new();
    let retry = retry(&RetryConfig::default(), &clock);
    assert!(retry.delay_after(2, Deadline::NEVER).is_some());
    assert!(retry.delay_after(3, Deadline::NEVER).is_none());
}

#[test]
fn nobody_waits_beyond_the_deadline() {
    let clock = TestClock::new();
    let retry = retry(&unbounded(), &clock);
    let deadline = Deadline::after(&clock, Duration::from_millis(50));
    let delays: Vec<_> = (0..1000).map(|_| retry.delay_after(1, deadline)).collect();
    assert!(delays.iter().flatten().all(|it| *it < Duration::from_millis(50)));
    let given_up = delays.iter().filter(|it| it.is_none()).count();
    assert!((400..600).contains(&given_up), "{given_up}");
    clock.advance(Duration::from_millis(50));
    assert!((0..1000).all(|_| retry.delay_after(1, deadline).is_none()));
}

#[test]
fn the_budget_is_a_share_of_the_calls_of_the_same_second() {
    let clock = TestClock::new();
    let retry = retry(&RetryConfig::default(), &clock);
    let granted = || (0..1000).filter(|_| retry.delay_after(1, Deadline::NEVER).is_some()).count();
    assert_eq!(granted(), 3, "who never calls may still retry a little");
    (0..500).for_each(|_| retry.called());
    assert_eq!(granted(), 47);
    clock.advance(SECOND);
    assert_eq!(granted(), 3);
    clock.advance(1_000_000 * SECOND);
    (0..500).for_each(|_| retry.called());
    assert_eq!(granted(), 50);
}
