//! One configuration, made of the structs of the parts.
//!
//! [`Config::load`] reads four layers, each of which wins over those before it: the defaults of the parts, a
//! YAML file, environment variables, and what the program itself sets. Everything that is wrong is
//! reported together, each with its path and its place. [`keys()`] is the table of everything that can be set.
//!
//! ```text
//!  file ──parse──▶ nodes ──walk beside the table of keys──▶ settings ─┐
//!                                      (${NAME:default})              │ the later wins
//!  environment ──────────────── NAME, NAME_FILE ──────────▶ settings ─┤
//!  explicit ──────────────────────────────────────────────▶ settings ─┤
//!                                                                     ▼
//!                        Config { the parts' own structs }, and for each value where it comes from
//! ```
//!
//! ```
//! use dq_core::config::{Config, ConfigSources};
//!
//! let sources = ConfigSources {
//!     environment: [("DQ_DB_POOL_SIZE".into(), "20".into())].into(),
//!     ..ConfigSources::default()
//! };
//! let yaml = "
//! database:
//!   primary:
//!     database: providers.db
//!     connection_pool_size: 12
//!     password: ${DB_PASSWORD:hunter2}
//! ";
//! let config = Config::parse("dq.yaml", yaml, &sources)?;
//! # #[cfg(feature = "sqlite")]
//! assert_eq!((config.sqlite.readers, config.sqlite.path.to_str()), (20, Some("providers.db")));
//!
//! let shown = config.to_yaml();
//! assert!(shown.contains("connection_pool_size: 20  # DQ_DB_POOL_SIZE"));
//! assert!(shown.contains("password: \"[redacted]\"  # dq.yaml:6:15"));
//!
//! let error = Config::parse("dq.yaml", "databse: {}\ncache: { redis: { port: 0 } }", &sources).unwrap_err();
//! assert_eq!(error.message(), "\
//! dq.yaml:1:1: `databse` is not known; did you mean `database`?
//! dq.yaml:2:25: `cache.redis.port`: expected a whole number from 1 to 65535, found 0");
//! # Ok::<_, dq_core::Error>(())
//! ```
//!
//! # Secrets
//!
//! Passwords, tokens and keys are redacted wherever a configuration is shown, and overwritten when it is
//! dropped; URLs are shown without their passwords. Any secret can be read from a file that the variable
//! with `_FILE` behind its name names. What the operating system holds of the environment, and the
//! copies that reading makes on its way, are not overwritten: a secret in a file is the safest.

mod environment;
mod guards;
mod key;
mod keys;
mod kind;
mod loader;
#[cfg(feature = "mysql")]
mod mysql;
mod parts;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(any(feature = "mysql", feature = "postgres"))]
mod primary;
mod secrecy;
mod settings;
mod show;
mod sources;
mod tree;
mod value;
mod walk;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::config::loader::Loader;
use crate::config::settings::Settings;
use crate::error::{Error, ErrorKind, Result};
use crate::executor::ExecutorConfig;
use crate::resilience::GuardConfig;
use crate::resilience::cluster::ClusterConfig;

pub use key::Key;
pub use keys::keys;
pub use settings::{Origin, Setting};
pub use sources::ConfigSources;
pub use tree::yaml_to_json;
pub use value::SettingValue;

/// How everything is set up.
///
/// Serde knows it by the names of its fields. What a configuration file looks like is another matter,
/// which [`load`](Self::load) knows.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Config {
    /// The SQLite database. Default: that of its part, and no file.
    #[cfg(feature = "sqlite")]
    pub sqlite: crate::database::sqlite::SqliteConfig,
    /// The PostgreSQL database, and how others are reached whose URL a caller gives. Default: that of its part, and
    /// no URL.
    #[cfg(feature = "postgres")]
    pub postgres: crate::database::postgres::PostgresConfig,
    /// The MySQL database, and how others are reached whose URL a caller gives. Default: that of its part, and no
    /// URL.
    #[cfg(feature = "mysql")]
    pub mysql: crate::database::mysql::MySqlConfig,
    /// The other servers of that database, and how reads are spread over them. Default: that of its part, and none.
    #[cfg(feature = "postgres")]
    pub replicas: crate::database::replicas::ReplicasConfig,
    /// The cache in memory, and how it works together with what stands behind it. Default: that of its part.
    #[cfg(feature = "cache")]
    pub cache: crate::cache::TieredConfig,
    /// The keys that values are encrypted with in the Redis behind the cache. Default: none.
    #[cfg(feature = "cache")]
    pub cache_encryption: crate::cache::EncryptionConfig,
    /// How verdicts are kept in the cache. Default: that of its part.
    #[cfg(feature = "cache")]
    pub verdicts: crate::validate::VerdictCacheConfig,
    /// The Redis that stands behind the cache. Default: none.
    #[cfg(feature = "redis")]
    pub redis: Option<crate::redis::RedisConfig>,
    /// How the cache uses that Redis. Default: that of its part.
    #[cfg(feature = "redis")]
    pub redis_store: crate::cache::redis::RedisStoreConfig,
    /// How breakers share their state with those of other nodes. Default: that of its part, and no name.
    pub breaker_cluster: ClusterConfig,
    /// How much work an executor lets through. Default: that of its part.
    pub executor: ExecutorConfig,
    /// How calls to each dependency are guarded, by its name; see [`guard`](Self::guard). Default: none.
    pub guards: BTreeMap<String, GuardConfig>,
    #[serde(skip)]
    settings: Settings,
    #[serde(skip)]
    unknown_variables: Vec<String>,
}

impl Config {
    /// Reads the file and the environment of `sources`.
    ///
    /// # Errors
    ///
    /// `UsageInvalid` if the file cannot be read; `ConfigInvalid` with every problem, a line each, with the file,
    /// the line and the column, or with the name of the environment variable.
    pub fn load(sources: &ConfigSources) -> Result<Self> {
        let mut loader = Loader::new(sources);
        if let Some(file) = &sources.file {
            loader.file(file)?;
        }
        loader.finish(sources)
    }

    /// Reads `text` in the place of a file; messages call it `file`.
    ///
    /// # Errors
    ///
    /// As [`load`](Self::load).
    pub fn parse(file: &str, text: &str, sources: &ConfigSources) -> Result<Self> {
        let mut loader = Loader::new(sources);
        loader.text(file, text);
        loader.finish(sources)
    }

    /// Every value that is set or read, in the order of the table of keys.
    pub fn settings(&self) -> Vec<&Setting> {
        self.settings.in_order()
    }

    /// The values that were set and that no part of dq reads yet.
    pub fn not_yet_used(&self) -> Vec<&Setting> {
        self.settings().into_iter().filter(|it| !it.is_used()).collect()
    }

    /// Environment variables whose names begin with `DQ_` and that mean nothing, each in backticks and
    /// with the nearest name that does. They are no errors, as Kubernetes makes variables for services.
    pub fn unknown_variables(&self) -> &[String] {
        &self.unknown_variables
    }

    /// The configuration as YAML, with the origin of each value in a comment, and without secrets.
    pub fn to_yaml(&self) -> String {
        show::yaml(&self.settings())
    }

    /// The configuration as JSON, with the origin of each value, and without secrets.
    pub fn to_json(&self) -> String {
        format!("{:#}\n", show::json(&self.settings()))
    }

    /// How calls to the dependency `name` are guarded: as its own section says, or else as `default` does.
    pub fn guard(&self, name: &str) -> GuardConfig {
        let guard = self.guards.get(name).or_else(|| self.guards.get(guards::DEFAULT));
        guard.cloned().unwrap_or_default()
    }

    /// Whether every part can use its struct. [`load`](Self::load) has checked it.
    ///
    /// # Errors
    ///
    /// `ConfigInvalid`, naming each section and the field that is wrong in it.
    pub fn validate(&self) -> Result<()> {
        let mut problems = Vec::new();
        self.check(|section, error| problems.push(format!("`{section}`: {}", error.message())));
        match problems.as_slice() {
            [] => Ok(()),
            problems => Err(Error::new(ErrorKind::ConfigInvalid, problems.join("\n"))),
        }
    }

    /// Calls `complain` with each section that its part cannot use.
    fn check(&self, mut complain: impl FnMut(&str, Error)) {
        let mut part = |section: &str, checked: Result<()>| {
            let is_fine = checked.is_ok();
            if let Err(error) = checked {
                complain(section, error);
            }
            is_fine
        };
        // The executor and the cache have their guards of sections that are told once.
        let mut are_guards_fine = true;
        for (name, guard) in &self.guards {
            let section = format!("microservices.circuit_breakers.{name}");
            are_guards_fine &= part(&section, guard.validate());
        }
        if !self.breaker_cluster.node.is_empty() {
            part("microservices.breaker_cluster", self.breaker_cluster.validate());
        }
        #[cfg(feature = "sqlite")]
        if !self.sqlite.path.as_os_str().is_empty() {
            part("database", self.sqlite.validate());
        }
        #[cfg(feature = "postgres")]
        part("database.replicas", self.replicas.validate());
        #[cfg(feature = "postgres")]
        part("database", postgres::check(&self.postgres));
        #[cfg(feature = "mysql")]
        part("database", mysql::check(&self.mysql));
        #[cfg(feature = "redis")]
        if let Some(redis) = &self.redis {
            part("cache.redis", redis.validate());
        }
        #[cfg(feature = "cache")]
        part("cache.encryption", self.cache_encryption.validate());
        if are_guards_fine {
            part("performance", self.executor.validate());
            #[cfg(feature = "cache")]
            part("cache", self.cache.check());
        }
    }

    /// Takes the keys that the cache encrypts with, by their numbers.
    #[cfg(feature = "cache")]
    fn take_keys(&mut self, settings: &Settings, problems: &mut Vec<String>) {
        for setting in settings.below("cache.encryption.keys") {
            let id = setting.segments.last().and_then(|it| it.parse().ok());
            match (id, setting.value()) {
                (Some(id), Some(SettingValue::Secret(key))) => {
                    self.cache_encryption.keys.insert(id, key.clone());
                }
                _ => problems.push(format!(
                    "{}: `{}`: keys are named by numbers from 0 to {}",
                    setting.origin(),
                    setting.path(),
                    u32::MAX
                )),
            }
        }
    }

    /// Takes the name of the database for the path of a file, where it is one.
    #[cfg(feature = "sqlite")]
    fn open_database(&mut self, settings: &Settings) {
        if settings.text("database.primary.type").is_none_or(|it| it == "sqlite") {
            let path = settings.text("database.primary.database");
            self.sqlite.path = path.map(Into::into).unwrap_or_default();
        }
    }

    /// Says where the other servers of the database are.
    #[cfg(feature = "postgres")]
    fn open_replicas(&mut self, settings: &Settings) {
        let Some(SettingValue::List(items)) = settings.value("database.read_replicas") else {
            return;
        };
        let url = |it: &SettingValue| match it {
            SettingValue::Url(url) => Some(url.clone()),
            _ => None,
        };
        self.replicas.urls = items.iter().filter_map(url).collect();
    }

    /// Says where Redis is, and as whom dq comes; or that there is none.
    #[cfg(feature = "redis")]
    fn open_redis(&mut self, settings: &Settings) {
        let flag = |path| matches!(settings.value(path), Some(SettingValue::Flag(true)));
        if !flag("cache.redis.enabled") {
            self.redis = None;
            return;
        }
        let secret = |path| match settings.value(path) {
            Some(SettingValue::Secret(it) | SettingValue::Url(it)) => Some(it.clone()),
            _ => None,
        };
        let redis = self.redis.get_or_insert_default();
        redis.url = secret("cache.redis.url");
        redis.password = secret("cache.redis.password");
        redis.sentinel_password = secret("cache.redis.sentinel_password");
        redis.nodes = match settings.value("cache.redis.nodes") {
            _ if redis.url.is_some() => Vec::new(),
            Some(SettingValue::List(nodes)) => nodes.iter().map(SettingValue::shown).collect(),
            _ => {
                let host = settings.text("cache.redis.host").unwrap_or("localhost");
                let port = match settings.value("cache.redis.port") {
                    Some(SettingValue::Whole(port)) => *port,
                    _ => 6_379,
                };
                vec![format!("{host}:{port}")]
            }
        };
        if flag("cache.redis.tls.enabled") {
            redis.tls.get_or_insert_default();
        }
    }
}
