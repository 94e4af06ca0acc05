//! The calls that may go through while a breaker is half open.

use crate::resilience::sync::{AtomicU64, Ordering};

/// How many probes are out and how many have succeeded, in one word, so that no more are ever out than may
/// be.
#[derive(Debug)]
pub(crate) struct Probes {
    /// 16 bits of successes, 16 bits of probes that are out, 32 bits of the epoch.
    word: AtomicU64,
    /// When a probe last went out or came back.
    moved: AtomicU64,
}

const FIELD_BITS: u32 = 16;
const FIELD: u64 = (1 << FIELD_BITS) - 1;
const OUT: u64 = 1 << FIELD_BITS;

impl Probes {
    pub(crate) fn new() -> Self {
        Self { word: AtomicU64::new(0), moved: AtomicU64::new(0) }
    }

    /// Forgets all probes; those that are still out belong to an epoch that is over.
    pub(crate) fn begin(&self, epoch: u64, now: u64) {
        self.moved.fetch_max(now, Ordering::AcqRel);
        self.word.store(epoch << (2 * FIELD_BITS), Ordering::Release);
    }

    /// Lets a probe out, unless `limit` are out.
    pub(crate) fn admit(&self, epoch: u64, limit: u64, now: u64) -> bool {
        let admitted = self.change(epoch, |word| (out(word) < limit).then_some(word + OUT));
        if admitted.is_some() {
            self.moved.fetch_max(now, Ordering::AcqRel);
        }
        admitted.is_some()
    }

    /// Takes a probe back, and returns how many have succeeded; nothing if it is of another epoch.
    pub(crate) fn settle(&self, epoch: u64, success: bool, now: u64) -> Option<u64> {
        let word = self.change(epoch, |word| {
            let word = if out(word) > 0 { word - OUT } else { word };
            let full = word & FIELD == FIELD;
            Some(word + u64::from(success && !full))
        })?;
        self.moved.fetch_max(now, Ordering::AcqRel);
        Some(word & FIELD)
    }

    /// Returns whether no more probes may go out.
    pub(crate) fn are_full(&self, epoch: u64, limit: u64) -> bool {
        let word = self.word.load(Ordering::Acquire);
        is_of(word, epoch) && out(word) >= limit
    }

    /// Returns for how long no probe has gone out or come back.
    pub(crate) fn idle(&self, now: u64) -> u64 {
        now.saturating_sub(self.moved.load(Ordering::Acquire))
    }

    fn change(&self, epoch: u64, change: impl Fn(u64) -> Option<u64>) -> Option<u64> {
        let mut old = self.word.load(Ordering::Acquire);
        loop {
            if !is_of(old, epoch) {
                return None;
            }
            let new = change(old)?;
            match self.word.compare_exchange(old, new, Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => return Some(new),
                Err(it) => old = it,
            }
        }
    }
}

fn out(word: u64) -> u64 {
    (word >> FIELD_BITS) & FIELD
}

fn is_of(word: u64, epoch: u64) -> bool {
    word >> (2 * FIELD_BITS) == epoch & u64::from(u32::MAX)
}
