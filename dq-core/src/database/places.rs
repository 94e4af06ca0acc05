//! The places of a pool of connections: who may have one, who waits for one, and what is counted of both.
//!
//! A place is the right to one connection. It is taken before the connection is, and given back after it, so
//! there are never more connections than places.

use std::fmt;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

use crate::clock::Clock;
use crate::database::{PoolStatistics, Statistics};
use crate::error::{Error, ErrorKind, Result};

/// The right to one connection; who drops it gives it back.
pub(crate) type Place = OwnedSemaphorePermit;

/// The places of a pool, and its connections of type `T` that wait for work.
pub(crate) struct Places<T> {
    /// How messages call a connection: "reader of `postgres://host/a`".
    name: String,
    size: usize,
    /// How long a place is waited for.
    timeout: Duration,
    clock: Arc<dyn Clock>,
    free: Arc<Semaphore>,
    /// The last used at the end; `None` once the pool is shut.
    idle: Mutex<Option<Vec<T>>>,
    /// Wakes those who wait when the pool is shut.
    shut: Notify,
    counters: Counters,
}

#[derive(Debug, Default)]
struct Counters {
    waiting: AtomicUsize,
    acquisitions: AtomicU64,
    waits: AtomicU64,
    waited_micros: AtomicU64,
    timeouts: AtomicU64,
    statements: AtomicU64,
    errors: AtomicU64,
}

impl<T> Places<T> {
    /// So many places. `name` is how messages call a connection.
    pub(crate) fn new(name: String, size: usize, timeout: Duration, clock: Arc<dyn Clock>) -> Self {
        Self {
            name,
            size,
            timeout,
            clock,
            free: Arc::new(Semaphore::new(size)),
            idle: Mutex::new(Some(Vec::new())),
            shut: Notify::new(),
            counters: Counters::default(),
        }
    }

    /// How messages call a connection.
    #[cfg(any(feature = "mysql", feature = "postgres"))]
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Waits for a place.
    ///
    /// # Errors
    ///
    /// `Timeout` if none is free for too long, `Unavailable` once the pool is shut.
    pub(crate) async fn take(&self) -> Result<Place> {
        self.check_open()?;
        let place = match Arc::clone(&self.free).try_acquire_owned() {
            Ok(place) => place,
            Err(_) => self.wait().await?,
        };
        self.check_open()?;
        self.counters.acquisitions.fetch_add(1, Ordering::Relaxed);
        Ok(place)
    }

    #[cfg(any(feature = "mysql", feature = "postgres"))]
    /// A place if there is one without waiting for others.
    pub(crate) fn try_take(&self) -> Option<Place> {
        self.check_open().ok()?;
        let place = Arc::clone(&self.free).try_acquire_owned().ok()?;
        self.counters.acquisitions.fetch_add(1, Ordering::Relaxed);
        Some(place)
    }

    /// Waits until every place is free.
    pub(crate) async fn all(&self) {
        let all = u32::try_from(self.size).unwrap_or(u32::MAX);
        // A semaphore that nobody closes always grants in the end.
        drop(self.free.acquire_many(all).await);
    }

    /// The connection that was used last of those without work.
    ///
    /// # Errors
    ///
    /// `Unavailable` once the pool is shut.
    pub(crate) fn pop(&self) -> Result<Option<T>> {
        Ok(self.idle().as_mut().ok_or_else(|| self.closed())?.pop())
    }

    /// Keeps a connection for the next caller. Gives it back if the pool is shut.
    pub(crate) fn keep(&self, connection: T) -> Option<T> {
        match &mut *self.idle() {
            Some(idle) => {
                idle.push(connection);
                None
            }
            None => Some(connection),
        }
    }

    /// Lends nothing more, not even to those who wait. Gives the connections that wait for work.
    pub(crate) fn shut(&self) -> Vec<T> {
        let idle = self.idle().take().unwrap_or_default();
        self.shut.notify_waiters();
        idle
    }

    /// Whether the pool still lends.
    ///
    /// # Errors
    ///
    /// `Unavailable` once it is shut.
    pub(crate) fn check_open(&self) -> Result<()> {
        if self.idle().is_some() { Ok(()) } else { Err(self.closed()) }
    }

    /// That the pool is shut.
    pub(crate) fn closed(&self) -> Error {
        let message = format!("cannot get a {}: the manager is closed", self.name);
        Error::new(ErrorKind::Unavailable, message)
    }

    /// The connections that wait for work, the last used at the end; `None` once the pool is shut.
    pub(crate) fn idle(&self) -> MutexGuard<'_, Option<Vec<T>>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a statement that ended.
    pub(crate) fn count<R>(&self, result: &Result<R>) {
        self.counters.statements.fetch_add(1, Ordering::Relaxed);
        self.counters.errors.fetch_add(u64::from(result.is_err()), Ordering::Relaxed);
    }

    /// What is counted.
    pub(crate) fn statistics(&self) -> PoolStatistics {
        let count = |it: &AtomicU64| it.load(Ordering::Relaxed);
        PoolStatistics {
            size: self.size,
            in_use: self.size.saturating_sub(self.free.available_permits()),
            idle: self.idle().as_ref().map_or(0, Vec::len),
            waiting: self.counters.waiting.load(Ordering::Relaxed),
            acquisitions: count(&self.counters.acquisitions),
            waits: count(&self.counters.waits),
            waited: Duration::from_micros(count(&self.counters.waited_micros)),
            timeouts: count(&self.counters.timeouts),
        }
    }

    async fn wait(&self) -> Result<Place> {
        let shut = self.shut.notified();
        self.check_open()?;
        let _waiting = Waiting::new(&self.counters, &*self.clock);
        let place = tokio::select! {
            biased;
            () = shut => return Err(self.closed()),
            place = Arc::clone(&self.free).acquire_owned() => place.ok(),
            () = self.clock.sleep(self.timeout) => None,
        };
        place.ok_or_else(|| {
            self.counters.timeouts.fetch_add(1, Ordering::Relaxed);
            let (name, size, millis) = (&self.name, self.size, self.timeout.as_millis());
            let message = format!("cannot get a {name}: none of {size} was free for {millis} ms");
            Error::new(ErrorKind::Timeout, message)
        })
    }
}

/// What a manager with these two pools counts.
pub(crate) fn statistics<T>(readers: &Places<T>, writers: &Places<T>) -> Statistics {
    let sum = |count: fn(&Counters) -> &AtomicU64| {
        [readers, writers].iter().map(|it| count(&it.counters).load(Ordering::Relaxed)).sum()
    };
    Statistics {
        readers: readers.statistics(),
        writers: writers.statistics(),
        statements: sum(|it| &it.statements),
        errors: sum(|it| &it.errors),
    }
}

impl<T> fmt::Debug for Places<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Places")
            .field("name", &self.name)
            .field("size", &self.size)
            .finish_non_exhaustive()
    }
}

/// A caller who waits; however the wait ends, it is counted.
struct Waiting<'a> {
    counters: &'a Counters,
    clock: &'a dyn Clock,
    since: Instant,
}

impl<'a> Waiting<'a> {
    fn new(counters: &'a Counters, clock: &'a dyn Clock) -> Self {
        counters.waiting.fetch_add(1, Ordering::Relaxed);
        counters.waits.fetch_add(1, Ordering::Relaxed);
        Self { counters, clock, since: clock.now() }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let waited = self.clock.now().saturating_duration_since(self.since);
        self.counters.waiting.fetch_sub(1, Ordering::Relaxed);
        self.counters.waited_micros.fetch_add(waited.as_micros() as u64, Ordering::Relaxed);
    }
}
