//! The SQLite database manager: what every manager promises, and what is SQLite's own.

#![cfg(test)]

mod backup;
mod bad_input;
mod bench;
#[path = "../shared/endless.rs"]
mod endless;
mod pool;
mod process;
mod promises;
#[path = "../shared/runtimes.rs"]
mod runtimes;
mod statements;
mod version;
