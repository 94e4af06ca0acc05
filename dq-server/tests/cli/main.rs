//! Runs the program as a shell would.

mod exit_codes;
#[cfg(unix)]
mod interrupt;
mod output;
mod program;
mod reports;
mod rules;
mod sources;
mod usage;
