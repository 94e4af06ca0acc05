//! What was computed once and may be asked for again.
//!
//! A [`CacheManager`] keeps values of any types under [keys](CacheKey) that are digests. It is called with
//! types through [`CacheManagerExt`].

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
mod sensitive;
mod statistics;
mod tiered;
mod value;
mod warm;

#[cfg(feature = "redis")]
pub mod redis;
pub mod shared;

pub use envelope::Keyring;
pub use ext::{CacheFuture, CacheManagerExt};
pub use key::{CacheKey, Namespace, Scope, Tag};
pub use manager::{CacheManager, Compute, Hit, Put, Reach, Reading, Stored};
pub use memory::{MemoryCache, MemoryConfig};
pub use noop::NoopCache;
pub use options::{AcrossNodes, CacheOptions};
pub use sensitive::Sensitive;
pub use statistics::{CacheStatistics, LevelStatistics, PayloadStatistics};
pub use tiered::{TieredCache, TieredConfig};
pub use value::{AnyValue, Cacheable, Codec, Lookup};
pub use warm::Warmed;
