//! Connections that are lent out, each to one caller at a time.
//!
//! A [`Pool`] opens connections when they are first needed and keeps them. A [`Lease`] holds the right
//! to one connection; whoever drops it, wherever, gives back a connection without an open transaction.

use std::fmt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use rusqlite::Connection;
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::spawn_blocking;

use crate::clock::Clock;
use crate::database::PoolStatistics;
use crate::database::sqlite::config::SqliteConfig;
use crate::database::sqlite::file::Identity;
use crate::database::sqlite::open;
use crate::database::sqlite::task::blocking;
use crate::error::{Error, ErrorKind, Result};
use crate::source::Cancellation;

/// How many instructions of SQLite's machine run between two looks at the request to stop: some
/// hundred microseconds, and no measurable cost.
const OPERATIONS_PER_LOOK: i32 = 10_000;

/// Opens one connection.
pub(crate) type Open = Box<dyn Fn() -> Result<Connection> + Send + Sync>;

/// At most so many connections.
pub(crate) struct Pool {
    /// How messages call the pool.
    name: String,
    /// The file that its connections open.
    path: PathBuf,
    open: Open,
    size: usize,
    timeout: Duration,
    clock: Arc<dyn Clock>,
    permits: Arc<Semaphore>,
    /// Connections that wait for work; `None` once the pool is closed.
    idle: Mutex<Option<Vec<Opened>>>,
    counters: Counters,
}

/// A connection, and the file that it opened.
#[derive(Debug)]
struct Opened {
    connection: Connection,
    file: Option<Identity>,
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
    /// A pool of at most `size` connections to the database that `config` names. `role` is how messages
    /// call them.
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
        let opened = match &mut *self.idle() {
            Some(idle) => idle.pop(),
            None => return Err(self.closed()),
        };
        self.counters.acquisitions.fetch_add(1, Ordering::Relaxed);
        Ok(Lease { pool: Arc::clone(self), held: Some(Held { opened, _permit: permit }) })
    }

    /// Whether the pool still lends.
    ///
    /// # Errors
    ///
    /// `Unavailable` once it is closed.
    pub(crate) fn check_open(&self) -> Result<()> {
        if self.idle().is_some() { Ok(()) } else { Err(self.closed()) }
    }

    /// Lends nothing more, and returns when every connection is closed.
    pub(crate) async fn close(self: &Arc<Self>) {
        let idle = self.idle().take();
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
            let message =
                format!("cannot get one of the {size} {name}: none was free for {millis} ms");
            Error::new(ErrorKind::Timeout, message)
        })
    }

    fn idle(&self) -> MutexGuard<'_, Option<Vec<Opened>>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn closed(&self) -> Error {
        Error::new(
            ErrorKind::Unavailable,
            format!("cannot get one of the {}: the manager is closed", self.name),
        )
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        let idle = self.idle().take().filter(|it| !it.is_empty());
        // The last connection to close moves the log into the database, which takes a while, and this
        // may be a thread that must not block.
        if let (Some(idle), Ok(runtime)) = (idle, Handle::try_current()) {
            drop(runtime.spawn_blocking(move || drop(idle)));
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
    since: std::time::Instant,
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

/// The right to one connection of a pool.
#[derive(Debug)]
pub(crate) struct Lease {
    pool: Arc<Pool>,
    /// `None` once it is given back.
    held: Option<Held>,
}

#[derive(Debug)]
struct Held {
    /// `None` before the first use, and after an error that puts the connection in doubt.
    opened: Option<Opened>,
    /// Last, so that who gets the permit finds the connection.
    _permit: OwnedSemaphorePermit,
}

impl Lease {
    /// Runs `work` on the connection, which is opened if need be. Blocks. Ends soon after someone asks to
    /// `stop`.
    pub(crate) fn run<T>(
        &mut self,
        stop: &Cancellation,
        work: impl FnOnce(&Connection, &Cancellation) -> Result<T>,
    ) -> Result<T> {
        let result = self.attempt(stop, work);
        self.pool.counters.statements.fetch_add(1, Ordering::Relaxed);
        if let Err(error) = &result {
            self.pool.counters.errors.fetch_add(1, Ordering::Relaxed);
            if let (true, Some(held)) = (is_doubtful(error), &mut self.held) {
                held.opened = None;
            }
        }
        result
    }

    fn attempt<T>(
        &mut self,
        stop: &Cancellation,
        work: impl FnOnce(&Connection, &Cancellation) -> Result<T>,
    ) -> Result<T> {
        stop.check()?;
        let Some(held) = &mut self.held else { return Err(self.pool.closed()) };
        let file = Identity::of(&self.pool.path);
        // Where another file has taken the name, the connection still reads the old one.
        let opened = match &mut held.opened {
            Some(opened) if opened.file == file => opened,
            none => none.insert(Opened { connection: (self.pool.open)()?, file }),
        };
        let connection = &opened.connection;
        let watched = stop.clone();
        watch(connection, Some(move || watched.is_cancelled()))?;
        let result = work(connection, stop);
        watch(connection, None::<fn() -> bool>)?;
        result
    }

    /// Gives the connection back, rolling back what is open. May block.
    pub(crate) fn give_back(mut self) {
        self.pool.take_back(self.held.take());
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let Some(held) = self.held.take() else { return };
        let is_open = held.opened.as_ref().is_some_and(|it| !it.connection.is_autocommit());
        match Handle::try_current() {
            // Rolling back takes a while, and this may be a thread that must not block.
            Ok(runtime) if is_open && !thread::panicking() => {
                let pool = Arc::clone(&self.pool);
                drop(runtime.spawn_blocking(move || pool.take_back(Some(held))));
            }
            _ => self.pool.take_back(Some(held)),
        }
    }
}

impl Pool {
    fn take_back(&self, held: Option<Held>) {
        let Some(Held { opened: Some(opened), _permit: permit }) = held else { return };
        let connection = &opened.connection;
        let is_clean = connection.is_autocommit() || connection.execute_batch("ROLLBACK").is_ok();
        let mut doomed = None;
        match &mut *self.idle() {
            Some(idle) if is_clean && !thread::panicking() => idle.push(opened),
            _ => doomed = Some(opened),
        }
        // Closing may take a while, so it happens outside of the lock, and before the permit goes.
        drop(doomed);
        drop(permit);
    }
}

fn watch<F>(connection: &Connection, look: Option<F>) -> Result<()>
where
    F: FnMut() -> bool + Send + 'static,
{
    connection.progress_handler(OPERATIONS_PER_LOOK, look).map_err(|it| {
        Error::new(ErrorKind::Internal, format!("cannot watch a database connection: {it}"))
    })
}

/// Whether an error says more about the connection than about the statement.
fn is_doubtful(error: &Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::Internal
            | ErrorKind::SourceInvalid
            | ErrorKind::Unavailable
            | ErrorKind::WriteFailed
    )
}
