//! The generator: what it makes, and that the checks of the pack find exactly what it put in.

#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "what a test builds on must be there, or else the test fails"
)]

mod counts;
mod defects;
mod refused;
mod rows;
mod run;
mod verify;
mod written;
