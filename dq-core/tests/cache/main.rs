//! The cache, through its public interface.

mod basics;
mod expiry;
mod flights;
mod keys;
mod nodes;
mod store;
mod support;
mod tiered;
