//! Numbers for jitter: cheap, without a lock, and a function of their seed.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};

use crate::resilience::machine::{RANDOM_STEP, share};

/// The sequence "splitmix64".
#[derive(Debug)]
pub(crate) struct Random(AtomicU64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(AtomicU64::new(seed))
    }

    /// A sequence that differs from process to process, and from call to call.
    pub(crate) fn unpredictable() -> Self {
        Self::new(RandomState::new().build_hasher().finish())
    }

    /// The next number from 0 to below 1.
    pub(crate) fn share(&self) -> f64 {
        share(self.0.fetch_add(RANDOM_STEP, Ordering::Relaxed).wrapping_add(RANDOM_STEP))
    }
}
