//! A cluster one of whose masters dies and is replaced by its replica.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;

use dq_core::cache::{CacheManager, CacheManagerExt, CacheOptions, Reach};

use crate::servers::pace;
use crate::*;

/// What is written, and until when each number was the latest as far as the store had not been told.
#[derive(Debug, Default)]
struct Writings {
    number: AtomicU64,
    /// When it was acknowledged that all before this number are invalid.
    acknowledged: Mutex<Vec<(Instant, u64)>>,
    /// The last that was, told apart from what could not be told.
    is_over: AtomicBool,
}

#[expect(clippy::disallowed_methods, reason = "the servers run by the real clock")]
fn now() -> Instant {
    Instant::now()
}

impl Writings {
    /// The least number that may be served to who asks at `asked`.
    fn least(&self, asked: Instant) -> u64 {
        let bound = Duration::from_millis(TieredConfig::default().max_disconnected_staleness_ms);
        let acknowledged = self.acknowledged.lock().unwrap();
        let old = acknowledged.iter().filter(|(at, _)| *at + bound < asked);
        old.map(|it| it.1).max().unwrap_or(0)
    }

    async fn write(&self, cache: &TieredCache, key: &CacheKey) -> Reach {
        let number = self.number.fetch_add(1, Ordering::SeqCst) + 1;
        let reach = cache.delete(key).await;
        if reach == Reach::Everywhere {
            self.acknowledged.lock().unwrap().push((now(), number));
        }
        reach
    }

    async fn read(self: &Arc<Self>, cache: &TieredCache, key: &CacheKey) -> u64 {
        let truth = Arc::clone(self);
        let compute = move || async move { Ok(truth.number.load(Ordering::SeqCst)) };
        let options = CacheOptions { jitter: 0.0, ..CacheOptions::ttl_ms(60_000) };
        *cache.get_or_compute(key, &options, compute).await.expect("it is computed")
    }
}

/// Reads until it is over; returns how often.
async fn reading(writings: Arc<Writings>, cache: TieredCache, key: CacheKey) -> u64 {
    let mut reads = 0;
    while !writings.is_over.load(Ordering::SeqCst) {
        let (asked, begun) = (now(), pace::now());
        let number = writings.read(&cache, &key).await;
        let took = pace::since(begun);
        assert!(took < Duration::from_secs(2), "a read took {took:?}");
        let least = writings.least(asked);
        assert!(number >= least, "{number} was served when {least} was known");
        reads += 1;
        pause(2).await;
    }
    reads
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_master_that_its_replica_replaces_is_survived_without_a_value_that_is_too_old() {
    let Some(mut cluster) = RedisCluster::start() else { return };
    // The one that has the stream of invalidations.
    let master = cluster.owner("dq:{c0}:b");
    let replica = cluster.add_replica_of(master);
    let nodes = [0, 1].map(|_| tiered(store_in_cluster(&cluster), 1000));
    for node in &nodes {
        while !node.statistics().connected {
            pause(5).await;
        }
    }
    // One key in the part of the stream, and one elsewhere.
    let in_part = |wanted: bool| {
        let mut keys = (0..1000).map(|it| key("failover", &it.to_string()));
        let part = |it: &CacheKey| u16::from_be_bytes([it.digest()[0], it.digest()[1]]) % 16;
        keys.find(|it| (part(it) == 0) == wanted).expect("keys are spread")
    };
    let keys = [in_part(true), in_part(false)];
    let writings = keys.each_ref().map(|_| Arc::new(Writings::default()));
    let mut readers = Vec::new();
    for (key, writings) in keys.iter().zip(&writings) {
        for node in &nodes {
            readers.push(tokio::spawn(reading(Arc::clone(writings), node.clone(), key.clone())));
        }
    }
    let began = pace::now();
    let mut is_killed = false;
    let mut told_after = 0;
    // Until writes have been acknowledged for two seconds after the replica took over.
    while told_after < 40 {
        assert!(pace::since(began) < Duration::from_mins(1), "the cluster does not come back");
        for (key, writings) in keys.iter().zip(&writings) {
            let reach = writings.write(&nodes[0], key).await;
            let has_taken_over = is_killed && replica.info("role").as_deref() == Some("master");
            told_after += u64::from(has_taken_over && reach == Reach::Everywhere);
        }
        pause(50).await;
        if !is_killed && pace::since(began) > Duration::from_secs(1) {
            cluster.nodes[master].kill();
            is_killed = true;
        }
    }
    // What is acknowledged now is served to nobody longer than promised; all agree.
    pause(1500).await;
    for writings in &writings {
        writings.is_over.store(true, Ordering::SeqCst);
    }
    let mut reads = 0;
    for reader in readers {
        reads += reader.await.unwrap();
    }
    for (key, writings) in keys.iter().zip(&writings) {
        for node in &nodes {
            let latest = writings.number.load(Ordering::SeqCst);
            assert_eq!(writings.read(node, key).await, latest);
        }
    }
    let took = pace::since(began);
    println!("{reads} reads in {took:?}, none of them too old");
    let shared: u64 = nodes.iter().map(|it| it.statistics().shared.hits).sum();
    assert!(shared > 0, "they shared what one of them computed");
}
