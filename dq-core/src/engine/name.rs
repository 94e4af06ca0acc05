//! How messages name a database that may not have been opened.

use std::path::Path;

use crate::config::Config;
use crate::engine::factory::kind;
use crate::engine::spec::path_of;
use crate::engine::{DatabaseFactory, names_sqlite};
use crate::secret::redacted_url;

/// What messages call a database of which nothing is configured.
const CONFIGURED: &str = "the configured database";

impl DatabaseFactory {
    /// How messages name the database at `url`, whether it can be opened or not: as its manager does. Holds no password.
    pub fn name(&self, url: &str) -> String {
        self.known_name(url).unwrap_or_else(|| redacted_url(url))
    }

    /// How messages name the database that `config` names, as [`name`](Self::name).
    pub fn configured_name(&self, config: &Config) -> String {
        let known = match kind(config).as_deref() {
            #[cfg(feature = "sqlite")]
            None | Some("sqlite") if !config.sqlite.path.as_os_str().is_empty() => {
                Some(sqlite_name(&config.sqlite.path))
            }
            #[cfg(feature = "postgres")]
            Some("postgresql") => self.postgres_name(&config.postgres),
            #[cfg(feature = "mysql")]
            Some("mysql") => self.mysql_name(&config.mysql),
            _ => None,
        };
        known.unwrap_or_else(|| CONFIGURED.to_owned())
    }

    fn known_name(&self, url: &str) -> Option<String> {
        #[cfg(feature = "postgres")]
        if crate::engine::begins(url, crate::engine::POSTGRES) {
            let (first, _) = crate::engine::hosts::split(url);
            return self.postgres_name(&crate::database::postgres::PostgresConfig::new(first));
        }
        #[cfg(feature = "mysql")]
        if crate::engine::begins(url, crate::engine::MYSQL) {
            return self.mysql_name(&crate::database::mysql::MySqlConfig::new(url));
        }
        names_sqlite(url).then(|| sqlite_name(path_of(url)))
    }

    #[cfg(feature = "postgres")]
    fn postgres_name(&self, config: &crate::database::postgres::PostgresConfig) -> Option<String> {
        use crate::database::postgres::PostgresSource;
        use crate::source::Source;

        let source = PostgresSource::new(config, std::sync::Arc::clone(self.clock())).ok()?;
        Some(source.name().to_owned())
    }

    #[cfg(feature = "mysql")]
    fn mysql_name(&self, config: &crate::database::mysql::MySqlConfig) -> Option<String> {
        use crate::database::mysql::MySqlSource;
        use crate::source::Source;

        let source = MySqlSource::new(config, std::sync::Arc::clone(self.clock())).ok()?;
        Some(source.name().to_owned())
    }
}

fn sqlite_name(path: &Path) -> String {
    format!("sqlite:{}", path.display())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use crate::clock::SystemClock;

    use super::*;

    #[test]
    fn what_is_called_like_a_file_of_sqlite_but_has_another_scheme_shows_no_password() {
        let factory = DatabaseFactory::new(Arc::new(SystemClock));
        for scheme in ["POSTGRES", "postgres", "mysql", "oracle"] {
            let name = factory.name(&format!("{scheme}://u:canary@host/app.db"));
            assert!(!name.contains("canary") && !name.starts_with("sqlite:"), "{name}");
        }
        assert_eq!(factory.name("sqlite:a.db"), "sqlite:a.db");
    }
}
