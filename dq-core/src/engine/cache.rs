//! From a configuration to the cache that it asks for.

use std::sync::Arc;

use crate::cache::redis::RedisStore;
use crate::cache::{CacheManager, TieredCache};
use crate::clock::Clock;
use crate::config::Config;
use crate::error::Result;
use crate::redis::RedisConnection;

/// Makes the cache that `config` asks for: in memory over Redis, encrypted there if there are keys. Without Redis there is none: what is in the
/// memory of a program is the program's to decide.
///
/// A Redis that cannot be reached is no error: the cache works from memory until it can.
///
/// # Errors
///
/// `ConfigInvalid` for a value out of its range; `UsageInvalid` outside of a tokio runtime.
pub fn open_cache(
    config: &Config,
    clock: &Arc<dyn Clock>,
) -> Result<Option<Arc<dyn CacheManager>>> {
    let Some(redis) = &config.redis else { return Ok(None) };
    let connection = RedisConnection::with_clock(redis, Arc::clone(clock))?;
    let store = Arc::new(RedisStore::new(connection, config.redis_store.clone())?);
    let keyring = config.cache_encryption.keyring()?;
    let cache = TieredCache::new(&config.cache, store, Arc::clone(clock), keyring)?;
    Ok(Some(Arc::new(cache)))
}
