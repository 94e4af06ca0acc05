//! The one kind of connection to Redis: to a single server, to the master that sentinels know, or to
//! a cluster; with TLS, and as a user of the ACL. Redis 6 or later.
//!
//! ```text
//!                      RedisConnection ── clones share it
//!                             │
//!                          Router ────────── topology: slot → master
//!            ┌────────────────┼──────────────────┐    (given │ sentinels │ CLUSTER SLOTS)
//!       Node (master)    RedisReader          Tracking
//!    commands of all,   one that waits,    one per master,
//!      multiplexed        by itself       RESP3 push messages
//! ```
//!
//! - Every command has a deadline. A connection that has been silent for twice the usual deadline is
//!   given up, and another is opened.
//! - After a failed attempt to connect, commands fail at once until the next attempt is due.
//! - Sentinels are all asked, and the server that most of those in `nodes` name is the master, for half a second; while
//!   there are commands they are asked ten times a second. So no two nodes use different masters for longer than that,
//!   also while a master that was replaced has not noticed, and without most of the sentinels there is no master.
//! - Commands that a cluster sends elsewhere go there; those that may run twice are sent again when a
//!   connection breaks.
//! - TLS is rustls with ring, configured here; no provider is installed for the process.
//!
//! ```
//! use dq_core::ErrorKind;
//! use dq_core::redis::{Command, RedisConfig, RedisConnection};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> dq_core::Result<()> {
//! // Nothing listens there. Making the connection is no error yet.
//! let config = RedisConfig { url: Some("redis://127.0.0.1:1".into()), ..Default::default() };
//! let connection = RedisConnection::new(&config)?;
//!
//! let key = format!("{}greeting", connection.prefix());
//! let set = Command::new("SET").key(key).arg("hello").repeatable();
//! let error = connection.call(&set).await.unwrap_err();
//! assert_eq!(error.kind(), ErrorKind::Unavailable);
//! # Ok(())
//! # }
//! ```

mod command;
mod config;
mod connection;
mod failure;
mod health;
mod link;
mod node;
mod reader;
mod reply;
mod router;
mod script;
mod sentinels;
mod settings;
mod slots;
mod supply;
mod tls;
mod topology;
mod tracking;
mod url;

pub use command::Command;
pub use config::{RedisConfig, RedisMode, RedisTls};
pub use connection::RedisConnection;
pub use health::{RedisHealth, RedisNodeHealth};
pub use reader::RedisReader;
pub use reply::Reply;
pub use script::Script;
pub use tracking::{Tracking, TrackingEvent};
