//! What calls took lately.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// How many of the last calls count.
const CALLS_MAX: usize = 256;
/// How few say nothing yet.
const CALLS_MIN: usize = 20;
/// After how many calls the quantile is found anew.
const REFRESH: usize = 16;

/// The last calls to one dependency, and a quantile of what they took.
#[derive(Debug)]
pub(crate) struct Latencies {
    quantile: f64,
    calls: Mutex<Calls>,
}

#[derive(Debug, Default)]
struct Calls {
    last: VecDeque<Duration>,
    since_found: usize,
    usual: Option<Duration>,
}

impl Latencies {
    pub(crate) fn new(quantile: f64) -> Self {
        Self { quantile, calls: Mutex::default() }
    }

    /// What so many calls took at most as the quantile says; none while there are too few.
    pub(crate) fn usual(&self) -> Option<Duration> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner).usual
    }

    pub(crate) fn note(&self, took: Duration) {
        let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        if calls.last.len() == CALLS_MAX {
            calls.last.pop_front();
        }
        calls.last.push_back(took);
        calls.since_found += 1;
        let is_due = calls.usual.is_none() || calls.since_found >= REFRESH;
        if is_due && calls.last.len() >= CALLS_MIN {
            calls.since_found = 0;
            calls.usual = nearest_rank(calls.last.iter().copied().collect(), self.quantile);
        }
    }
}

fn nearest_rank(mut calls: Vec<Duration>, quantile: f64) -> Option<Duration> {
    let rank = (calls.len() as f64 * quantile).ceil() as usize;
    let at = rank.max(1).checked_sub(1).filter(|it| *it < calls.len())?;
    Some(*calls.select_nth_unstable(at).1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MILLISECOND: Duration = Duration::from_millis(1);

    #[test]
    fn the_quantile_is_that_of_the_last_calls() {
        let latencies = Latencies::new(0.95);
        for number in 1..CALLS_MIN as u32 {
            latencies.note(number * MILLISECOND);
        }
        assert_eq!(latencies.usual(), None, "too few are no measure");
        latencies.note(20 * MILLISECOND);
        assert_eq!(latencies.usual(), Some(19 * MILLISECOND));
        (0..CALLS_MAX).for_each(|_| latencies.note(MILLISECOND));
        assert_eq!(latencies.usual(), Some(MILLISECOND), "old calls are forgotten");
    }
}
