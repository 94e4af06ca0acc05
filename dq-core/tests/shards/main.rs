//! Tables whose rows lie on several PostgreSQL servers, held against real servers that the tests start.

#![cfg(test)]

mod answers;
mod citus;
mod distribute;
mod nodes;
mod promises;
#[path = "../servers/mod.rs"]
mod servers;
