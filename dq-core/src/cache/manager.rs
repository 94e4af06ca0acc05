//! The contract of a cache, as far as it can be called without knowing the types of values.

use std::fmt;
use std::pin::Pin;

use async_trait::async_trait;

use crate::cache::key::{CacheKey, Scope};
use crate::cache::options::CacheOptions;
use crate::cache::shared::ReadMark;
use crate::cache::statistics::CacheStatistics;
use crate::cache::value::{AnyValue, Codec, Lookup};
use crate::error::Result;

/// What computes a value, or finds that there is none. It runs in a task of its own, so it borrows nothing.
pub type Compute = Pin<Box<dyn Future<Output = Result<Computed<Option<AnyValue>>>> + Send>>;

/// What was computed, and whether it is of use to those who ask later.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Computed<T> {
    /// It is kept, as the options say.
    Lasting(T),
    /// It is given to those who wait for it, and not kept.
    Passing(T),
}

impl<T> Computed<T> {
    /// The value, whether it is kept or not.
    pub fn into_value(self) -> T {
        match self {
            Self::Lasting(value) | Self::Passing(value) => value,
        }
    }

    /// The same of another value.
    pub(crate) fn map<U>(self, change: impl FnOnce(T) -> U) -> Computed<U> {
        match self {
            Self::Lasting(value) => Computed::Lasting(change(value)),
            Self::Passing(value) => Computed::Passing(change(value)),
        }
    }
}

/// A cache of values of any types.
///
/// Call it through [`CacheManagerExt`](crate::cache::CacheManagerExt), which knows the types. A cache may
/// forget, at any time and without a reason. It never fails a lookup, and never serves a value that is
/// older than [`CacheOptions`] promise, or that an invalidation covers which has returned before the
/// lookup began.
#[async_trait]
pub trait CacheManager: fmt::Debug + Send + Sync {
    /// Returns what kind of cache this is, such as `memory`.
    fn name(&self) -> &'static str;

    /// Looks a key up where that needs no waiting. Does not allocate.
    ///
    /// A hit is counted as a lookup; none is not, for the caller goes on to `load` or `load_or_compute`.
    fn lookup(&self, key: &CacheKey, codec: &'static Codec) -> Option<Hit>;

    /// Looks keys up on all levels; one answer for each, in their order. Each is counted as one lookup.
    async fn load(&self, keys: &[CacheKey], codec: &'static Codec) -> Vec<Lookup>;

    /// Looks a key up on all levels and else computes its value, once for all that ask for it meanwhile, or
    /// returns what another computes. Counted as one lookup.
    ///
    /// Dropping the future never stops what others wait for; whether it stops a computation that nobody waits
    /// for any more is up to [`CacheOptions::abandoned`].
    ///
    /// # Errors
    ///
    /// Those of `compute`, to everyone who waits for it; `Timeout` if it takes longer than
    /// [`CacheOptions::compute_timeout_ms`]; `Internal` if it panics. Never one of the cache itself.
    async fn load_or_compute(
        &self,
        key: &CacheKey,
        codec: &'static Codec,
        options: &CacheOptions,
        compute: Compute,
    ) -> Result<Lookup>;

    /// Claims the renewing of a value that is [due](Hit::due); true for one caller, who then must call
    /// `refresh`.
    fn claim_refresh(&self, key: &CacheKey) -> bool;

    /// Renews a value in a task of its own.
    fn refresh(
        &self,
        key: &CacheKey,
        codec: &'static Codec,
        options: &CacheOptions,
        compute: Compute,
    );

    /// Notes the moment before a value is read, for [`Put::since`].
    async fn reading(&self, key: &CacheKey) -> Reading;

    /// Stores a value, or that there is none. Returns what became of it; a cache that keeps nothing says so.
    async fn store(&self, put: Put<'_>) -> Stored;

    /// Forgets what `scopes` cover. When this returns, no lookup on this node finds it, and nothing that was
    /// read before is stored after.
    async fn invalidate(&self, scopes: &[Scope]) -> Reach;

    /// Drops what has expired or was invalidated, which otherwise lasts until it is looked up or its room is
    /// needed. Returns how many values that were.
    async fn cleanup(&self) -> u64;

    /// Returns counts since the cache was made.
    fn statistics(&self) -> CacheStatistics;

    /// Tells other nodes what they have not been told yet, as far as that takes no longer than a second, ends
    /// the tasks of the cache, and forgets everything. Later calls find and keep nothing; computing goes on.
    async fn close(&self);
}

/// A value that was found without waiting.
#[derive(Clone, Debug)]
pub struct Hit {
    /// The value, or none if it is known that there is none.
    pub value: Option<AnyValue>,
    /// Whether it is time to renew it.
    pub due: bool,
}

/// The moment before a value is read.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Reading {
    /// How many invalidations this node had seen.
    pub generation: u64,
    /// When, in nanoseconds by the cache's own count.
    pub at_nanos: u64,
    /// Which invalidations the shared store had seen, if it was asked.
    pub mark: Option<ReadMark>,
}

/// A value to be stored.
#[derive(Clone, Debug)]
pub struct Put<'a> {
    /// Its key.
    pub key: &'a CacheKey,
    /// The value, or none to remember that there is none.
    pub value: Option<AnyValue>,
    /// Its type.
    pub codec: &'static Codec,
    /// How it is kept.
    pub options: &'a CacheOptions,
    /// The moment before it was read. None if it is of now.
    pub since: Option<Reading>,
}

/// What became of a value to be stored.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Stored {
    /// It is kept on every level.
    Everywhere,
    /// It is kept on this node only; the shared store could not be reached, or cannot hold it.
    Here,
    /// It is not kept: something it depends on was invalidated after it was read.
    Invalidated,
    /// It is not kept: it is too large, its time to live is zero, or the cache keeps nothing.
    No,
}

/// How far an invalidation has got.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Reach {
    /// The shared store has applied it; other nodes hear of it by their feeds. Also where there is none.
    Everywhere,
    /// This node has; the shared store could not be reached and will be told when it can.
    Here,
}
