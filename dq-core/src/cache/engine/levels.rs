//! Reading, writing and invalidating on all levels.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use crate::cache::engine::Engine;
use crate::cache::engine::sharing::read_at;
use crate::cache::key::{CacheKey, Scope};
use crate::cache::local::entry::{Age, Draft, Entry};
use crate::cache::local::lifetime::{Lifetime, nanos};
use crate::cache::local::{Insertion, Moment};
use crate::cache::manager::{Put, Reach, Reading, Stored};
use crate::cache::options::CacheOptions;
use crate::cache::second::{Filled, Filling, Second};
use crate::cache::shared::{Announce, SharedEntry, StoreTime};
use crate::cache::statistics::CacheStatistics;
use crate::cache::value::{Codec, Lookup};
use crate::clock::within;

/// How long closing may take to tell the store what it has not been told.
const CLOSE_DEADLINE: Duration = Duration::from_secs(1);

impl Engine {
    /// See `CacheManager::load`.
    pub(crate) async fn load(&self, keys: &[CacheKey], codec: &'static Codec) -> Vec<Lookup> {
        let moment = self.local.moment();
        let mut found: Vec<_> = keys.iter().map(|it| self.load_local(it, codec)).collect();
        let is_missing =
            |(key, found): (&CacheKey, &Lookup)| (!found.is_hit()).then(|| key.clone());
        let missing: Vec<_> = keys.iter().zip(&found).filter_map(is_missing).collect();
        self.counters.memory.hits.add((keys.len() - missing.len()) as u64);
        if let Some(second) = self.second.as_ref().filter(|_| !missing.is_empty()) {
            let shared = self.load_shared(second, &missing, codec, moment).await;
            let gaps = found.iter_mut().filter(|it| !it.is_hit());
            for (gap, shared) in gaps.zip(shared) {
                *gap = shared;
            }
        }
        self.counters.misses.add(found.iter().filter(|it| !it.is_hit()).count() as u64);
        found
    }

    /// See `CacheManager::reading`.
    pub(crate) async fn reading(&self, key: &CacheKey) -> Reading {
        let moment = self.local.moment();
        let fetched = match &self.second {
            Some(second) => second.get_one(key).await,
            None => None,
        };
        let mark = fetched.map(|it| it.mark);
        Reading { generation: moment.generation, at_nanos: moment.at, mark }
    }

    /// See `CacheManager::store`.
    pub(crate) async fn store(&self, put: Put<'_>) -> Stored {
        let life = self.local.lifetime(put.key, put.options, put.value.is_some());
        if life.keep == 0 {
            self.invalidate(&[Scope::Key(put.key.clone())]).await;
            return Stored::No;
        }
        let moment = match &put.since {
            Some(it) => Moment { generation: it.generation, at: it.at_nanos },
            None => self.local.moment(),
        };
        let filled = match &self.second {
            Some(second) => self.share(second, &put, life).await,
            None => Filled::Not,
        };
        let stored_at = match filled {
            Filled::Stored(at) => Some(at),
            Filled::Not => None,
            Filled::Refused => {
                self.local.invalidate(&Scope::Key(put.key.clone()));
                return Stored::Invalidated;
            }
        };
        self.store_local(&put, moment, life, stored_at)
    }

    /// See `CacheManager::invalidate`.
    pub(crate) async fn invalidate(&self, scopes: &[Scope]) -> Reach {
        if let Some(second) = &self.second {
            second.envelope.revoke(scopes);
        }
        self.local.forget(scopes);
        let Some(second) = &self.second else { return Reach::Everywhere };
        if !second.invalidate(scopes).await {
            return Reach::Here;
        }
        // Once more: who asked the store before it knew may have kept what it said.
        self.local.forget(scopes);
        Reach::Everywhere
    }

    /// See `CacheManager::close`.
    pub(crate) async fn close(&self) {
        if let Some(second) = &self.second {
            within(self.local.clock(), CLOSE_DEADLINE, second.replay_all()).await;
            second.end_tasks();
            second.store.close().await;
        }
        self.local.close();
    }

    /// See `CacheManager::statistics`.
    pub(crate) fn statistics(&self) -> CacheStatistics {
        let mut statistics = self.counters.statistics();
        (statistics.memory.entries, statistics.memory.bytes) = self.local.size();
        if let Some(second) = &self.second {
            statistics.shared.misses = statistics.misses;
            statistics.connected = second.connected.load(Ordering::Acquire);
            statistics.invalidations_pending = second.pending.len() as u64;
        }
        statistics
    }

    /// Keeps an entry of the store in memory, if it can be read and nothing says that it is invalid.
    pub(crate) fn adopt(
        &self,
        second: &Second,
        (key, codec, options): (&CacheKey, &'static Codec, &CacheOptions),
        moment: Moment,
        entry: &SharedEntry,
    ) -> Option<(Arc<Entry>, Age)> {
        let tags = second.tags_of(entry);
        let read_at = read_at(moment, entry.age_ms);
        if second.pending.covers(key, &tags, self.local.instant_of(read_at)) {
            return None;
        }
        let value = match second.open(key, codec, &entry.payload) {
            Lookup::Value(value) => Some(value),
            Lookup::Absent => None,
            Lookup::Miss => return None,
        };
        let draft = Draft {
            value,
            codec,
            generation: moment.generation,
            read_at,
            checked_at: moment.at,
            life: Lifetime::of(options, nanos(entry.fresh_ms), nanos(entry.keep_ms)),
            stored_at: Some(entry.stored_at),
        };
        let marks = self.local.hold_tags(key, &tags);
        let now = self.local.now();
        let adopted = match self.local.insert(key, draft.clone(), marks) {
            Insertion::Inserted(entry) => entry,
            Insertion::Outdated => {
                self.counters.refused_invalidated.increment();
                return None;
            }
            Insertion::TooLarge | Insertion::TooShort => {
                Arc::new(Entry::new(draft, Box::default()))
            }
        };
        let age = adopted.age(now);
        (age != Age::Gone).then_some((adopted, age))
    }

    fn load_local(&self, key: &CacheKey, codec: &'static Codec) -> Lookup {
        match self.local.find_again(key) {
            Some((entry, age)) if age != Age::Stale && entry.type_id == codec.type_id() => {
                entry.value.clone().map_or(Lookup::Absent, Lookup::Value)
            }
            _ => Lookup::Miss,
        }
    }

    async fn load_shared(
        &self,
        second: &Second,
        keys: &[CacheKey],
        codec: &'static Codec,
        moment: Moment,
    ) -> Vec<Lookup> {
        let Some(fetched) = second.get(keys).await else { return Vec::new() };
        let options = CacheOptions::default();
        let lookup = |(key, entry): (&CacheKey, Option<SharedEntry>)| {
            let adopted = self.adopt(second, (key, codec, &options), moment, &entry?);
            let (entry, _) = adopted.filter(|(_, age)| *age != Age::Stale)?;
            self.counters.shared.hits.increment();
            Some(entry.value.clone().map_or(Lookup::Absent, Lookup::Value))
        };
        let entries = keys.iter().zip(fetched.into_iter().map(|it| it.entry));
        entries.map(lookup).map(|it| it.unwrap_or(Lookup::Miss)).collect()
    }

    /// Puts a value into the store, or has the store forget what it replaces.
    async fn share(&self, second: &Second, put: &Put<'_>, life: Lifetime) -> Filled {
        let mark = put.since.map(|it| it.mark);
        let filled = match mark {
            // It is not known what has happened since it was read.
            Some(None) => return Filled::Not,
            mark => {
                let filling = Filling {
                    key: put.key,
                    codec: put.codec,
                    value: put.value.as_ref(),
                    tags: &put.options.tags,
                    life,
                    since: mark.flatten(),
                    fence: None,
                };
                second.put(&filling, Announce::Replaced).await
            }
        };
        if filled == Filled::Not && mark.is_none() {
            second.invalidate(&[Scope::Key(put.key.clone())]).await;
        }
        filled
    }

    fn store_local(
        &self,
        put: &Put<'_>,
        moment: Moment,
        life: Lifetime,
        stored_at: Option<StoreTime>,
    ) -> Stored {
        let draft = Draft {
            value: put.value.clone(),
            codec: put.codec,
            generation: moment.generation,
            read_at: moment.at,
            checked_at: moment.at,
            life,
            stored_at,
        };
        let marks = self.local.hold(put.key, put.options);
        let insertion = match put.since {
            Some(_) => self.local.insert(put.key, draft, marks),
            None => self.local.replace(put.key, draft, marks),
        };
        let is_shared = self.second.is_none() || stored_at.is_some();
        match insertion {
            Insertion::Inserted(_) if is_shared => Stored::Everywhere,
            Insertion::Inserted(_) => Stored::Here,
            Insertion::Outdated => {
                self.local.invalidate(&Scope::Key(put.key.clone()));
                self.counters.refused_invalidated.increment();
                Stored::Invalidated
            }
            Insertion::TooLarge | Insertion::TooShort => Stored::No,
        }
    }
}
