//! The cache, through its public interface.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "what a test builds on must be there, or else the test fails"
)]

mod basics;
mod conformance;
mod expiry;
mod flights;
mod history;
mod keys;
mod nodes;
mod outage;
mod payloads;
mod schedules;
mod security;
mod store;
mod support;
mod tiered;
mod zipf;
