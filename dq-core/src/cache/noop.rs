//! A cache that keeps nothing.

use async_trait::async_trait;

use crate::cache::key::{CacheKey, Scope};
use crate::cache::manager::{CacheManager, Compute, Hit, Put, Reach, Reading, Stored};
use crate::cache::options::CacheOptions;
use crate::cache::statistics::CacheStatistics;
use crate::cache::value::{Codec, Lookup};
use crate::error::Result;

/// Keeps nothing: every lookup is a miss, every value is computed by who asks for it, in its own future.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoopCache;

#[async_trait]
impl CacheManager for NoopCache {
    fn name(&self) -> &'static str {
        "noop"
    }

    fn lookup(&self, _: &CacheKey, _: &'static Codec) -> Option<Hit> {
        None
    }

    async fn load(&self, keys: &[CacheKey], _: &'static Codec) -> Vec<Lookup> {
        vec![Lookup::Miss; keys.len()]
    }

    async fn load_or_compute(
        &self,
        _: &CacheKey,
        _: &'static Codec,
        _: &CacheOptions,
        compute: Compute,
    ) -> Result<Lookup> {
        Ok(compute.await?.into_value().map_or(Lookup::Absent, Lookup::Value))
    }

    fn claim_refresh(&self, _: &CacheKey) -> bool {
        false
    }

    fn refresh(&self, _: &CacheKey, _: &'static Codec, _: &CacheOptions, _: Compute) {}

    async fn reading(&self, _: &CacheKey) -> Reading {
        Reading { generation: 0, at_nanos: 0, mark: None }
    }

    async fn store(&self, _: Put<'_>) -> Stored {
        Stored::No
    }

    async fn invalidate(&self, _: &[Scope]) -> Reach {
        Reach::Everywhere
    }

    async fn cleanup(&self) -> u64 {
        0
    }

    fn statistics(&self) -> CacheStatistics {
        CacheStatistics::default()
    }

    async fn close(&self) {}
}
