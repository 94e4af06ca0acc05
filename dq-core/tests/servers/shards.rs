//! A coordinator and the servers over which its tables are spread.

use std::sync::{Arc, Mutex, PoisonError, Weak};

use crate::servers::postgres::{PASSWORD, PostgresServer};

/// A database of a PostgreSQL server with tables whose rows lie in databases of the same name on two others.
#[derive(Debug)]
pub(crate) struct Shards {
    pub(crate) servers: Arc<Servers>,
    pub(crate) database: String,
}

/// The three servers.
#[derive(Debug)]
pub(crate) struct Servers {
    pub(crate) coordinator: PostgresServer,
    pub(crate) shards: Vec<PostgresServer>,
}

impl Servers {
    /// Starts plain ones.
    pub(crate) fn start() -> Option<Self> {
        Self::start_with("")
    }

    /// Starts them, the coordinator with more lines of configuration; none if tests that need PostgreSQL are to be left
    /// out.
    pub(crate) fn start_with(settings: &str) -> Option<Self> {
        let coordinator = PostgresServer::start_with(settings, None)?;
        let shards = (0..2).filter_map(|_| PostgresServer::start()).collect();
        Some(Self { coordinator, shards })
    }
}

impl Shards {
    /// New databases on servers that all tests share that run at once; none if tests that need PostgreSQL are to be
    /// left out.
    pub(crate) fn shared() -> Option<Self> {
        static SHARED: Mutex<Weak<Servers>> = Mutex::new(Weak::new());
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        let servers = match shared.upgrade() {
            Some(servers) => servers,
            None => Arc::new(Servers::start()?),
        };
        *shared = Arc::downgrade(&servers);
        Some(Self::of(servers))
    }

    /// New databases on servers.
    pub(crate) fn of(servers: Arc<Servers>) -> Self {
        let database = servers.coordinator.database();
        for shard in &servers.shards {
            shard.run("postgres", &format!("CREATE DATABASE {database}"));
        }
        Self { servers, database }
    }

    /// Runs SQL on the coordinator.
    pub(crate) fn run(&self, sql: &str) -> String {
        self.servers.coordinator.run(&self.database, sql)
    }

    /// Runs SQL on each of the others; gives what each says.
    pub(crate) fn run_on_each(&self, sql: &str) -> Vec<String> {
        self.servers.shards.iter().map(|it| it.run(&self.database, sql)).collect()
    }

    /// The URL of the coordinator.
    pub(crate) fn url(&self) -> String {
        self.servers.coordinator.url(&self.database)
    }

    /// The URLs of the others.
    pub(crate) fn shard_urls(&self) -> Vec<String> {
        self.servers.shards.iter().map(|it| it.url(&self.database)).collect()
    }

    /// Makes the others known to the coordinator, as an administrator would by hand.
    pub(crate) fn link(&self) {
        self.run("CREATE EXTENSION IF NOT EXISTS postgres_fdw");
        for (number, shard) in self.servers.shards.iter().enumerate() {
            let (name, port, database) = (format!("s{number}"), shard.port, &self.database);
            self.run(&format!(
                "CREATE SERVER {name} FOREIGN DATA WRAPPER postgres_fdw OPTIONS \
                 (host '127.0.0.1', port '{port}', dbname '{database}', async_capable 'true'); \
                 CREATE USER MAPPING FOR postgres SERVER {name} OPTIONS (user 'postgres', password '{PASSWORD}')"
            ));
        }
    }

    /// Makes a table whose rows are spread by the hash of `by`; `columns` are its columns, with the constraints that a
    /// table with parts can have.
    pub(crate) fn spread(&self, table: &str, columns: &str, by: &str) {
        self.run(&format!("CREATE TABLE {table} ({columns}) PARTITION BY HASH ({by})"));
        self.run_on_each(&format!("CREATE TABLE {table} ({columns})"));
        let modulus = self.servers.shards.len();
        for number in 0..modulus {
            self.run(&format!(
                "CREATE FOREIGN TABLE {table}_{number} PARTITION OF {table} FOR VALUES WITH \
                 (MODULUS {modulus}, REMAINDER {number}) SERVER s{number} OPTIONS (table_name '{table}')"
            ));
        }
    }

    /// Says that a spread table has a primary key, which the coordinator cannot declare.
    pub(crate) fn note_key(&self, table: &str, columns: &str) {
        for number in 0..self.servers.shards.len() {
            let part = format!("{table}_{number}");
            self.run(&format!("COMMENT ON FOREIGN TABLE {part} IS 'dq: primary key {columns}'"));
        }
    }
}
