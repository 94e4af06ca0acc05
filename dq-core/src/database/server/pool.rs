//! Connections to a server that are lent out, each to one caller at a time.
//!
//! They are made when they are first needed, and kept for a while. Whoever holds a [`Lease`] may use one.
//! A connection is asked for a sign of life only if another has been lost since it was last used.

use std::fmt;
use std::future::Future;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use sqlx::Connection;
use tokio::runtime::{Handle, Id};
use tokio::task::AbortHandle;

use crate::clock::{Clock, within};
use crate::database::places::{Place, Places};
use crate::database::server::{Connector, Driver, Lease, State};
use crate::error::{Error, ErrorKind, Result};

/// At most so many connections.
pub(crate) struct Pool<C: Connector> {
    places: Places<Idle<C>>,
    limits: Limits,
    connector: Arc<C>,
    clock: Arc<dyn Clock>,
    has_reaper: AtomicBool,
    reaper: Mutex<Option<AbortHandle>>,
    /// How many times a connection was lost.
    losses: AtomicU64,
}

/// How many connections there may be, and how long they are waited for and kept.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) size: usize,
    pub(crate) acquire: Duration,
    pub(crate) idle: Duration,
    pub(crate) lifetime: Duration,
    /// How many are kept however long they have had no work.
    pub(crate) idle_min: usize,
}

/// A connection, and what is known about it.
pub(crate) struct Opened<C: Connector> {
    pub(crate) connection: Driver<C>,
    pub(crate) session: C::Session,
    since: Instant,
}

/// A connection that waits for work.
pub(crate) struct Idle<C: Connector> {
    opened: Opened<C>,
    since: Instant,
    /// How many connections had been lost when it was last used.
    losses: u64,
    /// The runtime that it was used on. On another it could hang, or fail where that one is gone.
    runtime: Option<Id>,
}

impl<C: Connector> Pool<C> {
    /// A pool without connections yet. `role` is how messages call one of them.
    pub(crate) fn new(
        role: &str,
        limits: Limits,
        connector: Arc<C>,
        clock: Arc<dyn Clock>,
    ) -> Arc<Self> {
        let name = format!("{role} of `{}`", connector.name());
        Arc::new(Self {
            places: Places::new(name, limits.size, limits.acquire, Arc::clone(&clock)),
            limits,
            connector,
            clock,
            has_reaper: AtomicBool::new(false),
            reaper: Mutex::default(),
            losses: AtomicU64::new(0),
        })
    }

    /// Waits for a connection that has nothing to do.
    pub(crate) async fn lease(self: &Arc<Self>) -> Result<Lease<C>> {
        let mut place = self.places.take().await?;
        loop {
            let Some(idle) = self.pop()? else { return self.connect(place).await };
            let is_suspect = idle.losses != self.losses.load(Ordering::Relaxed);
            let mut lease = Lease::new(Arc::clone(self), idle.opened, place);
            if !is_suspect {
                return Ok(lease);
            }
            let connection = lease.start()?;
            match self.in_time(connection.ping()).await {
                Some(ping) => lease.settle(&ping, State::Idle),
                None => lease.settle(&Err::<(), _>(silent()), State::Lost),
            }
            match lease.state() {
                State::Idle => return Ok(lease),
                _ => place = lease.into_place().ok_or_else(|| self.lost())?,
            }
        }
    }

    /// Waits for a connection, and begins a transaction on it with `sql`. A connection that turns out to be
    /// lost is replaced: nothing has happened on it.
    pub(crate) async fn begin(self: &Arc<Self>, sql: &str) -> Result<Lease<C>> {
        let mut lease = self.lease().await?;
        loop {
            let is_new = lease.is_new();
            match begin(&mut lease, sql).await? {
                Ok(()) => return Ok(lease),
                Err(error) if C::is_lost(&error) && !is_new => {
                    let place = lease.into_place().ok_or_else(|| self.lost())?;
                    lease = self.connect(place).await?;
                }
                Err(error) => {
                    let doing = format!("begin a transaction on `{}`", self.connector.name());
                    return Err(C::error(&doing, &error));
                }
            }
        }
    }

    /// A connection if one may be had without waiting for others, in a transaction that `sql` begins.
    pub(crate) async fn try_begin(self: &Arc<Self>, sql: &str) -> Option<Lease<C>> {
        let place = self.places.try_take()?;
        let mut lease = match self.pop().ok()? {
            Some(idle) => Lease::new(Arc::clone(self), idle.opened, place),
            None => self.connect(place).await.ok()?,
        };
        begin(&mut lease, sql).await.ok()?.ok()?;
        Some(lease)
    }

    /// Makes connections.
    pub(crate) fn connector(&self) -> &Arc<C> {
        &self.connector
    }

    /// Who may have a connection, and what is counted.
    pub(crate) fn places(&self) -> &Places<Idle<C>> {
        &self.places
    }

    /// Waits for `future` as long as for a connection.
    pub(crate) async fn in_time<T>(&self, future: impl Future<Output = T>) -> Option<T> {
        within(&*self.clock, self.limits.acquire, future).await
    }

    /// Whether the next caller would have to wait.
    #[cfg(feature = "postgres")]
    pub(crate) fn is_full(&self) -> bool {
        self.places.are_taken()
    }

    /// Whether no connection waits for work.
    #[cfg(feature = "postgres")]
    pub(crate) fn is_cold(&self) -> bool {
        self.places.idle().as_ref().is_none_or(Vec::is_empty)
    }

    /// Hears that a connection was lost: others may be.
    pub(crate) fn suspect(&self) {
        self.losses.fetch_add(1, Ordering::Relaxed);
    }

    /// Lends nothing more, closes the connections that wait for work, and returns when all others are
    /// closed too.
    pub(crate) async fn close(&self) {
        self.stop_reaper();
        for it in self.places.shut() {
            drop(self.in_time(it.opened.connection.close()).await);
        }
        self.places.all().await;
    }

    /// Keeps a connection that has nothing to do for the next caller.
    pub(crate) fn keep(self: &Arc<Self>, opened: Opened<C>) {
        let now = self.clock.now();
        if now.saturating_duration_since(opened.since) >= self.limits.lifetime {
            return;
        }
        let losses = self.losses.load(Ordering::Relaxed);
        let idle = Idle { opened, since: now, losses, runtime: current_runtime() };
        drop(self.places.keep(idle));
        self.reap_later();
    }

    /// That a lease has no connection any more.
    pub(crate) fn lost(&self) -> Error {
        let name = self.places.name();
        let message = format!("cannot use a {name}: it was lost, or left in the middle");
        Error::new(ErrorKind::Unavailable, message)
    }

    /// The connection that was used last, if it is not too old and belongs to this runtime.
    fn pop(&self) -> Result<Option<Idle<C>>> {
        let (now, runtime) = (self.clock.now(), current_runtime());
        while let Some(last) = self.places.pop()? {
            let age = now.saturating_duration_since(last.opened.since);
            if age < self.limits.lifetime && last.runtime == runtime {
                return Ok(Some(last));
            }
        }
        Ok(None)
    }

    async fn connect(self: &Arc<Self>, place: Place) -> Result<Lease<C>> {
        // The future of a handshake is large, and each that awaits it would be so, too.
        let (connection, session) = Box::pin(self.connector.connect()).await?;
        let opened = Opened { connection, session, since: self.clock.now() };
        Ok(Lease::new(Arc::clone(self), opened, place).and_is_new())
    }

    /// Sees to it that connections without work are closed in the end.
    fn reap_later(self: &Arc<Self>) {
        let Ok(runtime) = Handle::try_current() else { return };
        if self.has_reaper.swap(true, Ordering::Relaxed) {
            return;
        }
        let (clock, span) = (Arc::clone(&self.clock), self.limits.idle);
        let reaper = Reaper(Arc::downgrade(self));
        let task = runtime.spawn(async move {
            let mut is_over = false;
            while !is_over {
                clock.sleep(span).await;
                is_over = reaper.0.upgrade().is_none_or(|it| it.reap());
            }
        });
        *self.reaper.lock().unwrap_or_else(PoisonError::into_inner) = Some(task.abort_handle());
    }

    /// Lets nobody sleep on for connections that will not be there.
    fn stop_reaper(&self) {
        if let Some(task) = self.reaper.lock().unwrap_or_else(PoisonError::into_inner).take() {
            task.abort();
        }
    }

    /// Closes what has had no work for too long. Gives whether nobody needs that any more.
    fn reap(&self) -> bool {
        let now = self.clock.now();
        let mut idle = self.places.idle();
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
}

impl<C: Connector> Drop for Pool<C> {
    fn drop(&mut self) {
        self.stop_reaper();
    }
}

/// Begins a transaction. One whose beginning fails in its middle is open, too, and rolled back with the lease.
async fn begin<C: Connector>(lease: &mut Lease<C>, sql: &str) -> Result<sqlx::Result<()>> {
    let begun = lease.try_command(sql, State::Open).await?;
    if begun.is_err() && lease.state() == State::Idle {
        lease.settle(&begun, State::Open);
    }
    Ok(begun)
}

/// Closes connections without work, as long as its runtime lasts.
struct Reaper<C: Connector>(Weak<Pool<C>>);

impl<C: Connector> Drop for Reaper<C> {
    fn drop(&mut self) {
        if let Some(pool) = self.0.upgrade() {
            pool.has_reaper.store(false, Ordering::Relaxed);
        }
    }
}

fn current_runtime() -> Option<Id> {
    Handle::try_current().ok().map(|it| it.id())
}

fn silent() -> sqlx::Error {
    sqlx::Error::Protocol("the server gives no sign of life".to_owned())
}

impl<C: Connector> fmt::Debug for Pool<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool")
            .field("places", &self.places)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

impl<C: Connector> fmt::Debug for Opened<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Opened").field("session", &self.session).finish_non_exhaustive()
    }
}
