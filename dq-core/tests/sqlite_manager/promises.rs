//! What every database manager promises, as a manager and as a source.

use std::sync::Arc;

use dq_core::database::DatabaseManager;
use dq_core::database::conformance::{Bench, check, fill};
use dq_core::source::{self, Source};

use crate::bench::{self, Folder};
use crate::runtimes::hold_on_each_runtime;

async fn check_all() -> dq_core::Result<()> {
    // Each folder lives until the end: a database must not lose its files.
    let folders = std::sync::Mutex::new(Vec::new());
    let open = async || {
        let folder = Folder::new();
        let database = Arc::new(bench::open(folder.config()).await);
        folders.lock().unwrap().push(folder);
        Ok(Bench { database, bytes_type: "BLOB", timestamp_type: "TIMESTAMP" })
    };
    check(open).await?;
    let folder = Folder::new();
    for config in [folder.config(), folder.rollback()] {
        let database = bench::open(config).await;
        if database.catalog().await?.is_empty() {
            fill(&database).await?;
        }
        let source: Arc<dyn Source> = Arc::new(database);
        source::conformance::check(async || Ok(Arc::clone(&source))).await?;
    }
    Ok(())
}

hold_on_each_runtime!(check_all);
