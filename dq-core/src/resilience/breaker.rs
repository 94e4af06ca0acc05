//! What a circuit breaker promises, and the permit that it gives for a call.

use std::error;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::error::{Error, ErrorKind};
use crate::resilience::events::CircuitEvents;
use crate::resilience::state::CircuitState;
use crate::resilience::statistics::CircuitStatistics;

/// Watches the calls to one dependency, and refuses them for a while when too many fail.
///
/// One breaker belongs to one thing that fails as a whole: a database node, not a pool of them. None of its
/// methods waits or blocks.
///
/// ```
/// use std::sync::Arc;
///
/// use dq_core::clock::SystemClock;
/// use dq_core::resilience::{CircuitBreaker, CircuitBreakerConfig, WindowedCircuitBreaker};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let config = CircuitBreakerConfig::default();
/// let breaker = WindowedCircuitBreaker::new("db", &config, Arc::new(SystemClock))?;
///
/// let permit = breaker.try_acquire()?;
/// match "7".parse::<u32>() {
///     Ok(_) => permit.success(),
///     Err(_) => permit.failure(),
/// }
/// assert_eq!(breaker.statistics().metrics.total_successes, 1);
/// # Ok(())
/// # }
/// ```
pub trait CircuitBreaker: fmt::Debug + Send + Sync {
    /// Returns the name of what it protects, for people and metrics.
    fn name(&self) -> &str;

    /// Returns the state. An open breaker stays open until a call comes after its recovery timeout.
    fn state(&self) -> CircuitState;

    /// Asks to make one call. The permit must live as long as the call: dropped without an outcome, it
    /// records the call as dropped.
    ///
    /// # Errors
    ///
    /// The breaker is open, or half open and as many probes are out as may be. Nothing was recorded but
    /// the refusal.
    fn try_acquire(&self) -> Result<Permit<'_>, CircuitOpen>;

    /// Says what [`try_acquire`](Self::try_acquire) would answer, and takes no permit: for who would have
    /// to wait for something else first.
    ///
    /// # Errors
    ///
    /// A call would be refused now.
    fn check(&self) -> Result<(), CircuitOpen>;

    /// Records what became of a granted call; permits do this, once for each grant. `took` is how long the
    /// call took, by default the time since it was granted. What comes after a transition counts in the
    /// totals and changes no state.
    fn record(&self, grant: Grant, outcome: Outcome, took: Option<Duration>);

    /// Goes to another state by order. Calls that are under way are not judged any more.
    fn switch(&self, to: Switch);

    /// Returns the transitions from now on.
    fn subscribe(&self) -> CircuitEvents;

    /// Returns what has been counted.
    fn statistics(&self) -> CircuitStatistics;

    /// Refuses all calls until another order.
    fn force_open(&self) {
        self.switch(Switch::ForceOpen);
    }

    /// Closes with an empty window.
    fn force_close(&self) {
        self.switch(Switch::ForceClose);
    }

    /// Goes half open: the next calls are probes.
    fn force_half_open(&self) {
        self.switch(Switch::ForceHalfOpen);
    }

    /// Lets all calls through unwatched, until another order.
    fn disable(&self) {
        self.switch(Switch::Disable);
    }

    /// Lets all calls through and counts them, until another order.
    fn metrics_only(&self) {
        self.switch(Switch::MetricsOnly);
    }

    /// Closes with an empty window, whatever the state; the totals go on.
    fn reset(&self) {
        self.switch(Switch::Reset);
    }
}

/// An order to a circuit breaker.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Switch {
    /// See [`CircuitBreaker::force_open`].
    ForceOpen,
    /// See [`CircuitBreaker::force_close`].
    ForceClose,
    /// See [`CircuitBreaker::force_half_open`].
    ForceHalfOpen,
    /// See [`CircuitBreaker::disable`].
    Disable,
    /// See [`CircuitBreaker::metrics_only`].
    MetricsOnly,
    /// See [`CircuitBreaker::reset`].
    Reset,
    /// Opens a closed breaker as if it had seen the failures itself: the recovery timeout and the probes
    /// follow. In any other state nothing happens.
    Trip,
}

/// What became of a call.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Outcome {
    /// The dependency did what it should, however long it took.
    Success,
    /// The dependency failed.
    Failure,
    /// The call says nothing about the dependency: the caller's own mistake, or its change of mind.
    Ignored,
    /// The caller gave up before there was an answer: its future was dropped, or its own deadline passed.
    Dropped,
}

/// What a breaker needs to know of a call when its outcome comes.
#[derive(Clone, Copy, Debug)]
pub struct Grant {
    ticket: u64,
    started: Instant,
}

impl Grant {
    /// Creates a grant. `ticket` is for the breaker alone.
    pub fn new(ticket: u64, started: Instant) -> Self {
        Self { ticket, started }
    }

    /// Returns the ticket.
    pub fn ticket(&self) -> u64 {
        self.ticket
    }

    /// Returns when the call was granted.
    pub fn started(&self) -> Instant {
        self.started
    }
}

/// The permission to make one call. Exactly one outcome is recorded for it, whatever becomes of it.
#[must_use = "a permit that is dropped at once records a dropped call"]
pub struct Permit<'a> {
    breaker: &'a dyn CircuitBreaker,
    grant: Grant,
    /// Whether its outcome has been recorded, or is someone else's affair.
    is_settled: bool,
}

impl<'a> Permit<'a> {
    /// Creates the permit that `breaker` gives with `grant`.
    pub fn new(breaker: &'a dyn CircuitBreaker, grant: Grant) -> Self {
        Self { breaker, grant, is_settled: false }
    }

    /// Records a success. It counts as slow if it took that long.
    pub fn success(self) {
        self.record(Outcome::Success);
    }

    /// Records a failure.
    pub fn failure(self) {
        self.record(Outcome::Failure);
    }

    /// Gives the permit back: the call says nothing about the dependency.
    pub fn ignore(self) {
        self.record(Outcome::Ignored);
    }

    /// Gives the grant to who must keep it for longer than the breaker is borrowed. Nothing is recorded:
    /// that is now up to the caller, once, with [`CircuitBreaker::record`].
    pub fn into_grant(mut self) -> Grant {
        self.is_settled = true;
        self.grant
    }

    /// Records an outcome; the call took from the grant until now.
    pub fn record(mut self, outcome: Outcome) {
        self.is_settled = true;
        self.breaker.record(self.grant, outcome, None);
    }

    /// Records an outcome and how long the call took, where that is not the time since the grant: until
    /// the first row of a stream, for example.
    pub fn record_after(mut self, outcome: Outcome, took: Duration) {
        self.is_settled = true;
        self.breaker.record(self.grant, outcome, Some(took));
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        if !self.is_settled {
            self.breaker.record(self.grant, Outcome::Dropped, None);
        }
    }
}

impl fmt::Debug for Permit<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Permit").field("breaker", &self.breaker.name()).finish_non_exhaustive()
    }
}

/// A call was refused. As an [`Error`] its kind is `Unavailable`, and this is its source.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct CircuitOpen {
    /// The name of the breaker.
    pub breaker: Arc<str>,
    /// Its state: open, forced open, or half open.
    pub state: CircuitState,
    /// How long until a call may be tried, as far as that is known: an order may end at any time, and so
    /// may a probe.
    pub retry_after: Option<Duration>,
}

impl fmt::Display for CircuitOpen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match self.state {
            CircuitState::HalfOpen => "half open, and its probes are out",
            CircuitState::ForcedOpen => "open by order",
            _ => "open",
        };
        write!(f, "circuit breaker `{}` is {state}", self.breaker)?;
        match self.retry_after {
            Some(after) => write!(f, "; retry in {:.1} s", after.as_secs_f64()),
            None => Ok(()),
        }
    }
}

impl error::Error for CircuitOpen {}

impl From<CircuitOpen> for Error {
    fn from(refusal: CircuitOpen) -> Self {
        Self::new(ErrorKind::Unavailable, refusal.to_string()).with_source(refusal)
    }
}
