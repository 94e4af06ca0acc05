//! Runs queries and scans: cache, breaker, deadline, database.

mod config;

pub use config::ExecutorConfig;
