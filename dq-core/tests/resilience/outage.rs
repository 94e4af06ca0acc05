//! A whole outage, simulated: how many calls reach what is down, and how soon all is well again.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use dq_core::clock::{Clock, TestClock};
use dq_core::resilience::{BulkheadConfig, CallOptions, CircuitState, Guard, GuardConfig};
use dq_core::{Error, ErrorKind, Result};
use tokio::task::{JoinSet, yield_now};

const MILLISECOND: Duration = Duration::from_millis(1);

/// Something that takes a few milliseconds, and may be down.
struct Dependency {
    clock: TestClock,
    guard: Guard,
    down: AtomicBool,
    reached: AtomicUsize,
}

impl Dependency {
    fn new() -> Arc<Self> {
        let clock = TestClock::new();
        let bulkhead =
            BulkheadConfig { concurrency_max: 10_000, queue_max: 0, ..BulkheadConfig::default() };
        let config = GuardConfig { bulkhead, ..GuardConfig::default() };
        let guard = Guard::new("db", &config, Arc::new(clock.clone())).expect("it is valid");
        let (down, reached) = (AtomicBool::new(true), AtomicUsize::new(0));
        Arc::new(Self { clock, guard, down, reached })
    }

    async fn call(&self) -> Result<()> {
        let work = async |_| {
            self.reached.fetch_add(1, Ordering::Relaxed);
            self.clock.sleep(5 * MILLISECOND).await;
            if self.down.load(Ordering::Relaxed) {
                return Err(Error::new(ErrorKind::Unavailable, "it is down"));
            }
            Ok(())
        };
        self.guard.call(CallOptions::IDEMPOTENT, work).await
    }

    /// A thousand callers in one second; how many calls got through to the dependency.
    async fn second(self: &Arc<Self>, callers: &mut JoinSet<Result<()>>) -> usize {
        let before = self.reached.load(Ordering::Relaxed);
        for _ in 0..1000 {
            let dependency = Arc::clone(self);
            callers.spawn(async move { dependency.call().await });
            for _ in 0..4 {
                yield_now().await; // Everyone has a turn, and who was woken by them.
            }
            self.clock.advance(MILLISECOND);
        }
        self.reached.load(Ordering::Relaxed) - before
    }
}

#[tokio::test]
async fn retries_alone_add_a_tenth_to_the_calls() {
    let dependency = Dependency::new();
    dependency.guard.breaker().disable();
    let mut callers = JoinSet::new();
    for second in 1..=10 {
        let reached = dependency.second(&mut callers).await;
        assert!((1050..1150).contains(&reached), "second {second}: {reached}");
        let reached = dependency.reached.load(Ordering::Relaxed);
        assert!(reached <= 1100 * second, "by second {second}: {reached}");
    }
}

#[tokio::test]
async fn with_the_breaker_an_outage_is_hardly_noticed_by_what_is_down() {
    let dependency = Dependency::new();
    let mut callers = JoinSet::new();
    let mut reached = 0;
    for _ in 0..20 {
        reached += dependency.second(&mut callers).await;
    }
    assert!(reached < 40, "{reached} of 20000 calls");
    assert_eq!(dependency.guard.breaker().state(), CircuitState::Open);

    dependency.down.store(false, Ordering::Relaxed);
    let mut seconds = 0;
    while dependency.guard.breaker().state() != CircuitState::Closed {
        seconds += 1;
        assert!(seconds <= 17, "it should have been closed by now");
        dependency.second(&mut callers).await;
    }
    let reached = dependency.second(&mut callers).await;
    assert_eq!(reached, 1000, "everyone is back, once");
}
