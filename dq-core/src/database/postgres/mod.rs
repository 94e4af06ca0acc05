//! PostgreSQL.
//!
//! ```text
//!   PostgresSource ─pool of readers─▶ PostgresSnapshot ─scan─▶ copy: binary COPY of ranges of pages, each on a
//!                                     one exported moment            connection of its own, decoded here
//!                                                      ─query─▶ the rows of a rule's own statement
//!
//!   PostgresDatabaseManager ─query, stream─▶ pool of readers ─lease─▶ read-only transaction ─▶ result
//!                           ─execute, begin─▶ pool of writers ─lease─▶ statement, transaction
//! ```
//!
//! A connection whose work was dropped is not used again: the server is asked to end it, and the place in
//! the pool is free when it has.

mod about;
mod as_text;
mod bound;
mod catalog;
mod columns;
mod config;
mod connection;
mod copy;
mod decoder;
mod distribute;
pub(crate) mod error;
mod manager;
mod numeric;
mod options;
pub(crate) mod parameters;
pub(crate) mod probe;
mod query;
mod result;
mod seat;
mod shard_nodes;
mod shards;
mod snapshot;
mod source;
mod statement;
mod stream;
pub(crate) mod transaction;
mod trial;
mod unreadable;
mod version;

pub use crate::database::server::{IsolationLevel, TlsConfig, TlsMode};
pub use config::PostgresConfig;
pub use distribute::{DistributeOptions, Distribution, DistributionStatement, distribute};
pub use manager::PostgresDatabaseManager;
pub use source::PostgresSource;
