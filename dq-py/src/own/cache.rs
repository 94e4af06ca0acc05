//! A cache whose store is written in Python.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use dq_core::Result;
use dq_core::cache::{
    AnyValue, CacheKey, CacheManager, CacheOptions, CacheStatistics, Codec, Compute, Computed, Hit,
    LevelStatistics, Lookup, MemoryCache, Put, Reach, Reading, Scope, Stored,
};
use pyo3::prelude::*;
use tokio::sync::{Mutex, RwLock};

use crate::own::call::ask;

/// What a stored value begins with, and what stands for none.
const VALUE: u8 = 1;
const ABSENT: u8 = 0;

/// A cache whose store is written in Python: bytes by key. Who computes a value is settled here, once for all
/// who ask at the same time.
///
/// The store failing is a miss, and is told to the log; what it could not be told to forget is not asked for until it
/// has been.
pub(crate) struct PythonCache {
    store: Arc<Store>,
    /// Keeps nothing; it knows who computes what.
    flights: MemoryCache,
}

struct Store {
    /// A `dq._managers.CacheAnswers`: it calls the methods of the manager.
    manager: Py<PyAny>,
    /// How many invalidations there were. Held to write while one is told, and to read while a value is stored,
    /// so that nothing that was read before is stored after.
    generation: RwLock<u64>,
    /// What the store has not been told to forget. Held while it is told, so that nobody asks it meanwhile.
    pending: Mutex<Vec<Scope>>,
    hits: AtomicU64,
    misses: AtomicU64,
    sets: AtomicU64,
    errors: AtomicU64,
}

impl fmt::Debug for PythonCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PythonCache").finish_non_exhaustive()
    }
}

impl PythonCache {
    pub(crate) fn new(manager: Py<PyAny>, flights: MemoryCache) -> Self {
        let store = Store {
            manager,
            generation: RwLock::new(0),
            pending: Mutex::default(),
            hits: AtomicU64::new(0),
            misses: AtomicU64::new(0),
            sets: AtomicU64::new(0),
            errors: AtomicU64::new(0),
        };
        Self { store: Arc::new(store), flights }
    }
}

impl Store {
    /// What the store answers; none if it fails, which is told to the log.
    async fn ask<T: Send + 'static>(
        self: &Arc<Self>,
        method: &'static str,
        work: impl FnOnce(&Bound<'_, PyAny>, Py<PyAny>) -> PyResult<T> + Send + 'static,
    ) -> Option<T> {
        let store = Arc::clone(self);
        let doing = format!("`{method}` of a cache");
        let answer = ask(doing, move |py, call| {
            work(&store.manager.bind(py).getattr(method)?, call.into_any())
        });
        match answer.await {
            Ok(answer) => Some(answer),
            Err(error) => {
                self.errors.fetch_add(1, Ordering::Relaxed);
                tracing::warn!(target: "dq", "a cache failed: {error}");
                None
            }
        }
    }

    async fn find(self: &Arc<Self>, key: &CacheKey, codec: &'static Codec) -> Lookup {
        if !self.settle().await {
            return Lookup::Miss;
        }
        let name = key.to_string();
        let found = self.ask("get", |it, call| it.call1((call, name))?.extract()).await;
        let found: Option<Vec<u8>> = found.flatten();
        match found.as_deref() {
            Some([ABSENT]) => Lookup::Absent,
            // What cannot be read is none of this type, or of another version of it.
            Some([VALUE, bytes @ ..]) => codec.decode(bytes).map_or(Lookup::Miss, Lookup::Value),
            _ => Lookup::Miss,
        }
    }

    fn count(&self, lookup: &Lookup) {
        let counted = if lookup.is_hit() { &self.hits } else { &self.misses };
        counted.fetch_add(1, Ordering::Relaxed);
    }

    /// Stores a value unless something was invalidated since `generation`.
    async fn keep(
        self: &Arc<Self>,
        generation: Option<u64>,
        (key, codec): (&CacheKey, &'static Codec),
        value: Option<&AnyValue>,
        options: &CacheOptions,
    ) -> Stored {
        let ttl_ms = if value.is_some() { options.ttl_ms } else { options.negative_ttl_ms };
        let mut bytes = vec![if value.is_some() { VALUE } else { ABSENT }];
        match value.map(|it| codec.encode(it)).transpose() {
            Ok(encoded) => bytes.extend(encoded.unwrap_or_default()),
            Err(_) => return Stored::No,
        }
        if ttl_ms == 0 || !self.settle().await {
            return Stored::No;
        }
        let present = self.generation.read().await;
        if generation.is_some_and(|it| it != *present) {
            return Stored::Invalidated;
        }
        let (name, namespace) = (key.to_string(), key.namespace().to_string());
        let tags: Vec<String> = options.tags.iter().map(ToString::to_string).collect();
        let seconds = ttl_ms as f64 / 1000.0;
        let stored = self.ask("set", move |it, call| {
            it.call1((call, name, bytes.as_slice(), seconds, namespace, tags)).map(drop)
        });
        match stored.await {
            Some(()) => {
                self.sets.fetch_add(1, Ordering::Relaxed);
                Stored::Everywhere
            }
            None => Stored::No,
        }
    }

    /// Tells the store to forget; gives whether it was told.
    async fn forget(self: &Arc<Self>, scope: &Scope) -> bool {
        let (kind, name) = match scope {
            Scope::Key(it) => ("key", it.to_string()),
            Scope::Tag(it) => ("tag", it.to_string()),
            Scope::Namespace(it) => ("namespace", it.to_string()),
            Scope::Everything => ("everything", String::new()),
        };
        self.ask("forget", move |it, call| it.call1((call, kind, name)).map(drop)).await.is_some()
    }

    /// Tells the store what it has not been told yet; gives whether nothing is left of it.
    async fn settle(self: &Arc<Self>) -> bool {
        let mut pending = self.pending.lock().await;
        while let Some(scope) = pending.last() {
            if !self.forget(scope).await {
                return false;
            }
            pending.pop();
        }
        true
    }
}

#[async_trait]
impl CacheManager for PythonCache {
    fn name(&self) -> &'static str {
        "python"
    }

    fn lookup(&self, _: &CacheKey, _: &'static Codec) -> Option<Hit> {
        None
    }

    async fn load(&self, keys: &[CacheKey], codec: &'static Codec) -> Vec<Lookup> {
        let mut found = Vec::with_capacity(keys.len());
        for key in keys {
            let lookup = self.store.find(key, codec).await;
            self.store.count(&lookup);
            found.push(lookup);
        }
        found
    }

    async fn load_or_compute(
        &self,
        key: &CacheKey,
        codec: &'static Codec,
        options: &CacheOptions,
        compute: Compute,
    ) -> Result<Lookup> {
        let (store, asked, how) = (Arc::clone(&self.store), key.clone(), options.clone());
        let found: Compute = Box::pin(async move {
            let generation = *store.generation.read().await;
            let found = store.find(&asked, codec).await;
            store.count(&found);
            match found {
                Lookup::Value(value) => return Ok(Computed::Passing(Some(value))),
                Lookup::Absent => return Ok(Computed::Passing(None)),
                Lookup::Miss => {}
            }
            let computed = compute.await?;
            if let Computed::Lasting(value) = &computed {
                store.keep(Some(generation), (&asked, codec), value.as_ref(), &how).await;
            }
            Ok(Computed::Passing(computed.into_value()))
        });
        self.flights.load_or_compute(key, codec, options, found).await
    }

    fn claim_refresh(&self, _: &CacheKey) -> bool {
        false
    }

    fn refresh(&self, _: &CacheKey, _: &'static Codec, _: &CacheOptions, _: Compute) {}

    async fn reading(&self, _: &CacheKey) -> Reading {
        Reading { generation: *self.store.generation.read().await, at_nanos: 0, mark: None }
    }

    async fn store(&self, put: Put<'_>) -> Stored {
        let since = put.since.map(|it| it.generation);
        self.store.keep(since, (put.key, put.codec), put.value.as_ref(), put.options).await
    }

    async fn invalidate(&self, scopes: &[Scope]) -> Reach {
        // Pending first: should this future be dropped, they are told later.
        self.store.pending.lock().await.extend(scopes.iter().cloned());
        let mut generation = self.store.generation.write().await;
        *generation += 1;
        let told = self.store.settle().await;
        drop(generation);
        self.flights.invalidate(scopes).await;
        if told { Reach::Everywhere } else { Reach::Here }
    }

    async fn cleanup(&self) -> u64 {
        0
    }

    fn statistics(&self) -> CacheStatistics {
        let mut statistics = self.flights.statistics();
        let count = |it: &AtomicU64| it.load(Ordering::Relaxed);
        statistics.hits = count(&self.store.hits);
        statistics.misses = count(&self.store.misses);
        statistics.memory = LevelStatistics::default();
        statistics.shared.hits = statistics.hits;
        statistics.shared.misses = statistics.misses;
        statistics.shared.sets = count(&self.store.sets);
        statistics.shared.errors = count(&self.store.errors);
        statistics.connected = true;
        statistics
    }

    async fn close(&self) {
        self.flights.close().await;
        self.store.ask("close", |it, call| it.call1((call,)).map(drop)).await;
    }
}
