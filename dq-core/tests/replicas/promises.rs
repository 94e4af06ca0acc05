//! What every database manager promises, as a manager and as a source, holds over replicas, too.

use std::sync::Arc;

use dq_core::Result;
use dq_core::clock::SystemClock;
use dq_core::database::conformance::{Bench, check, fill};
use dq_core::database::postgres::PostgresConfig;
use dq_core::database::replicas::ReplicatedDatabaseManager;
use dq_core::source::{self, Source};

use crate::bench::{are_used, others, states, wait_for};
use crate::servers::replicas::Replicated;
use crate::servers::wait_until;

async fn check_all() -> Result<()> {
    // Servers of their own: the version of a table changes with whatever is written on them.
    let Some(servers) = Replicated::start() else { return Ok(()) };
    let servers = Arc::new(servers);
    let open = async || {
        // Managers that are still closing go on meanwhile.
        let emptying = tokio::task::spawn_blocking({
            let servers = Arc::clone(&servers);
            move || empty(&servers)
        });
        emptying.await.expect("the database is made empty");
        let urls = servers.urls();
        // As few connections as will do: to prove that none is stuck, a promise takes all.
        let first =
            PostgresConfig { readers: 2, writers: 2, ..PostgresConfig::new(urls[0].as_str()) };
        let replicas = others(&urls[1..]);
        let clock = Arc::new(SystemClock);
        let database = ReplicatedDatabaseManager::open(&first, replicas, clock).await?;
        wait_for("all servers are used", || async { are_used(&states(&database).await) }).await;
        let database = Arc::new(database);
        Ok(Bench { database, bytes_type: "BYTEA", timestamp_type: "TIMESTAMP" })
    };
    check(open).await?;
    let database = open().await?.database;
    fill(&*database).await?;
    let source: Arc<dyn Source> = database;
    source::conformance::check(async || Ok(Arc::clone(&source))).await
}

/// Ends what earlier managers left, and takes everything out of the database, on all servers. A database for each
/// promise would be thousands of files.
fn empty(servers: &Replicated) {
    for server in &servers.servers {
        let end = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = 'dq'";
        wait_until("nobody is connected", || server.run(end) == "0");
    }
    servers.servers[0].run("DROP SCHEMA public CASCADE; CREATE SCHEMA public");
    // A schema that is made anew has another number.
    let schema = "SELECT coalesce(to_regnamespace('public')::oid, 0)";
    let made = servers.servers[0].run(schema);
    wait_until("replicas are empty, too", || {
        servers.servers.iter().all(|it| it.run(schema) == made)
    });
}

#[tokio::test]
#[ignore = "takes as long as the other; `make soak` runs it"]
async fn promises_hold_on_a_current_thread_runtime() {
    check_all().await.unwrap_or_else(|error| panic!("{error}"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn promises_hold_on_many_threads() {
    check_all().await.unwrap_or_else(|error| panic!("{error}"));
}
