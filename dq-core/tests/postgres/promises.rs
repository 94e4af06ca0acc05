//! What every database manager promises.

use std::sync::Arc;

use dq_core::database::conformance::{Bench, check};

use crate::bench::{few, open};
use crate::servers::postgres::PostgresServer;

async fn keep_all() {
    // A server of its own: the version of a table changes with whatever is written on the server.
    let Some(server) = PostgresServer::start() else { return };
    let open = async || {
        let database = Arc::new(open(few(&server.url(&server.database()))).await);
        Ok(Bench { database, bytes_type: "BYTEA" })
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
