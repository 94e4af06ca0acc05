//! Reads a history, and says what in it breaks the promises of the cache.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::history::record::{History, Read, Write};

/// How many violations are told.
const TOLD_MAX: usize = 20;

/// What the cache promises.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Promise {
    /// How long another node may go on with what was invalidated.
    pub(crate) staleness: Duration,
    /// After which time all agree when Redis is back.
    pub(crate) agreement: Duration,
    /// How long an operation may take.
    pub(crate) longest: Duration,
}

impl Promise {
    /// What is wrong with `history`; the first of it.
    pub(crate) fn violations(&self, history: &History) -> Vec<String> {
        let mut violations = history.complaints.clone();
        let mut writes: BTreeMap<u32, Vec<Write>> = BTreeMap::new();
        for write in &history.writes {
            writes.entry(write.key).or_default().push(*write);
        }
        for read in &history.reads {
            let writes = writes.get(&read.key).map_or(&[][..], Vec::as_slice);
            violations.extend(self.wrong(read, writes, history));
        }
        let reads = history.reads.iter().map(|it| (it.ended - it.begun, it.to_string()));
        let writes = history.writes.iter().map(|it| (it.ended - it.begun, it.to_string()));
        for (took, what) in reads.chain(writes) {
            if took > micros(self.longest) {
                violations.push(format!("`{what}` took {} ms", took / 1000));
            }
        }
        violations.truncate(TOLD_MAX);
        violations
    }

    /// What is wrong with a read, given all writes of its key.
    fn wrong(&self, read: &Read, writes: &[Write], history: &History) -> Option<String> {
        let possible = writes.iter().filter(|it| it.begun <= read.ended).map(|it| it.number).max();
        if read.number > possible.unwrap_or(0) {
            return Some(format!("process {}: `{read}` is from the future", read.node));
        }
        let is_due = |it: &&Write| self.due(it, read.node, history) <= read.begun;
        let missed = writes.iter().filter(is_due).max_by_key(|it| it.number)?;
        (missed.number > read.number).then(|| {
            let late = (read.begun - missed.ended) / 1000;
            let (reader, writer) = (read.node, missed.node);
            format!(
                "process {reader}: `{read}` does not know `{missed}` of process {writer}, {late} ms after it"
            )
        })
    }

    /// From when on `node` must know `write`.
    fn due(&self, write: &Write, node: usize, history: &History) -> u64 {
        if write.node == node {
            return write.ended;
        }
        // What a master acknowledges that has been replaced already, its successor must still be told.
        let is_split = |it: &&(u64, u64)| it.0 <= write.ended && write.begun <= it.1;
        let split = history.splits.iter().find(is_split);
        if write.is_everywhere && split.is_none() {
            return write.ended + micros(self.staleness);
        }
        let calm = micros(self.agreement);
        let mut since = split.map_or(write.ended, |it| it.1.max(write.ended));
        for (from, to) in &history.outages {
            if *from < since + calm && *to > since {
                since = *to;
            }
        }
        since + calm
    }
}

fn micros(span: Duration) -> u64 {
    span.as_micros() as u64
}

mod tests {
    use super::*;

    const PROMISE: Promise = Promise {
        staleness: Duration::from_secs(1),
        agreement: Duration::from_secs(3),
        longest: Duration::from_secs(5),
    };
    const SECOND: u64 = 1_000_000;

    fn write(number: u64, ended: u64, is_everywhere: bool) -> Write {
        Write { node: 0, key: 1, begun: ended - 10, ended, number, is_everywhere }
    }

    fn read(node: usize, number: u64, begun: u64) -> Read {
        Read { node, key: 1, begun, ended: begun + 10, number }
    }

    fn count(write: Write, read: Read, outages: &[(u64, u64)]) -> usize {
        let (reads, writes) = (vec![read], vec![write]);
        let history = History { reads, writes, outages: outages.to_vec(), ..Default::default() };
        PROMISE.violations(&history).len()
    }

    #[test]
    fn the_writer_must_know_at_once() {
        let write = write(1, SECOND, false);
        assert_eq!(count(write, read(0, 0, SECOND), &[]), 1);
        assert_eq!(count(write, read(0, 1, SECOND), &[]), 0);
        assert_eq!(count(write, read(0, 0, SECOND - 1), &[]), 0, "it had not ended");
    }

    #[test]
    fn others_must_know_after_the_staleness() {
        let write = write(1, SECOND, true);
        assert_eq!(count(write, read(1, 0, 2 * SECOND - 1), &[]), 0);
        assert_eq!(count(write, read(1, 0, 2 * SECOND), &[]), 1);
        assert_eq!(count(write, read(1, 1, 2 * SECOND), &[]), 0);
    }

    #[test]
    fn what_the_store_was_not_told_is_due_when_redis_has_been_back_for_long_enough() {
        let write = write(1, SECOND, false);
        let outages = [(0, 2 * SECOND), (4 * SECOND, 6 * SECOND)];
        assert_eq!(count(write, read(1, 0, 9 * SECOND - 1), &outages), 0);
        assert_eq!(count(write, read(1, 0, 9 * SECOND), &outages), 1);
        assert_eq!(count(write, read(1, 0, 5 * SECOND), &outages[..1]), 1);
    }

    #[test]
    fn what_either_of_two_masters_was_told_is_due_when_there_has_been_one_for_long_enough() {
        let (writes, splits) = (vec![write(1, SECOND, true)], vec![(SECOND / 2, 2 * SECOND)]);
        let count = |read: Read, splits: &[(u64, u64)]| {
            let (reads, writes, splits) = (vec![read], writes.clone(), splits.to_vec());
            PROMISE.violations(&History { reads, writes, splits, ..Default::default() }).len()
        };
        assert_eq!(count(read(1, 0, 5 * SECOND - 1), &splits), 0);
        assert_eq!(count(read(1, 0, 5 * SECOND), &splits), 1);
        assert_eq!(count(read(0, 0, SECOND), &splits), 1, "who has written knows");
        assert_eq!(count(read(1, 0, 2 * SECOND), &[(0, SECOND / 2)]), 1, "there was one again");
    }

    #[test]
    fn numbers_from_the_future_slow_operations_and_complaints_are_violations() {
        assert_eq!(count(write(1, SECOND, true), read(1, 2, 2 * SECOND), &[]), 1);
        let slow = Read { ended: 10 * SECOND, ..read(1, 0, SECOND) };
        assert_eq!(count(write(1, 20 * SECOND, true), slow, &[]), 1);
        let mut history = History::default();
        history.add(0, "wrong value\nend\n");
        assert_eq!(PROMISE.violations(&history), ["process 0: wrong value"]);
    }
}
