//! A PostgreSQL database as a source of rows.

use std::sync::Arc;

use async_trait::async_trait;

use crate::clock::Clock;
use crate::database::postgres::config::PostgresConfig;
use crate::database::postgres::connection::{Pool, PostgresConnector, READ};
use crate::database::postgres::snapshot::PostgresSnapshot;
use crate::database::postgres::version::Watcher;
use crate::database::server::Connector;
use crate::error::Result;
use crate::source::{Snapshot, Source, Version};

/// A PostgreSQL database as a source of rows. Nothing is connected before the first snapshot.
///
/// Each snapshot has connections of its own from one pool, in transactions that only read and that see the
/// same moment. A scan of a table locks it against what would change its shape, as `pg_dump` does, until the
/// snapshot ends.
#[derive(Debug)]
pub struct PostgresSource {
    readers: Arc<Pool>,
    clock: Arc<dyn Clock>,
    watcher: Watcher,
}

impl PostgresSource {
    /// The database that `config` names.
    ///
    /// # Errors
    ///
    /// `ConfigInvalid` for a value out of its range, and for a URL that is none.
    pub fn new(config: &PostgresConfig, clock: Arc<dyn Clock>) -> Result<Self> {
        let connector = Arc::new(PostgresConnector::new(config, Arc::clone(&clock))?);
        let limits = config.limits(config.readers);
        let readers = Pool::new("reader", limits, connector, Arc::clone(&clock));
        Ok(Self { readers, watcher: Watcher::new(config.version_staleness_ms, &*clock), clock })
    }

    /// The connections that read.
    pub(crate) fn readers(&self) -> &Arc<Pool> {
        &self.readers
    }
}

#[async_trait]
impl Source for PostgresSource {
    fn name(&self) -> &str {
        self.readers.connector().name()
    }

    async fn snapshot(&self) -> Result<Box<dyn Snapshot>> {
        Ok(Box::new(PostgresSnapshot::open(&self.readers, Arc::clone(&self.clock)).await?))
    }

    async fn version(&self, table: &str) -> Result<Option<Version>> {
        let doing = format!("tell the version of `{table}` in `{}`", self.name());
        let mut lease = self.readers.begin(READ).await?.and_reads_only();
        let version = self.watcher.version(&mut lease, table, &doing).await;
        lease.finish_with(version).await
    }
}
