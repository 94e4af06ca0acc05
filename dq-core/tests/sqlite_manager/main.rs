//! The SQLite database manager: what every manager promises, and what is SQLite's own.

mod bench;
mod promises;
