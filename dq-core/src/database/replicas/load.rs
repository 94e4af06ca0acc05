//! How busy a server is, as far as this process can tell.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How fast a peak is forgotten. Statements differ more in what they cost than servers do, so that a peak says little
/// for long.
const DECAY: Duration = Duration::from_secs(1);

/// What a server is taken to need before it has answered once.
const FIRST: Duration = Duration::from_millis(5);

/// The latency of a server times what is under way: tower's `PeakEwma`. A latency above the average counts at
/// once, and lower ones bring it down little by little.
///
/// It is written out here since that of the crate `tower` reads tokio's clock, and its balancer chooses among all
/// servers that are ready, where each read has its own that are fresh enough.
#[derive(Debug)]
pub(crate) struct Load {
    under_way: AtomicUsize,
    average: Mutex<Average>,
}

#[derive(Clone, Copy, Debug)]
struct Average {
    nanoseconds: f64,
    at: Instant,
}

impl Load {
    pub(crate) fn new(now: Instant) -> Self {
        let average = Average { nanoseconds: FIRST.as_nanos() as f64, at: now };
        Self { under_way: AtomicUsize::new(0), average: Mutex::new(average) }
    }

    /// Notes that a call begins.
    pub(crate) fn begin(&self) {
        self.under_way.fetch_add(1, Ordering::Relaxed);
    }

    /// Notes that a call is over, and how long it took if that tells something about the server.
    pub(crate) fn end(&self, took: Option<Duration>, now: Instant) {
        self.under_way.fetch_sub(1, Ordering::Relaxed);
        if let Some(took) = took {
            let mut average = self.average();
            *average = average.with(took.as_nanos() as f64, now);
        }
    }

    /// How many calls are under way.
    pub(crate) fn under_way(&self) -> usize {
        self.under_way.load(Ordering::Relaxed)
    }

    /// The load; less is better.
    pub(crate) fn weight(&self, now: Instant) -> f64 {
        let average = self.average().with(0.0, now).nanoseconds;
        average * (self.under_way() + 1) as f64
    }

    fn average(&self) -> MutexGuard<'_, Average> {
        self.average.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Average {
    fn with(self, nanoseconds: f64, now: Instant) -> Self {
        if nanoseconds > self.nanoseconds {
            return Self { nanoseconds, at: now };
        }
        let elapsed = now.saturating_duration_since(self.at).as_secs_f64();
        let kept = (-elapsed / DECAY.as_secs_f64()).exp();
        Self { nanoseconds: self.nanoseconds * kept + nanoseconds * (1.0 - kept), at: now }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::{Clock, TestClock};

    #[test]
    fn a_peak_counts_at_once_and_is_forgotten_slowly() {
        let now = TestClock::new().now();
        let load = Load::new(now);
        let first = load.weight(now);
        load.begin();
        load.end(Some(Duration::from_millis(500)), now);
        assert!(load.weight(now) > first * 50.0);
        let later = now + DECAY;
        load.begin();
        load.end(Some(Duration::from_millis(1)), later);
        let weight = load.weight(later);
        assert!(weight > 100e6 && weight < 250e6, "{weight}");
        assert!(load.weight(later + DECAY * 10) < 1e6);
    }

    #[test]
    fn what_is_under_way_counts() {
        let now = TestClock::new().now();
        let load = Load::new(now);
        let idle = load.weight(now);
        load.begin();
        load.begin();
        assert!((load.weight(now) - idle * 3.0).abs() < 1.0);
        load.end(None, now);
        load.end(None, now);
        assert!((load.weight(now) - idle).abs() < 1.0);
    }
}
