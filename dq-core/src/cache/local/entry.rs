//! One value in memory, and whether it may be served.

use std::any::TypeId;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::cache::footprint::allocation;
use crate::cache::local::lifetime::Lifetime;
use crate::cache::local::marks::Held;
use crate::cache::shared::StoreTime;
use crate::cache::value::{AnyValue, Codec};

/// What a value costs beside itself: its entry, its key, and its places in the tables and queues of the
/// cache. Measured, by the test that bounds what the whole cache takes.
const OVERHEAD_BYTES: u64 = 512;

/// A value, or that there is none, with all that decides whether it may be served.
///
/// All times are nanoseconds by the clock of the cache.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) value: Option<AnyValue>,
    pub(crate) type_id: TypeId,
    pub(crate) bytes: u64,
    /// How many invalidations this node had seen when the reading began.
    pub(crate) generation: u64,
    /// When its reading began, from which its life counts.
    pub(crate) read_at: u64,
    /// When it was right: then too, or when the shared store said so.
    pub(crate) checked_at: u64,
    pub(crate) life: Lifetime,
    pub(crate) marks: Held,
    /// When the shared store got it, if it has it.
    pub(crate) stored_at: Option<StoreTime>,
    /// Until when somebody who renews it ahead has claimed that.
    claimed_until: AtomicU64,
    /// Until when nobody tries to renew it, because that failed.
    failed_until: AtomicU64,
}

/// In which part of its life an entry is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Age {
    Fresh,
    /// Fresh, and to be renewed.
    Due,
    /// To be served only where it cannot be renewed.
    Stale,
    Gone,
}

/// The type of what takes room and is no value.
struct StandIn;

/// What an entry is made of.
#[derive(Clone, Debug)]
pub(crate) struct Draft {
    pub(crate) value: Option<AnyValue>,
    pub(crate) codec: &'static Codec,
    pub(crate) generation: u64,
    pub(crate) read_at: u64,
    pub(crate) checked_at: u64,
    pub(crate) life: Lifetime,
    pub(crate) stored_at: Option<StoreTime>,
}

impl Entry {
    pub(crate) fn new(draft: Draft, marks: Held) -> Self {
        let value_bytes = draft.value.as_ref().map_or(0, |it| draft.codec.footprint(it));
        let marks_bytes = allocation(size_of_val::<[_]>(&marks) as u64);
        Self {
            type_id: draft.codec.type_id(),
            bytes: allocation(value_bytes) + marks_bytes + OVERHEAD_BYTES,
            value: draft.value,
            generation: draft.generation,
            read_at: draft.read_at,
            checked_at: draft.checked_at,
            life: draft.life,
            marks,
            stored_at: draft.stored_at,
            claimed_until: AtomicU64::new(0),
            failed_until: AtomicU64::new(0),
        }
    }

    /// What takes room and is no value.
    pub(crate) fn stand_in(bytes: u64) -> Self {
        Self {
            value: None,
            type_id: TypeId::of::<StandIn>(),
            bytes,
            generation: 0,
            read_at: 0,
            checked_at: 0,
            life: Lifetime { refresh: 0, fresh: 0, keep: 0, retry: 0 },
            marks: Box::default(),
            stored_at: None,
            claimed_until: AtomicU64::new(0),
            failed_until: AtomicU64::new(0),
        }
    }

    pub(crate) fn is_stand_in(&self) -> bool {
        self.type_id == TypeId::of::<StandIn>()
    }

    pub(crate) fn age(&self, now: u64) -> Age {
        let age = now.saturating_sub(self.read_at);
        if age < self.life.fresh {
            if age < self.life.refresh { Age::Fresh } else { Age::Due }
        } else if age < self.life.keep {
            Age::Stale
        } else {
            Age::Gone
        }
    }

    /// Whether nothing that the entry depends on was invalidated after it was read, its key aside.
    pub(crate) fn is_valid(&self) -> bool {
        self.marks.iter().all(|it| it.allows(self.generation))
    }

    /// Claims to renew it ahead. True for one in each `retry` span.
    pub(crate) fn claim_refresh(&self, now: u64) -> bool {
        let claimed = self.claimed_until.load(Ordering::Acquire);
        let until = now.saturating_add(self.life.retry).max(now + 1);
        now >= claimed
            && self
                .claimed_until
                .compare_exchange(claimed, until, Ordering::AcqRel, Ordering::Acquire)
                .is_ok()
    }

    /// Notes that it could not be renewed, which nobody tries again before `until`.
    pub(crate) fn refresh_failed(&self, until: u64) {
        self.failed_until.fetch_max(until, Ordering::AcqRel);
        self.claimed_until.fetch_max(until, Ordering::AcqRel);
    }

    /// Whether it is too soon to try to renew it again.
    pub(crate) fn is_throttled(&self, now: u64) -> bool {
        now < self.failed_until.load(Ordering::Acquire)
    }
}
