//! The PostgreSQL database of a configuration.

use crate::config::primary::{Kind, Primary};
use crate::config::settings::Settings;
use crate::database::postgres::PostgresConfig;
use crate::error::Result;

const POSTGRES: Kind = Kind { name: "postgresql", scheme: "postgres://", port: 5_432 };

/// Says where the database is, and as whom dq comes, if it is PostgreSQL; and what is set for databases of every
/// kind.
pub(crate) fn open(config: &mut PostgresConfig, settings: &Settings) {
    let primary = Primary(settings);
    primary.set_pool(&mut config.readers, &mut config.idle_min);
    primary.set_timeouts(&mut config.acquire_timeout_ms, &mut config.statement_timeout_ms);
    config.tls.mode = primary.tls_mode().or(config.tls.mode);
    if let Some((url, password)) = primary.place(POSTGRES) {
        config.url = url;
        config.password = password;
    }
}

/// Whether the part can use its struct, wherever the database may be.
pub(crate) fn check(config: &PostgresConfig) -> Result<()> {
    if config.url.is_empty() {
        return PostgresConfig { url: "postgres://localhost".into(), ..config.clone() }.validate();
    }
    config.validate()
}
