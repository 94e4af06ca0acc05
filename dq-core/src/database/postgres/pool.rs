//! Connections that are lent out, each to one caller at a time.
//!
//! They are made when they are first needed, and kept for a while. Whoever holds a [`Lease`] may use one.
//! A connection is asked for a sign of life only if another has been lost since it was last used.

use std::fmt;
use std::future::Future;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use sqlx::Connection;
use tokio::runtime::{Handle, Id};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::clock::{Clock, within};
use crate::database::PoolStatistics;
use crate::database::postgres::config::PostgresConfig;
use crate::database::postgres::connection::{Connector, Opened};
use crate::database::postgres::error::{from_sqlx, is_lost};
use crate::database::postgres::lease::{Lease, State};
use crate::error::{Error, ErrorKind, Result};

/// At most so many connections.
pub(crate) struct Pool {
    /// How messages call a connection: "reader of `postgres://host/a`".
    name: String,
    size: usize,
    limits: Limits,
    connector: Arc<Connector>,
    clock: Arc<dyn Clock>,
    permits: Arc<Semaphore>,
    /// Connections that wait for work, the last used at the end; `None` once the pool is shut.
    idle: Mutex<Option<Vec<Idle>>>,
    has_reaper: AtomicBool,
    /// How many times a connection was lost.
    losses: AtomicU64,
    counters: Counters,
}

/// How long connections are waited for and kept.
#[derive(Clone, Copy, Debug)]
struct Limits {
    acquire: Duration,
    idle: Duration,
    lifetime: Duration,
    idle_min: usize,
}

/// A connection that waits for work.
struct Idle {
    opened: Opened,
    since: Instant,
    /// How many connections had been lost when it was last used.
    losses: u64,
    /// The runtime that it was used on. On another it could hang, or fail where that one is gone.
    runtime: Option<Id>,
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

impl Pool {
    /// A pool of at most `size` connections. `role` is how messages call one of them.
    pub(crate) fn new(
        role: &str,
        size: usize,
        config: &PostgresConfig,
        connector: Arc<Connector>,
        clock: Arc<dyn Clock>,
    ) -> Arc<Self> {
        Arc::new(Self {
            name: format!("{role} of `{}`", connector.name()),
            size,
            limits: Limits {
                acquire: config.acquire_timeout(),
                idle: config.idle_timeout(),
                lifetime: config.lifetime_max(),
                idle_min: config.idle_min,
            },
            connector,
            clock,
            permits: Arc::new(Semaphore::new(size)),
            idle: Mutex::new(Some(Vec::new())),
            has_reaper: AtomicBool::new(false),
            losses: AtomicU64::new(0),
            counters: Counters::default(),
        })
    }

    /// Waits for a connection that has nothing to do.
    pub(crate) async fn lease(self: &Arc<Self>) -> Result<Lease> {
        let mut permit = self.permit().await?;
        loop {
            let Some(idle) = self.pop()? else { return self.connect(permit).await };
            let is_suspect = idle.losses != self.losses.load(Ordering::Relaxed);
            let mut lease = Lease::new(Arc::clone(self), idle.opened, permit);
            if !is_suspect {
                return Ok(lease);
            }
            let connection = lease.start()?;
            match self.in_time(connection.ping()).await {
                Some(ping) => lease.settle(&ping, State::Idle),
                None => lease.settle(&Err::<(), _>(lost()), State::Lost),
            }
            match lease.state() {
                State::Idle => return Ok(lease),
                _ => permit = lease.into_permit().ok_or_else(|| self.lost())?,
            }
        }
    }

    /// Waits for a connection, and begins a transaction on it with `sql`. A connection that turns out to be
    /// lost is replaced: nothing has happened on it.
    pub(crate) async fn begin(self: &Arc<Self>, sql: &str) -> Result<Lease> {
        let mut lease = self.lease().await?;
        loop {
            let is_new = lease.is_new();
            match lease.try_command(sql, State::Open).await? {
                Ok(()) => return Ok(lease),
                Err(error) if is_lost(&error) && !is_new => {
                    let permit = lease.into_permit().ok_or_else(|| self.lost())?;
                    lease = self.connect(permit).await?;
                }
                Err(error) => {
                    let doing = format!("begin a transaction on `{}`", self.connector.name());
                    return Err(from_sqlx(doing, &error));
                }
            }
        }
    }

    /// A connection if one may be had without waiting for others.
    pub(crate) async fn try_begin(self: &Arc<Self>, sql: &str) -> Option<Lease> {
        let permit = Arc::clone(&self.permits).try_acquire_owned().ok()?;
        let mut lease = match self.pop().ok()? {
            Some(idle) => {
                self.counters.acquisitions.fetch_add(1, Ordering::Relaxed);
                Lease::new(Arc::clone(self), idle.opened, permit)
            }
            None => self.connect(permit).await.ok()?,
        };
        lease.try_command(sql, State::Open).await.ok()?.ok()?;
        Some(lease)
    }

    /// Makes connections.
    pub(crate) fn connector(&self) -> &Connector {
        &self.connector
    }

    /// The same, to share.
    pub(crate) fn shared_connector(&self) -> Arc<Connector> {
        Arc::clone(&self.connector)
    }

    /// Waits for `future` as long as for a new connection.
    pub(crate) async fn in_time<T>(&self, future: impl Future<Output = T>) -> Option<T> {
        within(&*self.clock, self.limits.acquire, future).await
    }

    /// Whether the next caller would have to wait.
    pub(crate) fn is_full(&self) -> bool {
        self.permits.available_permits() == 0
    }

    /// Whether no connection waits for work.
    pub(crate) fn is_cold(&self) -> bool {
        self.idle().as_ref().is_none_or(Vec::is_empty)
    }

    /// Hears that a connection was lost: others may be.
    pub(crate) fn suspect(&self) {
        self.losses.fetch_add(1, Ordering::Relaxed);
    }

    /// Whether the pool still lends.
    ///
    /// # Errors
    ///
    /// `Unavailable` once it is shut.
    pub(crate) fn check_open(&self) -> Result<()> {
        if self.idle().is_some() { Ok(()) } else { Err(self.closed()) }
    }

    /// Lends nothing more, closes the connections that wait for work, and returns when all others are
    /// closed too.
    pub(crate) async fn close(&self) {
        let idle = self.idle().take().unwrap_or_default();
        for it in idle {
            drop(self.in_time(it.opened.connection.close()).await);
        }
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

    /// Counts a statement that ended.
    pub(crate) fn count<T>(&self, result: &Result<T>) {
        self.counters.statements.fetch_add(1, Ordering::Relaxed);
        self.counters.errors.fetch_add(u64::from(result.is_err()), Ordering::Relaxed);
    }

    /// Keeps a connection that has nothing to do for the next caller.
    pub(crate) fn keep(self: &Arc<Self>, opened: Opened) {
        let now = self.clock.now();
        if now.saturating_duration_since(opened.since) >= self.limits.lifetime {
            return;
        }
        let losses = self.losses.load(Ordering::Relaxed);
        if let Some(idle) = &mut *self.idle() {
            idle.push(Idle { opened, since: now, losses, runtime: current_runtime() });
        }
        self.reap_later();
    }

    /// That a lease has no connection any more.
    pub(crate) fn lost(&self) -> Error {
        let message = format!("cannot use a {}: it was lost, or left in the middle", self.name);
        Error::new(ErrorKind::Unavailable, message)
    }

    fn closed(&self) -> Error {
        let message = format!("cannot get a {}: the manager is closed", self.name);
        Error::new(ErrorKind::Unavailable, message)
    }

    async fn permit(&self) -> Result<OwnedSemaphorePermit> {
        self.check_open()?;
        let permit = match Arc::clone(&self.permits).try_acquire_owned() {
            Ok(permit) => permit,
            Err(_) => self.wait().await?,
        };
        self.check_open()?;
        self.counters.acquisitions.fetch_add(1, Ordering::Relaxed);
        Ok(permit)
    }

    /// The connection that was used last, if it is not too old and belongs to this runtime.
    fn pop(&self) -> Result<Option<Idle>> {
        let (now, runtime) = (self.clock.now(), current_runtime());
        let mut idle = self.idle();
        let waiting = idle.as_mut().ok_or_else(|| self.closed())?;
        while let Some(last) = waiting.pop() {
            let age = now.saturating_duration_since(last.opened.since);
            if age < self.limits.lifetime && last.runtime == runtime {
                return Ok(Some(last));
            }
        }
        Ok(None)
    }

    async fn connect(self: &Arc<Self>, permit: OwnedSemaphorePermit) -> Result<Lease> {
        let opened = self.connector.connect().await?;
        Ok(Lease::new(Arc::clone(self), opened, permit).and_is_new())
    }

    async fn wait(&self) -> Result<OwnedSemaphorePermit> {
        let _waiting = Waiting::new(self);
        let permit = tokio::select! {
            biased;
            permit = Arc::clone(&self.permits).acquire_owned() => permit.ok(),
            () = self.clock.sleep(self.limits.acquire) => None,
        };
        permit.ok_or_else(|| {
            self.counters.timeouts.fetch_add(1, Ordering::Relaxed);
            let (name, size, millis) = (&self.name, self.size, self.limits.acquire.as_millis());
            let message = format!("cannot get a {name}: none of {size} was free for {millis} ms");
            Error::new(ErrorKind::Timeout, message)
        })
    }

    /// Sees to it that connections without work are closed in the end.
    fn reap_later(self: &Arc<Self>) {
        let Ok(runtime) = Handle::try_current() else { return };
        if self.has_reaper.swap(true, Ordering::Relaxed) {
            return;
        }
        let (clock, span) = (Arc::clone(&self.clock), self.limits.idle);
        let reaper = Reaper(Arc::downgrade(self));
        runtime.spawn(async move {
            let mut is_over = false;
            while !is_over {
                clock.sleep(span).await;
                is_over = reaper.0.upgrade().is_none_or(|it| it.reap());
            }
        });
    }

    /// Closes what has had no work for too long. Gives whether nobody needs that any more.
    fn reap(&self) -> bool {
        let now = self.clock.now();
        let mut idle = self.idle();
        let Some(waiting) = &mut *idle else { return true };
        let mut surplus = waiting.len().saturating_sub(self.limits.idle_min);
        waiting.retain(|it| {
            let is_old = now.saturating_duration_since(it.since) >= self.limits.idle;
            let is_kept = surplus == 0 || !is_old;
            surplus -= usize::from(!is_kept);
            is_kept
        });
        // Who keeps a connection next calls again.
        waiting.len() <= self.limits.idle_min
    }

    fn idle(&self) -> MutexGuard<'_, Option<Vec<Idle>>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Closes connections without work, as long as its runtime lasts.
struct Reaper(Weak<Pool>);

impl Drop for Reaper {
    fn drop(&mut self) {
        if let Some(pool) = self.0.upgrade() {
            pool.has_reaper.store(false, Ordering::Relaxed);
        }
    }
}

fn current_runtime() -> Option<Id> {
    Handle::try_current().ok().map(|it| it.id())
}

fn lost() -> sqlx::Error {
    sqlx::Error::Protocol("the server gives no sign of life".to_owned())
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
