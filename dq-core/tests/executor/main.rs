//! The executor: limits, deadlines, fairness, and that nothing is ever left behind.

#![cfg(test)]

mod batches;
mod bench;
mod blocking;
mod cached;
mod cancellation;
mod court;
mod deadlines;
mod flaky;
mod flights;
mod limits;
#[path = "../sqlite_manager/process.rs"]
mod process;
mod promises;
mod resilience;
#[path = "../shared/runtimes.rs"]
mod runtimes;
mod security;
mod snapshots;
mod statistics;
mod streams;
mod unchanged;
mod verdicts;
