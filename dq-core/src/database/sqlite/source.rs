//! A SQLite database as a source of rows.

use std::sync::Arc;

use async_trait::async_trait;

use crate::clock::{Clock, SystemClock};
use crate::database::sqlite::config::SqliteConfig;
use crate::database::sqlite::open;
use crate::database::sqlite::snapshot::SqliteSnapshot;
use crate::database::sqlite::version::Watcher;
use crate::error::{Error, Result};
use crate::source::{Snapshot, Source, Version};

/// A SQLite database as a source of rows. Each snapshot has connections of its own, which read only; another
/// is opened when a version is first asked for, and stays open.
#[derive(Debug)]
pub struct SqliteSource {
    config: SqliteConfig,
    name: String,
    watcher: Watcher,
}

impl SqliteSource {
    /// The database that `config` names.
    ///
    /// # Errors
    ///
    /// `NotFound` if the file is missing (it is not created), `PermissionDenied` if it cannot be read,
    /// `SourceInvalid` if it is no database, `Busy` if another connection locks it for too long.
    pub fn new(config: SqliteConfig) -> Result<Self> {
        Self::with_clock(config, Arc::new(SystemClock))
    }

    /// As [`new`](Self::new), with a clock by which recent changes are told.
    pub(crate) fn with_clock(config: SqliteConfig, clock: Arc<dyn Clock>) -> Result<Self> {
        open::reader(&config)?;
        let watcher = Watcher::new(&config, clock);
        Ok(Self { name: open::name(&config.path), config, watcher })
    }

    /// Closes the connection that tells versions.
    pub(crate) async fn close(&self) {
        self.watcher.close().await;
    }
}

#[async_trait]
impl Source for SqliteSource {
    fn name(&self) -> &str {
        &self.name
    }

    async fn snapshot(&self) -> Result<Box<dyn Snapshot>> {
        let config = self.config.clone();
        let opened = tokio::task::spawn_blocking(move || SqliteSnapshot::open(&config)).await;
        let snapshot = opened.map_err(|it| Error::of_task("opening a snapshot", &it))??;
        Ok(Box::new(snapshot))
    }

    async fn version(&self, table: &str) -> Result<Option<Version>> {
        self.watcher.version(table).await
    }
}
