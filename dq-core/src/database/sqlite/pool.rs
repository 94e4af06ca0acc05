//! Connections that are lent out, each to one caller at a time.
//!
//! They are opened when they are first needed, and kept. Whoever holds a [`Lease`] may use one.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rusqlite::Connection;
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::spawn_blocking;

use crate::clock::Clock;
use crate::database::PoolStatistics;
use crate::database::sqlite::config::SqliteConfig;
use crate::database::sqlite::lease::{Lease, Opened};
use crate::database::sqlite::open;
use crate::database::sqlite::task::blocking;
use crate::error::{Error, ErrorKind, Result};
use crate::source::Cancellation;

/// Opens one connection.
pub(crate) type Open = Box<dyn Fn() -> Result<Connection> + Send + Sync>;

/// At most so many connections.
pub(crate) struct Pool {
    /// How messages call a connection: "reader of `sqlite:a.db`".
    name: String,
    path: PathBuf,
    open: Open,
    size: usize,
    timeout: Duration,
    clock: Arc<dyn Clock>,
    permits: Arc<Semaphore>,
    /// Connections that wait for work; `None` once the pool is shut.
    idle: Mutex<Option<Vec<Opened>>>,
    counters: Counters,
}

/// Connections that waited for work when their pool was shut.
#[derive(Debug)]
pub(crate) struct Idle(Vec<Opened>);

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

impl Pool {
    /// A pool of at most `size` connections to the database that `config` names. `role` is how messages
    /// call one of them.
    pub(crate) fn new(
        role: &str,
        size: usize,
        config: &SqliteConfig,
        clock: Arc<dyn Clock>,
        open: Open,
    ) -> Arc<Self> {
        Arc::new(Self {
            name: format!("{role} of `{}`", open::name(&config.path)),
            path: config.path.clone(),
            open,
            size,
            timeout: config.acquire_timeout(),
            clock,
            permits: Arc::new(Semaphore::new(size)),
            idle: Mutex::new(Some(Vec::new())),
            counters: Counters::default(),
        })
    }

    /// Runs `work` on a connection, off the threads that must not block. If the future is dropped,
    /// the running statement is interrupted.
    pub(crate) async fn run<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&Connection, &Cancellation) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let mut lease = self.lease().await?;
        blocking(move |stop| {
            let result = lease.run(stop, work);
            lease.give_back();
            result
        })
        .await
    }

    /// Waits for the right to a connection.
    pub(crate) async fn lease(self: &Arc<Self>) -> Result<Lease> {
        let permit = match Arc::clone(&self.permits).try_acquire_owned() {
            Ok(permit) => permit,
            Err(_) => self.wait().await?,
        };
        let opened = self.idle().as_mut().ok_or_else(|| self.closed())?.pop();
        self.counters.acquisitions.fetch_add(1, Ordering::Relaxed);
        Ok(Lease::new(Arc::clone(self), opened, permit))
    }

    /// Whether the pool still lends.
    ///
    /// # Errors
    ///
    /// `Unavailable` once it is shut.
    pub(crate) fn check_open(&self) -> Result<()> {
        if self.idle().is_some() { Ok(()) } else { Err(self.closed()) }
    }

    /// Lends nothing more. Gives the connections that wait for work, for [`drain`](Self::drain).
    pub(crate) fn shut(&self) -> Idle {
        Idle(self.idle().take().unwrap_or_default())
    }

    /// Closes the connections that waited for work, and returns when all others are closed too.
    pub(crate) async fn drain(&self, idle: Idle) {
        let closed = spawn_blocking(move || drop(idle)).await;
        debug_assert!(closed.is_ok(), "closing a connection does not panic");
        let all = u32::try_from(self.size).unwrap_or(u32::MAX);
        // A semaphore that nobody closes always grants in the end.
        drop(self.permits.acquire_many(all).await);
    }

    /// What the pool counts.
    pub(crate) fn statistics(&self) -> PoolStatistics {
        let count = |it: &AtomicU64| it.load(Ordering::Relaxed);
        PoolStatistics {
            size: self.size,
            in_use: self.size.saturating_sub(self.permits.available_permits()),
            idle: self.idle().as_ref().map_or(0, Vec::len),
            waiting: self.counters.waiting.load(Ordering::Relaxed),
            acquisitions: count(&self.counters.acquisitions),
            waits: count(&self.counters.waits),
            waited: Duration::from_micros(count(&self.counters.waited_micros)),
            timeouts: count(&self.counters.timeouts),
        }
    }

    /// How many statements ended, and how many of them with an error.
    pub(crate) fn statements(&self) -> (u64, u64) {
        let count = |it: &AtomicU64| it.load(Ordering::Relaxed);
        (count(&self.counters.statements), count(&self.counters.errors))
    }

    /// The file that the connections of this pool open.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Opens a connection.
    pub(crate) fn connect(&self) -> Result<Connection> {
        (self.open)()
    }

    /// Counts a statement that ended.
    pub(crate) fn count<T>(&self, result: &Result<T>) {
        self.counters.statements.fetch_add(1, Ordering::Relaxed);
        self.counters.errors.fetch_add(u64::from(result.is_err()), Ordering::Relaxed);
    }

    /// Keeps a connection without an open transaction for the next caller. Gives it back if the pool is
    /// shut.
    pub(crate) fn keep(&self, opened: Opened) -> Option<Opened> {
        match &mut *self.idle() {
            Some(idle) => {
                idle.push(opened);
                None
            }
            None => Some(opened),
        }
    }

    /// That the pool is shut.
    pub(crate) fn closed(&self) -> Error {
        let message = format!("cannot get a {}: the manager is closed", self.name);
        Error::new(ErrorKind::Unavailable, message)
    }

    async fn wait(&self) -> Result<OwnedSemaphorePermit> {
        let _waiting = Waiting::new(self);
        let permit = tokio::select! {
            biased;
            permit = Arc::clone(&self.permits).acquire_owned() => permit.ok(),
            () = self.clock.sleep(self.timeout) => None,
        };
        permit.ok_or_else(|| {
            self.counters.timeouts.fetch_add(1, Ordering::Relaxed);
            let (name, size, millis) = (&self.name, self.size, self.timeout.as_millis());
            let message = format!("cannot get a {name}: none of {size} was free for {millis} ms");
            Error::new(ErrorKind::Timeout, message)
        })
    }

    fn idle(&self) -> MutexGuard<'_, Option<Vec<Opened>>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        let Idle(idle) = self.shut();
        // The last connection to close moves the log into the database, which takes a while, and this
        // may be a thread that must not block.
        match Handle::try_current() {
            Ok(runtime) if !idle.is_empty() => drop(runtime.spawn_blocking(move || drop(idle))),
            _ => drop(idle),
        }
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool")
            .field("name", &self.name)
            .field("size", &self.size)
            .finish_non_exhaustive()
    }
}

/// A caller who waits; however the wait ends, it is counted.
struct Waiting<'a> {
    pool: &'a Pool,
    since: Instant,
}

impl<'a> Waiting<'a> {
    fn new(pool: &'a Pool) -> Self {
        pool.counters.waiting.fetch_add(1, Ordering::Relaxed);
        pool.counters.waits.fetch_add(1, Ordering::Relaxed);
        Self { pool, since: pool.clock.now() }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let waited = self.pool.clock.now().saturating_duration_since(self.since);
        self.pool.counters.waiting.fetch_sub(1, Ordering::Relaxed);
        self.pool.counters.waited_micros.fetch_add(waited.as_micros() as u64, Ordering::Relaxed);
    }
}
