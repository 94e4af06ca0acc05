//! The executor: limits, deadlines, fairness, and that nothing is ever left behind.

#[cfg(test)]
mod batches;
#[cfg(test)]
mod bench;
#[cfg(test)]
mod blocking;
#[cfg(test)]
mod cached;
#[cfg(test)]
mod cancellation;
#[cfg(test)]
mod court;
#[cfg(test)]
mod deadlines;
#[cfg(test)]
mod flaky;
#[cfg(test)]
mod flights;
#[cfg(test)]
mod limits;
#[cfg(test)]
#[path = "../sqlite_manager/process.rs"]
mod process;
#[cfg(test)]
mod promises;
#[cfg(test)]
mod resilience;
#[cfg(test)]
mod security;
#[cfg(test)]
mod snapshots;
#[cfg(test)]
mod statistics;
#[cfg(test)]
mod streams;
#[cfg(test)]
mod unchanged;
#[cfg(test)]
mod verdicts;
