//! MySQL and MariaDB.
//!
//! ```text
//!   MySqlSource ─pool of readers─▶ MySqlSnapshot ─scan─▶ scan: rows of one consistent snapshot, on one connection,
//!                                                              or of ranges of keys on several
//!                                                ─query─▶ the rows of a rule's own statement, on the same
//!
//!   MySqlDatabaseManager ─query, stream─▶ pool of readers ─lease─▶ read-only transaction ─▶ result
//!                        ─execute, begin─▶ pool of writers ─lease─▶ statement, transaction
//! ```
//!
//! A connection whose work was dropped is not used again: the server is asked to end it, and the place in
//! the pool is free when it has. A snapshot has but one connection, and keeps it: there `KILL QUERY` ends what was
//! dropped, and the rest of its rows is thrown away.

mod bound;
mod catalog;
mod columns;
mod config;
mod connection;
pub(crate) mod error;
mod manager;
mod parameters;
mod privileges;
mod query;
mod range;
mod result;
mod scan;
mod snapshot;
mod source;
mod sql;
mod statement;
mod stream;
mod temporal;
mod transaction;
mod unreadable;
mod url;
mod version;

pub use config::{MySqlConfig, ParallelSnapshot};
pub use manager::MySqlDatabaseManager;
pub use source::MySqlSource;

pub use crate::database::server::{IsolationLevel, TlsConfig, TlsMode};
