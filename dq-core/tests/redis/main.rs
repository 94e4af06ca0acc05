//! The connection to Redis, held against real servers that the tests start.

#![cfg(test)]

mod bad_input;
mod cluster;
mod outage;
mod sentinel;
#[path = "../servers/mod.rs"]
mod servers;
mod single;
mod tls;
mod tracking;

use std::time::Duration;

use dq_core::redis::{Command, RedisConfig, RedisConnection, Reply};

/// A connection to the one server at `url`.
fn connect(url: &str) -> RedisConnection {
    let config = RedisConfig { url: Some(url.into()), ..Default::default() };
    RedisConnection::new(&config).expect("the configuration is valid")
}

/// What is said of a key that has a text.
fn text(text: &str) -> Reply {
    Reply::Bytes(text.as_bytes().to_vec())
}

fn set(key: &str, value: &str) -> Command {
    Command::new("SET").key(key).arg(value).repeatable()
}

fn get(key: &str) -> Command {
    Command::new("GET").key(key).repeatable()
}

/// Runs `command` again and again until it succeeds, and fails after 20 seconds.
async fn call_until_ok(connection: &RedisConnection, command: &Command) -> Reply {
    for _ in 0..1000 {
        if let Ok(reply) = connection.call(command).await {
            return reply;
        }
        pause(20).await;
    }
    panic!("{command:?} does not succeed");
}

/// Lets a server do something that it does by its own clock.
async fn pause(milliseconds: u64) {
    tokio::time::sleep(Duration::from_millis(milliseconds)).await;
}
