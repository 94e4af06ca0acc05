//! What every database manager promises.

use std::sync::Arc;

use dq_core::database::conformance::{Bench, check};

use crate::bench::{Folder, open};

async fn keep_all() {
    // Each folder lives until the end: a database must not lose its files.
    let folders = std::sync::Mutex::new(Vec::new());
    let open = async || {
        let folder = Folder::new();
        let database = Arc::new(open(folder.config()).await);
        folders.lock().unwrap().push(folder);
        Ok(Bench { database, bytes_type: "BLOB" })
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
