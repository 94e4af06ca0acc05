//! Commands, pipelines, scripts, and reads that wait, on one server.

use std::time::Duration;

use dq_core::ErrorKind;
use dq_core::redis::{Command, RedisConfig, RedisConnection, Reply, Script};

use crate::servers::redis::RedisServer;
use crate::*;

#[tokio::test]
async fn a_command_has_its_answer() {
    let Some(server) = RedisServer::start() else { return };
    let connection = connect(&server.url());
    assert_eq!(connection.call(&set("a", "1")).await.unwrap(), text("OK"));
    assert_eq!(connection.call(&get("a")).await.unwrap(), text("1"));
    assert!(connection.call(&get("b")).await.unwrap().is_nil());
    let count = connection.call(&Command::new("INCR").key("a")).await.unwrap();
    assert_eq!(count.int(), Some(2));
}

#[tokio::test]
async fn clones_and_callers_share_one_connection() {
    let Some(server) = RedisServer::start() else { return };
    let connection = connect(&server.url());
    let callers = (0..200).map(|it| {
        let connection = connection.clone();
        tokio::spawn(async move { connection.call(&set(&format!("k{it}"), "v")).await })
    });
    for caller in callers.collect::<Vec<_>>() {
        assert_eq!(caller.await.unwrap().unwrap(), text("OK"));
    }
    assert_eq!(server.clients(), 1);
}

#[tokio::test]
async fn a_pipeline_answers_in_order_and_each_for_itself() {
    let Some(server) = RedisServer::start() else { return };
    let connection = connect(&server.url());
    let commands = [set("a", "1"), Command::new("LPUSH").key("a").arg("x"), get("a")];
    let mut answers = connection.pipeline(&commands).await.unwrap().into_iter();
    assert_eq!(answers.next().unwrap().unwrap(), text("OK"));
    let error = answers.next().unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::QueryInvalid);
    assert!(error.message().ends_with("cannot run `LPUSH`: `WRONGTYPE`"), "{error}");
    assert_eq!(answers.next().unwrap().unwrap(), text("1"));
}

#[tokio::test]
async fn a_script_that_redis_has_forgotten_runs_all_the_same() {
    let Some(server) = RedisServer::start() else { return };
    let connection = connect(&server.url());
    let script = Script::new("return {KEYS[1], ARGV[1], 7}");
    connection.preload(&[&script]).await.unwrap();
    assert_eq!(server.ask(&["SCRIPT", "EXISTS", script.hash()]).list()[0].text(), "1");
    for _ in 0..2 {
        let reply = connection.run(&script, &[b"k"], &[b"a"]).await.unwrap();
        assert_eq!(reply, Reply::List(vec![text("k"), text("a"), Reply::Int(7)]));
        server.ask(&["SCRIPT", "FLUSH"]);
    }
}

#[tokio::test]
async fn a_read_that_waits_has_nobody_else_wait() {
    let Some(server) = RedisServer::start() else { return };
    let connection = connect(&server.url());
    let mut reader = connection.reader();
    let wait = Command::new("XREAD").arg("BLOCK").arg("5000").arg("STREAMS").key("s").arg("$");
    let waiting = tokio::spawn(async move { reader.read(&wait, Duration::from_secs(5)).await });
    while server.info("blocked_clients").as_deref() != Some("1") {
        pause(5).await;
    }
    assert_eq!(connection.call(&set("a", "1")).await.unwrap(), text("OK"));
    connection.call(&Command::new("XADD").key("s").arg("*").arg("f").arg("v")).await.unwrap();
    let entries = waiting.await.unwrap().unwrap().into_map();
    assert_eq!(entries[0].0, text("s"));
}

#[tokio::test]
async fn a_reader_that_was_dropped_in_the_middle_reads_again() {
    let Some(server) = RedisServer::start() else { return };
    let connection = connect(&server.url());
    let mut reader = connection.reader();
    let wait = Command::new("BLPOP").key("list").arg("5");
    let block = Duration::from_secs(5);
    tokio::select! {
        answer = reader.read(&wait, block) => panic!("{answer:?}"),
        () = pause(100) => {}
    }
    // The wait that nobody waits for any more must not take what the next one waits for.
    while server.info("blocked_clients").as_deref() != Some("0") {
        pause(5).await;
    }
    connection.call(&Command::new("RPUSH").key("list").arg("x")).await.unwrap();
    let answer = reader.read(&wait, block).await.unwrap();
    assert_eq!(answer, Reply::List(vec![text("list"), text("x")]));
}

#[tokio::test]
async fn a_command_that_waits_too_long_ends_with_a_timeout() {
    let Some(server) = RedisServer::start() else { return };
    let connection = connect(&server.url());
    connection.call(&set("a", "1")).await.unwrap();
    server.pause();
    let limit = Duration::from_millis(30);
    let error = connection.call_within(&get("a"), limit).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert_eq!(error.message(), "redis does not answer `GET` within 30 ms");
    server.resume();
    assert_eq!(connection.call(&get("a")).await.unwrap(), text("1"));
}

#[tokio::test]
async fn a_database_is_chosen_by_number() {
    let Some(server) = RedisServer::start() else { return };
    let connection = connect(&format!("{}/3", server.url()));
    connection.call(&set("a", "1")).await.unwrap();
    let config = RedisConfig { url: Some(server.url().into()), database: 3, ..Default::default() };
    let connection = RedisConnection::new(&config).unwrap();
    assert_eq!(connection.call(&get("a")).await.unwrap(), text("1"));
    assert!(connect(&server.url()).call(&get("a")).await.unwrap().is_nil());
}

#[tokio::test]
async fn health_says_which_server_answers_and_which_does_not() {
    let Some(mut server) = RedisServer::start() else { return };
    let connection = connect(&server.url());
    let health = connection.health().await.unwrap();
    assert!(health.is_healthy());
    assert_eq!(health.nodes[0].address, server.address());
    server.kill();
    let health = connection.health().await.unwrap();
    assert!(!health.is_healthy());
    assert!(health.nodes[0].problem.is_some());
}
