//! `cache`: what was computed once and may be asked for again.

use crate::config::key::Key;
use crate::config::kind::{DAY_MS, Kind};

const CACHE: &str = "the cache";

const STRATEGY: Kind = Kind::FlagOrWord(&["lru", "lfu", "ttl"]);
const TTL: Kind = Kind::seconds(1, 365 * DAY_MS);

const fn cache(path: &'static str, kind: Kind, meaning: &'static str) -> Key {
    Key::new(path, kind, meaning).awaits(CACHE)
}

pub(crate) const KEYS: &[Key] = &[
    cache("cache.redis.enabled", Kind::Flag, "Whether Redis stands behind the cache in memory.")
        .default("false")
        .set_by(&["DQ_REDIS_ENABLED", "REDIS_ENABLED"]),
    cache("cache.redis.host", Kind::Host, "The host of Redis.")
        .default("localhost")
        .set_by(&["DQ_REDIS_HOST", "REDIS_HOST"]),
    cache("cache.redis.port", Kind::Whole(1, 65_535), "The port of Redis.")
        .default("6379")
        .set_by(&["DQ_REDIS_PORT", "REDIS_PORT"]),
    cache("cache.redis.db", Kind::Whole(0, 65_535), "The number of the database in Redis.")
        .default("0")
        .set_by(&["DQ_REDIS_DB", "REDIS_DB"]),
    cache("cache.redis.password", Kind::Secret, "The password of Redis.")
        .set_by(&["DQ_REDIS_PASSWORD", "REDIS_PASSWORD"]),
    cache(
        "cache.redis.connection_pool_size",
        Kind::Whole(1, 1_000),
        "How many connections to Redis are kept.",
    )
    .default("10"),
    Key::new(
        "cache.redis.query_results_ttl",
        Kind::seconds(1, DAY_MS),
        "How long results of queries are kept.",
    )
    .set_by(&["DQ_CACHE_TTL", "CACHE_TTL"])
    .sets("executor.result_ttl_ms"),
    cache("cache.redis.validation_results_ttl", TTL, "How long verdicts are kept.").default("7200"),
    cache("cache.redis.metadata_ttl", TTL, "How long schemas are kept.").default("86400"),
    cache(
        "cache.memory_cache.max_size",
        Kind::Whole(1, 1_000_000_000),
        "How many values are kept in memory.",
    )
    .default("1000"),
    cache("cache.memory_cache.ttl", TTL, "How long a value is kept in memory.").default("300"),
    cache(
        "cache.strategy.query_cache",
        STRATEGY,
        "Whether, or how, results of queries are cached.",
    ),
    cache("cache.strategy.result_cache", STRATEGY, "Whether, or how, verdicts are cached."),
    cache("cache.strategy.object_cache", STRATEGY, "Whether, or how, other objects are cached."),
    cache("cache.strategy.cache_warming", Kind::Flag, "Whether the cache is filled ahead."),
    cache("cache.strategy.warming.enabled", Kind::Flag, "Whether the cache is filled ahead."),
    cache(
        "cache.strategy.warming.priority_queries",
        Kind::List(&Kind::Text),
        "The rules whose results come first.",
    ),
    cache("cache.strategy.warming.schedule", Kind::Cron, "When the cache is filled."),
];
