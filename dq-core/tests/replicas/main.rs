//! A primary and its replicas, held against real servers that the tests start, pause, kill and promote.

#![cfg(test)]

mod bench;
mod cycles;
mod failover;
mod history;
mod promises;
mod reads;
#[path = "../servers/mod.rs"]
mod servers;
mod trouble;
