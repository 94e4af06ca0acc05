//! PostgreSQL, held against real servers that the tests start: what every manager promises, and what is its own.

#![cfg(test)]

mod bad_input;
mod bench;
mod dropped;
#[path = "../shared/endless.rs"]
mod endless;
mod pgbouncer;
mod pool;
#[path = "../shared/pooling.rs"]
mod pooling;
mod promises;
#[path = "../shared/runtimes.rs"]
mod runtimes;
mod scan;
#[path = "../shared/scans.rs"]
mod scans;
#[path = "../servers/mod.rs"]
mod servers;
mod sql;
#[path = "../shared/sql_rules.rs"]
mod sql_rules;
mod statements;
mod tls;
mod values;
#[path = "../shared/waiting.rs"]
mod waiting;

use crate::waiting::wait_for;
