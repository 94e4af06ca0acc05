//! What a hit in memory costs. See README.md in this folder.

use std::hint::black_box;
use std::io::{Write, stdout};
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use dq_core::cache::{
    CacheKey, CacheManager, CacheManagerExt, CacheOptions, Lookup, MemoryCache, MemoryConfig,
    Namespace, Tag,
};
use dq_core::clock::{Clock, SystemClock, TestClock};

const KEYS: u64 = 1000;
const CALLS: u64 = 100_000;
const ROUNDS: usize = 41;

/// Nanoseconds of one call, and allocations of many.
struct Figures {
    least: f64,
    median: f64,
    allocations: u64,
}

/// A way to look a key up; gives whether it was there.
type Way<'a> = Box<dyn FnMut(&CacheKey) -> bool + 'a>;

fn main() -> Result<()> {
    let namespace = Namespace::new("bench")?;
    let keys: Vec<_> =
        (0..KEYS).map(|it| CacheKey::new(&namespace, 1, [it.to_le_bytes()])).collect();
    let bare = moka::sync::Cache::builder().max_capacity(10 * KEYS).build();
    for (key, number) in keys.iter().zip(0_u64..) {
        bare.insert(key.clone(), Arc::new(number));
    }
    bare.run_pending_tasks();
    let plain = CacheOptions::default();
    let tagged = CacheOptions { tags: vec![Tag::new(["a"]), Tag::new(["b"])], ..plain.clone() };
    let system = filled(Arc::new(SystemClock), &keys, &plain)?;
    let test = filled(Arc::new(TestClock::new()), &keys, &plain)?;
    let with_tags = filled(Arc::new(SystemClock), &keys, &tagged)?;
    let (system, test, with_tags): (&dyn CacheManager, &dyn CacheManager, &dyn CacheManager) =
        (&system, &test, &with_tags);

    // By turns, so that what else the machine does hits all alike.
    let mut calls: [(&str, Way<'_>); 5] = [
        ("moka::sync get", Box::new(|key| bare.get(key).is_some())),
        ("get", Box::new(|key| hit(system, key))),
        ("get, test clock", Box::new(|key| hit(test, key))),
        ("get, two tags", Box::new(|key| hit(with_tags, key))),
        ("get_or_compute", Box::new(|key| computed(system, key, &plain))),
    ];
    let mut times: [Vec<f64>; 5] = Default::default();
    for _ in 0..ROUNDS {
        for ((_, call), times) in calls.iter_mut().zip(&mut times) {
            times.push(time(&keys, call));
        }
    }
    let mut figures = Vec::new();
    for ((name, call), mut times) in calls.iter_mut().zip(times) {
        times.sort_by(f64::total_cmp);
        let mut round = || ensure_hits(&keys, call);
        let allocations = allocation_counter::measure(&mut round).count_total;
        let of = |rank: usize| times.get(rank).copied().unwrap_or(f64::NAN);
        figures.push((*name, Figures { least: of(0), median: of(ROUNDS / 2), allocations }));
    }
    let (_, moka) = figures.first().context("moka was measured")?;
    for (name, it) in &figures {
        let Figures { least, median, allocations } = it;
        let ratio = median / moka.median;
        let line = format!(
            "{name:<16} {median:>6.1} ns, at best {least:>6.1} ns; {ratio:.2} of moka; {allocations} allocations in {CALLS}"
        );
        writeln!(stdout(), "{line}")?;
        ensure!(*allocations <= moka.allocations + 2, "{name} allocates more than moka");
    }
    Ok(())
}

fn filled(clock: Arc<dyn Clock>, keys: &[CacheKey], options: &CacheOptions) -> Result<MemoryCache> {
    let cache = MemoryCache::new(&MemoryConfig::default(), clock)?;
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    for (key, number) in keys.iter().zip(0_u64..) {
        runtime.block_on(cache.set(key, number, options));
    }
    ensure!(cache.statistics().memory.entries == KEYS, "all are kept");
    Ok(cache)
}

fn hit(cache: &dyn CacheManager, key: &CacheKey) -> bool {
    matches!(cache.get::<u64>(key).now(), Ok(Lookup::Value(_)))
}

fn computed(cache: &dyn CacheManager, key: &CacheKey, options: &CacheOptions) -> bool {
    cache.get_or_compute(key, options, || async { Ok(0_u64) }).now().is_ok()
}

fn time(keys: &[CacheKey], call: &mut dyn FnMut(&CacheKey) -> bool) -> f64 {
    let clock = SystemClock;
    let start = clock.now();
    ensure_hits(keys, call);
    (clock.now() - start).as_nanos() as f64 / CALLS as f64
}

fn ensure_hits(keys: &[CacheKey], call: &mut dyn FnMut(&CacheKey) -> bool) {
    let hits = keys.iter().cycle().take(CALLS as usize).filter(|it| call(black_box(it))).count();
    assert_eq!(hits as u64, CALLS, "every lookup is a hit");
}
