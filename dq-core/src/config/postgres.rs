//! The PostgreSQL database of a configuration.

use crate::config::settings::Settings;
use crate::config::value::SettingValue;
use crate::database::postgres::{PostgresConfig, TlsMode};
use crate::error::Result;
use crate::secret::Secret;

/// How such databases are called.
const TYPE: &str = "postgresql";

/// Says where the database is, and as whom dq comes, if it is PostgreSQL; and what is set for databases of every
/// kind.
pub(crate) fn open(config: &mut PostgresConfig, settings: &Settings) {
    let number = |path| match settings.value(path) {
        Some(SettingValue::Whole(it)) => usize::try_from(*it).ok(),
        _ => None,
    };
    let millis = |path| match settings.value(path) {
        Some(SettingValue::Milliseconds(it)) => Some(*it),
        _ => None,
    };
    let overflow = config.readers.saturating_sub(config.idle_min);
    config.idle_min = number("database.primary.connection_pool_size").unwrap_or(config.idle_min);
    config.readers = config.idle_min + number("database.primary.max_overflow").unwrap_or(overflow);
    if let Some(it) = millis("database.primary.pool_timeout") {
        config.acquire_timeout_ms = it;
    }
    if let Some(it) = millis("database.primary.query_timeout") {
        config.statement_timeout_ms = it;
    }
    if let Some(mode) = settings.text("security.ssl_mode") {
        config.tls.mode = TlsMode::of(mode);
    }
    if settings.text("database.primary.type") == Some(TYPE) {
        config.url = Secret::new(url(settings));
        config.password = match settings.value("database.primary.password") {
            Some(SettingValue::Secret(it)) => Some(it.clone()),
            _ => None,
        };
    }
}

/// Whether the part can use its struct, wherever the database may be.
pub(crate) fn check(config: &PostgresConfig) -> Result<()> {
    if config.url.is_empty() {
        return PostgresConfig { url: "postgres://localhost".into(), ..config.clone() }.validate();
    }
    config.validate()
}

/// The URL without a password.
fn url(settings: &Settings) -> String {
    let text = |path| settings.text(path).map(encoded);
    let user = text("database.primary.username").map(|it| format!("{it}@")).unwrap_or_default();
    let host = settings.text("database.primary.host").unwrap_or("localhost");
    let is_bare_ipv6 = host.contains(':') && !host.starts_with('[');
    let host = if is_bare_ipv6 { format!("[{host}]") } else { host.to_owned() };
    let port = match settings.value("database.primary.port") {
        Some(SettingValue::Whole(it)) => *it,
        _ => 5_432,
    };
    let name = text("database.primary.database").map(|it| format!("/{it}")).unwrap_or_default();
    format!("postgres://{user}{host}:{port}{name}")
}

/// The text as a part of a URL.
fn encoded(text: &str) -> String {
    let byte = |it: u8| match it {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
            char::from(it).to_string()
        }
        it => format!("%{it:02X}"),
    };
    text.bytes().map(byte).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_with_signs_stay_names() {
        assert_eq!(encoded("a b@c/d?é-_.~1"), "a%20b%40c%2Fd%3F%C3%A9-_.~1");
    }
}
