//! Ten thousand callers of a cold key, in an order that chance decides, some of which are cancelled, and
//! computations that panic. `DQ_SOAK` tries many more orders.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

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
    /// Whether the first computation panics, at its end.
    panics: bool,
}

/// What was computed.
#[derive(Debug, Default)]
struct Work {
    started: AtomicU64,
    running: AtomicU64,
    /// The most that ran at one time.
    running_max: AtomicU64,
    /// Whether the first has ended.
    first_is_over: AtomicBool,
}

/// A computation under way.
struct Running(Arc<Work>);

impl Running {
    /// Returns its number, too.
    fn begin(work: &Arc<Work>) -> (u64, Self) {
        let number = work.started.fetch_add(1, Ordering::SeqCst) + 1;
        let running = work.running.fetch_add(1, Ordering::SeqCst) + 1;
        work.running_max.fetch_max(running, Ordering::SeqCst);
        (number, Self(Arc::clone(work)))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.running.fetch_sub(1, Ordering::SeqCst);
        self.0.first_is_over.store(true, Ordering::SeqCst);
    }
}

/// What a caller got.
#[derive(Debug)]
struct Answer {
    /// Whether the first computation had ended when the caller asked.
    is_late: bool,
    result: Result<u64>,
}

/// A caller that gives way before it asks, as often as it is told.
fn caller(cache: &MemoryCache, work: &Arc<Work>, plan: Plan, yields: u64) -> JoinHandle<Answer> {
    let (cache, work) = (cache.clone(), Arc::clone(work));
    tokio::spawn(async move {
        for _ in 0..yields {
            yield_now().await;
        }
        let is_late = work.first_is_over.load(Ordering::SeqCst);
        let compute = move || async move {
            let (number, _running) = Running::begin(&work);
            for _ in 0..plan.yields {
                yield_now().await;
            }
            assert!(!plan.panics || number > 1, "as planned");
            Ok(number)
        };
        let result = cache.get_or_compute(&key("a"), &minute(), compute).await.map(|it| *it);
        Answer { is_late, result }
    })
}

/// What a caller may get. The first computation is for all that asked before it ended: if it panicked, they
/// all see that. Who asks later finds the key free, and one of those computes it again, for all of them.
fn check(seed: u64, plan: Plan, Answer { is_late, result }: &Answer) {
    // With several threads, a caller may ask while the end is being told.
    let may = |it: bool| it || is_threaded(seed);
    match result {
        Ok(number) if plan.panics => {
            assert!(*number == 2 && may(*is_late), "schedule {seed}: {number}");
        }
        Ok(number) => assert_eq!(*number, 1, "schedule {seed}"),
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::Internal, "schedule {seed}");
            assert!(plan.panics && may(!is_late), "schedule {seed}: {error}");
        }
    }
}

async fn schedule(seed: u64) {
    let chance = &mut Chance(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    let (_, cache) = memory();
    let work = Arc::new(Work::default());
    let spread = 1 + chance.below(8);
    let plan = Plan { yields: spread + chance.below(20) * 2, panics: seed.is_multiple_of(4) };
    let callers: Vec<_> =
        (0..CALLERS).map(|_| caller(&cache, &work, plan, chance.below(spread))).collect();
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
    let mut answers = Vec::new();
    for caller in callers {
        match caller.await {
            Ok(answer) => {
                check(seed, plan, &answer);
                answers.push(answer);
            }
            Err(error) => assert!(error.is_cancelled(), "schedule {seed}"),
        }
    }
    assert!(answers.len() + cancelled >= CALLERS, "schedule {seed}");
    let computed = work.started.load(Ordering::SeqCst);
    assert!(work.running_max.load(Ordering::SeqCst) <= 1, "schedule {seed}: two ran at one time");
    // All may have been cancelled before the first of them ran.
    assert!(computed > 0 || answers.is_empty(), "schedule {seed}");
    // One more, if the first panicked, and only for those that came after it.
    assert!(computed <= 1 + u64::from(plan.panics), "schedule {seed}: {computed}");
    // The key is free: what failed is tried again, what did not is there.
    let again = cache.get_or_compute(&key("a"), &minute(), || async { Ok(99_u64) }).await.unwrap();
    let expected = match (computed, plan.panics) {
        (1, false) => 1,
        (2, true) => 2,
        _ => 99,
    };
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
