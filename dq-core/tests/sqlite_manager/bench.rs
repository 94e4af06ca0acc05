//! Databases to test with.

use std::path::PathBuf;
use std::sync::Arc;

use dq_core::clock::SystemClock;
use dq_core::database::DatabaseManager;
use dq_core::database::sqlite::{SqliteConfig, SqliteDatabaseManager};
use tempfile::TempDir;

/// A folder with a database, gone when dropped.
pub(crate) struct Folder(TempDir);

impl Folder {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// A configuration that creates the database, with few connections.
    pub(crate) fn config(&self) -> SqliteConfig {
        SqliteConfig { create_if_missing: true, readers: 3, ..SqliteConfig::new(self.path("a.db")) }
    }

    pub(crate) async fn open(&self) -> Arc<dyn DatabaseManager> {
        open(self.config()).await
    }
}

pub(crate) async fn open(config: SqliteConfig) -> Arc<dyn DatabaseManager> {
    Arc::new(SqliteDatabaseManager::open(config, Arc::new(SystemClock)).await.unwrap())
}
