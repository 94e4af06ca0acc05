//! What is set for the primary database, whichever server it is on.

use crate::config::settings::Settings;
use crate::config::value::SettingValue;
use crate::database::server::TlsMode;
use crate::secret::Secret;

/// The settings of the primary database.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Primary<'a>(pub(crate) &'a Settings);

/// A kind of database server.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Kind {
    /// How the configuration calls it.
    pub(crate) name: &'static str,
    /// How its URLs begin.
    pub(crate) scheme: &'static str,
    /// Where it listens unless told otherwise.
    pub(crate) port: u64,
}

impl Primary<'_> {
    /// Sets how many connections may read, and how many of them are kept.
    pub(crate) fn set_pool(self, readers: &mut usize, idle_min: &mut usize) {
        let overflow = readers.saturating_sub(*idle_min);
        *idle_min = self.number("database.primary.connection_pool_size").unwrap_or(*idle_min);
        *readers = *idle_min + self.number("database.primary.max_overflow").unwrap_or(overflow);
    }

    /// Sets how long a connection is waited for, and how long a statement may run.
    pub(crate) fn set_timeouts(self, acquire_ms: &mut u64, statement_ms: &mut u64) {
        for (path, field) in [
            ("database.primary.pool_timeout", acquire_ms),
            ("database.primary.query_timeout", statement_ms),
        ] {
            if let Some(SettingValue::Milliseconds(it)) = self.0.value(path) {
                *field = *it;
            }
        }
    }

    /// How connections are encrypted, if that is set.
    pub(crate) fn tls_mode(self) -> Option<TlsMode> {
        self.0.text("security.ssl_mode").and_then(TlsMode::of)
    }

    /// The URL without a password, and the password, if the database is of this kind.
    pub(crate) fn place(self, kind: Kind) -> Option<(Secret, Option<Secret>)> {
        if self.0.text("database.primary.type") != Some(kind.name) {
            return None;
        }
        let password = match self.0.value("database.primary.password") {
            Some(SettingValue::Secret(it)) => Some(it.clone()),
            _ => None,
        };
        Some((Secret::new(self.url(kind)), password))
    }

    fn url(self, kind: Kind) -> String {
        let text = |path| self.0.text(path).map(encoded);
        let user = text("database.primary.username").map(|it| format!("{it}@")).unwrap_or_default();
        let host = self.0.text("database.primary.host").unwrap_or("localhost");
        let is_bare_ipv6 = host.contains(':') && !host.starts_with('[');
        let host = if is_bare_ipv6 { format!("[{host}]") } else { host.to_owned() };
        let port = match self.0.value("database.primary.port") {
            Some(SettingValue::Whole(it)) => *it,
            _ => kind.port,
        };
        let name = text("database.primary.database").map(|it| format!("/{it}")).unwrap_or_default();
        format!("{}{user}{host}:{port}{name}", kind.scheme)
    }

    fn number(self, path: &str) -> Option<usize> {
        match self.0.value(path) {
            Some(SettingValue::Whole(it)) => usize::try_from(*it).ok(),
            _ => None,
        }
    }
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
