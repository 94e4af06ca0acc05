//! The circuit breaker of this crate: the state machine, a clock, and counts for people.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime};

use crate::clock::Clock;
use crate::error::Result;
use crate::resilience::breaker::{CircuitBreaker, CircuitOpen, Grant, Outcome, Permit, Switch};
use crate::resilience::config::CircuitBreakerConfig;
use crate::resilience::events::{CircuitEvent, CircuitEventSender, CircuitEvents};
use crate::resilience::machine::{self, Admission, Counts, Finding, Machine, Transition};
use crate::resilience::state::{CircuitCause, CircuitState};
use crate::resilience::statistics::{CircuitMetrics, CircuitStatistics};

/// A circuit breaker with a sliding window, by count or by time. While it is closed, a call takes no lock
/// and allocates nothing.
#[derive(Debug)]
pub struct WindowedCircuitBreaker {
    name: Arc<str>,
    config: CircuitBreakerConfig,
    slow_after: Duration,
    clock: Arc<dyn Clock>,
    origin: Instant,
    machine: Machine,
    totals: Totals,
    events: CircuitEventSender,
}

/// What the machine does not count. Successes are not in it, so that they cost little.
#[derive(Debug, Default)]
struct Totals {
    /// Calls that did not go into the window: probes, and those that came after a transition.
    beside: AtomicU64,
    failures: AtomicU64,
    slow: AtomicU64,
    rejected: AtomicU64,
    ignored: AtomicU64,
    dropped: AtomicU64,
    duration_ns: AtomicU64,
    /// How many calls there had been at the last failure.
    calls_at_failure: AtomicU64,
    /// When that was, in nanoseconds since 1970; 0 for never.
    last_failure: AtomicU64,
}

impl WindowedCircuitBreaker {
    /// Creates a closed breaker for what is called `name`.
    ///
    /// # Errors
    ///
    /// `ConfigInvalid`, with the name of the field that is out of its range.
    pub fn new(
        name: impl Into<Arc<str>>,
        config: &CircuitBreakerConfig,
        clock: Arc<dyn Clock>,
    ) -> Result<Self> {
        Self::with_seed(name, config, clock, RandomState::new().build_hasher().finish())
    }

    /// Creates a breaker whose jitter is a function of `seed`, for tests and simulations.
    ///
    /// # Errors
    ///
    /// `ConfigInvalid`, with the name of the field that is out of its range.
    pub fn with_seed(
        name: impl Into<Arc<str>>,
        config: &CircuitBreakerConfig,
        clock: Arc<dyn Clock>,
        seed: u64,
    ) -> Result<Self> {
        config.validate()?;
        Ok(Self {
            name: name.into(),
            slow_after: config.slow_after().unwrap_or(Duration::MAX),
            origin: clock.now(),
            machine: Machine::new(config.rules(), config.window(), seed),
            totals: Totals::default(),
            events: CircuitEventSender::new(),
            config: config.clone(),
            clock,
        })
    }

    /// Nanoseconds since the breaker was made.
    fn since_origin(&self, now: Instant) -> u64 {
        nanoseconds(now.saturating_duration_since(self.origin))
    }

    fn tell(&self, transition: Transition) {
        let Transition { sequence, from, to, cause } = transition;
        let (name, at) = (&*self.name, self.clock.utc());
        self.events.send(CircuitEvent::new(sequence, name, (from, to), cause, at));
    }

    fn refusal(&self, state: CircuitState, wait: Option<u64>) -> CircuitOpen {
        let retry_after = wait.map(Duration::from_nanos);
        CircuitOpen { breaker: Arc::clone(&self.name), state, retry_after }
    }

    fn total_calls(&self) -> u64 {
        self.machine.recorded() + self.totals.beside.load(Ordering::Relaxed)
    }

    /// Says what an outcome means to the machine. A dropped call counts if it had run long enough.
    fn finding(&self, outcome: Outcome, took: Duration) -> Finding {
        match outcome {
            Outcome::Success => Finding::Success,
            Outcome::Failure => Finding::Failure,
            Outcome::Ignored => Finding::Nothing,
            Outcome::Dropped => {
                self.totals.dropped.fetch_add(1, Ordering::Relaxed);
                let long = took >= Duration::from_millis(self.config.dropped_call_min_ms);
                if long { Finding::Failure } else { Finding::Nothing }
            }
        }
    }

    fn count_failure(&self) {
        let since_1970 = self.clock.utc().duration_since(SystemTime::UNIX_EPOCH);
        let at = nanoseconds(since_1970.unwrap_or_default());
        self.totals.failures.fetch_add(1, Ordering::Relaxed);
        self.totals.calls_at_failure.fetch_max(self.total_calls(), Ordering::Relaxed);
        self.totals.last_failure.fetch_max(at.max(1), Ordering::Relaxed);
    }

    fn metrics(&self, window: Counts) -> CircuitMetrics {
        let load = |it: &AtomicU64| it.load(Ordering::Relaxed);
        let share = |part: f64, whole: u64| if whole == 0 { 0.0 } else { part / whole as f64 };
        let (totals, total_failures) = (&self.totals, load(&self.totals.failures));
        let total_calls = self.total_calls().max(total_failures);
        CircuitMetrics {
            total_calls,
            total_failures,
            total_successes: total_calls - total_failures,
            total_slow_calls: load(&totals.slow),
            total_rejected: load(&totals.rejected),
            total_ignored: load(&totals.ignored),
            total_dropped: load(&totals.dropped),
            current_window_size: window.calls,
            failure_rate: share(window.failures as f64 * 100.0, window.calls),
            slow_call_rate: share(window.slow as f64 * 100.0, window.calls),
            average_duration_ms: share(load(&totals.duration_ns) as f64 / 1e6, total_calls),
        }
    }
}

impl CircuitBreaker for WindowedCircuitBreaker {
    fn name(&self) -> &str {
        &self.name
    }

    fn state(&self) -> CircuitState {
        self.machine.state()
    }

    fn try_acquire(&self) -> Result<Permit<'_>, CircuitOpen> {
        let now = self.clock.now();
        match self.machine.admit(self.since_origin(now), &mut |it| self.tell(it)) {
            Admission::Granted(ticket) => Ok(Permit::new(self, Grant::new(ticket, now))),
            Admission::Refused { state, wait } => {
                self.totals.rejected.fetch_add(1, Ordering::Relaxed);
                Err(self.refusal(state, wait))
            }
        }
    }

    fn check(&self) -> Result<(), CircuitOpen> {
        let refused = self.machine.would_refuse(self.since_origin(self.clock.now()));
        refused.map_or(Ok(()), |(state, wait)| Err(self.refusal(state, wait)))
    }

    fn record(&self, grant: Grant, outcome: Outcome, took: Option<Duration>) {
        if machine::state(grant.ticket()) == CircuitState::Disabled {
            return;
        }
        let now = self.clock.now();
        let took = took.unwrap_or_else(|| now.saturating_duration_since(grant.started()));
        let finding = self.finding(outcome, took);
        let slow = finding != Finding::Nothing && took >= self.slow_after;
        let tell = &mut |it| self.tell(it);
        let now = self.since_origin(now);
        let windowed = self.machine.settle(grant.ticket(), (finding, slow), now, tell);
        if finding == Finding::Nothing {
            self.totals.ignored.fetch_add(1, Ordering::Relaxed);
            return;
        }
        if !windowed {
            self.totals.beside.fetch_add(1, Ordering::Relaxed);
        }
        if slow {
            self.totals.slow.fetch_add(1, Ordering::Relaxed);
        }
        if finding == Finding::Failure {
            self.count_failure();
        }
        self.totals.duration_ns.fetch_add(nanoseconds(took), Ordering::Relaxed);
    }

    fn switch(&self, to: Switch) {
        let (state, cause) = match to {
            Switch::ForceOpen => (CircuitState::ForcedOpen, CircuitCause::Forced),
            Switch::ForceClose => (CircuitState::Closed, CircuitCause::Forced),
            Switch::ForceHalfOpen => (CircuitState::HalfOpen, CircuitCause::Forced),
            Switch::Disable => (CircuitState::Disabled, CircuitCause::Forced),
            Switch::MetricsOnly => (CircuitState::MetricsOnly, CircuitCause::Forced),
            Switch::Reset => (CircuitState::Closed, CircuitCause::Reset),
            Switch::Trip => (CircuitState::Open, CircuitCause::Cluster),
        };
        let now = self.since_origin(self.clock.now());
        self.machine.switch((state, cause), now, &mut |it| self.tell(it));
    }

    fn subscribe(&self) -> CircuitEvents {
        self.events.subscribe()
    }

    fn statistics(&self) -> CircuitStatistics {
        let window = self.machine.counts(self.since_origin(self.clock.now()));
        let metrics = self.metrics(window);
        let at = self.totals.last_failure.load(Ordering::Relaxed);
        let last_failure = SystemTime::UNIX_EPOCH.checked_add(Duration::from_nanos(at));
        let calls_at_failure = self.totals.calls_at_failure.load(Ordering::Relaxed);
        CircuitStatistics {
            name: self.name().to_owned(),
            state: self.machine.state(),
            sequence: self.machine.sequence(),
            consecutive_failures: self.machine.failures_in_a_row(),
            consecutive_successes: metrics.total_calls.saturating_sub(calls_at_failure),
            last_failure_time: last_failure.filter(|_| at > 0),
            config: self.config.clone(),
            metrics,
        }
    }
}

fn nanoseconds(span: Duration) -> u64 {
    u64::try_from(span.as_nanos()).unwrap_or(u64::MAX)
}
