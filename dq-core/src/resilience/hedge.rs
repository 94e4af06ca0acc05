//! A second attempt beside one that takes long.

use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::clock::{Clock, within as wait_within};
use crate::error::Result;
use crate::resilience::breaker::{CircuitBreaker, Outcome, Permit};
use crate::resilience::budget::Budget;
use crate::resilience::config::within;
use crate::resilience::state::CircuitState;

/// When work that may be done twice is begun a second time while the first attempt still runs; whichever
/// is done first is the answer. It helps where few calls take much longer than most.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct HedgeConfig {
    /// How long an attempt may take before another is begun beside it, in milliseconds, 0 to 3600000.
    /// Default: 0, never. A good value is what nineteen of twenty calls take at most.
    pub delay_ms: u64,
    /// How many percent of the calls of a second may be begun twice in it, 0 to 100. Default: 5: when
    /// everything is slow, more load is no help.
    pub budget_percent: u32,
}

impl Default for HedgeConfig {
    fn default() -> Self {
        Self { delay_ms: 0, budget_percent: 5 }
    }
}

impl HedgeConfig {
    /// Checks every field.
    ///
    /// # Errors
    ///
    /// `ConfigInvalid`, with the name of the first field that is out of its range.
    pub fn validate(&self) -> Result<()> {
        within("delay_ms", self.delay_ms, 0..=3_600_000)?;
        within("budget_percent", self.budget_percent, 0..=100)
    }
}

/// Decides about second attempts, for all calls to one dependency.
#[derive(Debug)]
pub(crate) struct Hedge {
    delay: Duration,
    budget: Budget,
    clock: Arc<dyn Clock>,
    origin: Instant,
}

impl Hedge {
    /// None where the configuration asks for none.
    pub(crate) fn new(config: &HedgeConfig, clock: Arc<dyn Clock>) -> Result<Option<Self>> {
        config.validate()?;
        let (delay, origin) = (Duration::from_millis(config.delay_ms), clock.now());
        let budget = Budget::new(config.budget_percent, 0);
        Ok((!delay.is_zero()).then_some(Self { delay, budget, clock, origin }))
    }

    /// Runs attempts that `begin` begins, each under a permit: the first under `permit`, and, if that takes
    /// long, a second one. The answer is what comes first, but for a failure while the other still runs.
    /// The attempt that is not waited for says nothing about the dependency.
    pub(crate) async fn run<T, F: Future<Output = (Outcome, T)>>(
        &self,
        breaker: &dyn CircuitBreaker,
        permit: Permit<'_>,
        mut begin: impl FnMut() -> F,
    ) -> (Outcome, T) {
        self.budget.call(self.second());
        let mut first = pin!(begin());
        if let Some((outcome, answer)) = wait_within(&*self.clock, self.delay, first.as_mut()).await
        {
            permit.record(outcome);
            return (outcome, answer);
        }
        let Some(second_permit) = self.permit(breaker) else {
            let (outcome, answer) = first.await;
            permit.record(outcome);
            return (outcome, answer);
        };
        let mut second = pin!(begin());
        let (is_first, (outcome, answer)) = tokio::select! {
            biased;
            it = first.as_mut() => (true, it),
            it = second.as_mut() => (false, it),
        };
        let (done, open) = if is_first { (permit, second_permit) } else { (second_permit, permit) };
        done.record(outcome);
        if matches!(outcome, Outcome::Success | Outcome::Ignored) {
            open.ignore();
            return (outcome, answer);
        }
        let (outcome, answer) = if is_first { second.await } else { first.await };
        open.record(outcome);
        (outcome, answer)
    }

    /// A permit for a second attempt: not while the breaker is half open, whose probes are for finding out.
    fn permit<'a>(&self, breaker: &'a dyn CircuitBreaker) -> Option<Permit<'a>> {
        let is_closed = breaker.state() == CircuitState::Closed;
        let granted = is_closed && self.budget.retry(self.second());
        granted.then(|| breaker.try_acquire().ok()).flatten()
    }

    fn second(&self) -> u64 {
        self.clock.now().saturating_duration_since(self.origin).as_secs()
    }
}
