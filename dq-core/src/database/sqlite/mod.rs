//! SQLite.
//!
//! ```text
//!   SqliteSource ─open─▶ SqliteSnapshot ─scan─▶ pages: b-tree leaves, decoded here   (ordinary tables)
//!                        one read transaction   step:  rows by statements            (whatever is unusual)
//! ```

pub(crate) mod catalog;
mod columns;
mod config;
mod connection;
pub(crate) mod error;
pub(crate) mod open;
mod pages;
mod rows;
mod snapshot;
mod source;
mod step;

pub use config::{JournalMode, ScanMethod, SqliteConfig, Synchronous};
pub use source::SqliteSource;
