//! Random histories of several nodes over a store that fails, and a checker that reads them: no value is
//! served that is older than promised, and in the end all agree. A seed replays its history. `DQ_SOAK` makes
//! them long.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use dq_core::cache::{CacheKey, CacheManagerExt, CacheOptions, TieredConfig};
use dq_core::clock::{Clock, TestClock};

use crate::nodes::{Node, nodes, pass};
use crate::schedules::Chance;
use crate::store::Fault;
use crate::support::{key, millis, minute, seconds, settle};

const NODES: u64 = 3;
const KEYS: u64 = 4;

/// How long after another node has told the store that a value is invalid it may still be served: no
/// longer than `max_disconnected_staleness_ms`, and nothing is added to it.
///
/// A value is served at `t` if `t <= max(checked, current) + max_disconnected_staleness_ms`. `checked` is when
/// its reading began; a value from before the store was told was read before that. `current` is a moment
/// for which the feed says that all that the store knew then has been heard; once it is after the store was
/// told, the value has been forgotten. So both are before the store was told. How long a call of the store
/// takes before or after its effect does not matter: both moments are noted before the call.
fn bound() -> Duration {
    millis(TieredConfig::default().max_disconnected_staleness_ms)
}

/// What is true: a version of each key.
type Truth = Arc<Vec<AtomicU64>>;

#[derive(Debug)]
enum Event {
    Read {
        node: usize,
        key: u64,
        began: Duration,
        version: u64,
    },
    /// The invalidation of all before `version` was begun, and has returned.
    Written {
        node: usize,
        key: u64,
        version: u64,
        began: Duration,
        returned: Duration,
    },
}

#[derive(Clone)]
struct World {
    clock: TestClock,
    nodes: Vec<Node>,
    truth: Truth,
    history: Arc<Mutex<Vec<Event>>>,
}

impl World {
    async fn new() -> Self {
        let (clock, nodes) = nodes(NODES as usize).await;
        let truth = Arc::new((0..KEYS).map(|_| AtomicU64::new(1)).collect());
        Self { clock, nodes, truth, history: Arc::default() }
    }

    async fn read(self, node: usize, number: u64, delay: Duration) {
        let began = self.clock.elapsed();
        let (truth, clock) = (Arc::clone(&self.truth), self.clock.clone());
        let compute = move || async move {
            let version = truth[number as usize].load(Ordering::SeqCst);
            if !delay.is_zero() {
                clock.sleep(delay).await;
            }
            Ok(version)
        };
        let options = CacheOptions { ttl_ms: 20_000, ..minute() };
        let cache = &self.nodes[node].cache;
        let version = *cache.get_or_compute(&key(number), &options, compute).await.unwrap();
        self.note(Event::Read { node, key: number, began, version });
    }

    async fn write(self, node: usize, number: u64) {
        let version = self.truth[number as usize].fetch_add(1, Ordering::SeqCst) + 1;
        let began = self.clock.elapsed();
        self.nodes[node].cache.delete(&key(number)).await;
        let returned = self.clock.elapsed();
        self.note(Event::Written { node, key: number, version, began, returned });
    }

    fn note(&self, event: Event) {
        self.history.lock().unwrap().push(event);
    }

    /// Something goes wrong, or is well again.
    fn stir(&self, chance: &mut Chance) {
        let node = &self.nodes[chance.below(NODES) as usize];
        match chance.below(10) {
            0 => node.store.fault(Fault::Down),
            1 => node.store.fault(Fault::Hang),
            2 => node.store.fault(Fault::SlowBefore(30)),
            3 => node.store.fault(Fault::SlowAfter(30)),
            4 => node.store.fault(Fault::LostReply),
            5 => node.store.disconnect(),
            6 => node.store.reconnect(true),
            7 => node.store.reconnect(false),
            _ => node.store.fault(Fault::None),
        }
    }
}

/// How many reads were checked.
async fn history(seed: u64, operations: u64) -> usize {
    let chance = &mut Chance(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    let world = World::new().await;
    let mut tasks = Vec::new();
    for _ in 0..operations {
        let (node, number) = (chance.below(NODES) as usize, chance.below(KEYS));
        let delay = [0, 0, 20, 300][chance.below(4) as usize];
        tasks.push(match chance.below(8) {
            0 => tokio::spawn(world.clone().write(node, number)),
            _ => tokio::spawn(world.clone().read(node, number, millis(delay))),
        });
        if chance.below(12) == 0 {
            world.stir(chance);
        }
        settle().await;
        pass(&world.clock, millis(10 * chance.below(6))).await;
    }
    for node in &world.nodes {
        node.store.fault(Fault::None);
        node.store.reconnect(false);
    }
    pass(&world.clock, seconds(4)).await;
    for task in tasks {
        task.await.unwrap();
    }
    for number in 0..KEYS {
        for node in &world.nodes {
            let origin = Arc::clone(&world.truth);
            let now = origin[number as usize].load(Ordering::SeqCst);
            let compute = move || async move { Ok(now) };
            let read = node.cache.get_or_compute(&key(number), &minute(), compute).await.unwrap();
            assert_eq!(*read, now, "seed {seed}: all agree in the end on key {number}");
        }
    }
    check(seed, &world)
}

/// Holds each read against what was written before it began.
fn check(seed: u64, world: &World) -> usize {
    let history = world.history.lock().unwrap();
    let keys: HashMap<u64, CacheKey> = (0..KEYS).map(|it| (it, key(it))).collect();
    let mut checked = 0;
    for event in history.iter() {
        let Event::Read { node, key, began, version } = event else { continue };
        checked += 1;
        for write in history.iter() {
            let Event::Written {
                node: writer,
                key: written,
                version: newer,
                began: from,
                returned,
            } = write
            else {
                continue;
            };
            if written != key || newer <= version {
                continue;
            }
            // What the reading node has told by itself, of an earlier write, is not what the feed brings it.
            let told = world.nodes[*node].store.told_by_others(&keys[key], *from);
            let limit = match told {
                _ if writer == node => *returned,
                Some(told) => told + bound(),
                None => continue,
            };
            assert!(
                began <= &limit,
                "seed {seed}: {event:?} is too old because of {write:?}, told at {told:?}"
            );
        }
    }
    checked
}

#[tokio::test]
async fn no_history_has_a_value_that_is_older_than_promised() {
    let (seeds, operations) =
        if std::env::var_os("DQ_SOAK").is_some() { (400, 500) } else { (25, 120) };
    let mut checked = 0;
    for seed in 1..=seeds {
        checked += history(seed, operations).await;
    }
    assert!(checked as u64 > seeds * operations / 2, "{checked}");
}
