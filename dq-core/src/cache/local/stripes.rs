//! What is shared by keys whose hashes begin alike: a lock, the number of the last invalidation, and the
//! computations under way.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hasher};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::cache::flight::Flight;
use crate::cache::key::CacheKey;

const SHARDS: usize = 64;
const STRIPES: usize = 64;

#[derive(Debug)]
pub(crate) struct Stripes(Box<[Mutex<Shard>]>);

#[derive(Debug)]
pub(crate) struct Shard {
    pub(crate) flights: HashMap<CacheKey, Arc<Flight>, KeyHasher>,
    invalidated: [u64; STRIPES],
}

impl Stripes {
    pub(crate) fn new() -> Self {
        let shard = || Shard { flights: HashMap::default(), invalidated: [0; STRIPES] };
        Self((0..SHARDS).map(|_| Mutex::new(shard())).collect())
    }

    /// Locks the shard of a key.
    #[expect(clippy::indexing_slicing, reason = "the remainder is below the number of shards")]
    pub(crate) fn shard(&self, key: &CacheKey) -> MutexGuard<'_, Shard> {
        let shard = (key.hash64() >> 32) as usize % SHARDS;
        self.0[shard].lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shard {
    /// Whether the key was not invalidated after `generation`. Errs for keys of one stripe, to the safe
    /// side.
    pub(crate) fn allows(&mut self, key: &CacheKey, generation: u64) -> bool {
        *self.stripe(key) <= generation
    }

    /// Notes that the key is invalidated; nobody joins what is being computed for it.
    pub(crate) fn invalidate(&mut self, key: &CacheKey, generation: u64) {
        *self.stripe(key) = generation;
        self.flights.remove(key);
    }

    #[expect(clippy::indexing_slicing, reason = "the remainder is below the number of stripes")]
    fn stripe(&mut self, key: &CacheKey) -> &mut u64 {
        &mut self.invalidated[(key.hash64() >> 40) as usize % STRIPES]
    }
}

/// Takes the bytes of a digest for its hash, which they are as good as.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct KeyHasher;

/// See [`KeyHasher`].
#[derive(Debug, Default)]
pub(crate) struct KeyHash(u64);

impl BuildHasher for KeyHasher {
    type Hasher = KeyHash;

    fn build_hasher(&self) -> KeyHash {
        KeyHash(0)
    }
}

impl Hasher for KeyHash {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        // Keys write one number; anything else is folded in, for a hasher may not refuse.
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}
