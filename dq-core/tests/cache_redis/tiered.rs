//! A cache in memory over Redis, several nodes at once, while Redis fails in every way.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use dq_core::cache::{CacheManager, CacheManagerExt, CacheOptions, Reach};
use dq_core::redis::RedisTls;

use crate::servers::pace;
use crate::servers::tls::TlsRedis;
use crate::*;

fn options() -> CacheOptions {
    CacheOptions { jitter: 0.0, ..CacheOptions::ttl_ms(60_000) }
}

/// What all nodes read: a number that somebody raises.
#[derive(Clone, Debug, Default)]
struct Truth {
    number: Arc<AtomicUsize>,
    reads: Arc<AtomicUsize>,
}

impl Truth {
    fn raise(&self) -> usize {
        self.number.fetch_add(1, Ordering::SeqCst) + 1
    }

    fn reads(&self) -> usize {
        self.reads.load(Ordering::SeqCst)
    }

    /// The number as `cache` has it.
    async fn through(&self, cache: &TieredCache, key: &CacheKey) -> usize {
        let truth = self.clone();
        let compute = move || async move {
            truth.reads.fetch_add(1, Ordering::SeqCst);
            Ok(truth.number.load(Ordering::SeqCst))
        };
        *cache.get_or_compute(key, &options(), compute).await.expect("it is computed")
    }
}

async fn read(truth: Truth, cache: TieredCache, key: CacheKey) -> usize {
    truth.through(&cache, &key).await
}

async fn connect_all(caches: &[TieredCache]) {
    for cache in caches {
        while !cache.statistics().connected {
            pause(5).await;
        }
    }
}

/// Waits until all caches have the number, and fails if that takes longer than `limit_ms`.
async fn agree(caches: &[TieredCache], truth: &Truth, key: &CacheKey, limit_ms: u64) {
    let number = truth.number.load(Ordering::SeqCst);
    let begun = pace::now();
    for cache in caches {
        while truth.through(cache, key).await != number {
            let took = pace::since(begun);
            assert!(took < Duration::from_millis(limit_ms), "they disagree after {took:?}");
            pause(5).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_managers_over_one_redis_compute_once() {
    let Some(server) = RedisServer::start() else { return };
    let caches: Vec<_> = (0..10).map(|_| tiered(patient(&server), 10_000)).collect();
    connect_all(&caches).await;
    for round in 0..5 {
        let key = key("once", &round.to_string());
        let truth = Truth::default();
        truth.raise();
        let callers = caches.iter().cycle().take(1000);
        let callers = callers.map(|it| tokio::spawn(read(truth.clone(), it.clone(), key.clone())));
        for caller in callers.collect::<Vec<_>>() {
            assert_eq!(caller.await.unwrap(), 1);
        }
        assert_eq!(truth.reads(), 1, "round {round}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_invalidation_on_one_node_reaches_the_others() {
    let Some(server) = RedisServer::start() else { return };
    let caches = [tiered(patient(&server), 10_000), tiered(patient(&server), 10_000)];
    connect_all(&caches).await;
    let (truth, key) = (Truth::default(), key("reach", "a"));
    let mut slowest = Duration::ZERO;
    for round in 0..50 {
        agree(&caches, &truth, &key, 1000).await;
        truth.raise();
        let reach = match round % 3 {
            0 => caches[0].delete(&key).await,
            1 => caches[0].invalidate_namespace(key.namespace()).await,
            _ => caches[0].clear().await,
        };
        assert_eq!(reach, Reach::Everywhere);
        assert_eq!(truth.through(&caches[0], &key).await, round + 1);
        let begun = pace::now();
        agree(&caches[1..], &truth, &key, 1000).await;
        slowest = slowest.max(pace::since(begun));
    }
    println!("the slowest of 50 invalidations was seen by the other node after {slowest:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_is_killed_while_it_computes_is_taken_over_within_two_seconds() {
    let Some(server) = RedisServer::start() else { return };
    let folder = tempfile::tempdir().unwrap();
    let cache = tiered(store(&server), 1000);
    let mut holder = worker::start("hold", &server.url(), folder.path(), &[]);
    servers::wait_until("the worker computes", || folder.path().join("begun").exists());
    // Longer than a lease that nobody renews.
    pause(1700).await;
    assert!(matches!(claim(&store(&server), &key("hold", "a"), A, 1).await, Claim::Held { .. }));
    holder.kill();
    let begun = pace::now();
    let compute = || async { Ok("new".to_owned()) };
    let value = cache.get_or_compute(&key("hold", "a"), &options(), compute).await.unwrap();
    assert_eq!(*value, "new");
    let took = pace::since(begun);
    assert!(took < Duration::from_secs(2), "{took:?}");
    println!("taken over {took:?} after kill -9");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_slept_through_its_lease_writes_nothing() {
    let Some(server) = RedisServer::start() else { return };
    let folder = tempfile::tempdir().unwrap();
    let cache = tiered(store(&server), 1000);
    let holder = worker::start("hold", &server.url(), folder.path(), &[]);
    servers::wait_until("the worker computes", || folder.path().join("begun").exists());
    holder.pause();
    let compute = || async { Ok("new".to_owned()) };
    let value = cache.get_or_compute(&key("hold", "a"), &options(), compute).await.unwrap();
    assert_eq!(*value, "new");
    std::fs::write(folder.path().join("go"), "").unwrap();
    holder.resume();
    let said = folder.path().join("said");
    servers::wait_until("the worker is done", || said.exists());
    assert_eq!(std::fs::read_to_string(said).unwrap(), "late 1 new");
    let another = tiered(store(&server), 1000);
    connect_all(std::slice::from_ref(&another)).await;
    assert_eq!(
        another.get::<String>(&key("hold", "a")).await.value().as_deref(),
        Some(&"new".to_owned())
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_share_over_tls_as_a_user_of_the_acl() {
    let Some(redis) = TlsRedis::start() else { return };
    let url = format!("rediss://dq:dqpw@localhost:{}", redis.server.port);
    let ca_file = Some(redis.authority.ca_file.clone());
    let tls = Some(RedisTls { ca_file, ..Default::default() });
    let config = RedisConfig { url: Some(url.into()), tls, ..Default::default() };
    let cache = || {
        let connection = RedisConnection::new(&config).unwrap();
        tiered(RedisStore::new(connection, RedisStoreConfig::default()).unwrap(), 5000)
    };
    share(&[cache(), cache()]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_share_in_a_cluster() {
    let Some(cluster) = RedisCluster::start() else { return };
    let cache = || tiered(store_in_cluster(&cluster), 5000);
    share(&[cache(), cache()]).await;
}

/// Two nodes read and invalidate by turns.
async fn share(caches: &[TieredCache; 2]) {
    connect_all(caches).await;
    for round in 0..20 {
        let (truth, key) = (Truth::default(), key("share", &(round % 7).to_string()));
        agree(caches, &truth, &key, 2000).await;
        truth.raise();
        let reach = match round % 2 {
            0 => caches[0].delete(&key).await,
            _ => caches[1].invalidate_namespace(key.namespace()).await,
        };
        assert_eq!(reach, Reach::Everywhere);
        agree(caches, &truth, &key, 2000).await;
        assert!(truth.reads() <= 4, "{} computations", truth.reads());
        caches[0].delete(&key).await;
        pause(20).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failover_is_survived_and_all_agree_after_it() {
    let Some(mut sentinel) = RedisSentinel::start() else { return };
    let cache = || tiered(store_behind(&sentinel), 50);
    let caches = [cache(), cache()];
    connect_all(&caches).await;
    let (truth, key) = (Truth::default(), key("failover", "a"));
    agree(&caches, &truth, &key, 2000).await;
    sentinel.servers[0].kill();
    // Nobody waits for the new master.
    for _ in 0..20 {
        truth.raise();
        caches[0].delete(&key).await;
        let begun = pace::now();
        assert_eq!(truth.through(&caches[0], &key).await, truth.number.load(Ordering::SeqCst));
        assert!(pace::since(begun) < Duration::from_secs(2), "{:?}", pace::since(begun));
        pause(20).await;
    }
    sentinel.wait_until_master(1);
    agree(&caches, &truth, &key, 10_000).await;
    connect_all(&caches).await;
    agree(&caches, &truth, &key, 3000).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redis_that_sleeps_for_five_seconds_stops_nobody() {
    let Some(server) = RedisServer::start() else { return };
    let caches = [tiered(store(&server), 50), tiered(store(&server), 50)];
    connect_all(&caches).await;
    let (truth, key) = (Truth::default(), key("sleeps", "a"));
    agree(&caches, &truth, &key, 2000).await;
    server.pause();
    let begun = pace::now();
    let mut slowest = Duration::ZERO;
    while pace::since(begun) < Duration::from_secs(5) {
        truth.raise();
        caches[0].delete(&key).await;
        let before = pace::now();
        assert_eq!(truth.through(&caches[0], &key).await, truth.number.load(Ordering::SeqCst));
        slowest = slowest.max(pace::since(before));
        pause(50).await;
    }
    assert!(slowest < Duration::from_secs(1), "{slowest:?}");
    assert_eq!(truth.through(&caches[0], &key).await, truth.through(&caches[1], &key).await);
    server.resume();
    agree(&caches, &truth, &key, 3000).await;
    connect_all(&caches).await;
    agree(&caches, &truth, &key, 3000).await;
    println!("the slowest lookup while redis slept took {slowest:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redis_that_is_killed_and_comes_back_is_shared_again() {
    let Some(mut server) = RedisServer::start() else { return };
    let caches = [tiered(store(&server), 50), tiered(store(&server), 50)];
    connect_all(&caches).await;
    let (truth, key) = (Truth::default(), key("killed", "a"));
    for _ in 0..3 {
        agree(&caches, &truth, &key, 3000).await;
        server.kill();
        truth.raise();
        let reach = caches[0].delete(&key).await;
        assert_eq!(reach, Reach::Here);
        assert_eq!(truth.through(&caches[0], &key).await, truth.number.load(Ordering::SeqCst));
        server.restart();
        agree(&caches, &truth, &key, 3000).await;
        while caches.iter().any(|it| it.statistics().invalidations_pending > 0) {
            pause(10).await;
        }
        connect_all(&caches).await;
    }
}

#[tokio::test]
async fn an_unreachable_redis_is_said_once_and_used_when_it_is_there() {
    let Some(mut server) = RedisServer::start() else { return };
    server.kill();
    warnings::listen();
    let cache = tiered(store(&server), 50);
    let (truth, key) = (Truth::default(), key("start", "a"));
    truth.raise();
    for _ in 0..50 {
        assert_eq!(truth.through(&cache, &key).await, 1);
    }
    assert_eq!(truth.reads(), 1, "it works from memory");
    pause(500).await;
    assert!(!cache.statistics().connected);
    let said = warnings::said_of(&server.address());
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(said[0].contains("redis is out of reach; the cache works from memory"), "{said:?}");
    let reason = format!("cannot reach redis at `{}`", server.address());
    assert!(said[0].contains(&reason), "{said:?}");
    server.restart();
    connect_all(std::slice::from_ref(&cache)).await;
    agree(&[cache, tiered(store(&server), 1000)], &truth, &key, 3000).await;
}

#[tokio::test]
async fn a_redis_that_is_there_is_not_worth_a_word() {
    let Some(server) = RedisServer::start() else { return };
    warnings::listen();
    let cache = tiered(store(&server), 1000);
    connect_all(std::slice::from_ref(&cache)).await;
    cache.close().await;
    let said = warnings::said_of(&server.address());
    assert!(said.is_empty(), "{said:?}");
}
