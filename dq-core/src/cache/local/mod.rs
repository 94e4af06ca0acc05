//! The level in this process: values as they are, within a bound of bytes.
//!
//! How a value that was read before an invalidation is kept from being inserted after it: invalidations
//! are numbered. Who reads notes the number first (`reading`), and the number goes with the value. A key
//! has a stripe that knows the number of its last invalidation; inserting compares under the lock under
//! which invalidating removes. Tags, namespaces and everything have marks that are compared at each
//! lookup, so an entry that slips in late is never served.

pub(crate) mod entry;
pub(crate) mod lifetime;
pub(crate) mod marks;
pub(crate) mod stripes;
mod values;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::cache::counters::Counters;
use crate::cache::key::{CacheKey, Scope, Tag};
use crate::cache::local::entry::{Age, Draft, Entry};
use crate::cache::local::lifetime::{Lifetime, scatter};
use crate::cache::local::marks::{Held, Marks};
use crate::cache::local::stripes::{Shard, Stripes};
use crate::cache::local::values::Values;
use crate::cache::memory::MemoryConfig;
use crate::cache::options::CacheOptions;
use crate::clock::Clock;

/// How many marks may be kept that no value holds.
const MARKS_MAX: usize = 16_384;
/// What the clock shows when the cache is made, so that what is older has a time too: 36 years.
const BEGIN: u64 = 1 << 60;
/// For ever.
pub(crate) const NEVER: u64 = u64::MAX;

#[derive(Debug)]
pub(crate) struct Local {
    clock: Arc<dyn Clock>,
    origin: Instant,
    values: Values,
    stripes: Stripes,
    marks: Marks,
    counters: Arc<Counters>,
    config: MemoryConfig,
    /// The number of the last invalidation.
    generation: AtomicU64,
    /// What was read before this is invalid, whatever its key.
    floor: AtomicU64,
    /// Until when what is held may be trusted because invalidations are heard.
    trusted_until: AtomicU64,
    /// For how long what was read may be trusted without that.
    trust: u64,
    chance: AtomicU64,
}

/// The moment before a value is read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment {
    pub(crate) generation: u64,
    pub(crate) at: u64,
}

impl Local {
    /// `trust` is how long an entry is valid when nothing is heard of other nodes: [`NEVER`] ends where
    /// there are none.
    pub(crate) fn new(
        config: MemoryConfig,
        clock: Arc<dyn Clock>,
        counters: Arc<Counters>,
        trust: u64,
    ) -> Self {
        Self {
            origin: clock.now(),
            clock,
            values: Values::new(config.bytes_max, Arc::clone(&counters)),
            stripes: Stripes::new(),
            marks: Marks::new(MARKS_MAX),
            counters,
            config,
            generation: AtomicU64::new(1),
            floor: AtomicU64::new(0),
            trusted_until: AtomicU64::new(0),
            trust,
            chance: AtomicU64::new(0),
        }
    }

    /// Now, in nanoseconds since the cache was made.
    pub(crate) fn now(&self) -> u64 {
        self.nanos_of(self.clock.now())
    }

    pub(crate) fn nanos_of(&self, instant: Instant) -> u64 {
        BEGIN + instant.saturating_duration_since(self.origin).as_nanos() as u64
    }

    /// What [`nanos_of`](Self::nanos_of) gave the time of, unless that is too long ago to have a name.
    pub(crate) fn instant_of(&self, nanos: u64) -> Option<Instant> {
        match nanos.checked_sub(BEGIN) {
            Some(since) => self.origin.checked_add(Duration::from_nanos(since)),
            None => self.origin.checked_sub(Duration::from_nanos(BEGIN - nanos)),
        }
    }

    /// The entry of a key, if it may still be served in some way.
    pub(crate) fn find(&self, key: &CacheKey) -> Option<(Arc<Entry>, Age)> {
        let entry = self.values.get(key)?;
        let age = self.servable(&entry)?;
        Some((entry, age))
    }

    /// What [`find`](Self::find) finds, without counting in how often the key is asked for: for one who has
    /// looked already.
    pub(crate) fn find_again(&self, key: &CacheKey) -> Option<(Arc<Entry>, Age)> {
        if self.values.contains(key) { self.find(key) } else { None }
    }

    /// The age of an entry that was found before, if it may still be served.
    pub(crate) fn servable(&self, entry: &Entry) -> Option<Age> {
        let now = self.now();
        let age = entry.age(now);
        let is_servable =
            age != Age::Gone && self.is_valid(entry) && self.is_trusted(entry.checked_at, now);
        is_servable.then_some(age)
    }

    /// Notes the moment before something is read.
    pub(crate) fn moment(&self) -> Moment {
        Moment { at: self.now(), generation: self.generation.load(Ordering::SeqCst) }
    }

    pub(crate) fn hold(&self, key: &CacheKey, options: &CacheOptions) -> Held {
        self.hold_tags(key, &options.tags)
    }

    pub(crate) fn hold_tags(&self, key: &CacheKey, tags: &[Tag]) -> Held {
        self.marks.hold(key.namespace(), tags)
    }

    /// The life of a new value.
    pub(crate) fn lifetime(
        &self,
        key: &CacheKey,
        options: &CacheOptions,
        is_present: bool,
    ) -> Lifetime {
        let chance = key.hash64() ^ self.chance.fetch_add(1, Ordering::Relaxed).rotate_left(32);
        Lifetime::new(options, is_present, scatter(chance))
    }

    /// Puts a value in, unless something it depends on was invalidated after its reading began.
    pub(crate) fn insert(&self, key: &CacheKey, draft: Draft, marks: Held) -> Insertion {
        self.insert_when(key, draft, marks, Shard::allows)
    }

    /// Puts a value in that replaces whatever is being read of the key meanwhile.
    pub(crate) fn replace(&self, key: &CacheKey, draft: Draft, marks: Held) -> Insertion {
        self.insert_when(key, draft, marks, |shard, key, generation| {
            let allowed = shard.allows(key, generation);
            if allowed {
                shard.invalidate(key, self.next_generation());
            }
            allowed
        })
    }

    /// Forgets what `scopes` cover.
    pub(crate) fn forget(&self, scopes: &[Scope]) {
        for scope in scopes {
            self.invalidate(scope);
        }
    }

    /// Forgets what `scope` covers.
    pub(crate) fn invalidate(&self, scope: &Scope) {
        match scope {
            Scope::Key(key) => {
                let mut shard = self.stripes.shard(key);
                shard.invalidate(key, self.next_generation());
                self.values.remove(key);
            }
            Scope::Tag(tag) => self.marks.invalidate_tag(*tag, self.next_generation()),
            Scope::Namespace(name) => {
                self.marks.invalidate_namespace(name, self.next_generation());
            }
            Scope::Everything => {
                self.floor.fetch_max(self.next_generation(), Ordering::SeqCst);
                self.values.clear();
            }
        }
    }

    /// What is held may be trusted as of `at`: all invalidations until then have been heard.
    pub(crate) fn trust_as_of(&self, at: u64) {
        self.trusted_until.fetch_max(at.saturating_add(self.trust), Ordering::AcqRel);
    }

    /// Whether what was right at `at` may still be served, as far as hearing of invalidations goes.
    pub(crate) fn is_trusted(&self, at: u64, now: u64) -> bool {
        now <= self.trusted_until.load(Ordering::Acquire) || now <= at.saturating_add(self.trust)
    }

    /// Whether what is read under `marks` as of `generation` has been invalidated since, its key aside.
    pub(crate) fn is_outdated(&self, marks: &Held, generation: u64) -> bool {
        self.floor.load(Ordering::Acquire) > generation
            || self.marks.has_forgotten(generation)
            || !marks.iter().all(|it| it.allows(generation))
    }

    pub(crate) fn stripes(&self) -> &Stripes {
        &self.stripes
    }

    /// Forgets everything, and keeps nothing from now on.
    pub(crate) fn close(&self) {
        self.floor.store(NEVER, Ordering::SeqCst);
        self.values.clear();
    }

    pub(crate) fn clock(&self) -> &dyn Clock {
        &*self.clock
    }

    /// Drops what can no longer be served.
    pub(crate) fn cleanup(&self) -> u64 {
        let mut dropped = 0;
        for (key, entry) in self.values.iter() {
            let is_live = entry.age(self.now()) != Age::Gone && self.is_valid(&entry);
            if !is_live && self.remove(&key, &entry) {
                dropped += 1;
            }
        }
        self.counters.memory.expirations.add(dropped);
        dropped
    }

    /// The number of entries, and the bytes they take.
    pub(crate) fn size(&self) -> (u64, u64) {
        self.values.size()
    }

    fn insert_when(
        &self,
        key: &CacheKey,
        draft: Draft,
        marks: Held,
        allows: impl FnOnce(&mut Shard, &CacheKey, u64) -> bool,
    ) -> Insertion {
        let generation = draft.generation;
        if draft.life.keep == 0 {
            return Insertion::TooShort;
        }
        if self.is_outdated(&marks, generation) {
            return Insertion::Outdated;
        }
        let entry = Arc::new(Entry::new(draft, marks));
        let bytes = entry.bytes;
        if bytes > self.config.value_bytes_max.min(self.config.bytes_max) {
            // An older value must not outlive it.
            self.invalidate(&Scope::Key(key.clone()));
            self.counters.memory.too_large.increment();
            return Insertion::TooLarge;
        }
        let mut shard = self.stripes.shard(key);
        if !allows(&mut shard, key, generation) {
            return Insertion::Outdated;
        }
        self.values.insert(key, Arc::clone(&entry));
        drop(shard);
        self.counters.memory.sets.increment();
        self.values.settle(bytes, &self.stripes);
        Insertion::Inserted(entry)
    }

    fn remove(&self, key: &CacheKey, entry: &Arc<Entry>) -> bool {
        let _shard = self.stripes.shard(key);
        let is_same = self.values.get(key).is_some_and(|it| Arc::ptr_eq(&it, entry));
        if is_same {
            self.values.remove(key);
        }
        is_same
    }

    fn is_valid(&self, entry: &Entry) -> bool {
        entry.generation >= self.floor.load(Ordering::Acquire) && entry.is_valid()
    }

    fn next_generation(&self) -> u64 {
        self.generation.fetch_add(1, Ordering::SeqCst) + 1
    }
}

/// What became of a value to be inserted.
#[derive(Clone, Debug)]
pub(crate) enum Insertion {
    Inserted(Arc<Entry>),
    /// Something was invalidated.
    Outdated,
    TooLarge,
    /// Its time to live is zero.
    TooShort,
}
