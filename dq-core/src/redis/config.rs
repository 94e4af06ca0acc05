//! How Redis is reached.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::redis::settings::Settings;
use crate::secret::Secret;

/// How Redis is reached: where it is, as whom, and how long to wait for it.
///
/// Either `url` or `nodes` says where it is. What the URL says of user, password, database and TLS
/// counts where the field of that name is left at its default.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct RedisConfig {
    /// `redis://[user[:password]@]host[:port][/database]`, or `rediss://…` for TLS. Default: none. It
    /// is a secret because it may hold a password.
    pub url: Option<Secret>,
    /// Addresses as `host:port`: the server, all sentinels, or some nodes of the cluster. Default: none. A master is
    /// used that more than half of the sentinels in this list name.
    pub nodes: Vec<String>,
    /// What stands behind the addresses. Default: single.
    pub mode: RedisMode,
    /// The name under which the sentinels know the master. Default: `mymaster`, as in their own examples.
    pub sentinel_master: String,
    /// The user at the sentinels, if they ask for one. Default: none.
    pub sentinel_user: Option<String>,
    /// The password at the sentinels, if they ask for one. Default: none.
    pub sentinel_password: Option<Secret>,
    /// The user of the ACL. Default: none, which is Redis' user `default`.
    pub user: Option<String>,
    /// The password. Default: none.
    pub password: Option<Secret>,
    /// The number of the database. Default: 0, the only one that a cluster has.
    pub database: u32,
    /// What every key begins with. Default: `dq:`, so that dq can share a server, and an ACL can
    /// confine it.
    pub prefix: String,
    /// Encryption. Default: none, unless the URL says `rediss`.
    pub tls: Option<RedisTls>,
    /// How long to wait for a connection, its TLS handshake and its authentication, in milliseconds.
    /// Default: 1000.
    pub connect_timeout_ms: u64,
    /// How long to wait for the answer to a command that names no deadline of its own, in
    /// milliseconds. Default: 500, a hundred times what a healthy server in the same network takes.
    pub command_deadline_ms: u64,
    /// How long no new connection is tried after a failed one, in milliseconds, the first time; it
    /// doubles with every failure, and is up to half shorter by chance. Default: 50.
    pub reconnect_min_ms: u64,
    /// The most that `reconnect_min_ms` grows to, in milliseconds. Default: 1000, so that a server
    /// that has come back is noticed within about a second.
    pub reconnect_max_ms: u64,
    /// How many commands may wait for their answers on one connection; more wait to be sent.
    /// Default: 4096, which bounds the memory that a stalled server costs.
    pub in_flight_max: usize,
}

impl Default for RedisConfig {
    fn default() -> Self {
        Self {
            url: None,
            nodes: Vec::new(),
            mode: RedisMode::Single,
            sentinel_master: "mymaster".to_owned(),
            sentinel_user: None,
            sentinel_password: None,
            user: None,
            password: None,
            database: 0,
            prefix: "dq:".to_owned(),
            tls: None,
            connect_timeout_ms: 1000,
            command_deadline_ms: 500,
            reconnect_min_ms: 50,
            reconnect_max_ms: 1000,
            in_flight_max: 4096,
        }
    }
}

impl RedisConfig {
    /// Whether every field has a sensible value, and the certificates that are named can be read.
    ///
    /// # Errors
    ///
    /// `ConfigInvalid`, naming the field.
    pub fn validate(&self) -> Result<()> {
        Settings::of(self).map(drop)
    }
}

/// What stands behind the addresses of a [`RedisConfig`].
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum RedisMode {
    /// One server.
    #[default]
    Single,
    /// Sentinels, which know the master and choose another when it fails. While less than most of them can be asked,
    /// commands fail: nobody knows then whether the master still is one.
    Sentinel,
    /// A cluster, whose masters each hold some of the slots.
    Cluster,
}

/// Encryption between dq and Redis.
///
/// The certificate of the server is always verified. Where no authority is named, those of the
/// operating system are trusted.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct RedisTls {
    /// A PEM file with the certificates of the authorities to trust, in place of those of the
    /// operating system. Default: none.
    pub ca_file: Option<PathBuf>,
    /// A PEM file with the certificate that dq shows the server. Default: none.
    pub certificate_file: Option<PathBuf>,
    /// A PEM file with the private key of that certificate. Default: none.
    pub key_file: Option<PathBuf>,
    /// The name that the certificates of all nodes must have. Default: none, which is the host of
    /// each address; nodes of a cluster often announce addresses that no certificate names.
    pub server_name: Option<String>,
}
