//! Values that lie encrypted in Redis, by a configuration as a user writes it.

use std::sync::Arc;

use dq_core::cache::{CacheManager, CacheManagerExt, CacheOptions, Reach, SecurityEvent};
use dq_core::clock::Clock;
use dq_core::config::{Config, ConfigSources};
use dq_core::engine::open_cache;

use crate::*;

const ONE: &str = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
const TWO: &str = "LCa0a2j/xo/5m0U8HTBBNBNCLXBkg7+g+YpeiGJm564=";
/// A value that is easily found.
const CANARY: &str = "canary 4711";

/// The cache that this section asks for, once it listens: what it read before, it forgets then.
async fn open(server: &RedisServer, encryption: &str) -> Arc<dyn CacheManager> {
    let url = server.url();
    let text = format!(
        "cache: {{ redis: {{ enabled: true, url: '{url}' }}, encryption: {encryption}, \
         tiered: {{ deadline: 5s }} }}"
    );
    let config = Config::parse("dq.yaml", &text, &ConfigSources::default()).unwrap();
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let cache = open_cache(&config, &clock).unwrap().expect("there is a Redis");
    while !cache.statistics().connected {
        pause(5).await;
    }
    cache
}

fn keys(keys: &[(u32, &str)], write_with: u32) -> String {
    let keys: Vec<_> = keys.iter().map(|(id, key)| format!("{id}: '{key}'")).collect();
    format!("{{ keys: {{ {} }}, write_with: {write_with} }}", keys.join(", "))
}

fn options() -> CacheOptions {
    CacheOptions::ttl_ms(60_000)
}

async fn put(cache: &dyn CacheManager, name: &str) {
    cache.set(&key("sealed", name), CANARY.to_owned(), &options()).await;
}

async fn is_there(cache: &dyn CacheManager, name: &str) -> bool {
    cache.get::<String>(&key("sealed", name)).await.value().is_some_and(|it| *it == CANARY)
}

/// Waits until it is: what is announced while a node reads it, it reads once more.
async fn comes(cache: &dyn CacheManager, name: &str) {
    while !is_there(cache, name).await {
        pause(5).await;
    }
}

/// How many entries in Redis there are, and in how many `text` stands.
fn entries_with(server: &RedisServer, text: &str) -> (String, String) {
    let script = "local all, with = redis.call('KEYS', '*:e:*'), 0 \
                  for _, it in ipairs(all) do \
                  if string.find(redis.call('GET', it), ARGV[1], 1, true) then with = with + 1 end end \
                  return #all .. ' ' .. with";
    let answer = server.ask(&["EVAL", script, "0", text]);
    let (all, with) = answer.text().split_once(' ').expect("there are two numbers");
    (all.to_owned(), with.to_owned())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_lies_in_redis_is_not_plain_text() {
    let Some(server) = RedisServer::start() else { return };
    let sealing = open(&server, &keys(&[(1, ONE)], 1)).await;
    put(&*sealing, "a").await;
    assert_eq!(entries_with(&server, CANARY), ("1".to_owned(), "0".to_owned()));
    let other = open(&server, &keys(&[(1, ONE)], 1)).await;
    comes(&*other, "a").await;
    // The test would find it.
    let plain = open(&server, "{}").await;
    put(&*plain, "b").await;
    assert_eq!(entries_with(&server, CANARY), ("2".to_owned(), "1".to_owned()));
    // Nor does one read what the other wrote.
    assert!(!is_there(&*plain, "a").await && !is_there(&*other, "b").await);
    let [plain, other] = [plain, other].map(|it| it.statistics().payloads);
    assert_eq!((plain.wrong_key, plain.plain), (1, 0));
    assert_eq!((other.wrong_key, other.plain), (0, 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_are_changed_while_the_cache_is_in_use() {
    let Some(server) = RedisServer::start() else { return };
    let old = open(&server, &keys(&[(1, ONE)], 1)).await;
    put(&*old, "old").await;
    let between = open(&server, &keys(&[(1, ONE), (2, TWO)], 1)).await;
    comes(&*between, "old").await;
    let new = open(&server, &keys(&[(1, ONE), (2, TWO)], 2)).await;
    comes(&*new, "old").await; // A key that no longer writes still reads.
    put(&*new, "new").await;
    comes(&*between, "new").await; // So does one that does not write yet.
    let alone = open(&server, &keys(&[(2, TWO)], 2)).await;
    comes(&*alone, "new").await;
    assert!(!is_there(&*alone, "old").await, "it is gone with its key");
    assert_eq!(alone.statistics().payloads.wrong_key, 1);
    assert_eq!(between.statistics().payloads.wrong_key, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_key_is_a_counted_miss_and_the_value_is_computed_anew() {
    let Some(server) = RedisServer::start() else { return };
    let right = open(&server, &keys(&[(1, ONE)], 1)).await;
    put(&*right, "a").await;
    // The number is the same, and the key is not.
    let wrong = open(&server, &keys(&[(1, TWO)], 1)).await;
    let compute = || async { Ok("computed".to_owned()) };
    let value = wrong.get_or_compute(&key("sealed", "a"), &options(), compute).await.unwrap();
    assert_eq!(*value, "computed");
    let statistics = wrong.statistics();
    // Once when it looked, and once more when it asked for the lease.
    assert!((1..=2).contains(&statistics.payloads.wrong_key), "{statistics:?}");
    assert_eq!((statistics.hits, statistics.misses, statistics.computations), (0, 1, 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_revoked_key_opens_nothing_on_any_node() {
    let Some(server) = RedisServer::start() else { return };
    let both = keys(&[(1, ONE), (2, TWO)], 2);
    let a = open(&server, &keys(&[(1, ONE), (2, TWO)], 1)).await;
    let b = open(&server, &both).await;
    put(&*a, "by 1").await;
    put(&*b, "by 2").await;
    comes(&*b, "by 1").await;
    comes(&*a, "by 2").await;
    let stolen = server.ask(&["EVAL", "return #redis.call('KEYS', '*:e:*')", "0"]);
    assert_eq!(stolen.text(), "2");

    let event = SecurityEvent::EncryptionKeyRevoked(1);
    assert_eq!(a.report(&event).await, Reach::Everywhere);
    while is_there(&*b, "by 1").await {
        pause(5).await;
    }
    comes(&*b, "by 2").await; // Another key is not concerned.
    // A fresh node finds nothing of it either, though it has the key.
    assert!(!is_there(&*open(&server, &both).await, "by 1").await);
    // What was to be written with it is kept in memory, and not shared.
    put(&*a, "late").await;
    assert!(is_there(&*a, "late").await && !is_there(&*b, "late").await);
    assert_eq!(a.statistics().payloads.key_revoked, 1);

    // Somebody who has the key and the store writes what nobody believes.
    let forger = open(&server, &keys(&[(1, ONE)], 1)).await;
    put(&*forger, "forged").await;
    assert!(!is_there(&*b, "forged").await);
    assert_eq!(b.statistics().payloads.wrong_key, 1);
}
