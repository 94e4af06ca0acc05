//! A cache in memory over a store that nodes share.
//!
//! ```text
//!              lookup ──▶ memory ──miss──▶ leader ──▶ shared store ──miss──▶ lease, compute, set
//!                           ▲                             │
//!   invalidate ──▶ forget ──┤── tell the store ──▶ feed ──┴─▶ every other node forgets
//!                           │        └─ cannot, or it may have lost it: pending, told again until it is known
//!   feed says `Current` ────┘ what is held may be trusted for another `max_disconnected_staleness_ms`
//! ```

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::runtime::Handle;

use crate::cache::counters::Counters;
use crate::cache::delegate::delegate;
use crate::cache::engine::Engine;
use crate::cache::envelope::{Envelope, Keyring};
use crate::cache::key::Scope;
use crate::cache::local::Local;
use crate::cache::local::lifetime::nanos;
use crate::cache::memory::MemoryConfig;
use crate::cache::pending::Pending;
use crate::cache::second::Second;
use crate::cache::shared::{FeedEvent, InvalidationFeed, NodeId, SharedStore};
use crate::clock::Clock;
use crate::error::{Error, ErrorKind, Result};
use crate::resilience::{CircuitBreaker, CircuitBreakerConfig, WindowedCircuitBreaker};

/// How often what the store could not be told is told again.
const REPLAY_EVERY: Duration = Duration::from_millis(250);

/// How memory and a shared store work together.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct TieredConfig {
    /// The level in memory.
    pub memory: MemoryConfig,
    /// How long a call of the store may take, in milliseconds. Default 50: a miss costs no more when the store
    /// hangs, until the breaker opens.
    pub deadline_ms: u64,
    /// For how long a value in memory is served when nothing is heard of other nodes' invalidations, in
    /// milliseconds, counted from when it was read or last known to be right. Default 1000.
    pub max_disconnected_staleness_ms: u64,
    /// How long the right to compute a key lasts unless renewed, in milliseconds. Default 1500: when its
    /// holder dies, another takes over within 2 seconds.
    pub lease_ms: u64,
    /// How often that right is renewed, in milliseconds. Default 500.
    pub lease_renew_ms: u64,
    /// How many invalidations are remembered that the store could not be told. Default 100,000. If more
    /// come, everything is invalidated instead.
    pub pending_max: usize,
    /// The largest payload that is sent to the store, in bytes. Default 8 MiB.
    pub payload_bytes_max: u64,
    /// From which size on payloads are compressed if that saves a tenth, in bytes. Default 1024.
    pub compress_above_bytes: u64,
    /// When the store is left alone, and when it is tried again. Default: after 5 failures in a row, for 1
    /// to 2 seconds, until 2 calls succeed.
    pub breaker: CircuitBreakerConfig,
}

impl Default for TieredConfig {
    fn default() -> Self {
        let breaker = CircuitBreakerConfig {
            minimum_requests: 5,
            slow_call_duration_ms: 0,
            recovery_timeout_ms: 1000,
            recovery_timeout_max_ms: 2000,
            half_open_permits: 2,
            success_threshold: 2,
            half_open_max_ms: 1000,
            ..CircuitBreakerConfig::default()
        };
        Self {
            memory: MemoryConfig::default(),
            deadline_ms: 50,
            max_disconnected_staleness_ms: 1000,
            lease_ms: 1500,
            lease_renew_ms: 500,
            pending_max: 100_000,
            payload_bytes_max: 8 << 20,
            compress_above_bytes: 1024,
            breaker,
        }
    }
}

impl TieredConfig {
    /// Checks the ranges.
    ///
    /// # Errors
    ///
    /// `ConfigInvalid`, naming the field.
    pub fn check(&self) -> Result<()> {
        self.memory.check()?;
        self.breaker.validate()?;
        let at_least_one = [
            ("deadline_ms", self.deadline_ms),
            ("lease_renew_ms", self.lease_renew_ms),
            ("pending_max", self.pending_max as u64),
            ("payload_bytes_max", self.payload_bytes_max),
        ];
        for (field, value) in at_least_one {
            if value == 0 {
                let message = format!("`{field}` is 0, not at least 1");
                return Err(Error::new(ErrorKind::ConfigInvalid, message));
            }
        }
        if self.lease_ms < 2 * self.lease_renew_ms {
            let message = format!(
                "`lease_ms` is {}, not at least twice `lease_renew_ms`, {}",
                self.lease_ms, self.lease_renew_ms
            );
            return Err(Error::new(ErrorKind::ConfigInvalid, message));
        }
        Ok(())
    }
}

/// A cache in memory over a store that nodes share. Clones are the same cache.
#[derive(Clone, Debug)]
pub struct TieredCache(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    engine: Arc<Engine>,
}

impl TieredCache {
    /// Makes a cache over `store`, and starts to listen to it. With a `keyring` what is stored is encrypted,
    /// and what is not is not read.
    ///
    /// A store that cannot be reached is no error: the cache works from memory until it can.
    ///
    /// # Errors
    ///
    /// `ConfigInvalid` if a field of `config` is out of its range; `UsageInvalid` outside of a tokio
    /// runtime; `Unavailable` if the system has no random numbers.
    pub fn new(
        config: &TieredConfig,
        store: Arc<dyn SharedStore>,
        clock: Arc<dyn Clock>,
        keyring: Option<Keyring>,
    ) -> Result<Self> {
        config.check()?;
        let runtime = Handle::try_current().map_err(|it| {
            Error::new(ErrorKind::UsageInvalid, "a tiered cache needs a tokio runtime")
                .with_source(it)
        })?;
        let breaker = WindowedCircuitBreaker::new("cache", &config.breaker, Arc::clone(&clock))?;
        let node = NodeId(random_number()?);
        let counters = Arc::new(Counters::default());
        let trust = nanos(config.max_disconnected_staleness_ms);
        let memory = config.memory.clone();
        let local = Local::new(memory, Arc::clone(&clock), Arc::clone(&counters), trust);
        let envelope =
            Envelope::new(config.compress_above_bytes, config.payload_bytes_max, keyring);
        let feed = store.feed(node);
        let second = Second {
            store,
            node,
            clock,
            breaker: Arc::new(breaker),
            envelope,
            pending: Pending::new(config.pending_max),
            counters: Arc::clone(&counters),
            config: config.clone(),
            connected: AtomicBool::new(false),
            tasks: OnceLock::new(),
        };
        let engine = Arc::new(Engine { local, counters, second: Some(second) });
        let listening = runtime.spawn(listen(Arc::clone(&engine), feed)).abort_handle();
        let replaying = runtime.spawn(replay(Arc::clone(&engine))).abort_handle();
        if let Some(second) = &engine.second {
            second.tasks.get_or_init(|| [listening, replaying]);
        }
        Ok(Self(Arc::new(Inner { engine })))
    }

    /// Returns who this cache is among the nodes that share the store.
    pub fn node(&self) -> Option<NodeId> {
        self.0.engine.second.as_ref().map(|it| it.node)
    }

    /// Returns the breaker around the store.
    pub fn breaker(&self) -> Option<&dyn CircuitBreaker> {
        self.0.engine.second.as_ref().map(|it| &*it.breaker)
    }

    fn engine(&self) -> &Arc<Engine> {
        &self.0.engine
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        if let Some(second) = &self.engine.second {
            second.end_tasks();
        }
    }
}

delegate!(TieredCache, "tiered");

/// Forgets what others invalidate.
async fn listen(engine: Arc<Engine>, mut feed: Box<dyn InvalidationFeed>) {
    let Some(second) = &engine.second else { return };
    loop {
        match feed.next().await {
            FeedEvent::Connected { resumed } => {
                if !resumed {
                    engine.local.invalidate(&Scope::Everything);
                }
                second.connected.store(true, Ordering::Release);
            }
            FeedEvent::Disconnected => second.connected.store(false, Ordering::Release),
            FeedEvent::Invalidated { origin, .. } if origin == Some(second.node) => {}
            FeedEvent::Invalidated { scopes, .. } => {
                // A key first, so that nothing is read with it after what it wrote is forgotten.
                second.envelope.revoke(&scopes);
                engine.local.forget(&scopes);
            }
            FeedEvent::Everything => engine.local.invalidate(&Scope::Everything),
            FeedEvent::Lost => {
                // First, so that nothing is read that the store ought to know is invalid.
                second.pending.doubt();
                engine.local.invalidate(&Scope::Everything);
            }
            FeedEvent::Current { as_of } => {
                second.pending.confirm(as_of);
                engine.local.trust_as_of(engine.local.nanos_of(as_of));
            }
        }
    }
}

/// Tells the store what it could not be told.
async fn replay(engine: Arc<Engine>) {
    let Some(second) = &engine.second else { return };
    loop {
        second.pending.filled().await;
        second.clock.sleep(REPLAY_EVERY).await;
        while let Some(scopes) = second.replay().await {
            if scopes.is_empty() {
                break;
            }
            engine.local.forget(&scopes);
        }
    }
}

fn random_number() -> Result<u128> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|it| {
        Error::new(ErrorKind::Unavailable, format!("cannot get random numbers: {it}"))
    })?;
    Ok(u128::from_le_bytes(bytes))
}
