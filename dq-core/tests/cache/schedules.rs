//! Ten thousand callers of a cold key, in an order that chance decides, some of which are cancelled, and
//! computations that panic. `DQ_SOAK` tries many more orders.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use dq_core::cache::{CacheManager, CacheManagerExt, MemoryCache};
use dq_core::{ErrorKind, Result};
use tokio::task::{JoinHandle, yield_now};

use crate::support::{key, memory, minute};

const CALLERS: usize = 10_000;

pub(crate) struct Chance(pub(crate) u64);

impl Chance {
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }
}

/// What the computations of one schedule do.
#[derive(Clone, Copy)]
struct Plan {
    /// How often a computation gives way to others.
    yields: u64,
    panics: bool,
}

/// A caller that gives way before it asks, as often as it is told.
fn caller(
    cache: &MemoryCache,
    started: &Arc<AtomicU64>,
    plan: Plan,
    yields: u64,
) -> JoinHandle<Result<u64>> {
    let (cache, started) = (cache.clone(), Arc::clone(started));
    tokio::spawn(async move {
        for _ in 0..yields {
            yield_now().await;
        }
        let compute = move || async move {
            let number = started.fetch_add(1, Ordering::SeqCst) + 1;
            for _ in 0..plan.yields {
                yield_now().await;
            }
            assert!(!plan.panics, "as planned");
            Ok(number)
        };
        cache.get_or_compute(&key("a"), &minute(), compute).await.map(|it| *it)
    })
}

async fn schedule(seed: u64) {
    let chance = &mut Chance(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    let (_, cache) = memory();
    let started = Arc::new(AtomicU64::new(0));
    let spread = 1 + chance.below(8);
    // A panic must find all callers waiting, for a later one rightly tries again: so in one thread only.
    let plan = Plan {
        yields: spread + chance.below(20) * 2,
        panics: seed.is_multiple_of(4) && !is_threaded(seed),
    };
    let callers: Vec<_> =
        (0..CALLERS).map(|_| caller(&cache, &started, plan, chance.below(spread))).collect();
    // The first to run, too, may be among the cancelled.
    let cancelled_in = 1 + chance.below(16);
    for _ in 0..chance.below(spread + plan.yields) {
        yield_now().await;
    }
    let mut cancelled = 0;
    for (number, caller) in callers.iter().enumerate() {
        if number == 0 || chance.below(cancelled_in) == 0 && cancelled_in < 16 {
            caller.abort();
            cancelled += 1;
        }
    }
    let mut answered = 0;
    for caller in callers {
        match caller.await {
            Ok(Ok(number)) => {
                assert_eq!((number, plan.panics), (1, false), "schedule {seed}");
                answered += 1;
            }
            Ok(Err(error)) => {
                assert_eq!((error.kind(), plan.panics), (ErrorKind::Internal, true), "{seed}");
                answered += 1;
            }
            Err(error) => assert!(error.is_cancelled(), "schedule {seed}"),
        }
    }
    assert!(answered + cancelled >= CALLERS, "schedule {seed}");
    let computed = started.load(Ordering::SeqCst);
    // All may have been cancelled before the first of them ran.
    assert!(computed == 1 || computed == 0 && answered == 0, "schedule {seed}: {computed}");
    // The key is free: what failed is tried again, what did not is there.
    let again = cache.get_or_compute(&key("a"), &minute(), || async { Ok(99_u64) }).await.unwrap();
    let expected = if plan.panics || computed == 0 { 99 } else { 1 };
    assert_eq!(*again, expected, "schedule {seed}");
    let statistics = cache.statistics();
    assert_eq!(statistics.computations, computed + u64::from(expected == 99), "schedule {seed}");
}

fn is_threaded(seed: u64) -> bool {
    seed.is_multiple_of(3)
}

#[test]
fn ten_thousand_callers_of_a_cold_key_cause_one_computation_in_any_order() {
    let schedules = if std::env::var_os("DQ_SOAK").is_some() { 1000 } else { 12 };
    for seed in 1..=schedules {
        let runtime = if is_threaded(seed) {
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).build()
        } else {
            tokio::runtime::Builder::new_current_thread().build()
        };
        runtime.expect("a runtime can be made").block_on(schedule(seed));
    }
}
