//! The MySQL database of a configuration.

use crate::config::primary::{Kind, Primary};
use crate::config::settings::Settings;
use crate::database::mysql::MySqlConfig;
use crate::error::Result;

const MYSQL: Kind = Kind { name: "mysql", scheme: "mysql://", port: 3_306 };

/// Says where the database is, and as whom dq comes, if it is MySQL; and what is set for databases of every kind.
pub(crate) fn open(config: &mut MySqlConfig, settings: &Settings) {
    let primary = Primary(settings);
    primary.set_pool(&mut config.readers, &mut config.idle_min);
    primary.set_timeouts(&mut config.acquire_timeout_ms, &mut config.statement_timeout_ms);
    config.tls.mode = primary.tls_mode().or(config.tls.mode);
    if let Some((url, password)) = primary.place(MYSQL) {
        config.url = url;
        config.password = password;
    }
}

/// Whether the part can use its struct, wherever the database may be.
pub(crate) fn check(config: &MySqlConfig) -> Result<()> {
    if config.url.is_empty() {
        return MySqlConfig { url: "mysql://localhost".into(), ..config.clone() }.validate();
    }
    config.validate()
}
