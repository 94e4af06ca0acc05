//! The second level of a cache, in Redis: a [`SharedStore`](crate::cache::shared::SharedStore) over a
//! single server, a master that sentinels know, or a cluster.
//!
//! Every step is a script, and touches one slot. What was invalidated is not looked for: invalidating a
//! tag notes a number, and an entry with a lower one is void when it is read. Numbers, entries and leases
//! carry times and incarnations of the server alone.
//!
//! - **Data that is lost** – by `FLUSHALL`, an eviction, a restart, a failover to a replica that lacks
//!   the last writes – begins a new incarnation: entries and marks of the old one are void, and every node
//!   forgets what it holds. That a server has started since, or was promoted, each script finds out before it reads
//!   anything: by the replication id, which is another then. (So is it when a server gets its first replica.)
//! - **Leases** are told apart by numbers that only grow; a writer whose lease is not the latest is
//!   refused.
//! - **Announcements** are numbered, so that a reader knows whether it has them all.
//!
//! # What a failover may lose, and what it may not
//!
//! Redis replicates asynchronously: a replica that is promoted may lack what its master acknowledged in its last
//! moments, and a master that was replaced may go on to acknowledge until it hears of it.
//!
//! - **Values** may be lost, and so may the right to compute one: it is computed again, perhaps by two nodes.
//! - **An invalidation is not lost by the death of a master.** Whoever acknowledged it, no node serves what it covers
//!   for longer than `max_disconnected_staleness_ms` after it returned [`Everywhere`](crate::cache::Reach), as without
//!   a failover: what is in memory is not trusted for longer without word from the master, the new one begins a new
//!   incarnation, and with that word every node forgets everything.
//! - **Two masters at a time**, because the old one was not dead but asleep or cut off: with sentinels a node uses a
//!   master for half a second after most of them have named it, and no longer (see [`crate::redis`]). What the old one
//!   acknowledges in this time may be unknown to the new one. So each node remembers what was acknowledged until it
//!   has heard from a master that was named later, and tells the new one again what was not. Such an invalidation
//!   holds at once on the node that made it, and on all others as one does that the store could not be told: within
//!   3 seconds of the moment at which all sentinels name the new master.
//! - **In a cluster** there is no one to ask who is the master. A node of it that is cut off with some of the clients
//!   answers them until it has noticed, for `cluster-node-timeout`; a cache beside it serves what was invalidated
//!   elsewhere for that much longer.
//!
//! No failover makes a wrong value of a right one: an entry is written whole, by one script.
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
