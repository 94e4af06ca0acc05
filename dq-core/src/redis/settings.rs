//! A configuration that has been checked.

use std::fmt;
use std::time::Duration;

use crate::error::{Error, ErrorKind, Result};
use crate::redis::config::{RedisConfig, RedisMode, RedisTls};
use crate::redis::tls::Tls;
use crate::redis::url::RedisUrl;
use crate::secret::Secret;

/// Where a server listens.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(crate) struct Address {
    pub(crate) host: String,
    pub(crate) port: u16,
}

impl Address {
    /// Reads `host:port`, where the host may be an IPv6 address in brackets or, as Redis writes it,
    /// without them.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (host, port) = text.rsplit_once(':')?;
        let host = host.strip_prefix('[').and_then(|it| it.strip_suffix(']')).unwrap_or(host);
        let is_host =
            !host.is_empty() && !host.contains(|it: char| it.is_whitespace() || it == '@');
        let port = port.parse().ok().filter(|it| *it > 0)?;
        is_host.then(|| Self { host: host.to_owned(), port })
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            return write!(f, "[{}]:{}", self.host, self.port);
        }
        write!(f, "{}:{}", self.host, self.port)
    }
}

/// As whom to authenticate.
#[derive(Clone, Debug, Default)]
pub(crate) struct Credentials {
    pub(crate) user: Option<String>,
    pub(crate) password: Option<Secret>,
}

/// What a [`RedisConfig`] says, checked.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) nodes: Vec<Address>,
    pub(crate) mode: RedisMode,
    pub(crate) sentinel_master: String,
    pub(crate) sentinel: Credentials,
    pub(crate) credentials: Credentials,
    pub(crate) database: u32,
    pub(crate) tls: Option<Tls>,
    pub(crate) connect_timeout: Duration,
    pub(crate) command_deadline: Duration,
    pub(crate) reconnect_min: Duration,
    pub(crate) reconnect_max: Duration,
    pub(crate) in_flight_max: usize,
}

impl Settings {
    /// Checks `config`, and reads the files of certificates that it names.
    pub(crate) fn of(config: &RedisConfig) -> Result<Self> {
        let url = config.url.as_ref().map(|it| RedisUrl::parse(it.expose())).transpose()?;
        let nodes = nodes(config, url.as_ref())?;
        let url = url.unwrap_or_default();
        let database = if config.database == 0 { url.database } else { config.database };
        if config.mode == RedisMode::Cluster && database != 0 {
            return Err(invalid("database", "a cluster has only database `0`"));
        }
        let tls = match &config.tls {
            Some(tls) => Some(Tls::of(tls)?),
            None if url.is_tls => Some(Tls::of(&RedisTls::default())?),
            None => None,
        };
        if config.in_flight_max == 0 {
            return Err(invalid("in_flight_max", "must be at least 1"));
        }
        let password = config.password.clone().or(url.password);
        let user = config.user.clone().or(url.user);
        if user.is_some() && password.is_none() {
            return Err(invalid("password", "is missing; `user` is given"));
        }
        Ok(Self {
            nodes,
            mode: config.mode,
            sentinel_master: config.sentinel_master.clone(),
            sentinel: Credentials {
                user: config.sentinel_user.clone(),
                password: config.sentinel_password.clone(),
            },
            credentials: Credentials { user, password },
            database,
            tls,
            connect_timeout: span("connect_timeout_ms", config.connect_timeout_ms)?,
            command_deadline: span("command_deadline_ms", config.command_deadline_ms)?,
            reconnect_min: span("reconnect_min_ms", config.reconnect_min_ms)?,
            reconnect_max: span("reconnect_max_ms", config.reconnect_max_ms)?
                .max(Duration::from_millis(config.reconnect_min_ms)),
            in_flight_max: config.in_flight_max,
        })
    }
}

/// The addresses that the configuration names.
fn nodes(config: &RedisConfig, url: Option<&RedisUrl>) -> Result<Vec<Address>> {
    let nodes = match url {
        Some(_) if !config.nodes.is_empty() => {
            return Err(invalid("nodes", "cannot be given together with `url`"));
        }
        Some(url) => url.address.iter().cloned().collect(),
        None => {
            let parse = |it: &String| {
                Address::parse(it)
                    .ok_or_else(|| invalid("nodes", &format!("`{it}` is not `host:port`")))
            };
            config.nodes.iter().map(parse).collect::<Result<Vec<_>>>()?
        }
    };
    match (nodes.len(), config.mode) {
        (0, _) => Err(invalid("nodes", "is empty, and `url` is not given")),
        (2.., RedisMode::Single) => {
            Err(invalid("nodes", "has more than one address, but `mode` is `single`"))
        }
        _ => Ok(nodes),
    }
}

/// A span of time that must not be zero.
fn span(field: &str, milliseconds: u64) -> Result<Duration> {
    match milliseconds {
        0 => Err(invalid(field, "must be at least 1")),
        some => Ok(Duration::from_millis(some)),
    }
}

/// An error about the field of the configuration called `field`.
pub(crate) fn invalid(field: &str, problem: &str) -> Error {
    Error::new(ErrorKind::ConfigInvalid, format!("`redis.{field}` {problem}"))
}
