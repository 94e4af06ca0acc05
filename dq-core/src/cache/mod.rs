//! What was computed once and may be asked for again.
//!
//! A [`CacheManager`] keeps values of any types under [keys](CacheKey) that are digests. It is called with
//! types, through [`CacheManagerExt`]:
//!
//! ```
//! use std::sync::Arc;
//!
//! use dq_core::cache::{
//!     CacheKey, CacheManager, CacheManagerExt, CacheOptions, MemoryCache, MemoryConfig, Namespace, Tag,
//! };
//! use dq_core::clock::SystemClock;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> dq_core::Result<()> {
//! let cache = MemoryCache::new(&MemoryConfig::default(), Arc::new(SystemClock))?;
//! let table = Tag::new(["table", "providers"]);
//! let options = CacheOptions { tags: vec![table], ..CacheOptions::ttl_ms(60_000) };
//! let key = CacheKey::new(&Namespace::new("counts")?, 1, ["providers", "active"]);
//!
//! // Runs once, however many ask meanwhile.
//! let count = cache.get_or_compute(&key, &options, || async { Ok(125_531_u64) }).await?;
//! assert_eq!(*count, 125_531);
//! assert!(cache.get::<u64>(&key).await.is_hit());
//!
//! // Whatever was read of the table is wrong now, and what is still being read will not be kept.
//! cache.invalidate_tag(table).await;
//! assert!(!cache.get::<u64>(&key).await.is_hit());
//!
//! let statistics = cache.statistics();
//! assert_eq!((statistics.hits, statistics.misses), (1, 2));
//! # Ok(())
//! # }
//! ```
//!
//! What must not be served any more for the sake of security is told in one call, see [`SecurityEvent`].
//!
//! | cache | keeps values |
//! |---|---|
//! | [`MemoryCache`] | in this process, within a bound of bytes |
//! | [`TieredCache`] | there, and in a [store that nodes share](shared) |
//! | [`NoopCache`] | not at all |
//!
//! What every cache promises is said at [`CacheManager`], how old a value may get at [`CacheOptions`], and how
//! nodes agree at [`shared`].

mod counters;
mod delegate;
mod engine;
mod envelope;
mod ext;
mod flight;
mod footprint;
mod key;
mod local;
mod manager;
mod memory;
mod noop;
mod options;
mod pending;
mod second;
mod security;
mod sensitive;
mod statistics;
mod tiered;
mod value;
mod warm;

#[cfg(feature = "conformance")]
pub mod conformance;
#[cfg(feature = "redis")]
pub mod redis;
pub mod shared;

pub use envelope::{EncryptionConfig, Keyring};
pub use ext::{CacheFuture, CacheManagerExt};
pub use key::{CacheKey, Namespace, Scope, Tag};
pub use manager::{CacheManager, Compute, Computed, Hit, Put, Reach, Reading, Stored};
pub use memory::{MemoryCache, MemoryConfig};
pub use noop::NoopCache;
pub use options::{Abandoned, AcrossNodes, CacheOptions};
pub use security::{SecurityEvent, Subject};
pub use sensitive::Sensitive;
pub use statistics::{CacheStatistics, LevelStatistics, PayloadStatistics};
pub use tiered::{TieredCache, TieredConfig};
pub use value::{AnyValue, Cacheable, Codec, Lookup};
pub use warm::Warmed;
