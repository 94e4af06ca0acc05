//! A SQLite database as a source of rows.

use async_trait::async_trait;

use crate::database::sqlite::config::SqliteConfig;
use crate::database::sqlite::open;
use crate::database::sqlite::snapshot::SqliteSnapshot;
use crate::error::{Error, ErrorKind, Result};
use crate::source::{Snapshot, Source};

/// A SQLite database as a source of rows. Each snapshot has connections of its own, which read only.
#[derive(Debug)]
pub struct SqliteSource {
    config: SqliteConfig,
    name: String,
}

impl SqliteSource {
    /// The database that `config` names.
    ///
    /// # Errors
    ///
    /// `NotFound` if the file is missing (it is not created), `PermissionDenied` if it cannot be read,
    /// `SourceInvalid` if it is no database, `Busy` if another connection locks it for too long.
    pub fn new(config: SqliteConfig) -> Result<Self> {
        open::reader(&config)?;
        Ok(Self { name: open::name(&config.path), config })
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
        let snapshot = opened.map_err(|it| {
            Error::new(ErrorKind::Internal, "opening a snapshot panicked").with_source(it)
        })??;
        Ok(Box::new(snapshot))
    }
}
