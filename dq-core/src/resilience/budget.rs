//! How many calls may be made again.

use std::sync::atomic::{AtomicU64, Ordering};

/// Bounds retries by the number of calls in the same second, so that an outage multiplies nothing: of a
/// thousand calls a second, a hundred may be made again. So few that a share of them is nothing get a few
/// retries a second all the same.
#[derive(Debug)]
pub(crate) struct Budget {
    percent: u64,
    minimum: u64,
    /// 16 bits of the second, 24 bits of calls, 24 bits of retries.
    second: AtomicU64,
}

const FIELD_BITS: u32 = 24;
const FIELD: u64 = (1 << FIELD_BITS) - 1;
const CALL: u64 = 1 << FIELD_BITS;

impl Budget {
    pub(crate) fn new(percent: u32, minimum_per_second: u32) -> Self {
        let (percent, minimum) = (percent.into(), minimum_per_second.into());
        Self { percent, minimum, second: AtomicU64::new(0) }
    }

    /// Counts a call that is not a retry, in the second `now`.
    pub(crate) fn call(&self, now: u64) {
        self.change(now, |word| (calls(word) < FIELD).then_some(word + CALL));
    }

    /// Asks for a retry in the second `now`, and counts it if it is granted.
    pub(crate) fn retry(&self, now: u64) -> bool {
        self.change(now, |word| {
            let limit = (calls(word) * self.percent / 100).max(self.minimum).min(FIELD);
            (word & FIELD < limit).then_some(word + 1)
        })
    }

    fn change(&self, now: u64, change: impl Fn(u64) -> Option<u64>) -> bool {
        let second = now << (2 * FIELD_BITS);
        let mut old = self.second.load(Ordering::Acquire);
        loop {
            let fields =
                if old >> (2 * FIELD_BITS) << (2 * FIELD_BITS) == second { old } else { second };
            let Some(new) = change(fields) else { return false };
            match self.second.compare_exchange(old, new, Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => return true,
                Err(it) => old = it,
            }
        }
    }
}

fn calls(word: u64) -> u64 {
    (word >> FIELD_BITS) & FIELD
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tenth_of_the_calls_of_a_second_may_be_repeated() {
        let budget = Budget::new(10, 3);
        (0..1000).for_each(|_| budget.call(7));
        assert_eq!((0..1000).filter(|_| budget.retry(7)).count(), 100);
        assert_eq!((0..1000).filter(|_| budget.retry(8)).count(), 3);
    }
}
