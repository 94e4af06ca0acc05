//! A sensitive value cannot be cached.

use dq_core::cache::{CacheKey, CacheManager, CacheManagerExt, CacheOptions, Sensitive};

async fn keep(cache: &dyn CacheManager, key: &CacheKey, row: String) {
    cache.set(key, Sensitive::new(row), &CacheOptions::default()).await;
}

fn main() {}
