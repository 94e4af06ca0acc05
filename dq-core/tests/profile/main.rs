//! Profiles through the public API: what they hold, what they suggest, and what makes no difference.

#![cfg(test)]
#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "what a test builds on must be there, or else the test fails"
)]

mod clinics;
mod columns;
mod estimates;
mod relations;
mod schema;
mod suggestions;
mod tables;
