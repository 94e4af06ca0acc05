//! How a cache uses Redis.

use serde::{Deserialize, Serialize};

/// How a cache uses Redis, once it is reached.
///
/// All nodes that share a cache must have the same `shards`, and the same prefix of their
/// [`RedisConfig`](crate::redis::RedisConfig). A user of the ACL needs `+@read +@write +@stream
/// +@connection +@scripting +time +info`, and in a cluster `+cluster|slots`, for the keys with the prefix.
/// Without `+info` the cache begins anew several times after every start and failover of a server, and does not notice
/// that one has become the master again which was it before: then what its entries promise is all that holds.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct RedisStoreConfig {
    /// Over how many parts the entries are spread in a cluster; each part is in one slot, and each
    /// invalidation of a tag or a namespace is written once for each part. A server that is no cluster
    /// has one part. Default: 16, which a cluster of up to eight masters spreads evenly enough.
    pub shards: u16,
    /// How many of the last invalidated keys each part remembers. A value is refused that was read so
    /// long ago that more keys have been invalidated since. Default: 20000.
    pub tombstones_max: u32,
    /// How many invalidated tags and namespaces each part remembers. Beyond that, entries that are older
    /// than the forgotten ones are void. Default: 20000.
    pub stamps_max: u32,
    /// How many invalidations the stream keeps for nodes that were away, about. A node that missed more
    /// forgets everything it holds. Default: 10000.
    pub announcements_max: u32,
    /// The largest payload, in bytes. Default: 8388608, which is 8 MiB; Redis answers nobody else while
    /// it moves one.
    pub payload_size_max_bytes: usize,
    /// Whether nodes hear of entries that are changed or removed in Redis by somebody who is no cache.
    /// Default: yes. It takes a connection of its own to each master, the permission for
    /// `CLIENT TRACKING`, and of every node a small read for each entry that any node stores.
    pub track_foreign_writers: bool,
}

impl Default for RedisStoreConfig {
    fn default() -> Self {
        Self {
            shards: 16,
            tombstones_max: 20_000,
            stamps_max: 20_000,
            announcements_max: 10_000,
            payload_size_max_bytes: 8 << 20,
            track_foreign_writers: true,
        }
    }
}
