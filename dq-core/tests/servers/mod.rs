//! Real servers for tests: each test starts its own, on free ports of the loopback, in a folder of
//! its own, and they end with it, however it ends.
//!
//! Included by the test binaries that need it with `#[path = "../servers/mod.rs"] mod servers;`.
//!
//! A machine without `redis-server`, PostgreSQL or MariaDB fails these tests with a message that says so. They are
//! left out only where `DQ_SKIP_REDIS_TESTS`, `DQ_SKIP_POSTGRES_TESTS` or `DQ_SKIP_MARIADB_TESTS` is set.

#![allow(dead_code, reason = "each test binary uses a part of the servers")]

pub(crate) mod account;
pub(crate) mod cluster;
pub(crate) mod mariadb;
pub(crate) mod pace;
pub(crate) mod pgbouncer;
pub(crate) mod port;
pub(crate) mod postgres;
pub(crate) mod process;
pub(crate) mod redis;
pub(crate) mod replicas;
pub(crate) mod resp;
pub(crate) mod sentinel;
pub(crate) mod shards;
pub(crate) mod tls;

use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

/// The server that all tests share that run at once: the one of `running` while somebody has it, else one that is started.
pub(crate) fn shared<S>(running: &Mutex<Weak<S>>, start: fn() -> Option<S>) -> Option<Arc<S>> {
    let mut running = running.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(server) = running.upgrade() {
        return Some(server);
    }
    let server = Arc::new(start()?);
    *running = Arc::downgrade(&server);
    Some(server)
}

/// Waits until `is_so`, and fails after a minute.
#[expect(clippy::disallowed_methods, reason = "the server runs by the real clock")]
pub(crate) fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < Duration::from_mins(1), "waited a minute until {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}
