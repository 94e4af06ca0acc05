//! Databases to try things on.

use std::sync::Arc;

use dq_core::Result;
use dq_core::clock::SystemClock;
use dq_core::database::mysql::{MySqlConfig, MySqlDatabaseManager};
use dq_core::database::{DatabaseManager, RowStream};

pub(crate) use crate::scans::{count, read, rows, scalar, scan, whole};
use crate::servers::mariadb::MariaDbServer;

/// Rows without end, or nearly, and at once: MariaDB makes the rows of a sequence as they are asked for.
pub(crate) const ENDLESS: &str = "SELECT seq AS i FROM seq_1_to_9223372036854775807";

/// An empty database on a server that other tests use, too.
#[derive(Debug)]
pub(crate) struct Place {
    pub(crate) server: Arc<MariaDbServer>,
    pub(crate) name: String,
}

impl Place {
    /// Makes one; none where tests that need MariaDB are left out.
    pub(crate) fn new() -> Option<Self> {
        let server = MariaDbServer::shared()?;
        let name = server.database();
        Some(Self { server, name })
    }

    /// How it is reached, with few connections.
    pub(crate) fn config(&self) -> MySqlConfig {
        few(&self.server.url(&self.name))
    }

    /// Runs `sql` as the owner of everything.
    pub(crate) fn run(&self, sql: &str) -> String {
        self.server.run(&self.name, sql)
    }

    pub(crate) async fn open(&self) -> MySqlDatabaseManager {
        open(self.config()).await
    }
}

/// A configuration with few connections.
pub(crate) fn few(url: &str) -> MySqlConfig {
    MySqlConfig { readers: 4, writers: 4, ..MySqlConfig::new(url) }
}

pub(crate) async fn open(config: MySqlConfig) -> MySqlDatabaseManager {
    try_open(config).await.unwrap()
}

pub(crate) async fn try_open(config: MySqlConfig) -> Result<MySqlDatabaseManager> {
    MySqlDatabaseManager::open(config, Arc::new(SystemClock)).await
}

/// Takes every connection that reads.
pub(crate) async fn exhaust(database: &dyn DatabaseManager) -> Vec<RowStream> {
    let mut streams = Vec::new();
    for _ in 0..database.statistics().readers.size {
        streams.push(database.stream(&ENDLESS.into()).await.unwrap());
    }
    streams
}
