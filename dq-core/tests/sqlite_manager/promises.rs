//! What every database manager promises.

use std::sync::Arc;

use dq_core::database::conformance::{Bench, check};

use crate::bench::{Folder, open};
use crate::runtimes::hold_on_each_runtime;

async fn check_all() -> dq_core::Result<()> {
    // Each folder lives until the end: a database must not lose its files.
    let folders = std::sync::Mutex::new(Vec::new());
    let open = async || {
        let folder = Folder::new();
        let database = Arc::new(open(folder.config()).await);
        folders.lock().unwrap().push(folder);
        Ok(Bench { database, bytes_type: "BLOB", timestamp_type: "TIMESTAMP" })
    };
    check(open).await
}

hold_on_each_runtime!(check_all);
