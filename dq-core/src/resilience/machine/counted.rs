//! The last so many calls: a ring with an entry for each.

use crate::resilience::machine::rules::Counts;
use crate::resilience::sync::{AtomicU64, Ordering};

/// A window of the last N calls. Recording takes three atomic steps: a place in the ring (which the caller
/// has taken), the entry there, the counts. Where several threads record at once, the counts are briefly
/// those of some order of them, and exact when all are done.
#[derive(Debug)]
pub(crate) struct Counted {
    /// Each has the bits below, and the epoch above them.
    ring: Box<[AtomicU64]>,
    /// Slow calls, failures and calls, 16 bits each, and 16 bits of the epoch above them.
    counts: AtomicU64,
}

const PRESENT: u64 = 0b100;
const FAILED: u64 = 0b010;
const SLOW: u64 = 0b001;
const ENTRY_BITS: u32 = 3;

const FIELD_BITS: u32 = 16;
const FIELD: u64 = (1 << FIELD_BITS) - 1;
const FIELDS: u64 = (1 << (3 * FIELD_BITS)) - 1;

/// Where a field begins. A thread that takes away what another has entered but not yet counted brings a
/// field below zero for a moment; there is room for more threads than a machine has.
const BIAS: u64 = 1 << (FIELD_BITS - 2);
const NOTHING: u64 = BIAS | (BIAS << FIELD_BITS) | (BIAS << (2 * FIELD_BITS));

impl Counted {
    /// How many calls a window may hold.
    pub(crate) const SIZE_MAX: u32 = 10_000;

    pub(crate) fn new(size: u32) -> Self {
        let size = size.clamp(1, Self::SIZE_MAX);
        let ring = (0..size).map(|_| AtomicU64::new(0)).collect();
        Self { ring, counts: AtomicU64::new(NOTHING) }
    }

    /// Empties the window: from here on it is of `epoch`, and whatever is in the ring is not.
    pub(crate) fn begin(&self, epoch: u64) {
        self.counts.store((epoch << (3 * FIELD_BITS)) | NOTHING, Ordering::Release);
    }

    /// Enters a call in the place of the oldest, and returns what the window then holds.
    pub(crate) fn record(
        &self,
        epoch: u64,
        ticket: u64,
        (failed, slow): (bool, bool),
    ) -> Option<Counts> {
        let place = self.ring.get((ticket % self.ring.len() as u64) as usize)?;
        let entry = PRESENT | (u64::from(failed) * FAILED) | (u64::from(slow) * SLOW);
        let old = exchange(place, epoch, entry)?;
        self.count(epoch, as_fields(entry).wrapping_sub(as_fields(old)))
    }

    pub(crate) fn counts(&self, epoch: u64) -> Counts {
        let word = self.counts.load(Ordering::Acquire);
        if is_of(word, epoch) { counts(word) } else { Counts::default() }
    }

    /// Adds to all three counts at once, unless they are of another epoch.
    fn count(&self, epoch: u64, change: u64) -> Option<Counts> {
        let mut old = self.counts.load(Ordering::Acquire);
        loop {
            if !is_of(old, epoch) {
                return None;
            }
            let fields = (old & FIELDS).wrapping_add(change) & FIELDS;
            let new = (old & !FIELDS) | fields;
            match self.counts.compare_exchange(old, new, Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => return Some(counts(new)),
                Err(it) => old = it,
            }
        }
    }
}

/// Writes an entry, and returns the one of the same epoch that was there; 0 if there was none. Nothing
/// happens, and nothing is returned, where a later epoch has been.
fn exchange(place: &AtomicU64, epoch: u64, entry: u64) -> Option<u64> {
    let mut old = place.load(Ordering::Acquire);
    loop {
        if old >> ENTRY_BITS > epoch {
            return None;
        }
        let new = (epoch << ENTRY_BITS) | entry;
        match place.compare_exchange(old, new, Ordering::AcqRel, Ordering::Acquire) {
            Ok(_) if old >> ENTRY_BITS == epoch => return Some(old & (PRESENT | FAILED | SLOW)),
            Ok(_) => return Some(0),
            Err(it) => old = it,
        }
    }
}

/// Returns what an entry adds to the counts.
fn as_fields(entry: u64) -> u64 {
    let has = |bit: u64| u64::from(entry & bit != 0);
    has(SLOW) | (has(FAILED) << FIELD_BITS) | (has(PRESENT) << (2 * FIELD_BITS))
}

fn is_of(word: u64, epoch: u64) -> bool {
    word >> (3 * FIELD_BITS) == epoch & FIELD
}

fn counts(word: u64) -> Counts {
    let field = |number: u32| ((word >> (number * FIELD_BITS)) & FIELD).saturating_sub(BIAS);
    Counts { slow: field(0), failures: field(1), calls: field(2) }
}
