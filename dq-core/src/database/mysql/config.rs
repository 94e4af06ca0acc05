//! How a MySQL database is reached and read.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::database::server::{IsolationLevel, Limits, TlsConfig, check};
use crate::error::{Error, ErrorKind, Result};
use crate::secret::Secret;

/// How a MySQL or MariaDB database is reached and read.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct MySqlConfig {
    /// `mysql://[user[:password]@]host[:port]/database[?parameter=…]`, or the same with `mariadb://`. Default:
    /// none; it must be given. It is a secret because it may hold a password.
    pub url: Secret,
    /// The password, in place of one in the URL. Default: none.
    pub password: Option<Secret>,
    /// Encryption, and what the URL does not say about it.
    pub tls: TlsConfig,
    /// How many connections may read at once. Default: 40, which with the writers makes 50: a third of what
    /// a server allows unless it is told otherwise.
    pub readers: usize,
    /// How many connections may write at once. Default: 10.
    pub writers: usize,
    /// How many connections of each kind are kept however long they have had no work. Default: 10.
    pub idle_min: usize,
    /// How long a connection beyond those may have no work before it is closed, in milliseconds.
    /// Default: 600000, which is ten minutes.
    pub idle_timeout_ms: u64,
    /// How old a connection may become, in milliseconds. Default: 1800000, which is half an hour: then a
    /// server that a load balancer has added gets its share.
    pub lifetime_max_ms: u64,
    /// How long to wait for a connection of the pool, in milliseconds. Default: 30000.
    pub acquire_timeout_ms: u64,
    /// How long to wait until a new connection is made, in milliseconds. Default: 10000.
    pub connect_timeout_ms: u64,
    /// How long a statement of a query, a stream or a write may run, in milliseconds; 0 for as long as it
    /// takes. MySQL heeds it for what reads, MariaDB always. Default: 0, since only who wrote a statement knows
    /// how long it should take.
    pub statement_timeout_ms: u64,
    /// How long a statement may wait for another transaction's lock, in milliseconds, which the server rounds up
    /// to seconds; 0 for as long as it takes. Default: 30000.
    pub lock_timeout_ms: u64,
    /// What a transaction that writes sees of others. Default: repeatable read, in which no change of
    /// another transaction is overwritten unseen: the later of two is `Busy`, and may be tried again. Servers
    /// that do not check that (MySQL, and MariaDB before 10.6.18 and 10.11.8) run such transactions as serializable
    /// ones, where who reads a row keeps others from changing it.
    pub isolation: IsolationLevel,
    /// How many bytes of values the result of a query may hold in memory. Default: 268435456, which
    /// is 256 MiB: more should be streamed.
    pub result_size_max_bytes: usize,
    /// How several connections come to see one moment. Default: off, since to stop all writers of a server, for
    /// however short, is for its owner to decide.
    pub parallel_snapshot: ParallelSnapshot,
    /// How many connections a snapshot has, if it may have several. Default: 4.
    pub snapshot_streams: usize,
}

/// How several connections come to see one moment.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ParallelSnapshot {
    /// They do not: a snapshot has one connection.
    #[default]
    Off,
    /// By `FLUSH TABLES WITH READ LOCK`: nobody writes on the whole server while they begin. It takes some
    /// milliseconds, but waits for statements that run, as long as `lock_timeout_ms`. The user needs the
    /// privilege `RELOAD`.
    Lock,
}

impl Default for MySqlConfig {
    fn default() -> Self {
        Self {
            url: Secret::default(),
            password: None,
            tls: TlsConfig::default(),
            readers: 40,
            writers: 10,
            idle_min: 10,
            idle_timeout_ms: 600_000,
            lifetime_max_ms: 1_800_000,
            acquire_timeout_ms: 30_000,
            connect_timeout_ms: 10_000,
            statement_timeout_ms: 0,
            lock_timeout_ms: 30_000,
            isolation: IsolationLevel::RepeatableRead,
            result_size_max_bytes: 256 << 20,
            parallel_snapshot: ParallelSnapshot::Off,
            snapshot_streams: 4,
        }
    }
}

impl MySqlConfig {
    /// The defaults for the database at `url`.
    pub fn new(url: impl Into<Secret>) -> Self {
        Self { url: url.into(), ..Self::default() }
    }

    /// How long to wait for a connection of the pool.
    pub fn acquire_timeout(&self) -> Duration {
        Duration::from_millis(self.acquire_timeout_ms)
    }

    /// How long to wait until a new connection is made.
    pub fn connect_timeout(&self) -> Duration {
        Duration::from_millis(self.connect_timeout_ms)
    }

    /// How long a connection beyond the least number may have no work.
    pub fn idle_timeout(&self) -> Duration {
        Duration::from_millis(self.idle_timeout_ms)
    }

    /// How old a connection may become.
    pub fn lifetime_max(&self) -> Duration {
        Duration::from_millis(self.lifetime_max_ms)
    }

    /// Whether every field has a sensible value; the URL and the files that it names are looked at
    /// when a connection is made.
    ///
    /// # Errors
    ///
    /// `ConfigInvalid`, naming the field.
    pub fn validate(&self) -> Result<()> {
        if self.url.is_empty() {
            return Err(invalid("`url` is empty"));
        }
        let counts = [
            ("readers", self.readers),
            ("writers", self.writers),
            ("snapshot_streams", self.snapshot_streams),
        ];
        let waits = [
            ("idle_timeout_ms", self.idle_timeout_ms),
            ("lifetime_max_ms", self.lifetime_max_ms),
            ("acquire_timeout_ms", self.acquire_timeout_ms),
            ("connect_timeout_ms", self.connect_timeout_ms),
        ];
        let timeouts = [
            ("statement_timeout_ms", self.statement_timeout_ms),
            ("lock_timeout_ms", self.lock_timeout_ms),
        ];
        check(&counts, &waits, &timeouts).map_err(|problem| invalid(&problem))
    }

    /// For a pool of at most `size` connections.
    pub(crate) fn limits(&self, size: usize) -> Limits {
        Limits {
            size,
            acquire: self.acquire_timeout(),
            idle: self.idle_timeout(),
            lifetime: self.lifetime_max(),
            idle_min: self.idle_min,
        }
    }
}

/// An error about the configuration.
pub(crate) fn invalid(problem: &str) -> Error {
    Error::new(ErrorKind::ConfigInvalid, format!("cannot use the MySQL configuration: {problem}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::database::server::TlsMode;

    #[test]
    fn what_makes_no_sense_is_refused_by_the_name_of_its_field() {
        let config = MySqlConfig::new("mysql://h/d");
        config.validate().unwrap();
        let problem = |config: MySqlConfig| config.validate().unwrap_err().to_string();
        assert!(problem(MySqlConfig::default()).ends_with("`url` is empty"));
        let none = MySqlConfig { snapshot_streams: 0, ..config.clone() };
        assert!(problem(none).ends_with("`snapshot_streams` is 0"));
        let never = MySqlConfig { connect_timeout_ms: 0, ..config.clone() };
        assert!(problem(never).ends_with("`connect_timeout_ms` is 0"));
        let long = MySqlConfig { statement_timeout_ms: 1 << 40, ..config };
        assert!(problem(long).ends_with("`statement_timeout_ms` is above 2147483647"));
    }

    #[test]
    fn a_configuration_survives_the_round_trip_but_for_its_secrets() {
        let config: MySqlConfig = serde_json::from_str(
            r#"{"url": "mysql://u:canary@h/d", "tls": {"mode": "verify-ca"}, "parallel_snapshot": "lock"}"#,
        )
        .unwrap();
        assert_eq!(config.tls.mode, Some(TlsMode::VerifyCa));
        assert_eq!(config.parallel_snapshot, ParallelSnapshot::Lock);
        let shown = format!("{config:?} {}", serde_json::to_string(&config).unwrap());
        assert!(!shown.contains("canary"), "{shown}");
        assert!(serde_json::from_str::<MySqlConfig>(r#"{"reader": 3}"#).is_err());
    }
}
