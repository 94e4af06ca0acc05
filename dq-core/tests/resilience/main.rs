//! Breaker, retry, deadline and bulkhead through the public interface, with a clock that stands still.

#![cfg(test)]

mod breaker;
mod bulkhead;
mod cluster;
#[cfg(feature = "redis")]
mod cluster_redis;
mod config;
mod events;
mod guard;
mod half_open;
mod hedge;
#[cfg(feature = "tower")]
mod layer;
mod model;
mod outage;
mod promises;
mod registry;
mod retry;
#[cfg(feature = "redis")]
#[path = "../servers/mod.rs"]
mod servers;
mod threads;

use std::sync::Arc;
use std::time::Duration;

use dq_core::clock::TestClock;
use dq_core::resilience::{
    CircuitBreaker, CircuitBreakerConfig, CircuitOpen, Outcome, WindowedCircuitBreaker,
};

const SECOND: Duration = Duration::from_secs(1);

/// Opens on half of ten calls, without jitter.
fn small() -> CircuitBreakerConfig {
    CircuitBreakerConfig {
        sliding_window_size: 10,
        minimum_requests: 4,
        failure_threshold: 0,
        recovery_timeout_ms: 10_000,
        recovery_timeout_max_ms: 40_000,
        recovery_jitter_percent: 0,
        half_open_permits: 2,
        success_threshold: 2,
        ..CircuitBreakerConfig::default()
    }
}

fn breaker(config: &CircuitBreakerConfig, clock: &TestClock) -> WindowedCircuitBreaker {
    WindowedCircuitBreaker::new("db", config, Arc::new(clock.clone())).expect("the config is valid")
}

/// Makes `count` calls that end with `outcome` at once; the error of the first that was refused.
fn calls(breaker: &dyn CircuitBreaker, count: usize, outcome: Outcome) -> Result<(), CircuitOpen> {
    (0..count).try_for_each(|_| breaker.try_acquire().map(|it| it.record(outcome)))
}

/// Lets the clock go on to whatever is waited for next, until `future` is done.
async fn hurry<T>(clock: &TestClock, future: impl Future<Output = T>) -> T {
    let mut future = std::pin::pin!(future);
    loop {
        tokio::select! {
            biased;
            it = &mut future => return it,
            () = clock.sleepers(1) => clock.advance_to_next(),
        };
    }
}
