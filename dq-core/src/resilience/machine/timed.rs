//! The calls of the last so many seconds: a ring of short spans, each with its counts.

use crate::resilience::machine::rules::Counts;
use crate::resilience::sync::{AtomicU64, Ordering};

/// A window over time, cut into ten spans. It forgets a whole span at once, so it reaches back between
/// nine tenths and the whole of its length.
#[derive(Debug)]
pub(crate) struct Timed {
    span: u64,
    spans: Box<[Span]>,
}

/// The counts of one span. Each word has its own mark, so that each begins anew in one step.
#[derive(Debug)]
struct Span {
    calls: AtomicU64,
    failures: AtomicU64,
    slow: AtomicU64,
}

const SPANS: usize = 10;

/// A word is a count of 24 bits, the number of the span in 28 bits, and 12 bits of the epoch.
const COUNT_BITS: u32 = 24;
const COUNT_MAX: u64 = (1 << COUNT_BITS) - 1;
const NUMBER_BITS: u32 = 28;
const NUMBER: u64 = (1 << NUMBER_BITS) - 1;
const EPOCH: u64 = (1 << 12) - 1;

/// Who was interrupted for up to so many spans does not wipe out the counts of a later one.
const LATE_MAX: u64 = 1 << 10;

impl Timed {
    /// A window that is `length` nanoseconds long.
    pub(crate) fn new(length: u64) -> Self {
        let word = || AtomicU64::new(0);
        let span = |_| Span { calls: word(), failures: word(), slow: word() };
        Self { span: (length / SPANS as u64).max(1), spans: (0..SPANS).map(span).collect() }
    }

    /// Empties the window: from here on it is of `epoch`.
    pub(crate) fn begin(&self, epoch: u64, now: u64) {
        let empty = mark(epoch, now / self.span) << COUNT_BITS;
        for it in &self.spans {
            it.slow.store(empty, Ordering::SeqCst);
            it.failures.store(empty, Ordering::SeqCst);
            it.calls.store(empty, Ordering::SeqCst);
        }
    }

    /// Counts a call, and returns what the window then holds.
    ///
    /// All orderings are sequential: of two threads that count at once, the second sees both.
    pub(crate) fn record(
        &self,
        epoch: u64,
        (failed, slow): (bool, bool),
        now: u64,
    ) -> Option<Counts> {
        let number = now / self.span;
        let mark = mark(epoch, number);
        let span = self.spans.get((number % SPANS as u64) as usize)?;
        increment(&span.calls, mark)?;
        if failed {
            increment(&span.failures, mark)?;
        }
        if slow {
            increment(&span.slow, mark)?;
        }
        Some(self.counts(epoch, now))
    }

    pub(crate) fn counts(&self, epoch: u64, now: u64) -> Counts {
        let last = now / self.span;
        let mut counts = Counts::default();
        for number in last.saturating_sub(SPANS as u64 - 1)..=last {
            let mark = mark(epoch, number);
            if let Some(it) = self.spans.get((number % SPANS as u64) as usize) {
                counts.calls += count_of(&it.calls, mark);
                counts.failures += count_of(&it.failures, mark);
                counts.slow += count_of(&it.slow, mark);
            }
        }
        counts
    }
}

/// Adds one to a count, which begins anew if it is of an earlier span. A full count stays as it is: it
/// takes millions of calls in a second, whose rates the ones counted so far tell well enough.
fn increment(word: &AtomicU64, mark: u64) -> Option<()> {
    let mut old = word.load(Ordering::SeqCst);
    loop {
        let old_mark = old >> COUNT_BITS;
        let ahead = (old_mark & NUMBER).wrapping_sub(mark & NUMBER) & NUMBER;
        let new = if old_mark == mark {
            if old & COUNT_MAX == COUNT_MAX {
                return None;
            }
            old + 1
        } else if old_mark >> NUMBER_BITS == mark >> NUMBER_BITS && ahead > LATE_MAX {
            (mark << COUNT_BITS) | 1
        } else {
            return None; // Too late: of an epoch that is over, or of a span whose place another has taken.
        };
        match word.compare_exchange(old, new, Ordering::SeqCst, Ordering::SeqCst) {
            Ok(_) => return Some(()),
            Err(it) => old = it,
        }
    }
}

fn count_of(word: &AtomicU64, mark: u64) -> u64 {
    let word = word.load(Ordering::SeqCst);
    if word >> COUNT_BITS == mark { word & COUNT_MAX } else { 0 }
}

fn mark(epoch: u64, number: u64) -> u64 {
    ((epoch & EPOCH) << NUMBER_BITS) | (number & NUMBER)
}

#[cfg(all(test, not(dq_loom)))]
mod tests {
    use super::*;

    #[test]
    fn who_comes_late_does_not_wipe_out_what_came_meanwhile() {
        let window = Timed::new(100);
        assert!(window.record(0, (false, false), 205).is_some());
        // Another thread took the time before, and records after: its span had the same place.
        assert_eq!(window.record(0, (true, false), 105), None);
        assert_eq!(window.counts(0, 205), Counts { calls: 1, failures: 0, slow: 0 });
        // Whatever is of long ago is wiped out.
        assert!(window.record(0, (false, false), 100_005).is_some());
        assert_eq!(window.counts(0, 100_005).calls, 1);
    }
}
