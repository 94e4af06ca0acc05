//! How levels work together: what every cache that keeps anything does.

mod lead;
mod levels;
mod sharing;

use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;

use crate::cache::counters::Counters;
use crate::cache::engine::lead::Lead;
use crate::cache::flight::{Flight, Landing, Outcome, Source, caught, landed, shared_error};
use crate::cache::key::CacheKey;
use crate::cache::local::Local;
use crate::cache::local::entry::{Age, Entry};
use crate::cache::manager::{Compute, Computed, Hit};
use crate::cache::options::{Abandoned, CacheOptions};
use crate::cache::second::Second;
use crate::cache::value::{AnyValue, Codec, Lookup};
use crate::clock::within;
use crate::error::{Error, ErrorKind, Result};

/// A level in memory, perhaps over a store that nodes share.
#[derive(Debug)]
pub(crate) struct Engine {
    pub(crate) local: Local,
    pub(crate) counters: Arc<Counters>,
    pub(crate) second: Option<Second>,
}

/// What a caller who found nothing goes on with.
enum Boarding {
    /// Somebody computes it, perhaps on behalf of this caller.
    Waiting(Landing),
    /// It has come meanwhile.
    Landed(Arc<Entry>),
    /// The caller must compute it alone, and nobody keeps it: there is no runtime for a task, or another
    /// type is computed under the same key.
    Alone(Compute),
    /// The computation of this caller was lost with its task.
    Lost,
}

impl Engine {
    /// See `CacheManager::lookup`.
    pub(crate) fn lookup(&self, key: &CacheKey, codec: &'static Codec) -> Option<Hit> {
        let (entry, age) = self.local.find(key)?;
        if age == Age::Stale || entry.type_id != codec.type_id() {
            return None;
        }
        self.counters.memory.hits.increment();
        Some(Hit { value: entry.value.clone(), due: age == Age::Due })
    }

    /// See `CacheManager::load_or_compute`.
    pub(crate) async fn load_or_compute(
        self: &Arc<Self>,
        key: &CacheKey,
        codec: &'static Codec,
        options: &CacheOptions,
        compute: Compute,
    ) -> Result<Lookup> {
        let stale = match self.local.find_again(key).filter(|(it, _)| it.type_id == codec.type_id())
        {
            Some((entry, Age::Stale)) if entry.is_throttled(self.local.now()) => {
                return Ok(self.conclude(entry.value.clone(), Source::Stale));
            }
            Some((entry, Age::Stale)) => Some(entry),
            Some((entry, _)) => return Ok(self.conclude(entry.value.clone(), Source::Memory)),
            None => None,
        };
        let mut compute = Some(compute);
        loop {
            let landing = match self.board((key, codec, options), &mut compute, stale.as_ref()) {
                Boarding::Waiting(landing) => landing,
                Boarding::Landed(entry) => {
                    return Ok(self.conclude(entry.value.clone(), Source::Memory));
                }
                Boarding::Alone(compute) => {
                    let value = self.computed(compute, options).await;
                    self.counters.misses.increment();
                    return value.map(|it| it.into_value().map_or(Lookup::Absent, Lookup::Value));
                }
                Boarding::Lost => {
                    self.counters.misses.increment();
                    let message = format!("cannot compute `{key}`: the runtime that did has ended");
                    return Err(Error::new(ErrorKind::Cancelled, message));
                }
            };
            match self.wait(landing, stale.as_ref(), options).await {
                Some(Outcome::Found { value, source }) => return Ok(self.conclude(value, source)),
                Some(Outcome::Failed(error)) => {
                    self.counters.misses.increment();
                    return Err(shared_error(error));
                }
                None => {}
            }
        }
    }

    /// See `CacheManager::claim_refresh`.
    pub(crate) fn claim_refresh(&self, key: &CacheKey) -> bool {
        let found = self.local.find_again(key);
        found.is_some_and(|(it, age)| age == Age::Due && it.claim_refresh(self.local.now()))
    }

    /// See `CacheManager::refresh`.
    pub(crate) fn refresh(
        self: &Arc<Self>,
        key: &CacheKey,
        codec: &'static Codec,
        options: &CacheOptions,
        compute: Compute,
    ) {
        let Some((entry, _)) = self.local.find_again(key) else { return };
        let marks = self.local.hold(key, options);
        let Ok(runtime) = Handle::try_current() else { return };
        let mut shard = self.local.stripes().shard(key);
        if shard.flights.contains_key(key) {
            return;
        }
        let flight = Arc::new(Flight::new(self.local.moment(), marks, codec.type_id()));
        shard.flights.insert(key.clone(), Arc::clone(&flight));
        drop(shard);
        self.counters.refreshed_ahead.increment();
        // From the beginning nobody waits for it.
        let options = CacheOptions { abandoned: Abandoned::Finished, ..options.clone() };
        let lead = Lead::new(self, (key, codec, &options), flight, Some(entry));
        runtime.spawn(lead.run(compute));
    }

    /// Begins or joins the computation of a key.
    fn board(
        self: &Arc<Self>,
        (key, codec, options): (&CacheKey, &'static Codec, &CacheOptions),
        compute: &mut Option<Compute>,
        stale: Option<&Arc<Entry>>,
    ) -> Boarding {
        let runtime = Handle::try_current();
        let marks = self.local.hold(key, options);
        let mut shard = self.local.stripes().shard(key);
        let joinable = shard.flights.get(key).filter(|it| self.is_joinable(it));
        let is_other_type = joinable.is_some_and(|it| it.type_id != codec.type_id());
        if let (Some(flight), false) = (joinable, is_other_type) {
            self.counters.coalesced.increment();
            return Boarding::Waiting(flight.landing());
        }
        match self.local.find_again(key) {
            Some((entry, Age::Fresh | Age::Due)) if entry.type_id == codec.type_id() => {
                return Boarding::Landed(entry);
            }
            _ => {}
        }
        let Some(compute) = compute.take() else { return Boarding::Lost };
        let (Ok(runtime), false) = (runtime, is_other_type) else {
            return Boarding::Alone(compute);
        };
        let flight = Arc::new(Flight::new(self.local.moment(), marks, codec.type_id()));
        let landing = flight.landing();
        shard.flights.insert(key.clone(), Arc::clone(&flight));
        drop(shard);
        let lead = Lead::new(self, (key, codec, options), flight, stale.cloned());
        runtime.spawn(lead.run(compute));
        Boarding::Waiting(landing)
    }

    /// Whether what a flight brings may be given to one who comes now.
    fn is_joinable(&self, flight: &Flight) -> bool {
        !self.local.is_outdated(&flight.marks, flight.began.generation)
            && self.local.is_trusted(flight.began.at, self.local.now())
    }

    /// Waits for a computation, or for as long as the options ask when there is an expired value.
    async fn wait(
        &self,
        landing: Landing,
        stale: Option<&Arc<Entry>>,
        options: &CacheOptions,
    ) -> Option<Outcome> {
        let (Some(entry), Some(wait_ms)) = (stale, options.stale_wait_ms) else {
            return landed(landing).await;
        };
        let wait = Duration::from_millis(wait_ms);
        match within(self.local.clock(), wait, landed(landing.clone())).await {
            Some(outcome) => outcome,
            None if self.local.servable(entry).is_some() => {
                Some(Outcome::Found { value: entry.value.clone(), source: Source::Stale })
            }
            None => landed(landing).await,
        }
    }

    /// Runs a computation within its time.
    pub(crate) async fn computed(
        &self,
        compute: Compute,
        options: &CacheOptions,
    ) -> Result<Computed<Option<AnyValue>>> {
        self.counters.computations.increment();
        let allowed = Duration::from_millis(options.compute_timeout_ms);
        let result = within(self.local.clock(), allowed, caught(compute)).await;
        let result = result.unwrap_or_else(|| {
            let message = format!("computing a value for the cache took more than {allowed:?}");
            Err(Error::new(ErrorKind::Timeout, message))
        });
        if result.is_err() {
            self.counters.computations_failed.increment();
        }
        result
    }

    /// Counts a lookup that was answered.
    fn conclude(&self, value: Option<AnyValue>, source: Source) -> Lookup {
        match source {
            Source::Memory => self.counters.memory.hits.increment(),
            Source::Stale => {
                self.counters.memory.hits.increment();
                self.counters.served_stale.increment();
            }
            Source::Shared => self.counters.shared.hits.increment(),
            Source::Computed => self.counters.misses.increment(),
        }
        value.map_or(Lookup::Absent, Lookup::Value)
    }
}
