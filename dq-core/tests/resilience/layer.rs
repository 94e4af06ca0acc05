//! The guard as a layer of tower.

use std::cell::Cell;
use std::convert::Infallible;
use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll};

use dq_core::clock::TestClock;
use dq_core::resilience::{
    CallOptions, CircuitState, Guard, GuardConfig, GuardLayer, Outcome, RetryConfig, judge,
};
use dq_core::{Error, ErrorKind, Result};
use tower::{Layer, Service, ServiceBuilder, ServiceExt};

use crate::{SECOND, hurry, small};

fn guard(clock: &TestClock) -> Guard {
    let retry = RetryConfig { budget_min_per_second: 100, ..RetryConfig::default() };
    let config = GuardConfig { breaker: small(), retry, ..GuardConfig::default() };
    Guard::new("web", &config, Arc::new(clock.clone())).expect("the config is valid")
}

#[tokio::test]
async fn a_request_that_may_be_repeated_is() {
    let clock = TestClock::new();
    let calls = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&calls);
    let service = ServiceBuilder::new()
        .layer(GuardLayer::new(
            guard(&clock),
            |it: &u32| if *it == 7 { CallOptions::IDEMPOTENT } else { CallOptions::default() },
            judge::<u32>,
        ))
        .service_fn(move |it: u32| {
            let number = counted.fetch_add(1, Ordering::Relaxed);
            let error = || Error::new(ErrorKind::Unavailable, "it is down");
            std::future::ready(if number % 3 == 2 { Ok(it) } else { Err(error()) })
        });
    assert_eq!(hurry(&clock, service.clone().oneshot(7)).await.expect("the third works"), 7);
    assert!(service.oneshot(8).await.is_err());
    assert_eq!(calls.load(Ordering::Relaxed), 4);
}

/// A service that is never ready, and that threads cannot share, as many cannot.
#[derive(Clone)]
struct Busy(Cell<u32>);

impl Service<()> for Busy {
    type Response = Infallible;
    type Error = Error;
    type Future = std::future::Pending<Result<Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<()>> {
        self.0.set(self.0.get() + 1);
        Poll::Pending
    }

    fn call(&mut self, (): ()) -> Self::Future {
        pending()
    }
}

#[tokio::test]
async fn a_service_that_never_becomes_ready_is_one_that_fails() {
    let clock = TestClock::new();
    let guard = guard(&clock);
    let breaker = Arc::clone(guard.breaker());
    let mut service =
        GuardLayer::new(guard, |(): &()| CallOptions::default(), judge).layer(Busy(Cell::new(0)));
    for _ in 0..4 {
        let ready = service.ready().await.expect("the guard takes every call");
        let call = ready.call(());
        let error = hurry(&clock, call).await.expect_err("it is never ready");
        assert_eq!(error.kind(), ErrorKind::Timeout);
    }
    assert_eq!(breaker.state(), CircuitState::Open);
    assert_eq!(clock.elapsed(), 120 * SECOND);
}

#[tokio::test]
async fn the_status_of_a_response_may_be_a_failure() {
    let clock = TestClock::new();
    let guard = guard(&clock);
    let breaker = Arc::clone(guard.breaker());
    let by_status = |it: &Result<u16>| match it {
        Ok(500..) => Outcome::Failure,
        _ => Outcome::Success,
    };
    let layer = GuardLayer::new(guard, |(): &()| CallOptions::default(), by_status);
    let service = ServiceBuilder::new().layer(layer).service_fn(async |()| Ok::<_, Error>(503));
    for _ in 0..4 {
        assert_eq!(service.clone().oneshot(()).await.expect("a response"), 503);
    }
    assert_eq!(breaker.state(), CircuitState::Open);
    let error = service.oneshot(()).await.expect_err("it is open");
    assert_eq!(error.kind(), ErrorKind::Unavailable);
}
