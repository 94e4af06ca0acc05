//! From a URL with its options to a database manager, and to tables that are spread over servers.

use std::sync::Arc;

use dq_core::Result;
use dq_core::clock::SystemClock;
use dq_core::database::DatabaseManager;
use dq_core::database::mysql::{MySqlConfig, MySqlDatabaseManager};
use dq_core::database::postgres::{DistributeOptions, PostgresConfig};
use dq_core::database::replicas::ReplicasConfig;
use dq_core::database::sqlite::{SqliteConfig, SqliteDatabaseManager};
use dq_core::engine::{self, DatabaseFactory};
use dq_core::secret::Secret;
use pyo3::IntoPyObjectExt;
use pyo3::prelude::*;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::source::from_json;
use crate::work::Work;

/// What errors call the options.
const OPTIONS: &str = "options of the database";

/// Which backend, set up how.
pub(crate) enum Opening {
    Sqlite(SqliteConfig),
    Postgres(Box<(PostgresConfig, ReplicasConfig)>),
    MySql(MySqlConfig),
}

/// Options of a PostgreSQL database: those of all its servers together, and those of each of them.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Servers {
    read_replicas: Vec<Secret>,
    replicas: ReplicasConfig,
    #[serde(flatten)]
    each: Map<String, Value>,
}

impl Opening {
    /// What `url` names, with `options` as JSON.
    pub(crate) fn read(py: Python<'_>, url: &str, options: &str) -> PyResult<Self> {
        if url.starts_with("mysql:") || url.starts_with("mariadb:") {
            let config: MySqlConfig = from_json(py, OPTIONS, options)?;
            return Ok(Self::MySql(MySqlConfig { url: url.into(), ..config }));
        }
        if !engine::is_url(url) {
            let config: SqliteConfig = from_json(py, OPTIONS, options)?;
            let path = engine::path_of(url).to_owned();
            return Ok(Self::Sqlite(SqliteConfig { path, ..config }));
        }
        let mut servers: Servers = from_json(py, OPTIONS, options)?;
        servers.replicas.urls.append(&mut servers.read_replicas);
        let each = Value::Object(servers.each).to_string();
        let config: PostgresConfig = from_json(py, OPTIONS, &each)?;
        let config = PostgresConfig { url: url.into(), ..config };
        Ok(Self::Postgres(Box::new((config, servers.replicas))))
    }

    pub(crate) async fn open(self) -> Result<Arc<dyn DatabaseManager>> {
        let clock = Arc::new(SystemClock);
        Ok(match self {
            Self::Sqlite(config) => Arc::new(SqliteDatabaseManager::open(config, clock).await?),
            Self::Postgres(servers) => {
                let (config, replicas) = *servers;
                DatabaseFactory::new(clock).open_postgres(config, replicas).await?
            }
            Self::MySql(config) => Arc::new(MySqlDatabaseManager::open(config, clock).await?),
        })
    }
}

/// What to spread, and where to, as Python says it.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub(crate) struct Spreading {
    table: String,
    shards: Vec<String>,
    columns: Vec<String>,
    dry_run: bool,
}

/// Spreads a table of the PostgreSQL database at `url` over others. Gives the statements, each with its database, and how
/// many rows were moved.
#[pyfunction]
pub(crate) fn distribute(py: Python<'_>, url: String, spreading: Spreading) -> PyResult<Work> {
    let shards = spreading.shards.into_iter().map(Secret::from).collect();
    let Spreading { table, columns, dry_run, .. } = spreading;
    let options = DistributeOptions { table, columns, shards, dry_run };
    let running =
        async move { DatabaseFactory::new(Arc::new(SystemClock)).distribute(&url, &options).await };
    Work::start(py, running, |py, done| {
        let statements: Vec<(String, String)> =
            done.statements.into_iter().map(|it| (it.database, it.sql)).collect();
        (statements, done.rows).into_py_any(py)
    })
}
