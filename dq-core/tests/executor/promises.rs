//! What every executor promises.

use std::sync::{Arc, Mutex};

use dq_core::clock::SystemClock;
use dq_core::database::sqlite::{SqliteConfig, SqliteDatabaseManager};
use dq_core::executor::conformance::check;
use dq_core::executor::{AsyncQueryExecutor, QueryExecutor};

use crate::bench::limits;
use crate::runtimes::hold_on_each_runtime;

async fn check_all() -> dq_core::Result<()> {
    // Each folder lives until the end: a database must not lose its files.
    let folders = Mutex::new(Vec::new());
    let open = async || {
        let folder = tempfile::tempdir().unwrap();
        let config = SqliteConfig {
            create_if_missing: true,
            ..SqliteConfig::new(folder.path().join("a.db"))
        };
        folders.lock().unwrap().push(folder);
        let database = SqliteDatabaseManager::open(config, Arc::new(SystemClock)).await?;
        let clock = Arc::new(SystemClock);
        let executor = AsyncQueryExecutor::new(Arc::new(database), limits(2, 2), clock)?;
        Ok(Arc::new(executor) as Arc<dyn QueryExecutor>)
    };
    check(open).await
}

hold_on_each_runtime!(check_all);
