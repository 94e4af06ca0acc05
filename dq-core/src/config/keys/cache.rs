//! `cache`: what was computed once and may be asked for again.

use crate::config::key::Key;
use crate::config::kind::{DAY_MS, HOUR_MS, Kind};

const OTHERS: &str = "caches of other things";
const WARMING: &str = "cache warming";

const STRATEGY: Kind = Kind::FlagOrWord(&["lru", "lfu", "ttl"]);
const TTL: Kind = Kind::seconds(1, 365 * DAY_MS);
const DEADLINE: Kind = Kind::milliseconds(1, HOUR_MS);

pub(crate) const KEYS: &[Key] = &[
    Key::new("cache.redis.enabled", Kind::Flag, "Whether Redis stands behind the cache in memory.")
        .default("false")
        .set_by(&["DQ_REDIS_ENABLED", "REDIS_ENABLED"])
        .read_by_config(),
    Key::new(
        "cache.redis.url",
        Kind::Url(&["redis", "rediss"]),
        "Where Redis is; wins over `host`, `port` and `nodes`.",
    )
    .set_by(&["DQ_REDIS_URL", "REDIS_URL"])
    .read_by_config(),
    Key::new("cache.redis.host", Kind::Host, "The host of Redis.")
        .default("localhost")
        .set_by(&["DQ_REDIS_HOST", "REDIS_HOST"])
        .read_by_config(),
    Key::new("cache.redis.port", Kind::Whole(1, 65_535), "The port of Redis.")
        .default("6379")
        .set_by(&["DQ_REDIS_PORT", "REDIS_PORT"])
        .read_by_config(),
    Key::new(
        "cache.redis.nodes",
        Kind::List(&Kind::Host),
        "Addresses as `host:port`, of all sentinels or of nodes of a cluster; they win over `host` and `port`.",
    )
    .read_by_config(),
    Key::new(
        "cache.redis.mode",
        Kind::Word(&["single", "sentinel", "cluster"]),
        "What stands behind the addresses.",
    )
    .sets("redis.mode"),
    Key::new("cache.redis.db", Kind::Whole(0, 65_535), "The number of the database in Redis.")
        .set_by(&["DQ_REDIS_DB", "REDIS_DB"])
        .sets("redis.database"),
    Key::new("cache.redis.username", Kind::Text, "The user of the ACL.")
        .set_by(&["DQ_REDIS_USERNAME", "REDIS_USERNAME"])
        .sets("redis.user"),
    Key::new("cache.redis.password", Kind::Secret, "The password of Redis.")
        .set_by(&["DQ_REDIS_PASSWORD", "REDIS_PASSWORD"])
        .read_by_config(),
    Key::new(
        "cache.redis.sentinel_master",
        Kind::Text,
        "The name under which the sentinels know the master.",
    )
    .sets("redis.sentinel_master"),
    Key::new("cache.redis.sentinel_username", Kind::Text, "The user at the sentinels.")
        .sets("redis.sentinel_user"),
    Key::new("cache.redis.sentinel_password", Kind::Secret, "The password at the sentinels.")
        .set_by(&["DQ_REDIS_SENTINEL_PASSWORD", "REDIS_SENTINEL_PASSWORD"])
        .read_by_config(),
    Key::new("cache.redis.key_prefix", Kind::Text, "What every key begins with.")
        .sets("redis.prefix"),
    Key::new("cache.redis.tls.enabled", Kind::Flag, "Whether connections to Redis are encrypted.")
        .default("false")
        .read_by_config(),
    Key::new(
        "cache.redis.tls.ca_file",
        Kind::Path,
        "The certificates of the authorities to trust, in place of those of the system.",
    )
    .sets("redis.tls.ca_file"),
    Key::new("cache.redis.tls.certificate_file", Kind::Path, "The certificate that dq shows.")
        .sets("redis.tls.certificate_file"),
    Key::new("cache.redis.tls.key_file", Kind::Path, "The private key of that certificate.")
        .sets("redis.tls.key_file"),
    Key::new(
        "cache.redis.tls.server_name",
        Kind::Host,
        "The name that the certificates of all nodes must have.",
    )
    .sets("redis.tls.server_name"),
    Key::new("cache.redis.connect_timeout", DEADLINE, "How long to wait for a connection.")
        .sets("redis.connect_timeout_ms"),
    Key::new("cache.redis.command_deadline", DEADLINE, "How long to wait for an answer.")
        .sets("redis.command_deadline_ms"),
    Key::new(
        "cache.redis.reconnect_min",
        DEADLINE,
        "How long no connection is tried after the first failure; it doubles.",
    )
    .sets("redis.reconnect_min_ms"),
    Key::new("cache.redis.reconnect_max", DEADLINE, "The most that it grows to.")
        .sets("redis.reconnect_max_ms"),
    Key::new(
        "cache.redis.in_flight_max",
        Kind::Whole(1, 1_000_000),
        "How many commands may wait for their answers on one connection.",
    )
    .sets("redis.in_flight_max"),
    Key::new(
        "cache.redis.shards",
        Kind::Whole(1, 1_024),
        "Over how many parts the entries are spread in a cluster; the same on all nodes.",
    )
    .sets("redis_store.shards"),
    Key::new(
        "cache.redis.tombstones_max",
        Kind::Whole(1, 10_000_000),
        "How many of the last invalidated keys each part remembers.",
    )
    .sets("redis_store.tombstones_max"),
    Key::new(
        "cache.redis.stamps_max",
        Kind::Whole(1, 10_000_000),
        "How many invalidated tags and namespaces each part remembers.",
    )
    .sets("redis_store.stamps_max"),
    Key::new(
        "cache.redis.announcements_max",
        Kind::Whole(1, 10_000_000),
        "How many invalidations are kept for nodes that were away.",
    )
    .sets("redis_store.announcements_max"),
    Key::new(
        "cache.redis.payload_size_max",
        Kind::Size(1, 1 << 29),
        "The largest value that Redis is given, whatever the cache would send.",
    )
    .sets("redis_store.payload_size_max_bytes"),
    Key::new(
        "cache.redis.track_foreign_writers",
        Kind::Flag,
        "Whether nodes hear of entries that somebody else changes in Redis.",
    )
    .sets("redis_store.track_foreign_writers"),
    Key::new(
        "cache.redis.connection_pool_size",
        Kind::Whole(1, 1_000),
        "How many connections are kept for commands that block; all others share one.",
    )
    .default("10")
    .awaits("the message queue"),
    Key::new(
        "cache.redis.query_results_ttl",
        Kind::seconds(1, DAY_MS),
        "How long results of queries are kept.",
    )
    .set_by(&["DQ_CACHE_TTL", "CACHE_TTL"])
    .sets("executor.result_ttl_ms"),
    Key::new("cache.redis.validation_results_ttl", TTL, "How long verdicts are kept.")
        .sets("verdicts.ttl_ms"),
    Key::new("cache.redis.metadata_ttl", TTL, "How long schemas are kept.")
        .default("86400")
        .awaits(OTHERS),
    Key::new(
        "cache.encryption.keys.*",
        Kind::EncryptionKey,
        "A key by its number, for values in Redis: all of the keys read, one writes. Without keys nothing is encrypted.",
    )
    .read_by_config(),
    Key::new(
        "cache.encryption.write_with",
        Kind::Whole(0, u32::MAX as u64),
        "The number of the key that writes; of several one must be named.",
    )
    .set_by(&["DQ_CACHE_ENCRYPTION_WRITE_WITH"])
    .sets("cache_encryption.write_with"),
    Key::new(
        "cache.tiered.deadline",
        DEADLINE,
        "How long a look-up behind the memory may take.",
    )
    .sets("cache.deadline_ms"),
    Key::new(
        "cache.tiered.max_disconnected_staleness",
        Kind::milliseconds(0, DAY_MS),
        "How long a value in memory is served while other nodes are not heard of.",
    )
    .sets("cache.max_disconnected_staleness_ms"),
    Key::new(
        "cache.tiered.lease",
        Kind::milliseconds(2, HOUR_MS),
        "How long the right to compute a key lasts; at least twice `lease_renew`.",
    )
    .sets("cache.lease_ms"),
    Key::new(
        "cache.tiered.lease_renew",
        Kind::milliseconds(1, HOUR_MS / 2),
        "How often that right is renewed.",
    )
    .sets("cache.lease_renew_ms"),
    Key::new(
        "cache.tiered.pending_max",
        Kind::Whole(1, 100_000_000),
        "How many invalidations are remembered that could not be told.",
    )
    .sets("cache.pending_max"),
    Key::new(
        "cache.tiered.payload_size_max",
        Kind::Size(1, 1 << 29),
        "The largest value that is sent to Redis.",
    )
    .sets("cache.payload_bytes_max"),
    Key::new(
        "cache.tiered.compress_above",
        Kind::Size(0, 1 << 40),
        "From which size on values are compressed, if that saves a tenth.",
    )
    .sets("cache.compress_above_bytes"),
    Key::new(
        "cache.memory_cache.value_size_max",
        Kind::Size(4_096, 1 << 46),
        "The largest value that is kept in memory.",
    )
    .sets("cache.memory.value_bytes_max"),
    Key::new(
        "cache.memory_cache.max_size",
        Kind::Whole(1, 1_000_000_000),
        "How many values are kept in memory. The bound that counts is `performance.caching.cache_size_limit`.",
    )
    .default("1000")
    .awaits(OTHERS),
    Key::new("cache.memory_cache.ttl", TTL, "How long a value is kept in memory.")
        .default("300")
        .awaits(OTHERS),
    Key::new(
        "cache.verdicts.keep_samples",
        Kind::Flag,
        "Whether the samples of failing rows are kept with verdicts.",
    )
    .sets("verdicts.keep_samples"),
    Key::new(
        "cache.verdicts.versions",
        Kind::Word(&["process", "everywhere"]),
        "Whether verdicts are for this process, or for all that share the cache.",
    )
    .sets("verdicts.versions"),
    Key::new("cache.strategy.query_cache", STRATEGY, "Whether, or how, results of queries are cached.")
        .awaits(OTHERS),
    Key::new("cache.strategy.result_cache", STRATEGY, "Whether, or how, verdicts are cached.")
        .awaits(OTHERS),
    Key::new("cache.strategy.object_cache", STRATEGY, "Whether, or how, other objects are cached.")
        .awaits(OTHERS),
    Key::new("cache.strategy.cache_warming", Kind::Flag, "Whether the cache is filled ahead.")
        .awaits(WARMING),
    Key::new("cache.strategy.warming.enabled", Kind::Flag, "Whether the cache is filled ahead.")
        .awaits(WARMING),
    Key::new(
        "cache.strategy.warming.priority_queries",
        Kind::List(&Kind::Text),
        "The rules whose results come first.",
    )
    .awaits(WARMING),
    Key::new("cache.strategy.warming.schedule", Kind::Cron, "When the cache is filled.")
        .awaits(WARMING),
];
