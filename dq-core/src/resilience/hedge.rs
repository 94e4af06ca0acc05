//! A second attempt beside one that takes long.

use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::clock::{Clock, within as wait_within};
use crate::error::{Error, ErrorKind, Result};
use crate::resilience::breaker::{CircuitBreaker, Outcome, Permit};
use crate::resilience::budget::Budget;
use crate::resilience::config::within;
use crate::resilience::latencies::Latencies;
use crate::resilience::state::CircuitState;

/// When work that may be done twice is begun a second time while the first attempt still runs; whichever
/// is done first is the answer. It helps where few calls take much longer than most.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct HedgeConfig {
    /// How long an attempt may take before another is begun beside it, in milliseconds, 0 to 3600000.
    /// Default: 0, never. A good value is what nineteen of twenty calls take at most; `delay_quantile`
    /// finds it.
    pub delay_ms: u64,
    /// The share of calls that were done within the delay lately, 0 to 0.999: 0.95 begins a second attempt
    /// beside the slowest twentieth. `delay_ms` then is the delay until 20 calls are done, and the least later;
    /// it must not be 0. Default: 0, which keeps to `delay_ms`.
    pub delay_quantile: f64,
    /// How many percent of the calls of a second may be begun twice in it, 0 to 100. Default: 5: when
    /// everything is slow, more load is no help.
    pub budget_percent: u32,
}

impl Default for HedgeConfig {
    fn default() -> Self {
        Self { delay_ms: 0, delay_quantile: 0.0, budget_percent: 5 }
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
        within("budget_percent", self.budget_percent, 0..=100)?;
        within("delay_quantile", self.delay_quantile, 0.0..=0.999)?;
        if self.delay_quantile > 0.0 && self.delay_ms == 0 {
            let message = "`delay_quantile` needs a `delay_ms` that is not 0, to begin with";
            return Err(Error::new(ErrorKind::ConfigInvalid, message));
        }
        Ok(())
    }
}

/// Decides about second attempts, for all calls to one dependency.
#[derive(Debug)]
pub(crate) struct Hedge {
    delay: Duration,
    /// What calls took lately, where the delay depends on that.
    latencies: Option<Latencies>,
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
        let quantile = config.delay_quantile;
        let latencies = (quantile > 0.0).then(|| Latencies::new(quantile));
        Ok((!delay.is_zero()).then_some(Self { delay, latencies, budget, clock, origin }))
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
        let begun = self.clock.now();
        let mut first = pin!(begin());
        if let Some((outcome, answer)) =
            wait_within(&*self.clock, self.delay(), first.as_mut()).await
        {
            self.took(begun, outcome);
            permit.record(outcome);
            return (outcome, answer);
        }
        let Some(second_permit) = self.permit(breaker) else {
            let (outcome, answer) = first.await;
            self.took(begun, outcome);
            permit.record(outcome);
            return (outcome, answer);
        };
        let mut second = pin!(begin());
        let (is_first, (outcome, answer)) = tokio::select! {
            biased;
            it = first.as_mut() => (true, it),
            it = second.as_mut() => (false, it),
        };
        // Of one that is not waited for it is known that it took at least so long, which must not be left out:
        // the delay would creep down to what only fast calls take.
        self.took(begun, outcome);
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

    /// How long an attempt may take now.
    fn delay(&self) -> Duration {
        let usual = self.latencies.as_ref().and_then(Latencies::usual);
        usual.map_or(self.delay, |it| it.max(self.delay))
    }

    /// Notes what the first attempt of a call took, or how long it was waited for.
    fn took(&self, begun: Instant, outcome: Outcome) {
        if let (Some(latencies), Outcome::Success) = (&self.latencies, outcome) {
            latencies.note(self.clock.now().saturating_duration_since(begun));
        }
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
