//! The second level of a cache, in Redis: a [`SharedStore`](crate::cache::shared::SharedStore) over a
//! single server, a master that sentinels know, or a cluster.
//!
//! Every step is a script, and touches one slot. What was invalidated is not looked for: invalidating a
//! tag notes a number, and an entry with a lower one is void when it is read. Numbers, entries and leases
//! carry times and incarnations of the server alone.
//!
//! - **Data that is lost** – by `FLUSHALL`, an eviction, a restart, a failover to a replica that lacks
//!   the last writes – begins a new incarnation: entries and marks of the old one are void, and every node
//!   forgets what it holds. A server that has started since, or was promoted, knows no scripts, which is
//!   how it is found out before anything is read from it.
//! - **Leases** are told apart by numbers that only grow; a writer whose lease is not the latest is
//!   refused.
//! - **Announcements** are numbered, so that a reader knows whether it has them all.
//!
//! An asynchronous replica that is promoted may lack acknowledged writes of the last moments; a master that
//! is cut off and not yet replaced may answer those that still reach it. What a cache serves then is at
//! most as old as its entries may be.
//!
//! ```
//! use std::sync::Arc;
//!
//! use dq_core::cache::redis::{RedisStore, RedisStoreConfig};
//! use dq_core::cache::shared::SharedStore;
//! use dq_core::redis::{RedisConfig, RedisConnection};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> dq_core::Result<()> {
//! // Nothing listens there.
//! let config = RedisConfig { url: Some("redis://127.0.0.1:1".into()), ..Default::default() };
//! let store = RedisStore::new(RedisConnection::new(&config)?, RedisStoreConfig::default())?;
//! assert!(store.time().await.unwrap_err().kind().is_transient());
//! # Ok(())
//! # }
//! ```

mod config;
mod entry;
mod feed;
mod place;
mod scope;
mod scripts;
mod store;

pub use config::RedisStoreConfig;
pub use store::RedisStore;
