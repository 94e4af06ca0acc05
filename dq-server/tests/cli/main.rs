//! Runs the program as a shell would.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "what a test builds on must be there, or else the test fails"
)]

mod baseline;
#[cfg(all(feature = "redis", feature = "sqlite"))]
mod cached;
mod config;
#[cfg(all(unix, feature = "postgres", feature = "sqlite"))]
mod database;
mod engine;
mod exit_codes;
mod formats;
mod generate;
mod html;
#[cfg(unix)]
mod interrupt;
mod manual;
#[cfg(all(target_os = "linux", feature = "sqlite"))]
mod mapping;
mod output;
#[cfg(all(unix, feature = "postgres"))]
mod postgres;
mod profile;
mod program;
mod reports;
mod rules;
mod selection;
#[cfg(all(unix, feature = "postgres"))]
#[path = "../../../dq-core/tests/servers/mod.rs"]
mod servers;
mod sources;
#[cfg(feature = "sqlite")]
mod stats;
mod town;
mod usage;
mod violations;
#[cfg(feature = "xlsx")]
mod workbook;
