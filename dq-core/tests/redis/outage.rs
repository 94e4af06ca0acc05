//! A server that dies, sleeps, or breaks connections.

use std::time::Duration;

use dq_core::ErrorKind;

use crate::servers::pace;
use crate::servers::redis::RedisServer;
use crate::*;

#[tokio::test]
async fn a_server_that_comes_back_is_used_again() {
    let Some(mut server) = RedisServer::start() else { return };
    let connection = connect(&server.url());
    connection.call(&set("a", "1")).await.unwrap();
    server.kill();
    for _ in 0..50 {
        let error = connection.call(&get("a")).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unavailable, "{error}");
    }
    server.restart();
    assert!(call_until_ok(&connection, &get("a")).await.is_nil());
}

#[tokio::test]
async fn commands_fail_at_once_while_a_connection_is_not_due_again() {
    let port = servers::port::free();
    let connection = connect(&format!("redis://127.0.0.1:{port}"));
    connection.call(&get("a")).await.unwrap_err();
    let begun = pace::now();
    for _ in 0..20_000 {
        connection.call(&get("a")).await.unwrap_err();
    }
    // Twenty thousand attempts to connect would take longer, and use up the ports of this machine.
    let took = pace::since(begun);
    assert!(took < Duration::from_secs(5), "{took:?}: most of them do not try");
}

#[tokio::test]
async fn connections_that_are_killed_again_and_again_are_opened_again() {
    let Some(server) = RedisServer::start() else { return };
    let connection = connect(&server.url());
    for round in 0..100 {
        let value = round.to_string();
        assert_eq!(connection.call(&set("a", &value)).await.unwrap(), text("OK"));
        server.kill_clients();
        assert_eq!(connection.call(&get("a")).await.unwrap(), text(&value));
    }
}

#[tokio::test]
async fn a_server_that_sleeps_costs_each_command_its_deadline_and_no_more() {
    let Some(server) = RedisServer::start() else { return };
    let connection = connect(&server.url());
    connection.call(&set("a", "1")).await.unwrap();
    server.pause();
    let limit = Duration::from_millis(50);
    // Longer than a silent connection is kept.
    for _ in 0..40 {
        let error = connection.call_within(&get("a"), limit).await.unwrap_err();
        assert!(error.kind().is_transient(), "{error}");
    }
    server.resume();
    assert_eq!(call_until_ok(&connection, &get("a")).await, text("1"));
    assert!(server.clients() <= 2, "{} connections", server.clients());
}

#[tokio::test]
async fn callers_that_give_up_disturb_nobody() {
    let Some(server) = RedisServer::start() else { return };
    let connection = connect(&server.url());
    for round in 0..2000_u64 {
        let command = set(&format!("k{}", round % 7), &round.to_string());
        tokio::select! {
            biased;
            _ = connection.call(&command) => {}
            () = yield_times(round % 5) => {}
        }
        if round % 100 == 0 {
            connection.call(&set("check", &round.to_string())).await.unwrap();
            let value = connection.call(&get("check")).await.unwrap();
            assert_eq!(value, text(&round.to_string()));
        }
    }
    assert_eq!(server.clients(), 1);
}

async fn yield_times(times: u64) {
    for _ in 0..times {
        tokio::task::yield_now().await;
    }
}
