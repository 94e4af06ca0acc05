//! How many calls may be under way.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::clock::{Clock, within as wait_within};
use crate::error::{Error, ErrorKind, Result};
use crate::resilience::config::within;
use crate::resilience::deadline::Deadline;

/// How many calls may be under way, and how many may wait.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct BulkheadConfig {
    /// How many calls may be under way, 1 to 100000. Default: 25, usual: 8 to 50.
    pub concurrency_max: usize,
    /// How many calls may wait for one of those to end, 0 to 1000000. Default: 1000. They go on in the order
    /// in which they came.
    pub queue_max: usize,
    /// How long a call waits, in milliseconds, 0 to 3600000. Default: 30000.
    pub wait_max_ms: u64,
}

impl Default for BulkheadConfig {
    fn default() -> Self {
        Self { concurrency_max: 25, queue_max: 1_000, wait_max_ms: 30_000 }
    }
}

impl BulkheadConfig {
    /// Checks every field.
    ///
    /// # Errors
    ///
    /// `ConfigInvalid`, with the name of the first field that is out of its range.
    pub fn validate(&self) -> Result<()> {
        within("concurrency_max", self.concurrency_max, 1..=100_000)?;
        within("queue_max", self.queue_max, 0..=1_000_000)?;
        within("wait_max_ms", self.wait_max_ms, 0..=3_600_000)
    }
}

/// Bounds the calls that are under way, so that a slow dependency does not fill the program with waiters.
/// Clones are the same bulkhead.
///
/// ```
/// use std::sync::Arc;
///
/// use dq_core::clock::SystemClock;
/// use dq_core::resilience::{Bulkhead, BulkheadConfig, Deadline};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> dq_core::Result<()> {
/// let config = BulkheadConfig { concurrency_max: 1, queue_max: 0, ..BulkheadConfig::default() };
/// let bulkhead = Bulkhead::new("database", &config, Arc::new(SystemClock))?;
/// let place = bulkhead.acquire(Deadline::NEVER).await?;
/// assert!(bulkhead.acquire(Deadline::NEVER).await.is_err(), "one is under way, and none may wait");
/// drop(place);
/// assert_eq!(bulkhead.active(), 0);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Bulkhead {
    name: Arc<str>,
    config: BulkheadConfig,
    clock: Arc<dyn Clock>,
    room: Arc<Semaphore>,
    waiting: Arc<AtomicUsize>,
}

/// The place of one call; dropping it gives it back.
#[derive(Debug)]
#[must_use = "the place is given back when this is dropped"]
pub struct BulkheadPermit {
    _room: OwnedSemaphorePermit,
}

/// A place in the queue, given back when it is dropped.
struct Waiting<'a>(&'a AtomicUsize);

impl Bulkhead {
    /// Creates a bulkhead for what is called `name`.
    ///
    /// # Errors
    ///
    /// `ConfigInvalid`, with the name of the field that is out of its range.
    pub fn new(
        name: impl Into<Arc<str>>,
        config: &BulkheadConfig,
        clock: Arc<dyn Clock>,
    ) -> Result<Self> {
        config.validate()?;
        Ok(Self {
            name: name.into(),
            config: config.clone(),
            clock,
            room: Arc::new(Semaphore::new(config.concurrency_max)),
            waiting: Arc::default(),
        })
    }

    /// Takes a place if one is free and nobody waits for it.
    pub fn try_acquire(&self) -> Option<BulkheadPermit> {
        let room = Arc::clone(&self.room).try_acquire_owned().ok()?;
        Some(BulkheadPermit { _room: room })
    }

    /// Takes a place, waiting for it in the order of coming.
    ///
    /// # Errors
    ///
    /// `Busy` when too many wait already, or when none became free within `wait_max_ms`; `Timeout` when the
    /// deadline passed first.
    pub async fn acquire(&self, deadline: Deadline) -> Result<BulkheadPermit> {
        if let Some(permit) = self.try_acquire() {
            return Ok(permit);
        }
        let _waiting = self.queue()?;
        let longest = Duration::from_millis(self.config.wait_max_ms);
        let remaining = deadline.remaining(&*self.clock);
        let wait = remaining.map_or(longest, |it| it.min(longest));
        let room = Arc::clone(&self.room).acquire_owned();
        match wait_within(&*self.clock, wait, room).await {
            Some(Ok(room)) => Ok(BulkheadPermit { _room: room }),
            Some(Err(_)) => Err(self.error(ErrorKind::Internal, "was closed")),
            None if wait < longest => {
                Err(self.error(ErrorKind::Timeout, "had no place before the deadline of the call"))
            }
            None => {
                let message = format!("had no place within {} ms", self.config.wait_max_ms);
                Err(self.error(ErrorKind::Busy, &message))
            }
        }
    }

    /// Returns how many calls are under way.
    pub fn active(&self) -> usize {
        self.config.concurrency_max.saturating_sub(self.room.available_permits())
    }

    /// Returns how many calls wait.
    pub fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Acquire)
    }

    fn queue(&self) -> Result<Waiting<'_>> {
        let waiting = Waiting(&self.waiting);
        if self.waiting.fetch_add(1, Ordering::AcqRel) < self.config.queue_max {
            return Ok(waiting);
        }
        let BulkheadConfig { concurrency_max, queue_max, .. } = self.config;
        let message = format!("is full: {concurrency_max} calls are under way, {queue_max} wait");
        Err(self.error(ErrorKind::Busy, &message))
    }

    fn error(&self, kind: ErrorKind, what: &str) -> Error {
        Error::new(kind, format!("bulkhead `{}` {what}", self.name))
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}
