//! Breakers by name.

use std::sync::Arc;

use dq_core::ErrorKind;
use dq_core::clock::TestClock;
use dq_core::resilience::{
    CircuitBreakerConfig, CircuitBreakerRegistry, CircuitState, Outcome, WindowedCircuitBreaker,
};

use crate::{breaker, calls, small};

fn registry() -> CircuitBreakerRegistry {
    CircuitBreakerRegistry::new(small(), Arc::new(TestClock::new())).expect("the config is valid")
}

#[test]
fn a_name_is_one_breaker() {
    let registry = registry();
    let first = registry.breaker("db").expect("there is room");
    let again = registry.breaker_with("db", &CircuitBreakerConfig::default());
    let again = again.expect("it exists, and keeps its configuration");
    assert!(Arc::ptr_eq(&first, &again));
    assert_eq!(again.statistics().config, small());
    assert!(registry.find("cache").is_none());
}

#[test]
fn callers_who_come_at_once_get_the_same_breaker() {
    let registry = registry();
    let breakers: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(|| registry.breaker("db"))).collect();
        threads.into_iter().map(|it| it.join().expect("no panic").expect("there is room")).collect()
    });
    assert!(breakers.iter().all(|it| Arc::ptr_eq(it, &breakers[0])));
}

#[test]
fn all_are_reset_and_counted_together() {
    let registry = registry();
    for name in ["b", "a"] {
        let breaker = registry.breaker(name).expect("there is room");
        calls(&*breaker, 4, Outcome::Failure).expect("it was closed");
    }
    let states: Vec<_> = registry.statistics().into_iter().map(|it| (it.name, it.state)).collect();
    assert_eq!(
        states,
        [("a".to_owned(), CircuitState::Open), ("b".to_owned(), CircuitState::Open)]
    );
    registry.reset_all();
    assert!(registry.statistics().iter().all(|it| it.state == CircuitState::Closed));
}

#[test]
fn the_default_is_for_breakers_made_from_then_on() {
    let registry = registry();
    let old = registry.breaker("old").expect("there is room");
    let config = CircuitBreakerConfig { minimum_requests: 7, ..small() };
    registry.set_default_config(config.clone()).expect("it is valid");
    assert_eq!(registry.breaker("new").expect("there is room").statistics().config, config);
    assert_eq!(old.statistics().config, small());
    let bad = CircuitBreakerConfig { minimum_requests: 0, ..small() };
    let error = registry.set_default_config(bad.clone()).expect_err("it is not");
    assert_eq!(error.kind(), ErrorKind::ConfigInvalid);
    assert!(registry.breaker_with("bad", &bad).is_err());
    assert!(registry.find("bad").is_none());
}

#[test]
fn a_removed_breaker_makes_room_for_a_new_one() {
    let registry = registry();
    let old = registry.breaker("db").expect("there is room");
    let removed = registry.remove("db").expect("it was there");
    assert!(Arc::ptr_eq(&old, &removed));
    assert!(registry.remove("db").is_none());
    let new = registry.breaker("db").expect("there is room");
    assert!(!Arc::ptr_eq(&old, &new));
    registry.insert(old).expect("it takes the place of the other");
    assert_eq!(registry.breakers().len(), 1);
}

#[test]
fn there_is_an_end_to_names() {
    let registry = registry();
    let clock = TestClock::new();
    let one: Arc<WindowedCircuitBreaker> = Arc::new(breaker(&small(), &clock));
    registry.insert(one).expect("there is room");
    for number in 1..CircuitBreakerRegistry::BREAKERS_MAX {
        registry.breaker(&number.to_string()).expect("there is room");
    }
    let error = registry.breaker("one more").expect_err("there is none left");
    assert_eq!(error.kind(), ErrorKind::LimitExceeded);
    assert!(registry.breaker("db").is_ok());
}
