//! SQLite.
//!
//! ```text
//!   SqliteSource ─open─▶ SqliteSnapshot ─scan─▶ pages: b-tree leaves, decoded here   (ordinary tables)
//!                        one read transaction   step:  rows by statements            (whatever is unusual)
//! ```

pub(crate) mod catalog;
mod config;
pub(crate) mod error;
pub(crate) mod open;

pub use config::{JournalMode, ScanMethod, SqliteConfig, Synchronous};
