//! A cache in the memory of this process.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::cache::counters::Counters;
use crate::cache::delegate::delegate;
use crate::cache::engine::Engine;
use crate::cache::local::{Local, NEVER};
use crate::clock::Clock;
use crate::error::{Error, ErrorKind, Result};

/// How much memory a cache takes.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct MemoryConfig {
    /// What values, their keys and all that is kept about them may take, in bytes. Default 64 MiB. Exceeded
    /// by no more than a tenth and 64 KiB.
    pub bytes_max: u64,
    /// The largest value that is kept, in bytes. Default 8 MiB, so that no single value drives out all
    /// others.
    pub value_bytes_max: u64,
}

impl Default for MemoryConfig {
    fn default() -> Self {
        Self { bytes_max: 64 << 20, value_bytes_max: 8 << 20 }
    }
}

impl MemoryConfig {
    /// Checks the ranges.
    ///
    /// # Errors
    ///
    /// `ConfigInvalid`, naming the field.
    pub fn check(&self) -> Result<()> {
        for (field, bytes) in
            [("bytes_max", self.bytes_max), ("value_bytes_max", self.value_bytes_max)]
        {
            if !(4096..=1 << 46).contains(&bytes) {
                let message = format!("`{field}` is {bytes}, not from 4096 bytes to 64 TiB");
                return Err(Error::new(ErrorKind::ConfigInvalid, message));
            }
        }
        Ok(())
    }
}

/// A cache in the memory of this process. Clones are the same cache.
///
/// Keeps what is likely to be asked for again (W-TinyLFU) within a bound of bytes. Computes in tasks of the
/// tokio runtime of who asks; has no threads or timers of its own.
#[derive(Clone, Debug)]
pub struct MemoryCache(Arc<Engine>);

impl MemoryCache {
    /// Makes an empty cache.
    ///
    /// # Errors
    ///
    /// `ConfigInvalid` if a field of `config` is out of its range.
    pub fn new(config: &MemoryConfig, clock: Arc<dyn Clock>) -> Result<Self> {
        config.check()?;
        let counters = Arc::new(Counters::default());
        let local = Local::new(config.clone(), clock, Arc::clone(&counters), NEVER);
        Ok(Self(Arc::new(Engine { local, counters, second: None })))
    }

    fn engine(&self) -> &Arc<Engine> {
        &self.0
    }
}

delegate!(MemoryCache, "memory");
