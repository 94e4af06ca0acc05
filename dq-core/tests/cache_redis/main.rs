//! The cache in Redis, held against real servers that the tests start.

#![cfg(test)]

mod contract;
mod encryption;
mod failover;
mod feed;
mod history;
mod loss;
mod security;
#[path = "../servers/mod.rs"]
mod servers;
mod tiered;
mod warnings;
mod worker;

use std::sync::Arc;
use std::time::Duration;

use dq_core::cache::redis::{RedisStore, RedisStoreConfig};
use dq_core::cache::shared::{
    Announce, Claim, ClaimRequest, Fence, Lease, NewEntry, NodeId, ReadMark, SetOutcome,
    SharedStore,
};
use dq_core::cache::{CacheKey, Namespace, Tag, TieredCache, TieredConfig};
use dq_core::clock::SystemClock;
use dq_core::redis::{RedisConfig, RedisConnection, RedisMode};

use crate::servers::cluster::RedisCluster;
use crate::servers::redis::RedisServer;
use crate::servers::sentinel::{MASTER_NAME, RedisSentinel};

const A: NodeId = NodeId(0xa);
const B: NodeId = NodeId(0xb);

/// A store in the one server.
fn store(server: &RedisServer) -> RedisStore {
    store_with(server, RedisStoreConfig::default())
}

fn store_with(server: &RedisServer, config: RedisStoreConfig) -> RedisStore {
    RedisStore::new(connection(server), config).expect("the configuration is valid")
}

fn connection(server: &RedisServer) -> RedisConnection {
    let url = Some(server.url().into());
    let config = RedisConfig { url, ..Default::default() };
    RedisConnection::new(&config).expect("the configuration is valid")
}

/// A store that is waited for however slow the machine is.
fn patient(server: &RedisServer) -> RedisStore {
    let url = Some(server.url().into());
    let config = RedisConfig { url, command_deadline_ms: 10_000, ..Default::default() };
    let connection = RedisConnection::new(&config).expect("the configuration is valid");
    RedisStore::new(connection, RedisStoreConfig::default()).expect("the configuration is valid")
}

fn store_in_cluster(cluster: &RedisCluster) -> RedisStore {
    let nodes = cluster.addresses();
    let config = RedisConfig { nodes, mode: RedisMode::Cluster, ..Default::default() };
    let connection = RedisConnection::new(&config).expect("the configuration is valid");
    RedisStore::new(connection, RedisStoreConfig::default()).expect("the configuration is valid")
}

/// A cache over `store`, with a deadline for its calls.
fn tiered(store: RedisStore, deadline_ms: u64) -> TieredCache {
    let config = TieredConfig { deadline_ms, ..Default::default() };
    let clock = Arc::new(SystemClock);
    TieredCache::new(&config, Arc::new(store), clock, None).expect("the configuration is valid")
}

/// A store in the master that sentinels know.
fn store_behind(sentinel: &RedisSentinel) -> RedisStore {
    let config = RedisConfig {
        nodes: sentinel.addresses(),
        mode: RedisMode::Sentinel,
        sentinel_master: MASTER_NAME.to_owned(),
        ..Default::default()
    };
    let connection = RedisConnection::new(&config).expect("the configuration is valid");
    RedisStore::new(connection, RedisStoreConfig::default()).expect("the configuration is valid")
}

fn namespace(name: &str) -> Namespace {
    Namespace::new(name).expect("the name is valid")
}

/// A key of a namespace that has the name of the test, so that tests can share a server.
fn key(test: &str, name: &str) -> CacheKey {
    CacheKey::new(&namespace(test), 1, [name])
}

fn tag(test: &str, name: &str) -> Tag {
    Tag::new([test, name])
}

/// An entry that fills a gap and stays for a minute.
fn entry<'a>(key: &'a CacheKey, payload: &'a str, tags: &'a [Tag]) -> NewEntry<'a> {
    NewEntry {
        key,
        payload: payload.as_bytes(),
        tags,
        fresh_ms: 60_000,
        keep_ms: 120_000,
        since: None,
        fence: None,
        announce: Announce::Filled,
        origin: A,
    }
}

/// The payload that the store has for `key`.
async fn payload(store: &dyn SharedStore, key: &CacheKey) -> Option<String> {
    let fetched = store.get(std::slice::from_ref(key)).await.expect("the store answers");
    let entry = fetched.into_iter().next().and_then(|it| it.entry)?;
    Some(String::from_utf8(entry.payload).expect("payloads of tests are text"))
}

async fn mark(store: &dyn SharedStore, key: &CacheKey) -> ReadMark {
    store.get(std::slice::from_ref(key)).await.expect("the store answers")[0].mark
}

async fn is_stored(store: &dyn SharedStore, entry: &NewEntry<'_>) -> bool {
    matches!(store.set(entry).await.expect("the store answers"), SetOutcome::Stored { .. })
}

async fn claim(store: &dyn SharedStore, key: &CacheKey, holder: NodeId, lease_ms: u64) -> Claim {
    let request = ClaimRequest { key, holder, lease_ms, replacing: None };
    store.claim(&request).await.expect("the store answers")
}

async fn granted(store: &dyn SharedStore, key: &CacheKey, holder: NodeId, lease_ms: u64) -> Lease {
    match claim(store, key, holder, lease_ms).await {
        Claim::Granted(lease) => lease,
        other => panic!("the lease is not granted: {other:?}"),
    }
}

/// Lets a server do something that it does by its own clock.
async fn pause(milliseconds: u64) {
    tokio::time::sleep(Duration::from_millis(milliseconds)).await;
}
