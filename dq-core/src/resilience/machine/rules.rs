//! When a breaker opens, and for how long: pure functions of counts.

use crate::resilience::state::CircuitCause;

/// What the configuration says, in the units of the machine.
#[derive(Clone, Debug)]
pub(crate) struct Rules {
    /// Calls that the window must hold before anything is decided.
    pub(crate) minimum: u64,
    /// Percent of failed calls that open the breaker.
    pub(crate) failure_rate: f64,
    /// Percent of slow calls that open the breaker.
    pub(crate) slow_rate: f64,
    /// Failures in a row that open the breaker; none if 0.
    pub(crate) consecutive: u64,
    /// Nanoseconds that the breaker stays open at first, and at most.
    pub(crate) open: u64,
    pub(crate) open_max: u64,
    /// The share by which that varies, between 0 and 1.
    pub(crate) jitter: f64,
    /// Probes that may be out at a time.
    pub(crate) probes: u64,
    /// Probes that must succeed.
    pub(crate) successes: u64,
    /// Nanoseconds that all probes may be out without one coming back.
    pub(crate) half_open: u64,
}

/// What is in a window.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Counts {
    pub(crate) calls: u64,
    pub(crate) failures: u64,
    pub(crate) slow: u64,
}

impl Rules {
    /// How many probes may be out at a time, and how many successes may be asked for.
    pub(crate) const PROBES_MAX: u32 = 10_000;

    /// Returns why a breaker with these counts must open, if it must.
    pub(crate) fn verdict(&self, counts: Counts, streak: u64) -> Option<CircuitCause> {
        let reaches = |part: u64, percent: f64| {
            part > 0 && part as f64 * 100.0 >= percent * counts.calls as f64
        };
        if counts.calls < self.minimum {
            None
        } else if reaches(counts.failures, self.failure_rate) {
            Some(CircuitCause::FailureRate)
        } else if reaches(counts.slow, self.slow_rate) {
            Some(CircuitCause::SlowCallRate)
        } else if self.consecutive > 0 && streak >= self.consecutive {
            Some(CircuitCause::ConsecutiveFailures)
        } else {
            None
        }
    }

    /// Returns how long to stay open after having opened `times` times before without closing in between:
    /// twice as long each time, a little more or less, so that many breakers do not probe at once; never
    /// longer than the maximum. `random` is between 0 and 1.
    pub(crate) fn open_span(&self, times: u32, random: f64) -> u64 {
        let doubled = self.open.saturating_mul(1u64.checked_shl(times).unwrap_or(u64::MAX));
        let middle = doubled.min(self.open_max) as f64;
        let least = middle * (1.0 - self.jitter);
        let most = (middle * (1.0 + self.jitter)).min(self.open_max as f64);
        ((least + (most - least) * random) as u64).max(1)
    }
}
