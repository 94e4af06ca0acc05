//! The cache, through its public interface.

mod basics;
mod expiry;
mod flights;
mod history;
mod keys;
mod nodes;
mod outage;
mod payloads;
mod schedules;
mod store;
mod support;
mod tiered;
mod zipf;
