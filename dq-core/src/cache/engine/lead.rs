//! Who computes a value, on behalf of all that wait for it.

use std::sync::Arc;

use crate::cache::engine::Engine;
use crate::cache::engine::sharing::Ticket;
use crate::cache::flight::{Flight, Outcome, Source};
use crate::cache::key::CacheKey;
use crate::cache::local::entry::{Age, Draft, Entry};
use crate::cache::local::lifetime::Lifetime;
use crate::cache::local::stripes::Shard;
use crate::cache::local::{Insertion, Moment};
use crate::cache::manager::{Compute, Computed};
use crate::cache::options::{Abandoned, CacheOptions};
use crate::cache::shared::StoreTime;
use crate::cache::value::{AnyValue, Codec};
use crate::error::{Error, ErrorKind};

/// The leader of a flight. Dropped in whatever way, it takes the flight out of the map.
#[derive(Debug)]
pub(crate) struct Lead {
    pub(crate) engine: Arc<Engine>,
    pub(crate) key: CacheKey,
    pub(crate) codec: &'static Codec,
    pub(crate) options: CacheOptions,
    flight: Arc<Flight>,
    /// What is to be replaced, and served if that fails.
    pub(crate) old: Option<Arc<Entry>>,
}

impl Lead {
    pub(crate) fn new(
        engine: &Arc<Engine>,
        (key, codec, options): (&CacheKey, &'static Codec, &CacheOptions),
        flight: Arc<Flight>,
        old: Option<Arc<Entry>>,
    ) -> Self {
        let (key, options) = (key.clone(), options.clone());
        Self { engine: Arc::clone(engine), key, codec, options, flight, old }
    }

    /// Finds or computes the value, keeps it, and tells everyone.
    pub(crate) async fn run(mut self, compute: Compute) {
        let mut ticket = Ticket::default();
        let outcome = match self.options.abandoned {
            Abandoned::Finished => Some(self.find_or_compute(compute, &mut ticket).await),
            Abandoned::Dropped => {
                let place = Place::of(&self);
                tokio::select! {
                    biased;
                    outcome = self.find_or_compute(compute, &mut ticket) => Some(outcome),
                    () = place.abandoned() => None,
                }
            }
        };
        self.leave();
        if let Some(outcome) = outcome {
            self.flight.land(outcome);
        }
        if let (Some(second), Some(lease)) = (&self.engine.second, ticket.lease) {
            if ticket.has_failed {
                second.rest(&lease, self.options.retry_ms).await;
            } else {
                second.release(&lease).await;
            }
        }
    }

    async fn find_or_compute(&mut self, compute: Compute, ticket: &mut Ticket) -> Outcome {
        if self.engine.second.is_some() {
            self.through_the_store(compute, ticket).await
        } else {
            self.here(compute).await
        }
    }

    pub(crate) async fn here(&self, compute: Compute) -> Outcome {
        let moment = self.engine.local.moment();
        match self.engine.computed(compute, &self.options).await {
            Ok(Computed::Passing(value)) => Outcome::Found { value, source: Source::Computed },
            Ok(Computed::Lasting(value)) => {
                let life = self.life(value.is_some());
                self.keep(moment, life, value, None)
            }
            Err(error) => self.failed(error),
        }
    }

    pub(crate) fn life(&self, is_present: bool) -> Lifetime {
        self.engine.local.lifetime(&self.key, &self.options, is_present)
    }

    /// Keeps a value in memory that was computed from `moment` on.
    pub(crate) fn keep(
        &self,
        moment: Moment,
        life: Lifetime,
        value: Option<AnyValue>,
        stored_at: Option<StoreTime>,
    ) -> Outcome {
        let local = &self.engine.local;
        let draft = Draft {
            value: value.clone(),
            codec: self.codec,
            generation: moment.generation,
            read_at: moment.at,
            checked_at: moment.at,
            life,
            stored_at,
        };
        let marks = local.hold(&self.key, &self.options);
        if matches!(local.insert(&self.key, draft, marks), Insertion::Outdated) {
            self.engine.counters.refused_invalidated.increment();
        }
        Outcome::Found { value, source: Source::Computed }
    }

    /// Falls back on the old value where that is allowed.
    pub(crate) fn failed(&self, error: Error) -> Outcome {
        let is_excused = error.kind().is_transient() || error.kind() == ErrorKind::Internal;
        let Some(old) = self.old.as_ref().filter(|_| is_excused) else {
            return Outcome::Failed(Arc::new(error));
        };
        let retry = old.life.retry;
        self.fallen_back(retry).unwrap_or_else(|| Outcome::Failed(Arc::new(error)))
    }

    /// The old value, where there is one that may be served, and nobody here tries to renew it for a while.
    pub(crate) fn fallen_back(&self, pause: u64) -> Option<Outcome> {
        let (old, local) = (self.old.as_ref()?, &self.engine.local);
        old.refresh_failed(local.now().saturating_add(pause));
        let source = match local.servable(old)? {
            Age::Stale => Source::Stale,
            _ => Source::Memory,
        };
        Some(Outcome::Found { value: old.value.clone(), source })
    }

    fn leave(&self) {
        let mut shard = self.engine.local.stripes().shard(&self.key);
        remove(&mut shard, &self.key, &self.flight);
    }
}

/// Where a flight can be joined, as long as it can.
struct Place {
    engine: Arc<Engine>,
    key: CacheKey,
    flight: Arc<Flight>,
}

impl Place {
    fn of(lead: &Lead) -> Self {
        let (engine, flight) = (Arc::clone(&lead.engine), Arc::clone(&lead.flight));
        Self { engine, key: lead.key.clone(), flight }
    }

    /// Returns when nobody waits, and nobody can come any more: whoever does joins under the same lock.
    async fn abandoned(&self) {
        loop {
            self.flight.abandoned().await;
            let mut shard = self.engine.local.stripes().shard(&self.key);
            if self.flight.is_abandoned() {
                return remove(&mut shard, &self.key, &self.flight);
            }
        }
    }
}

fn remove(shard: &mut Shard, key: &CacheKey, flight: &Arc<Flight>) {
    if shard.flights.get(key).is_some_and(|it| Arc::ptr_eq(it, flight)) {
        shard.flights.remove(key);
    }
}

impl Drop for Lead {
    fn drop(&mut self) {
        self.leave();
    }
}
