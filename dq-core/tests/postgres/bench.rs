//! Databases to try things on.

use std::sync::Arc;

use dq_core::Result;
use dq_core::clock::SystemClock;
use dq_core::database::postgres::{PostgresConfig, PostgresDatabaseManager};

pub(crate) use crate::scans::{count, read, rows, scalar, scan, whole};
use crate::servers::postgres::PostgresServer;

/// An empty database on a server that other tests use, too.
#[derive(Debug)]
pub(crate) struct Place {
    pub(crate) server: Arc<PostgresServer>,
    pub(crate) name: String,
}

impl Place {
    /// Makes one; none where tests that need PostgreSQL are left out.
    pub(crate) fn new() -> Option<Self> {
        let server = PostgresServer::shared()?;
        let name = server.database();
        Some(Self { server, name })
    }

    /// How it is reached, with few connections.
    pub(crate) fn config(&self) -> PostgresConfig {
        few(&self.server.url(&self.name))
    }

    /// Runs `sql` as the owner of everything.
    pub(crate) fn run(&self, sql: &str) -> String {
        self.server.run(&self.name, sql)
    }

    /// How many of those that ran something are still there.
    pub(crate) fn clients(&self) -> usize {
        let name = &self.name;
        let count = format!(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = '{name}' AND application_name = 'psql'"
        );
        self.server.run("postgres", &count).parse().expect("it is a number")
    }

    pub(crate) async fn open(&self) -> PostgresDatabaseManager {
        open(self.config()).await
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.server.forget(&self.name);
    }
}

/// A configuration with few connections.
pub(crate) fn few(url: &str) -> PostgresConfig {
    PostgresConfig { readers: 4, writers: 4, ..PostgresConfig::new(url) }
}

pub(crate) async fn open(config: PostgresConfig) -> PostgresDatabaseManager {
    try_open(config).await.unwrap()
}

pub(crate) async fn try_open(config: PostgresConfig) -> Result<PostgresDatabaseManager> {
    PostgresDatabaseManager::open(config, Arc::new(SystemClock)).await
}
