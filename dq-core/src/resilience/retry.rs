//! When to try again.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::clock::Clock;
use crate::error::Result;
use crate::resilience::budget::Budget;
use crate::resilience::config::within;
use crate::resilience::deadline::Deadline;
use crate::resilience::random::Random;

/// How often, and after what delay, a failed call is made again.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct RetryConfig {
    /// How often a call is made at most, the first time included, 1 to 100. Default: 3. With 1 nothing is
    /// made again.
    pub attempts_max: u32,
    /// The longest delay before the second attempt, in milliseconds, 1 to 3600000. Default: 100. It doubles
    /// with each attempt. The delay is drawn evenly between 0 and this, so that callers who failed together
    /// do not come back together.
    pub delay_ms: u64,
    /// The longest delay of all, in milliseconds, from `delay_ms` to 3600000. Default: 5000.
    pub delay_max_ms: u64,
    /// How many percent of the calls of a second may be made again in it, 0 to 1000. Default: 10: what is
    /// down already gets little more to do.
    pub budget_percent: u32,
    /// How many may be made again in a second if that share is less, 0 to 1000000. Default: 3, so that who
    /// calls rarely can retry at all.
    pub budget_min_per_second: u32,
}

impl Default for RetryConfig {
    fn default() -> Self {
        Self {
            attempts_max: 3,
            delay_ms: 100,
            delay_max_ms: 5_000,
            budget_percent: 10,
            budget_min_per_second: 3,
        }
    }
}

const HOUR_MS: u64 = 3600 * 1000;

impl RetryConfig {
    /// Checks every field.
    ///
    /// # Errors
    ///
    /// `ConfigInvalid`, with the name of the first field that is out of its range.
    pub fn validate(&self) -> Result<()> {
        within("attempts_max", self.attempts_max, 1..=100)?;
        within("delay_ms", self.delay_ms, 1..=HOUR_MS)?;
        within("delay_max_ms", self.delay_max_ms, self.delay_ms..=HOUR_MS)?;
        within("budget_percent", self.budget_percent, 0..=1_000)?;
        within("budget_min_per_second", self.budget_min_per_second, 0..=1_000_000)
    }
}

/// Decides about retries, for all calls to one dependency: they share the budget.
///
/// ```
/// use std::sync::Arc;
///
/// use dq_core::clock::{Clock, SystemClock};
/// use dq_core::resilience::{Deadline, Retry, RetryConfig};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> dq_core::Result<()> {
/// let config = RetryConfig { delay_ms: 1, ..RetryConfig::default() };
/// let retry = Retry::new(&config, Arc::new(SystemClock))?;
/// retry.called();
/// let mut number = 1;
/// let answer = loop {
///     let attempt = if number < 3 { Err("busy") } else { Ok("done") };
///     match (attempt, retry.delay_after(number, Deadline::NEVER)) {
///         (Err(_), Some(delay)) => SystemClock.sleep(delay).await,
///         (attempt, _) => break attempt,
///     }
///     number += 1;
/// };
/// assert_eq!(answer, Ok("done"));
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Retry {
    config: RetryConfig,
    clock: Arc<dyn Clock>,
    origin: Instant,
    budget: Budget,
    random: Random,
}

impl Retry {
    /// Creates the policy.
    ///
    /// # Errors
    ///
    /// `ConfigInvalid`, with the name of the field that is out of its range.
    pub fn new(config: &RetryConfig, clock: Arc<dyn Clock>) -> Result<Self> {
        config.validate()?;
        Ok(Self {
            config: config.clone(),
            origin: clock.now(),
            clock,
            budget: Budget::new(config.budget_percent, config.budget_min_per_second),
            random: Random::unpredictable(),
        })
    }

    /// Makes the delays a function of `seed`, for tests and simulations.
    #[must_use]
    pub fn with_seed(mut self, seed: u64) -> Self {
        self.random = Random::new(seed);
        self
    }

    /// Counts a first attempt, of which the budget is a share.
    pub fn called(&self) {
        self.budget.call(self.second());
    }

    /// Returns how long to wait before the next attempt when the attempt numbered `number` has failed;
    /// nothing if there must be none: there have been enough, the budget is used up, or the deadline would
    /// pass meanwhile. Whether the work may be done twice is for the caller to know.
    pub fn delay_after(&self, number: u32, deadline: Deadline) -> Option<Duration> {
        if number >= self.config.attempts_max {
            return None;
        }
        let doubled = 1u64.checked_shl(number.saturating_sub(1)).unwrap_or(u64::MAX);
        let longest = self.config.delay_ms.saturating_mul(doubled).min(self.config.delay_max_ms);
        let delay = Duration::from_millis(longest).mul_f64(self.random.share());
        let in_time = deadline.remaining(&*self.clock).is_none_or(|it| delay < it);
        (in_time && self.budget.retry(self.second())).then_some(delay)
    }

    fn second(&self) -> u64 {
        self.clock.now().saturating_duration_since(self.origin).as_secs()
    }
}
