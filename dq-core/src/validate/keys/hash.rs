//! The hash of a key.

use std::hash::BuildHasher;
use std::hash::Hasher;

use foldhash::fast::FixedState;

use crate::validate::keys::records::Key;

/// Hashes keys. A test may cut hashes down to a few bits: then nearly all keys collide, and all
/// counts must stay the same.
#[derive(Clone, Copy, Debug)]
pub(crate) struct KeyHash {
    mask: u64,
}

impl KeyHash {
    /// Hashes that differ in all bits.
    #[cfg(test)]
    pub(crate) const ALL_BITS: Self = Self { mask: u64::MAX };

    /// Hashes of which only the lowest `bits` differ.
    pub(crate) fn with_bits(bits: u32) -> Self {
        Self { mask: u64::MAX.checked_shr(64 - bits.min(64)).unwrap_or(0) }
    }

    /// The hash of a key.
    #[inline]
    pub(crate) fn of(self, key: Key) -> u64 {
        if key.is_long() { key.hash_of_long() } else { self.of_short(key.bits()) }
    }

    /// The hash of a key kept by value.
    #[inline]
    pub(crate) fn of_short(self, key: u128) -> u64 {
        // The digits of pi: any two numbers without a pattern do. Multiplying the halves and folding
        // the product mixes all bits of both.
        const LOW: u64 = 0x243F_6A88_85A3_08D3;
        const HIGH: u64 = 0x1319_8A2E_0370_7344;
        let product = u128::from(key as u64 ^ LOW) * u128::from((key >> 64) as u64 ^ HIGH);
        (product as u64 ^ (product >> 64) as u64) & self.mask
    }

    /// The hash of a key kept by hash.
    #[inline]
    pub(crate) fn of_long(self, key: &[u8]) -> u64 {
        let mut hasher = FixedState::with_seed(0).build_hasher();
        hasher.write(key);
        hasher.finish() & self.mask
    }
}
