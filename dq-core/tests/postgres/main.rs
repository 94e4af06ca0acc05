//! PostgreSQL, held against real servers that the tests start: what every manager promises, and what is its own.

#![cfg(test)]

mod bench;
mod promises;
#[path = "../servers/mod.rs"]
mod servers;
