//! SQLite.
//!
//! ```text
//!   SqliteSource ─open─▶ SqliteSnapshot ─scan─▶ pages:  b-tree leaves, decoded here  (ordinary tables)
//!                        one moment             step:   ranges of rows by statements (where pages fail)
//!                                               cursor: all rows by one statement    (views and the like)
//!                                      ─query─▶ cursor: the rows of a rule's own statement
//!
//!   SqliteDatabaseManager ─query, stream─▶ pool of readers ─lease─▶ statement ─▶ result
//!                         ─execute, begin─▶ pool of one writer ─lease─▶ statement, transaction
//! ```

mod backup;
pub(crate) mod catalog;
mod columns;
mod config;
mod connection;
mod cursor;
pub(crate) mod error;
mod file;
mod function;
mod lease;
mod manager;
mod moment;
pub(crate) mod open;
mod pages;
mod pool;
mod query;
mod result;
mod rows;
mod snapshot;
mod source;
mod statement;
mod step;
mod stream;
mod task;
mod transaction;
mod version;

pub use config::{JournalMode, ScanMethod, SqliteConfig, Synchronous};
pub use manager::SqliteDatabaseManager;
pub use source::SqliteSource;
