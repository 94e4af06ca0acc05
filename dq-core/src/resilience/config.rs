//! When a circuit breaker opens and closes.

use std::fmt;
use std::ops::RangeInclusive;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::error::{Error, ErrorKind, Result};
use crate::resilience::machine::{Counted, Rules, Timed, Window};

/// When a circuit breaker opens and closes. The ranges that are named as usual suit most dependencies; what
/// is accepted is wider.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct CircuitBreakerConfig {
    /// How many failures in a row open the breaker, once the window holds enough calls; 0: however many.
    /// Default: 5, usual: 5 to 10. It opens sooner than the rate does when a dependency dies at once.
    pub failure_threshold: u32,
    /// How many percent of the calls in the window must fail to open the breaker, above 0, to 100.
    /// Default: 50.
    pub failure_rate_threshold: f64,
    /// From how many milliseconds on a call is slow, whether it succeeds or not; 0: no call is slow.
    /// Default: 5000.
    pub slow_call_duration_ms: u64,
    /// How many percent of the calls in the window must be slow to open the breaker, above 0, to 100.
    /// Default: 80: where most callers wait, it is better not to.
    pub slow_call_rate_threshold: f64,
    /// What the window holds: the last calls, or the calls of the last time. Default: count, which needs no
    /// thought about how many calls there are in a second.
    pub sliding_window: SlidingWindow,
    /// How many calls a window by count holds, 1 to 10000. Default: 100, usual: 50 to 200.
    pub sliding_window_size: u32,
    /// How long a window by time is, in milliseconds, 1000 to 3600000. Default: 60000. It forgets in steps
    /// of a tenth.
    pub sliding_window_ms: u64,
    /// How many calls the window must hold before the breaker may open, 1 to 10000; in a window by count,
    /// no more than its size. Default: 20, so that a handful of failures at night is not a rate.
    pub minimum_requests: u32,
    /// How long the breaker stays open at first, in milliseconds, 1 to 86400000. Default: 30000, usual:
    /// 30000 to 120000. It doubles each time that the breaker opens again without having been closed.
    pub recovery_timeout_ms: u64,
    /// The longest that the breaker stays open, in milliseconds, from `recovery_timeout_ms` to 86400000.
    /// Default: 120000.
    pub recovery_timeout_max_ms: u64,
    /// By how many percent the time open varies, 0 to 100. Default: 20, so that many processes do not all
    /// probe at once.
    pub recovery_jitter_percent: u32,
    /// How many probes may be out at a time while the breaker is half open, 1 to 10000. Default: 5.
    pub half_open_permits: u32,
    /// How many probes must succeed to close the breaker, 1 to 10000. Default: 3, usual: 2 to 5.
    pub success_threshold: u32,
    /// How long all probes may be out without one coming back, in milliseconds, 1 to 86400000. Then the
    /// breaker opens again, so that probes which never end do not keep it half open. Default: 30000.
    pub half_open_max_ms: u64,
    /// How long a call must have run, in milliseconds, for its being dropped to count as a failure. One that
    /// is dropped sooner is counted as dropped, and says nothing about the dependency. Default: 0, any: what
    /// drops calls is mostly a timeout further out.
    pub dropped_call_min_ms: u64,
}

/// What a sliding window holds.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum SlidingWindow {
    /// The last calls.
    #[default]
    Count,
    /// The calls of the last time.
    Time,
}

impl Default for CircuitBreakerConfig {
    fn default() -> Self {
        Self {
            failure_threshold: 5,
            failure_rate_threshold: 50.0,
            slow_call_duration_ms: 5_000,
            slow_call_rate_threshold: 80.0,
            sliding_window: SlidingWindow::Count,
            sliding_window_size: 100,
            sliding_window_ms: 60_000,
            minimum_requests: 20,
            recovery_timeout_ms: 30_000,
            recovery_timeout_max_ms: 120_000,
            recovery_jitter_percent: 20,
            half_open_permits: 5,
            success_threshold: 3,
            half_open_max_ms: 30_000,
            dropped_call_min_ms: 0,
        }
    }
}

const DAY_MS: u64 = 24 * 3600 * 1000;
const HOUR_MS: u64 = 3600 * 1000;

impl CircuitBreakerConfig {
    /// Checks every field.
    ///
    /// # Errors
    ///
    /// `ConfigInvalid`, with the name of the first field that is out of its range.
    pub fn validate(&self) -> Result<()> {
        percent("failure_rate_threshold", self.failure_rate_threshold)?;
        percent("slow_call_rate_threshold", self.slow_call_rate_threshold)?;
        within("sliding_window_size", self.sliding_window_size, 1..=Counted::SIZE_MAX)?;
        within("sliding_window_ms", self.sliding_window_ms, 1_000..=HOUR_MS)?;
        let requests = match self.sliding_window {
            SlidingWindow::Count => self.sliding_window_size,
            SlidingWindow::Time => Counted::SIZE_MAX,
        };
        within("minimum_requests", self.minimum_requests, 1..=requests)?;
        within("recovery_timeout_ms", self.recovery_timeout_ms, 1..=DAY_MS)?;
        let longer = self.recovery_timeout_ms..=DAY_MS;
        within("recovery_timeout_max_ms", self.recovery_timeout_max_ms, longer)?;
        within("recovery_jitter_percent", self.recovery_jitter_percent, 0..=100)?;
        within("half_open_permits", self.half_open_permits, 1..=Rules::PROBES_MAX)?;
        within("success_threshold", self.success_threshold, 1..=Rules::PROBES_MAX)?;
        within("half_open_max_ms", self.half_open_max_ms, 1..=DAY_MS)
    }

    pub(crate) fn rules(&self) -> Rules {
        Rules {
            minimum: self.minimum_requests.into(),
            failure_rate: self.failure_rate_threshold,
            slow_rate: self.slow_call_rate_threshold,
            consecutive: self.failure_threshold.into(),
            open: nanoseconds(self.recovery_timeout_ms),
            open_max: nanoseconds(self.recovery_timeout_max_ms),
            jitter: f64::from(self.recovery_jitter_percent) / 100.0,
            probes: self.half_open_permits.into(),
            successes: self.success_threshold.into(),
            half_open: nanoseconds(self.half_open_max_ms),
        }
    }

    pub(crate) fn window(&self) -> Window {
        match self.sliding_window {
            SlidingWindow::Count => Window::Counted(Counted::new(self.sliding_window_size)),
            SlidingWindow::Time => Window::Timed(Timed::new(nanoseconds(self.sliding_window_ms))),
        }
    }

    /// Returns from when on a call is slow; nothing if none is.
    pub(crate) fn slow_after(&self) -> Option<Duration> {
        let span = Duration::from_millis(self.slow_call_duration_ms);
        (!span.is_zero()).then_some(span)
    }
}

/// Checks that `value` lies in `range`, for the field called `field`.
pub(crate) fn within<T>(field: &str, value: T, range: RangeInclusive<T>) -> Result<()>
where
    T: Copy + PartialOrd + fmt::Display,
{
    if range.contains(&value) {
        return Ok(());
    }
    let (least, most) = (range.start(), range.end());
    let message = format!("`{field}` is {value}; it must lie between {least} and {most}");
    Err(Error::new(ErrorKind::ConfigInvalid, message))
}

fn percent(field: &str, value: f64) -> Result<()> {
    if value > 0.0 && value <= 100.0 {
        return Ok(());
    }
    let message = format!("`{field}` is {value}; it must be above 0 and at most 100");
    Err(Error::new(ErrorKind::ConfigInvalid, message))
}

fn nanoseconds(milliseconds: u64) -> u64 {
    milliseconds.saturating_mul(1_000_000)
}
