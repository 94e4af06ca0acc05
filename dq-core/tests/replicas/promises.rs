//! What every database manager promises holds over replicas, too.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use dq_core::clock::SystemClock;
use dq_core::database::conformance::{Bench, check};
use dq_core::database::replicas::ReplicatedDatabaseManager;

use crate::bench::{few, others};
use crate::servers::replicas::Replicated;
use crate::servers::wait_until;

async fn keep_all() {
    let Some(servers) = Replicated::start() else { return };
    let count = AtomicUsize::new(0);
    let open = async || {
        let name = format!("test_{}", count.fetch_add(1, Ordering::Relaxed));
        servers.database(&name);
        let is_there = format!("SELECT count(*) FROM pg_database WHERE datname = '{name}'");
        wait_until("replicas have the database", || {
            servers.servers.iter().all(|it| it.run(&is_there) == "1")
        });
        let urls: Vec<_> = servers.servers.iter().map(|it| it.url_of(&name)).collect();
        let clock = Arc::new(SystemClock);
        let replicas = others(&urls[1..]);
        let manager = ReplicatedDatabaseManager::open(&few(&urls[0]), replicas, clock).await?;
        let database = Arc::new(manager);
        Ok(Bench { database, bytes_type: "BYTEA", timestamp_type: "TIMESTAMP" })
    };
    if let Err(error) = check(open).await {
        panic!("{error}");
    }
}

#[tokio::test]
async fn promises_hold_on_a_current_thread_runtime() {
    keep_all().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn promises_hold_on_many_threads() {
    keep_all().await;
}
