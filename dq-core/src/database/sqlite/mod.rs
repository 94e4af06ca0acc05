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
mod moment;
pub(crate) mod open;
mod pages;
mod rows;
mod snapshot;
mod source;
mod step;
mod stream;

pub use config::{JournalMode, ScanMethod, SqliteConfig, Synchronous};
pub use source::SqliteSource;
