//! What was computed once and may be asked for again.
//!
//! A [`CacheManager`] keeps values of any types under [keys](CacheKey) that are digests. It is called with
//! types through [`CacheManagerExt`].

mod ext;
mod footprint;
mod key;
mod manager;
mod noop;
mod options;
mod statistics;
mod value;

pub mod shared;

pub use ext::CacheFuture;
pub use ext::CacheManagerExt;
pub use key::CacheKey;
pub use key::Namespace;
pub use key::Scope;
pub use key::Tag;
pub use manager::CacheManager;
pub use manager::Compute;
pub use manager::Hit;
pub use manager::Put;
pub use manager::Reach;
pub use manager::Reading;
pub use manager::Stored;
pub use noop::NoopCache;
pub use options::AcrossNodes;
pub use options::CacheOptions;
pub use statistics::CacheStatistics;
pub use statistics::LevelStatistics;
pub use statistics::PayloadStatistics;
pub use value::AnyValue;
pub use value::Cacheable;
pub use value::Codec;
pub use value::Lookup;
