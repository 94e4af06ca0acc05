//! Nor as a part of something.

use dq_core::cache::{CacheKey, CacheManager, CacheManagerExt, CacheOptions, Sensitive};
use serde::{Deserialize, Serialize};

#[derive(Deserialize, Serialize)]
struct Sample {
    rows: Vec<Sensitive<String>>,
}

async fn find(cache: &dyn CacheManager, key: &CacheKey, options: &CacheOptions) {
    let _ = cache.get_or_compute::<Sample, _, _>(key, options, || async { todo!() }).await;
}

fn main() {}
