//! A coordinator and the servers over which its tables are spread.

use crate::servers::postgres::{PASSWORD, PostgresServer};

/// A PostgreSQL server with tables whose rows lie on two others.
#[derive(Debug)]
pub(crate) struct Shards {
    pub(crate) coordinator: PostgresServer,
    pub(crate) shards: Vec<PostgresServer>,
}

impl Shards {
    /// Starts them; none if tests that need PostgreSQL are to be left out.
    pub(crate) fn start() -> Option<Self> {
        let coordinator = PostgresServer::start()?;
        let shards = (0..2).filter_map(|_| PostgresServer::start()).collect();
        Some(Self { coordinator, shards })
    }

    /// Runs SQL on the coordinator.
    pub(crate) fn run(&self, sql: &str) -> String {
        self.coordinator.run("postgres", sql)
    }

    /// The URL of the coordinator.
    pub(crate) fn url(&self) -> String {
        self.coordinator.url("postgres")
    }

    /// The URLs of the others.
    pub(crate) fn shard_urls(&self) -> Vec<String> {
        self.shards.iter().map(|it| it.url("postgres")).collect()
    }

    /// Makes the others known to the coordinator, as an administrator would by hand.
    pub(crate) fn link(&self) {
        self.run("CREATE EXTENSION IF NOT EXISTS postgres_fdw");
        for (number, shard) in self.shards.iter().enumerate() {
            let (name, port) = (format!("s{}", number + 1), shard.port);
            self.run(&format!(
                "CREATE SERVER {name} FOREIGN DATA WRAPPER postgres_fdw OPTIONS \
                 (host '127.0.0.1', port '{port}', dbname 'postgres', async_capable 'true'); \
                 CREATE USER MAPPING FOR postgres SERVER {name} OPTIONS (user 'postgres', password '{PASSWORD}')"
            ));
        }
    }

    /// Makes a table whose rows are spread by the hash of `by`; `columns` are its columns, with the constraints that a table
    /// with parts can have.
    pub(crate) fn spread(&self, table: &str, columns: &str, by: &str) {
        self.run(&format!("CREATE TABLE {table} ({columns}) PARTITION BY HASH ({by})"));
        let modulus = self.shards.len();
        for (number, shard) in self.shards.iter().enumerate() {
            shard.run("postgres", &format!("CREATE TABLE {table} ({columns})"));
            self.run(&format!(
                "CREATE FOREIGN TABLE {table}_{number} PARTITION OF {table} FOR VALUES WITH \
                 (MODULUS {modulus}, REMAINDER {number}) SERVER s{} OPTIONS (table_name '{table}')",
                number + 1
            ));
        }
    }

    /// Says that a spread table has a primary key, which the coordinator cannot declare.
    pub(crate) fn note_key(&self, table: &str, columns: &str) {
        for number in 0..self.shards.len() {
            let part = format!("{table}_{number}");
            self.run(&format!("COMMENT ON FOREIGN TABLE {part} IS 'dq: primary key {columns}'"));
        }
    }
}
