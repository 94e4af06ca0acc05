//! What is written down of each operation.

use std::fmt;
use std::time::SystemTime;

/// Microseconds by the clock of this machine, which all processes have.
#[expect(clippy::disallowed_methods, reason = "it is compared between processes")]
pub(crate) fn now_micros() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since.map_or(0, |it| it.as_micros() as u64)
}

/// A lookup, and the number it was answered with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Read {
    pub(crate) node: usize,
    pub(crate) key: u32,
    pub(crate) begun: u64,
    pub(crate) ended: u64,
    pub(crate) number: u64,
}

/// A new number, and the invalidation after it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Write {
    pub(crate) node: usize,
    pub(crate) key: u32,
    pub(crate) begun: u64,
    pub(crate) ended: u64,
    pub(crate) number: u64,
    /// Whether the store was told.
    pub(crate) is_everywhere: bool,
}

/// All that has happened.
#[derive(Debug, Default)]
pub(crate) struct History {
    pub(crate) reads: Vec<Read>,
    pub(crate) writes: Vec<Write>,
    /// From when to when Redis was out of reach.
    pub(crate) outages: Vec<(u64, u64)>,
    /// From when to when two servers may have taken themselves for the master, each with somebody who believed it.
    pub(crate) splits: Vec<(u64, u64)>,
    /// Values that no writer wrote, and memory beyond its bound, as a process has found itself.
    pub(crate) complaints: Vec<String>,
    /// Lookups that were answered from memory, from Redis, or by computing.
    pub(crate) sources: [u64; 3],
}

impl fmt::Display for Read {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "read {} {} {} {}", self.key, self.begun, self.ended, self.number)
    }
}

impl fmt::Display for Write {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let reach = u8::from(self.is_everywhere);
        write!(f, "write {} {} {} {} {reach}", self.key, self.begun, self.ended, self.number)
    }
}

impl History {
    /// Adds what the process `node` has written down.
    pub(crate) fn add(&mut self, node: usize, text: &str) {
        for line in text.lines() {
            let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
            let numbers: Vec<u64> = rest.split(' ').filter_map(|it| it.parse().ok()).collect();
            match (word, numbers.as_slice()) {
                ("read", &[key, begun, ended, number]) => {
                    self.reads.push(Read { node, key: key as u32, begun, ended, number });
                }
                ("write", &[key, begun, ended, number, reach]) => {
                    let (key, is_everywhere) = (key as u32, reach == 1);
                    self.writes.push(Write { node, key, begun, ended, number, is_everywhere });
                }
                ("sources", &[memory, shared, computed]) => {
                    let [a, b, c] = self.sources;
                    self.sources = [a + memory, b + shared, c + computed];
                }
                ("end" | "put", _) => {}
                _ => self.complaints.push(format!("process {node}: {line}")),
            }
        }
    }

    pub(crate) fn operations(&self) -> usize {
        self.reads.len() + self.writes.len()
    }

    pub(crate) fn summary(&self) -> String {
        let everywhere = self.writes.iter().filter(|it| it.is_everywhere).count();
        let [memory, shared, computed] = self.sources;
        format!(
            "{} reads ({memory} from memory, {shared} from redis, {computed} computed), {} writes \
             ({everywhere} told at once), {} disturbances, {} times two masters: nothing wrong",
            self.reads.len(),
            self.writes.len(),
            self.outages.len(),
            self.splits.len(),
        )
    }
}
