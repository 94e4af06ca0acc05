//! One PostgreSQL database on a primary and its replicas.
//!
//! ```text
//!   statement ─classifier─▶ only reads ─route─▶ a replica that is fresh enough, the better of two
//!                                │                    │ none, or none soon
//!                                │ may write          ▼
//!                                └──────────────▶ the primary, within a cap
//!   execute, begin ─────────────────────────────▶ the primary ─commit─▶ position ─▶ session, token
//!
//!   monitor ─every 100 ms, each server─▶ topology: who is the primary, who is how far behind, who is gone
//! ```
//!
//! **What a read sees.** After each commit the position of the log is noted, and a read of the same handle goes to a
//! replica that has replayed it; one that is nearly there is waited for, for some milliseconds. A [`CommitToken`] carries the
//! position to other handles and processes. [`Consistency`] has the other ways to read.
//!
//! **Who gets it.** Of the replicas that will do, the better of two that are picked at random, by their latest latencies
//! and what is under way. A replica that does not answer, or is too far behind by bytes or by time, is out within half a
//! second, and comes back with few reads at first. Where all are out the primary takes over, with a bounded number of connections.
//!
//! **Failover.** dq promotes nothing; it notices who was. A primary whose timeline is older than one that any server
//! has told never gets a write again. A write waits for a primary, and is made anew if it is sure that nothing has
//! happened; if not, it is `OutcomeUnknown`.
//!
//! ```no_run
//! use std::sync::Arc;
//!
//! use dq_core::clock::SystemClock;
//! use dq_core::database::DatabaseManager;
//! use dq_core::database::postgres::PostgresConfig;
//! use dq_core::database::replicas::{ReplicasConfig, ReplicatedDatabaseManager};
//!
//! # async fn example() -> dq_core::Result<()> {
//! let server = PostgresConfig::new("postgres://app@db1.example/registry");
//! let replicas = ReplicasConfig {
//!     urls: vec!["postgres://app@db2.example/registry".into()],
//!     ..ReplicasConfig::default()
//! };
//! let database = ReplicatedDatabaseManager::open(&server, replicas, Arc::new(SystemClock)).await?;
//! database.execute(&"UPDATE provider SET zip = '86503' WHERE id = 7".into()).await?;
//! database.query(&"SELECT zip FROM provider WHERE id = 7".into()).await?; // Sees it, on whichever server.
//!
//! let token = database.token().await?; // For another process, as text.
//! # let _ = token;
//! # Ok(())
//! # }
//! ```

mod choice;
mod classifier;
mod cluster;
mod config;
mod consistency;
mod elsewhere;
mod history;
mod load;
mod manager;
mod member;
mod monitor;
mod pinned;
mod session;
mod summary;
mod token;
mod topology;
mod transaction;
mod writing;

pub use config::ReplicasConfig;
pub use consistency::Consistency;
pub use manager::ReplicatedDatabaseManager;
pub use token::CommitToken;
