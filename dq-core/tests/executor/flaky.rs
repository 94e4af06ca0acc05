//! A database that fails as often as it is told to; the rest is a real one.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use dq_core::database::{
    BackupListener, DatabaseManager, Health, QueryResult, RowStream, Statement, Statistics,
    Transaction,
};
use dq_core::source::{Snapshot, Source, Version};
use dq_core::value::TableSchema;
use dq_core::{Error, ErrorKind, Result};

/// Fails before it does what is asked.
#[derive(Debug)]
pub(crate) struct Flaky {
    pub(crate) database: Arc<dyn DatabaseManager>,
    /// How often it still fails.
    pub(crate) failures: AtomicUsize,
    /// How often it was asked.
    pub(crate) asked: AtomicUsize,
    /// What another writes before the next query is asked.
    pub(crate) writer: Mutex<Option<&'static str>>,
}

impl Flaky {
    pub(crate) fn new(database: Arc<dyn DatabaseManager>, failures: usize) -> Arc<Self> {
        let (failures, asked) = (AtomicUsize::new(failures), AtomicUsize::new(0));
        Arc::new(Self { database, failures, asked, writer: Mutex::default() })
    }

    fn fail(&self) -> Result<()> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        let left = |it: usize| it.checked_sub(1);
        match self.failures.fetch_update(Ordering::Relaxed, Ordering::Relaxed, left) {
            Ok(_) => Err(Error::new(ErrorKind::Unavailable, "the database is down")),
            Err(_) => Ok(()),
        }
    }
}

#[async_trait]
impl Source for Flaky {
    fn name(&self) -> &str {
        self.database.name()
    }

    async fn snapshot(&self) -> Result<Box<dyn Snapshot>> {
        self.fail()?;
        self.database.snapshot().await
    }

    async fn version(&self, table: &str) -> Result<Option<Version>> {
        self.database.version(table).await
    }
}

#[async_trait]
impl DatabaseManager for Flaky {
    async fn query(&self, statement: &Statement) -> Result<QueryResult> {
        self.fail()?;
        let written = self.writer.lock().unwrap().take();
        if let Some(sql) = written {
            self.database.execute(&sql.into()).await?;
        }
        self.database.query(statement).await
    }

    async fn stream(&self, statement: &Statement) -> Result<RowStream> {
        self.fail()?;
        self.database.stream(statement).await
    }

    async fn execute(&self, statement: &Statement) -> Result<u64> {
        self.fail()?;
        self.database.execute(statement).await
    }

    async fn begin(&self) -> Result<Box<dyn Transaction>> {
        self.database.begin().await
    }

    async fn catalog(&self) -> Result<Vec<TableSchema>> {
        self.database.catalog().await
    }

    async fn health(&self) -> Health {
        self.database.health().await
    }

    fn statistics(&self) -> Statistics {
        self.database.statistics()
    }

    async fn backup(&self, path: &Path, listener: Option<BackupListener>) -> Result<()> {
        self.database.backup(path, listener).await
    }

    async fn optimize(&self) -> Result<()> {
        self.database.optimize().await
    }

    async fn close(&self) {
        self.database.close().await;
    }
}
