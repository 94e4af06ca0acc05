//! How messages name a database that may not have been opened.

use std::path::Path;

use crate::config::Config;
use crate::engine::factory::kind;
use crate::engine::{DatabaseFactory, MYSQL, POSTGRES, begins, is_sqlite, path_of};
use crate::secret::redacted_url;

/// What messages call a database of which nothing is configured.
const CONFIGURED: &str = "the configured database";

impl DatabaseFactory {
    /// How messages name the database at `url`, whether it can be opened or not: as its manager does. Holds no password.
    pub fn name(&self, url: &str) -> String {
        let known = if begins(url, POSTGRES) {
            self.postgres_name(url)
        } else if begins(url, MYSQL) {
            self.mysql_name(url)
        } else if url.starts_with("sqlite:") || is_sqlite(Path::new(url)) {
            Some(format!("sqlite:{}", path_of(url).display()))
        } else {
            None
        };
        known.unwrap_or_else(|| redacted_url(url))
    }

    /// How messages name the database that `config` names, as [`name`](Self::name).
    pub fn configured_name(&self, config: &Config) -> String {
        let known = match kind(config).as_deref() {
            None | Some("sqlite") => Self::configured_sqlite_name(config),
            Some("postgresql") => self.configured_postgres_name(config),
            Some("mysql") => self.configured_mysql_name(config),
            Some(_) => None,
        };
        known.unwrap_or_else(|| CONFIGURED.to_owned())
    }

    #[cfg(feature = "sqlite")]
    fn configured_sqlite_name(config: &Config) -> Option<String> {
        let path = &config.sqlite.path;
        (!path.as_os_str().is_empty()).then(|| format!("sqlite:{}", path.display()))
    }

    #[cfg(feature = "postgres")]
    fn postgres_name(&self, url: &str) -> Option<String> {
        use crate::database::postgres::PostgresConfig;

        let (first, _) = crate::engine::hosts::split(url);
        self.postgres_name_of(&PostgresConfig::new(first))
    }

    #[cfg(feature = "postgres")]
    fn configured_postgres_name(&self, config: &Config) -> Option<String> {
        self.postgres_name_of(&config.postgres)
    }

    #[cfg(feature = "postgres")]
    fn postgres_name_of(
        &self,
        config: &crate::database::postgres::PostgresConfig,
    ) -> Option<String> {
        use crate::database::postgres::PostgresSource;
        use crate::source::Source;

        let source = PostgresSource::new(config, std::sync::Arc::clone(self.clock())).ok()?;
        Some(source.name().to_owned())
    }

    #[cfg(feature = "mysql")]
    fn mysql_name(&self, url: &str) -> Option<String> {
        self.mysql_name_of(&crate::database::mysql::MySqlConfig::new(url))
    }

    #[cfg(feature = "mysql")]
    fn configured_mysql_name(&self, config: &Config) -> Option<String> {
        self.mysql_name_of(&config.mysql)
    }

    #[cfg(feature = "mysql")]
    fn mysql_name_of(&self, config: &crate::database::mysql::MySqlConfig) -> Option<String> {
        use crate::database::mysql::MySqlSource;
        use crate::source::Source;

        let source = MySqlSource::new(config, std::sync::Arc::clone(self.clock())).ok()?;
        Some(source.name().to_owned())
    }

    #[cfg(not(feature = "sqlite"))]
    fn configured_sqlite_name(_: &Config) -> Option<String> {
        None
    }

    #[cfg(not(feature = "postgres"))]
    fn postgres_name(&self, _: &str) -> Option<String> {
        None
    }

    #[cfg(not(feature = "postgres"))]
    fn configured_postgres_name(&self, _: &Config) -> Option<String> {
        None
    }

    #[cfg(not(feature = "mysql"))]
    fn mysql_name(&self, _: &str) -> Option<String> {
        None
    }

    #[cfg(not(feature = "mysql"))]
    fn configured_mysql_name(&self, _: &Config) -> Option<String> {
        None
    }
}
