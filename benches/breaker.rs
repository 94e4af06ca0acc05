//! What a circuit breaker and a guard cost around a call. See README.md in this folder.

use std::hint::black_box;
use std::io::{Write, stdout};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use anyhow::{Result, ensure};
use dq_core::clock::{Clock, SystemClock, TestClock};
use dq_core::resilience::{
    CallOptions, CircuitBreaker, CircuitBreakerConfig, Guard, GuardConfig, SlidingWindow,
    WindowedCircuitBreaker,
};

const CALLS: u64 = 2_000;
const ROUNDS: usize = 5_001;

fn main() -> Result<()> {
    let by_time = CircuitBreakerConfig {
        sliding_window: SlidingWindow::Time,
        ..CircuitBreakerConfig::default()
    };
    let breaker = |config: &CircuitBreakerConfig, clock: Arc<dyn Clock>| {
        WindowedCircuitBreaker::new("db", config, clock)
    };
    let test_clock = || Arc::new(TestClock::new());
    let by_count = CircuitBreakerConfig::default();

    let system = SystemClock;
    row("the clock of the system, twice", || {
        black_box((system.now(), system.now()));
    })?;
    for (name, config, clock) in [
        ("closed, test clock", &by_count, test_clock() as Arc<dyn Clock>),
        ("closed, system clock", &by_count, Arc::new(SystemClock)),
        ("closed, by time, test clock", &by_time, test_clock()),
        ("closed, by time, system clock", &by_time, Arc::new(SystemClock)),
    ] {
        let breaker = breaker(config, clock)?;
        let breaker: &dyn CircuitBreaker = black_box(&breaker);
        row(name, || {
            if let Ok(permit) = breaker.try_acquire() {
                permit.success();
            }
        })?;
        ensure!(breaker.statistics().metrics.total_failures == 0, "it stayed closed");
    }
    let open = breaker(&by_count, test_clock())?;
    open.force_open();
    row("open: a refusal", || drop(black_box(open.try_acquire())))?;

    let guard = Guard::new("db", &GuardConfig::default(), Arc::new(SystemClock))?;
    let mut context = Context::from_waker(Waker::noop());
    let line = measure(|| {
        let call = pin!(guard.call(CallOptions::IDEMPOTENT, async |_| Ok(black_box(7))));
        assert!(matches!(call.poll(&mut context), Poll::Ready(Ok(7))));
    });
    print("all of a guard, system clock", line)
}

/// Prints what one call takes; it must not allocate.
fn row(name: &str, call: impl FnMut()) -> Result<()> {
    let figures = measure(call);
    ensure!(figures.1 == 0, "{name}: {} allocations", figures.1);
    print(name, figures)
}

fn print(name: &str, ([least, median], allocations): ([f64; 2], u64)) -> Result<()> {
    let line = format!("{name:<32} {median:>7.1} ns, at best {least:>6.1} ns");
    Ok(writeln!(stdout(), "{line}, {allocations} allocations")?)
}

/// Nanoseconds of one call, the least and the median of many rounds, and its allocations.
fn measure(mut call: impl FnMut()) -> ([f64; 2], u64) {
    let clock = SystemClock;
    let mut times: Vec<_> = (0..ROUNDS)
        .map(|_| {
            let start = clock.now();
            (0..CALLS).for_each(|_| call());
            (clock.now() - start).as_nanos() as f64 / CALLS as f64
        })
        .collect();
    times.sort_by(f64::total_cmp);
    let allocations = allocation_counter::measure(|| (0..1000).for_each(|_| call())).count_total;
    let time = |rank: usize| times.get(rank).copied().unwrap_or(f64::NAN);
    ([time(0), time(ROUNDS / 2)], allocations / 1000)
}
