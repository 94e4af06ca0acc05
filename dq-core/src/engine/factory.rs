//! From a URL, a configuration or the environment to a database manager.

use std::path::Path;
use std::sync::Arc;

use crate::clock::Clock;
use crate::config::{Config, ConfigSources, Setting, SettingValue};
use crate::database::DatabaseManager;
use crate::engine::spec::path_of;
use crate::engine::{MYSQL, POSTGRES, SCHEMES, begins, names_sqlite};
use crate::error::{Error, ErrorKind, Result};
use crate::secret::redacted_url;

/// Opens databases.
///
/// ```
/// use std::sync::Arc;
///
/// use dq_core::clock::SystemClock;
/// use dq_core::database::DatabaseManager;
/// use dq_core::engine::DatabaseFactory;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let factory = DatabaseFactory::new(Arc::new(SystemClock));
/// let error = factory.open("sqlite:there-is-none.db").await.unwrap_err();
/// assert_eq!(error.kind(), dq_core::ErrorKind::NotFound);
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct DatabaseFactory {
    clock: Arc<dyn Clock>,
}

impl DatabaseFactory {
    /// One whose databases take their time from `clock`.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock }
    }

    /// The kinds of databases that were compiled in, as a configuration names them.
    pub fn supported() -> Vec<&'static str> {
        let kinds = [
            ("sqlite", cfg!(feature = "sqlite")),
            ("postgresql", cfg!(feature = "postgres")),
            ("mysql", cfg!(feature = "mysql")),
        ];
        kinds.into_iter().filter(|it| it.1).map(|it| it.0).collect()
    }

    /// Opens the database that `url` names, and connects to it once: `sqlite:PATH`, `postgres://…`,
    /// `mysql://…`, `mariadb://…`, or the path of a SQLite database.
    ///
    /// # Errors
    ///
    /// `FeatureDisabled` with the name of the feature if dq was compiled without what `url` needs; `UsageInvalid`
    /// for a URL that names no database; what keeps the backend from being opened. None holds a password.
    pub async fn open(&self, url: &str) -> Result<Arc<dyn DatabaseManager>> {
        if begins(url, POSTGRES) {
            return self.postgres(url).await;
        }
        if begins(url, MYSQL) {
            return self.mysql(url).await;
        }
        if names_sqlite(url) {
            return self.sqlite(path_of(url)).await;
        }
        let shown = redacted_url(url);
        let message = match url.split_once(':') {
            Some((scheme, rest)) if rest.starts_with("//") => {
                format!("cannot open a database of scheme `{scheme}:`: sources are {SCHEMES}")
            }
            _ => format!("cannot open `{shown}`: it is no database; write `sqlite:PATH` or a URL"),
        };
        Err(Error::new(ErrorKind::UsageInvalid, message))
    }

    /// Opens the database that `config` names under `database`.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open), and `ConfigInvalid` if no database is named.
    pub async fn open_configured(&self, config: &Config) -> Result<Arc<dyn DatabaseManager>> {
        match kind(config).as_deref() {
            None | Some("sqlite") => self.configured_sqlite(config).await,
            Some("postgresql") => self.configured_postgres(config).await,
            Some("mysql") => self.configured_mysql(config).await,
            Some(kind) => {
                let message = format!("cannot open a database of type `{kind}`");
                Err(Error::new(ErrorKind::ConfigInvalid, message))
            }
        }
    }

    /// Opens the database that the environment names: `VEEVA_DB_TYPE`, `VEEVA_DB_HOST`, …, or the same with `DQ_`
    /// in place of `VEEVA_`, and the file that `DQ_CONFIG` names.
    ///
    /// # Errors
    ///
    /// As [`open_configured`](Self::open_configured) and [`Config::load`].
    pub async fn open_from_environment(&self) -> Result<Arc<dyn DatabaseManager>> {
        self.open_configured(&Config::load(&ConfigSources::from_environment())?).await
    }

    /// What times the databases.
    pub(crate) fn clock(&self) -> &Arc<dyn Clock> {
        &self.clock
    }

    #[cfg(feature = "sqlite")]
    async fn sqlite(&self, path: &Path) -> Result<Arc<dyn DatabaseManager>> {
        use crate::database::sqlite::{SqliteConfig, SqliteDatabaseManager};

        let config = SqliteConfig { path: path.to_owned(), ..SqliteConfig::default() };
        Ok(Arc::new(SqliteDatabaseManager::open(config, Arc::clone(&self.clock)).await?))
    }

    #[cfg(feature = "sqlite")]
    async fn configured_sqlite(&self, config: &Config) -> Result<Arc<dyn DatabaseManager>> {
        use crate::database::sqlite::SqliteDatabaseManager;

        if config.sqlite.path.as_os_str().is_empty() {
            return Err(unnamed());
        }
        let (config, clock) = (config.sqlite.clone(), Arc::clone(&self.clock));
        Ok(Arc::new(SqliteDatabaseManager::open(config, clock).await?))
    }

    #[cfg(feature = "postgres")]
    async fn postgres(&self, url: &str) -> Result<Arc<dyn DatabaseManager>> {
        use crate::database::postgres::PostgresConfig;
        use crate::database::replicas::ReplicasConfig;

        self.open_postgres(PostgresConfig::new(url), ReplicasConfig::default()).await
    }

    /// Opens the PostgreSQL database on the servers that `config.url` names, one or several, and those of `replicas.urls`.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open), and `ConfigInvalid` for a value out of its range.
    #[cfg(feature = "postgres")]
    pub async fn open_postgres(
        &self,
        config: crate::database::postgres::PostgresConfig,
        mut replicas: crate::database::replicas::ReplicasConfig,
    ) -> Result<Arc<dyn DatabaseManager>> {
        let (first, mut urls) = crate::engine::hosts::split(config.url.expose());
        urls.append(&mut replicas.urls);
        replicas.urls = urls;
        let config = crate::database::postgres::PostgresConfig { url: first, ..config };
        self.servers(config, replicas).await
    }

    /// Spreads a table of the PostgreSQL database at `url` over other servers; see
    /// [`distribute`](crate::database::postgres::distribute).
    ///
    /// # Errors
    ///
    /// `UsageInvalid` if a URL is of no PostgreSQL database; otherwise as that function.
    #[cfg(feature = "postgres")]
    pub async fn distribute(
        &self,
        url: &str,
        options: &crate::database::postgres::DistributeOptions,
    ) -> Result<crate::database::postgres::Distribution> {
        use crate::database::postgres::{PostgresConfig, distribute};

        let shards = options.shards.iter().map(crate::secret::Secret::expose);
        if let Some(other) = shards.chain([url]).find(|it| !begins(it, POSTGRES)) {
            let shown = redacted_url(other);
            let message = format!("cannot distribute tables over `{shown}`: write `postgres://…`");
            return Err(Error::new(ErrorKind::UsageInvalid, message));
        }
        distribute(&PostgresConfig::new(url), options, Arc::clone(&self.clock)).await
    }

    /// Opens one server, or several.
    #[cfg(feature = "postgres")]
    async fn servers(
        &self,
        first: crate::database::postgres::PostgresConfig,
        replicas: crate::database::replicas::ReplicasConfig,
    ) -> Result<Arc<dyn DatabaseManager>> {
        use crate::database::postgres::PostgresDatabaseManager;
        use crate::database::replicas::ReplicatedDatabaseManager;

        let clock = Arc::clone(&self.clock);
        if replicas.urls.is_empty() {
            return Ok(Arc::new(PostgresDatabaseManager::open(first, clock).await?));
        }
        Ok(Arc::new(ReplicatedDatabaseManager::open(&first, replicas, clock).await?))
    }

    #[cfg(feature = "postgres")]
    async fn configured_postgres(&self, config: &Config) -> Result<Arc<dyn DatabaseManager>> {
        check_named(config)?;
        self.servers(config.postgres.clone(), config.replicas.clone()).await
    }

    #[cfg(feature = "mysql")]
    async fn mysql(&self, url: &str) -> Result<Arc<dyn DatabaseManager>> {
        use crate::database::mysql::{MySqlConfig, MySqlDatabaseManager};

        let clock = Arc::clone(&self.clock);
        Ok(Arc::new(MySqlDatabaseManager::open(MySqlConfig::new(url), clock).await?))
    }

    #[cfg(feature = "mysql")]
    async fn configured_mysql(&self, config: &Config) -> Result<Arc<dyn DatabaseManager>> {
        use crate::database::mysql::MySqlDatabaseManager;

        check_named(config)?;
        if value(config, "database.read_replicas").is_some() {
            let message = "cannot use `database.read_replicas`: only those of PostgreSQL are read";
            return Err(Error::new(ErrorKind::ConfigInvalid, message));
        }
        let clock = Arc::clone(&self.clock);
        Ok(Arc::new(MySqlDatabaseManager::open(config.mysql.clone(), clock).await?))
    }

    #[cfg(not(feature = "sqlite"))]
    async fn sqlite(&self, path: &Path) -> Result<Arc<dyn DatabaseManager>> {
        Err(crate::engine::disabled("sqlite", &path.display().to_string()))
    }

    #[cfg(not(feature = "sqlite"))]
    async fn configured_sqlite(&self, _: &Config) -> Result<Arc<dyn DatabaseManager>> {
        Err(crate::engine::disabled("sqlite", "sqlite"))
    }

    #[cfg(not(feature = "postgres"))]
    async fn postgres(&self, url: &str) -> Result<Arc<dyn DatabaseManager>> {
        Err(crate::engine::disabled("postgres", &redacted_url(url)))
    }

    #[cfg(not(feature = "postgres"))]
    async fn configured_postgres(&self, _: &Config) -> Result<Arc<dyn DatabaseManager>> {
        Err(crate::engine::disabled("postgres", "postgresql"))
    }

    #[cfg(not(feature = "mysql"))]
    async fn mysql(&self, url: &str) -> Result<Arc<dyn DatabaseManager>> {
        Err(crate::engine::disabled("mysql", &redacted_url(url)))
    }

    #[cfg(not(feature = "mysql"))]
    async fn configured_mysql(&self, _: &Config) -> Result<Arc<dyn DatabaseManager>> {
        Err(crate::engine::disabled("mysql", "mysql"))
    }
}

/// Whether `config` names a database on a server.
#[cfg(any(feature = "mysql", feature = "postgres"))]
fn check_named(config: &Config) -> Result<()> {
    text(config, "database.primary.database").map(drop).ok_or_else(unnamed)
}

/// The kind of the database that `config` names.
pub(crate) fn kind(config: &Config) -> Option<String> {
    text(config, "database.primary.type")
}

fn value<'a>(config: &'a Config, path: &str) -> Option<&'a SettingValue> {
    config.settings().into_iter().find(|it| it.path() == path).and_then(Setting::value)
}

fn text(config: &Config, path: &str) -> Option<String> {
    value(config, path).map(SettingValue::shown)
}

#[cfg(any(feature = "mysql", feature = "postgres", feature = "sqlite"))]
fn unnamed() -> Error {
    let message = "cannot open a database: `database.primary.database` (`DQ_DB_NAME`) names none";
    Error::new(ErrorKind::ConfigInvalid, message)
}
