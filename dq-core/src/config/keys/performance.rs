//! `performance`: how much work is done at once.

use crate::config::key::Key;
use crate::config::kind::{DAY_MS, Kind};

const JOBS: &str = "jobs";

pub(crate) const KEYS: &[Key] = &[
    Key::new(
        "performance.query_execution.max_workers",
        Kind::Whole(1, 1_000),
        "How many queries may be at one database at once.",
    )
    .set_by(&["DQ_MAX_WORKERS", "MAX_WORKERS"])
    .sets("executor.concurrent_max"),
    Key::new(
        "performance.query_execution.waiting_max",
        Kind::Whole(0, 100_000),
        "How many more may wait for that.",
    )
    .sets("executor.waiting_max"),
    Key::new(
        "performance.query_execution.timeout",
        Kind::seconds(1, DAY_MS),
        "How long a query may take, waiting and every attempt included.",
    )
    .set_by(&["DQ_QUERY_TIMEOUT", "QUERY_TIMEOUT"])
    .sets("executor.deadline_ms"),
    Key::new(
        "performance.query_execution.hung_after",
        Kind::seconds(0, DAY_MS),
        "How long a query must have run for its being given up to count against the database.",
    )
    .sets("executor.hung_after_ms"),
    Key::new(
        "performance.query_execution.batch_size",
        Kind::Whole(1, 10_000_000),
        "How many rows a job takes at a time.",
    )
    .default("10000")
    .set_by(&["DQ_BATCH_SIZE", "BATCH_SIZE"])
    .awaits(JOBS),
    Key::new(
        "performance.query_execution.max_concurrent_queries",
        Kind::Whole(1, 10_000),
        "How many queries all jobs of a process may run at once.",
    )
    .default("50")
    .awaits(JOBS),
    Key::new(
        "performance.query_execution.connection_pool_size",
        Kind::Whole(1, 1_000),
        "How many connections jobs may use.",
    )
    .default("20")
    .awaits(JOBS),
    Key::new(
        "performance.caching.cache_hit_target",
        Kind::Decimal(0.0, 100.0),
        "The share of hits below which the cache is reported as too small, in percent.",
    )
    .default("85")
    .awaits("monitoring"),
    Key::new(
        "performance.caching.cache_size_limit",
        Kind::Size(4_096, 1 << 46),
        "How much memory cached values may take.",
    )
    .sets("cache.memory.bytes_max"),
    Key::new(
        "performance.caching.result_size_max",
        Kind::Size(0, 1 << 40),
        "How large the result of a query may be and be cached.",
    )
    .sets("executor.cached_result_size_max_bytes"),
    Key::new(
        "performance.caching.result_versions",
        Kind::Word(&["process", "everywhere"]),
        "Whether cached results of queries are for this process, or for all that share the cache.",
    )
    .sets("executor.result_versions"),
    Key::new(
        "performance.caching.eviction_policy",
        Kind::Word(&["lru", "lfu", "ttl"]),
        "Which values go first when there is no room.",
    )
    .awaits("caches of other things"),
    Key::new(
        "performance.memory.max",
        Kind::Size(16 << 20, 1 << 44),
        "How much memory a process may take.",
    )
    .awaits(JOBS),
    Key::new(
        "performance.memory.dataframe",
        Kind::Size(1 << 20, 1 << 44),
        "How much memory one result may take.",
    )
    .awaits(JOBS),
];
