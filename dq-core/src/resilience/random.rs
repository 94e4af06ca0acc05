//! Numbers for jitter: cheap, without a lock, and a function of their seed.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};

/// The sequence "splitmix64".
#[derive(Debug)]
pub(crate) struct Random(AtomicU64);

const STEP: u64 = 0x9E37_79B9_7F4A_7C15;

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
        let mut it = self.0.fetch_add(STEP, Ordering::Relaxed).wrapping_add(STEP);
        it = (it ^ (it >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        it = (it ^ (it >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((it ^ (it >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    }
}
