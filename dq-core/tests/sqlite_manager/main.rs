//! The SQLite database manager: what every manager promises, and what is SQLite's own.

mod backup;
mod bad_input;
mod bench;
mod pool;
mod process;
mod promises;
mod statements;
mod version;
