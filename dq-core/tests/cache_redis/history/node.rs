//! One of the processes: reads and writes, and writes down what it does.

use std::fmt::Write as _;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use dq_core::cache::{CacheManager, CacheManagerExt, CacheOptions, Lookup, Reach, Tag};
use dq_core::cache::{MemoryConfig, TieredConfig};
use dq_core::redis::{Command, RedisTls};

use crate::history::record::{Read, Write, now_micros};
use crate::worker::variable;
use crate::*;

pub(crate) const TRUTH: &str = "DQ_TEST_WORKER_TRUTH";
pub(crate) const NODE: &str = "DQ_TEST_WORKER_NODE";
pub(crate) const OPERATIONS: &str = "DQ_TEST_WORKER_OPERATIONS";
/// The nodes, where Redis is a cluster.
pub(crate) const CLUSTER: &str = "DQ_TEST_WORKER_CLUSTER";
/// The sentinels, where they know the master.
pub(crate) const SENTINELS: &str = "DQ_TEST_WORKER_SENTINELS";
/// The authority, where Redis speaks TLS.
pub(crate) const CA_FILE: &str = "DQ_TEST_WORKER_CA_FILE";

const KEYS: u64 = 12;
const TAGS: u64 = 3;
const CALLERS: usize = 8;
/// How long it takes to read the truth.
const SLOW_MS: u64 = 20;
/// The least that a cache may hold is room for half of the values.
const MEMORY_BYTES: u64 = 24 << 10;
const RESIDENT_MAX_BYTES: u64 = 256 << 20;

#[derive(Clone)]
struct Node {
    number: usize,
    cache: TieredCache,
    truth: RedisConnection,
    left: Arc<AtomicUsize>,
    written: Arc<Mutex<String>>,
}

/// Works until all operations are done.
pub(crate) async fn work(folder: &Path) {
    let number: usize = variable(NODE).parse().expect("it is a number");
    let operations = variable(OPERATIONS).parse().expect("it is a number");
    let truth = RedisConfig {
        url: Some(variable(TRUTH).into()),
        command_deadline_ms: 5000,
        ..Default::default()
    };
    let node = Node {
        number,
        cache: cache(number),
        truth: RedisConnection::new(&truth).expect("the configuration is valid"),
        left: Arc::new(AtomicUsize::new(operations)),
        written: Arc::default(),
    };
    let callers = (0..CALLERS).map(|caller| {
        let seed = (number * CALLERS + caller + 1) as u64;
        tokio::spawn(node.clone().call(Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15))))
    });
    for caller in callers.collect::<Vec<_>>() {
        caller.await.expect("nothing fails");
    }
    node.write_down_memory();
    let text = node.written.lock().unwrap_or_else(PoisonError::into_inner).clone() + "end\n";
    let part = folder.join(format!("{number}.part"));
    std::fs::write(&part, text).expect("the folder can be written");
    std::fs::rename(part, folder.join(format!("{number}.history"))).expect("it is there");
}

/// Where the Redis is that the processes share.
fn shared() -> RedisConfig {
    for (name, mode) in [(CLUSTER, RedisMode::Cluster), (SENTINELS, RedisMode::Sentinel)] {
        if let Ok(nodes) = std::env::var(name) {
            let nodes = nodes.split(',').map(str::to_owned).collect();
            let sentinel_master = MASTER_NAME.to_owned();
            return RedisConfig { nodes, mode, sentinel_master, ..Default::default() };
        }
    }
    let ca_file = std::env::var_os(CA_FILE).map(Into::into);
    let tls = ca_file.map(|it| RedisTls { ca_file: Some(it), ..Default::default() });
    let url = Some(variable("DQ_TEST_WORKER_URL").into());
    RedisConfig { url, tls, ..Default::default() }
}

fn cache(number: usize) -> TieredCache {
    let connection = RedisConnection::new(&shared());
    // Tracking hears of some invalidations, too; the others must be told by the stream alone.
    let track_foreign_writers = number == 0;
    let config = RedisStoreConfig { track_foreign_writers, ..Default::default() };
    let store = RedisStore::new(connection.expect("it is valid"), config);
    let memory = MemoryConfig { bytes_max: MEMORY_BYTES, value_bytes_max: 8192 };
    let config = TieredConfig { memory, deadline_ms: 200, ..Default::default() };
    let store = Arc::new(store.expect("it is valid"));
    TieredCache::new(&config, store, Arc::new(SystemClock), None).expect("it is valid")
}

/// Numbers that look random, the same in each run.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}

/// A value that tells its key and number, of a size that differs.
fn value(key: u64, number: u64) -> String {
    format!("{key}:{number}:{}", "x".repeat((number * 37 % 3000) as usize))
}

/// The number of a value, if it is one of this key.
fn number_of(key: u64, text: &str) -> Option<u64> {
    let number = text.split(':').nth(1)?.parse().ok()?;
    (value(key, number) == text).then_some(number)
}

fn cache_key(key: u64) -> CacheKey {
    crate::key("history", &key.to_string())
}

fn tag_of(key: u64) -> Tag {
    tag("history", &(key % TAGS).to_string())
}

fn options(key: u64) -> CacheOptions {
    CacheOptions { tags: vec![tag_of(key)], ..CacheOptions::ttl_ms(30_000) }
}

async fn truth_of(truth: RedisConnection, key: u64) -> dq_core::Result<u64> {
    let reply = truth.call(&Command::new("GET").key(format!("t{key}")).repeatable()).await?;
    // What is invalidated now was read before.
    pause(SLOW_MS).await;
    Ok(reply.int().unwrap_or(0) as u64)
}

impl Node {
    async fn call(self, mut random: Random) {
        let one = |it: usize| it.checked_sub(1);
        while self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one).is_ok() {
            let key = random.below(KEYS);
            // Seldom enough that what is not heard of would be held for longer than is promised.
            match random.below(200) {
                0..155 => self.read(key).await,
                155..175 => self.read_many().await,
                175..192 => self.put(key).await,
                kind => self.write(key, kind).await,
            }
            pause(random.below(150)).await;
        }
    }

    async fn read(&self, key: u64) {
        let begun = now_micros();
        let truth = self.truth.clone();
        let compute = move || async move { Ok(value(key, truth_of(truth, key).await?)) };
        let (cache_key, options) = (cache_key(key), options(key));
        let answer = self.cache.get_or_compute(&cache_key, &options, compute).await;
        self.note_read(key, begun, &answer.expect("the truth is always there"));
    }

    async fn read_many(&self) {
        let keys: Vec<_> = (0..KEYS).map(cache_key).collect();
        let begun = now_micros();
        let found = self.cache.get_many::<String>(&keys).await;
        for (key, found) in found.into_iter().enumerate() {
            if let Lookup::Value(text) = found {
                self.note_read(key as u64, begun, &text);
            }
        }
    }

    /// Stores what it has read itself.
    async fn put(&self, key: u64) {
        let (cache_key, options) = (cache_key(key), options(key));
        let reading = self.cache.reading(&cache_key).await;
        let number = truth_of(self.truth.clone(), key).await.expect("the truth is always there");
        let text = value(key, number);
        self.cache.set_read::<String>(&cache_key, text, &options, reading).await;
        self.note(format_args!("put {key}"));
    }

    async fn write(&self, key: u64, kind: u64) {
        let begun = now_micros();
        let raise = Command::new("INCR").key(format!("t{key}"));
        let number = self.truth.call(&raise).await.expect("the truth is always there");
        let reach = match kind {
            0..196 => self.cache.delete(&cache_key(key)).await,
            196..198 => self.cache.invalidate_tag(tag_of(key)).await,
            198 => self.cache.invalidate_namespace(cache_key(key).namespace()).await,
            _ => self.cache.clear().await,
        };
        let number = number.int().unwrap_or(0) as u64;
        let (node, is_everywhere) = (self.number, reach == Reach::Everywhere);
        let (key, ended) = (key as u32, now_micros());
        self.note(format_args!("{}", Write { node, key, begun, ended, number, is_everywhere }));
    }

    fn note_read(&self, key: u64, begun: u64, text: &str) {
        let ended = now_micros();
        match number_of(key, text) {
            Some(number) => {
                let (node, key) = (self.number, key as u32);
                self.note(format_args!("{}", Read { node, key, begun, ended, number }));
            }
            None => self.note(format_args!("wrong value for key {key}")),
        }
    }

    fn note(&self, line: std::fmt::Arguments<'_>) {
        let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        writeln!(written, "{line}").expect("a text can grow");
    }

    fn write_down_memory(&self) {
        let statistics = self.cache.statistics();
        let (memory, shared) = (statistics.memory.hits, statistics.shared.hits);
        self.note(format_args!("sources {memory} {shared} {}", statistics.computations));
        let held = statistics.memory.bytes;
        if held > MEMORY_BYTES / 10 * 11 + (64 << 10) {
            self.note(format_args!("the cache holds {held} bytes"));
        }
        let status = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
        let pages = status.split(' ').nth(1).and_then(|it| it.parse::<u64>().ok());
        let resident = pages.unwrap_or(0) * 4096;
        if resident > RESIDENT_MAX_BYTES {
            self.note(format_args!("the process takes {resident} bytes"));
        }
    }
}
