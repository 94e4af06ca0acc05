//! Where the log of the primary ended, and when.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// How many moments are remembered; beyond that the older half loses every second one.
const MOMENTS_MAX: usize = 2_048;

/// Where the log of the primary ended, and when. It turns a position that a replica has reached into an age
/// without the clocks of two machines, and without a replica's own figures, which lie on an idle primary.
#[derive(Debug, Default)]
pub(crate) struct History(VecDeque<(Instant, u64)>);

impl History {
    /// Notes that the log ended at `offset` or later at `at`.
    pub(crate) fn note(&mut self, at: Instant, offset: u64) {
        // A promotion may take the log back.
        while self.0.back().is_some_and(|it| it.1 > offset) {
            self.0.pop_back();
        }
        match self.0.back_mut() {
            Some(last) if last.1 == offset => last.0 = last.0.max(at),
            _ => self.0.push_back((at, offset)),
        }
        if self.0.len() > MOMENTS_MAX {
            let mut position = 0;
            self.0.retain(|_| {
                position += 1;
                position > MOMENTS_MAX / 2 || position % 2 == 1
            });
        }
    }

    /// Where the log ended last.
    pub(crate) fn end(&self) -> Option<u64> {
        self.0.back().map(|it| it.1)
    }

    /// How old the state of who has replayed up to `offset` may be at `now`: since then it may miss something.
    /// At least so old where it is older than all that is remembered.
    pub(crate) fn age(&self, offset: u64, now: Instant) -> Option<Duration> {
        let past = self.0.partition_point(|it| it.1 <= offset);
        let last_whole = past.checked_sub(1).and_then(|it| self.0.get(it));
        let since = last_whole.or_else(|| self.0.front())?;
        Some(now.saturating_duration_since(since.0))
    }

    /// Whether the state at `offset` is older than all that is remembered, so that its age is only a lower bound.
    pub(crate) fn is_before(&self, offset: u64) -> bool {
        self.0.front().is_none_or(|it| it.1 > offset)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::{Clock, TestClock};

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn the_age_of_a_position_is_the_time_since_it_was_the_end() {
        let (start, mut history) = (TestClock::new().now(), History::default());
        assert_eq!(history.age(5, start), None);
        for (second, offset) in [(0, 10), (1, 20), (2, 20), (3, 30)] {
            history.note(start + SECOND * second, offset);
        }
        let now = start + SECOND * 4;
        assert_eq!(history.age(30, now), Some(SECOND));
        assert_eq!(history.age(25, now), Some(SECOND * 2), "20 was the end until 2 s");
        assert_eq!(history.age(10, now), Some(SECOND * 4));
        assert_eq!(history.age(5, now), Some(SECOND * 4), "at least");
        assert!(history.is_before(5) && !history.is_before(10));
        assert_eq!(history.end(), Some(30));
    }

    #[test]
    fn a_promotion_may_take_the_log_back() {
        let (start, mut history) = (TestClock::new().now(), History::default());
        history.note(start, 10);
        history.note(start + SECOND, 30);
        history.note(start + SECOND * 2, 20);
        assert_eq!(history.end(), Some(20));
        assert_eq!(history.age(20, start + SECOND * 2), Some(Duration::ZERO));
    }

    #[test]
    fn what_is_remembered_is_bounded_and_keeps_its_beginning_in_reach() {
        let (start, mut history) = (TestClock::new().now(), History::default());
        for at in 0..100_000_u32 {
            history.note(start + SECOND * at, u64::from(at));
        }
        assert!(history.0.len() <= MOMENTS_MAX);
        let now = start + SECOND * 100_000;
        assert_eq!(history.age(99_999, now), Some(SECOND));
        let age = history.age(50_000, now).unwrap();
        assert!(age >= SECOND * 50_000 && age <= SECOND * 100_000, "{age:?}");
    }
}
