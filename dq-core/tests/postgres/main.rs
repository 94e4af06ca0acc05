//! PostgreSQL, held against real servers that the tests start: what every manager promises, and what is its own.

#![cfg(test)]

mod bad_input;
mod bench;
mod dropped;
#[path = "../shared/endless.rs"]
mod endless;
mod pgbouncer;
mod pool;
mod promises;
#[path = "../shared/runtimes.rs"]
mod runtimes;
mod scan;
#[path = "../servers/mod.rs"]
mod servers;
mod sql;
#[path = "../shared/sql_rules.rs"]
mod sql_rules;
mod statements;
mod tls;

use std::time::Duration;

/// Lets the server do something by its own clock, and fails after 20 seconds.
async fn wait_for(what: &str, mut is_so: impl FnMut() -> bool) {
    for _ in 0..1_000 {
        if is_so() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("waited 20 s until {what}");
}
