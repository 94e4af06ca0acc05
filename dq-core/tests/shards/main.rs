//! Tables whose rows lie on several PostgreSQL servers, held against real servers that the tests start.

#![cfg(test)]

mod answers;
mod citus;
mod distribute;
#[path = "../servers/mod.rs"]
mod servers;
