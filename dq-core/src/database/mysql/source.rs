//! A MySQL database as a source of rows.

use std::sync::Arc;

use async_trait::async_trait;

use crate::clock::Clock;
use crate::database::mysql::config::MySqlConfig;
use crate::database::mysql::connection::{MySqlConnector, Pool, begin_moment};
use crate::database::mysql::snapshot::{MySqlSnapshot, Streams};
use crate::database::mysql::version::Watcher;
use crate::database::server::Connector;
use crate::error::Result;
use crate::source::{Snapshot, Source, Version};

/// A MySQL or MariaDB database as a source of rows. Nothing is connected before the first snapshot.
///
/// Each snapshot has a connection of its own, in a transaction that only reads and that sees one moment; with
/// [`ParallelSnapshot::Lock`](crate::database::mysql::ParallelSnapshot::Lock) several, and then tables with a whole
/// number as their key are read by ranges of it, side by side.
#[derive(Debug)]
pub struct MySqlSource {
    readers: Arc<Pool>,
    clock: Arc<dyn Clock>,
    watcher: Watcher,
    streams: Streams,
}

impl MySqlSource {
    /// The database that `config` names.
    ///
    /// # Errors
    ///
    /// `ConfigInvalid` for a value out of its range, and for a URL that is none.
    pub fn new(config: &MySqlConfig, clock: Arc<dyn Clock>) -> Result<Self> {
        let connector = Arc::new(MySqlConnector::new(config, Arc::clone(&clock))?);
        let limits = config.limits(config.readers);
        let readers = Pool::new("reader", limits, connector, Arc::clone(&clock));
        let streams =
            Streams { parallel: config.parallel_snapshot, count: config.snapshot_streams };
        Ok(Self { readers, watcher: Watcher::new(&*clock), clock, streams })
    }

    /// The connections that read.
    pub(crate) fn readers(&self) -> &Arc<Pool> {
        &self.readers
    }
}

#[async_trait]
impl Source for MySqlSource {
    fn name(&self) -> &str {
        self.readers.connector().name()
    }

    async fn snapshot(&self) -> Result<Box<dyn Snapshot>> {
        let clock = Arc::clone(&self.clock);
        Ok(Box::new(MySqlSnapshot::open(&self.readers, clock, self.streams).await?))
    }

    async fn version(&self, table: &str) -> Result<Option<Version>> {
        let doing = format!("tell the version of `{table}` in `{}`", self.name());
        let mut lease = self.readers.begin(&begin_moment()).await?.and_reads_only();
        let version = self.watcher.version(&mut lease, table, &doing).await;
        lease.finish_with(version).await
    }
}
