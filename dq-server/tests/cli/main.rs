//! Runs the program as a shell would.

#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "what a test builds on must be there, or else the test fails"
)]

mod exit_codes;
#[cfg(unix)]
mod interrupt;
mod output;
mod profile;
mod program;
mod reports;
mod rules;
mod sources;
mod usage;
