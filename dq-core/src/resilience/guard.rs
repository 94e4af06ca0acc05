//! All of it around one call, in one order.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::clock::Clock;
use crate::error::{Error, ErrorKind, Result};
use crate::resilience::breaker::{CircuitBreaker, Outcome, Permit};
use crate::resilience::bulkhead::{Bulkhead, BulkheadConfig, BulkheadPermit};
use crate::resilience::config::{CircuitBreakerConfig, within};
use crate::resilience::deadline::Deadline;
use crate::resilience::hedge::{Hedge, HedgeConfig};
use crate::resilience::retry::{Retry, RetryConfig};
use crate::resilience::windowed::WindowedCircuitBreaker;

/// How calls to one dependency are guarded.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct GuardConfig {
    /// How long a call may take with all its waits and attempts, in milliseconds, 1 to 86400000. Default:
    /// 60000.
    pub timeout_ms: u64,
    /// How long one attempt may take, in milliseconds, 1 to 86400000. Default: 30000.
    pub attempt_timeout_ms: u64,
    /// How many calls may be under way.
    pub bulkhead: BulkheadConfig,
    /// When no calls are made.
    pub breaker: CircuitBreakerConfig,
    /// When calls are made again.
    pub retry: RetryConfig,
    /// When a second attempt is made beside the first.
    pub hedge: HedgeConfig,
}

impl Default for GuardConfig {
    fn default() -> Self {
        Self {
            timeout_ms: 60_000,
            attempt_timeout_ms: 30_000,
            bulkhead: BulkheadConfig::default(),
            breaker: CircuitBreakerConfig::default(),
            retry: RetryConfig::default(),
            hedge: HedgeConfig::default(),
        }
    }
}

impl GuardConfig {
    /// Checks every field.
    ///
    /// # Errors
    ///
    /// `ConfigInvalid`, with the name of the first field that is out of its range.
    pub fn validate(&self) -> Result<()> {
        self.validate_timeouts()?;
        self.bulkhead.validate()?;
        self.breaker.validate()?;
        self.retry.validate()?;
        self.hedge.validate()
    }

    fn validate_timeouts(&self) -> Result<()> {
        const DAY_MS: u64 = 24 * 3600 * 1000;
        within("timeout_ms", self.timeout_ms, 1..=DAY_MS)?;
        within("attempt_timeout_ms", self.attempt_timeout_ms, 1..=DAY_MS)
    }
}

/// Guards the calls to one dependency. Clones share everything.
///
/// ```
/// use std::sync::Arc;
///
/// use dq_core::clock::SystemClock;
/// use dq_core::resilience::{CallOptions, Guard, GuardConfig};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> dq_core::Result<()> {
/// let guard = Guard::new("database", &GuardConfig::default(), Arc::new(SystemClock))?;
/// let rows = guard.call(CallOptions::IDEMPOTENT, async |_| Ok(3)).await?;
/// assert_eq!(rows, 3);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Guard {
    clock: Arc<dyn Clock>,
    timeout: Duration,
    attempt_timeout: Duration,
    bulkhead: Bulkhead,
    breaker: Arc<dyn CircuitBreaker>,
    retry: Arc<Retry>,
    hedge: Option<Arc<Hedge>>,
}

/// Whether work may be done twice.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub enum Work {
    /// Doing it twice is not the same as doing it once, or nobody knows: it is never made again.
    #[default]
    Once,
    /// Doing it twice is the same as doing it once, as with reads: it is made again when it fails.
    Idempotent,
}

/// What a guard is told of one call.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct CallOptions {
    /// Whether the work may be done twice. Default: once.
    pub work: Work,
    /// Until when the answer is of use. Default: as long as the guard's own timeout.
    pub deadline: Deadline,
}

impl CallOptions {
    /// Work that may be done twice.
    pub const IDEMPOTENT: Self = Self { work: Work::Idempotent, deadline: Deadline::NEVER };

    /// The same with a deadline.
    #[must_use]
    pub fn until(self, deadline: Deadline) -> Self {
        Self { deadline, ..self }
    }
}

/// What an attempt is told about itself.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Attempt {
    /// 1 for the first.
    pub number: u32,
    /// When it will be given up. Pass it on, so that the work ends where it is done, too.
    pub deadline: Deadline,
}

/// Says what a result tells of the dependency: that it failed where trying again may help, and nothing
/// where the caller made the mistake.
pub fn judge<T>(result: &Result<T>) -> Outcome {
    match result {
        Ok(_) => Outcome::Success,
        Err(error) if error.kind().is_transient() => Outcome::Failure,
        Err(_) => Outcome::Ignored,
    }
}

impl Guard {
    /// Creates a guard, with a breaker of its own, for what is called `name`.
    ///
    /// # Errors
    ///
    /// `ConfigInvalid`, with the name of the field that is out of its range.
    pub fn new(name: &str, config: &GuardConfig, clock: Arc<dyn Clock>) -> Result<Self> {
        let breaker = WindowedCircuitBreaker::new(name, &config.breaker, Arc::clone(&clock))?;
        Self::with_breaker(config, Arc::new(breaker), clock)
    }

    /// Creates a guard with a breaker that exists, and its name; `config.breaker` is not used.
    ///
    /// # Errors
    ///
    /// `ConfigInvalid`, with the name of the field that is out of its range.
    pub fn with_breaker(
        config: &GuardConfig,
        breaker: Arc<dyn CircuitBreaker>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self> {
        config.validate_timeouts()?;
        Ok(Self {
            timeout: Duration::from_millis(config.timeout_ms),
            attempt_timeout: Duration::from_millis(config.attempt_timeout_ms),
            bulkhead: Bulkhead::new(breaker.name(), &config.bulkhead, Arc::clone(&clock))?,
            retry: Arc::new(Retry::new(&config.retry, Arc::clone(&clock))?),
            hedge: Hedge::new(&config.hedge, Arc::clone(&clock))?.map(Arc::new),
            breaker,
            clock,
        })
    }

    /// Returns the breaker.
    pub fn breaker(&self) -> &Arc<dyn CircuitBreaker> {
        &self.breaker
    }

    /// Returns the bulkhead.
    pub fn bulkhead(&self) -> &Bulkhead {
        &self.bulkhead
    }

    /// Makes a call as [`run`](Self::run) does, and judges its results by [`judge`].
    ///
    /// # Errors
    ///
    /// The error of the last attempt; `Unavailable` when the breaker refused the call, `Busy` when the
    /// bulkhead did, `Timeout` when the time was over.
    pub async fn call<T, F>(
        &self,
        options: CallOptions,
        call: impl FnMut(Attempt) -> F,
    ) -> Result<T>
    where
        F: Future<Output = Result<T>>,
    {
        self.run(options, judge, call).await
    }

    /// Makes a call: within the deadline, when the bulkhead has a place and the breaker lets it through, and
    /// again if it failed and may be done twice. `judge` says what a result tells of the dependency.
    ///
    /// The order is this, from the outside to the inside, and there is no other:
    ///
    /// 1. The **deadline** of the whole call, so that it covers every wait that follows.
    /// 2. The **bulkhead**: one place for a call with all its attempts, so that retries cannot crowd out
    ///    new calls, and the number of callers who wait for anything is bounded. Who would have to queue
    ///    asks the breaker first: there is no use in waiting in order to be refused. Being refused here says
    ///    nothing about the dependency, and so the breaker is further in.
    /// 3. **Retry**: further in than the bulkhead, and around the breaker, so that the breaker sees every
    ///    attempt, and attempts end as soon as it opens. A delay that would end after the deadline is not
    ///    waited for.
    /// 4. The **breaker**: a permit for each attempt.
    /// 5. The **timeout** of the attempt, inside the breaker, so that it is recorded as a failure. When
    ///    the deadline of the call comes first, that is recorded as a dropped call. A **second attempt**
    ///    beside one that takes long, where it is configured, has a permit of its own.
    ///
    /// Dropping the future at any point gives back the place and the permit.
    ///
    /// # Errors
    ///
    /// As [`call`](Self::call).
    pub async fn run<T, E, F>(
        &self,
        options: CallOptions,
        judge: impl Fn(&Result<T, E>) -> Outcome,
        mut call: impl FnMut(Attempt) -> F,
    ) -> Result<T, E>
    where
        E: From<Error>,
        F: Future<Output = Result<T, E>>,
    {
        let deadline = options.deadline.earlier(Deadline::after(&*self.clock, self.timeout));
        let _place = self.place(deadline).await?;
        self.retry.called();
        let mut permit = self.breaker.try_acquire().map_err(Error::from)?;
        let mut number = 1;
        loop {
            let limit = deadline.earlier(Deadline::after(&*self.clock, self.attempt_timeout));
            let attempt = Attempt { number, deadline: limit };
            let begin = || self.within(limit, limit == deadline, &judge, call(attempt));
            let (outcome, result) = self.attempt(options.work, permit, begin).await;
            if outcome != Outcome::Failure || options.work == Work::Once {
                return result;
            }
            let Some(delay) = self.retry.delay_after(number, deadline) else { return result };
            self.clock.sleep(delay).await;
            // What the dependency said tells more than that the breaker has opened meanwhile.
            let Ok(next) = self.breaker.try_acquire() else { return result };
            permit = next;
            number += 1;
        }
    }

    /// Waits for an attempt until its limit, and judges what has come. `is_last` says that the limit is the
    /// deadline of the call.
    async fn within<T, E: From<Error>>(
        &self,
        limit: Deadline,
        is_last: bool,
        judge: &impl Fn(&Result<T, E>) -> Outcome,
        attempt: impl Future<Output = Result<T, E>>,
    ) -> (Outcome, Result<T, E>) {
        match limit.run(&*self.clock, attempt).await {
            Ok(result) => (judge(&result), result),
            Err(late) if is_last => (Outcome::Dropped, Err(late.into())),
            Err(late) => (Outcome::Failure, Err(late.into())),
        }
    }

    /// Makes one attempt, or two at once where that is wanted.
    async fn attempt<T, F: Future<Output = (Outcome, T)>>(
        &self,
        work: Work,
        permit: Permit<'_>,
        mut begin: impl FnMut() -> F,
    ) -> (Outcome, T) {
        match &self.hedge {
            Some(hedge) if work == Work::Idempotent => {
                hedge.run(&*self.breaker, permit, begin).await
            }
            _ => {
                let (outcome, answer) = begin().await;
                permit.record(outcome);
                (outcome, answer)
            }
        }
    }

    /// Takes a place in the bulkhead, but does not queue for it when the breaker is open.
    async fn place(&self, deadline: Deadline) -> Result<BulkheadPermit> {
        if deadline.is_over(&*self.clock) {
            let message = format!("the deadline of a call to `{}` has passed", self.breaker.name());
            return Err(Error::new(ErrorKind::Timeout, message));
        }
        if let Some(place) = self.bulkhead.try_acquire() {
            return Ok(place);
        }
        self.breaker.check()?;
        self.bulkhead.acquire(deadline).await
    }
}
