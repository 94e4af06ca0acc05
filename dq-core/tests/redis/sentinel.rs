//! A master that sentinels replace.

use dq_core::ErrorKind;
use dq_core::redis::{RedisConfig, RedisConnection, RedisMode};

use crate::servers::sentinel::{MASTER_NAME, RedisSentinel};
use crate::*;

fn connect(sentinel: &RedisSentinel, master: &str) -> RedisConnection {
    let config = RedisConfig {
        nodes: sentinel.addresses(),
        mode: RedisMode::Sentinel,
        sentinel_master: master.to_owned(),
        ..Default::default()
    };
    RedisConnection::new(&config).expect("the configuration is valid")
}

#[tokio::test]
async fn commands_go_to_the_new_master_after_a_failover() {
    let Some(mut sentinel) = RedisSentinel::start() else { return };
    let connection = connect(&sentinel, MASTER_NAME);
    assert_eq!(connection.call(&set("dq:a", "1")).await.unwrap(), text("OK"));
    while sentinel.servers[1].ask(&["EXISTS", "dq:a"]).text() != "1" {
        pause(10).await;
    }
    sentinel.servers[0].kill();
    let error = connection.call(&set("dq:b", "1")).await.unwrap_err();
    assert!(error.kind().is_transient(), "{error}");
    call_until_ok(&connection, &set("dq:b", "2")).await;
    sentinel.wait_until_master(1);
    assert_eq!(connection.call(&get("dq:a")).await.unwrap(), text("1"));
    assert_eq!(sentinel.servers[1].ask(&["GET", "dq:b"]).text(), "2");
}

#[tokio::test]
async fn a_master_that_sleeps_through_a_failover_gets_no_more_writes() {
    let Some(sentinel) = RedisSentinel::start() else { return };
    let connection = connect(&sentinel, MASTER_NAME);
    connection.call(&set("dq:a", "1")).await.unwrap();
    sentinel.servers[0].pause();
    sentinel.wait_until_master(1);
    call_until_ok(&connection, &set("dq:a", "2")).await;
    sentinel.servers[0].resume();
    for round in 0..20 {
        call_until_ok(&connection, &set("dq:a", &round.to_string())).await;
        assert_eq!(sentinel.servers[1].ask(&["GET", "dq:a"]).text(), round.to_string());
    }
}

#[tokio::test]
async fn without_most_of_the_sentinels_there_is_no_master() {
    let Some(mut sentinel) = RedisSentinel::start() else { return };
    let connection = connect(&sentinel, MASTER_NAME);
    connection.call(&set("dq:a", "1")).await.unwrap();
    sentinel.kill_sentinel(0);
    for _ in 0..20 {
        call_until_ok(&connection, &get("dq:a")).await;
        // Longer, taken together, than what the sentinels said before counts.
        pause(50).await;
    }
    sentinel.kill_sentinel(1);
    let mut answers = 0;
    let error = loop {
        match connection.call(&get("dq:a")).await {
            Ok(_) => answers += 1,
            Err(error) => break error,
        }
        pause(50).await;
        assert!(answers < 100, "what the sentinels said before counts for ever");
    };
    assert_eq!(error.kind(), ErrorKind::Unavailable, "{error}");
    let problem = "fewer than 2 of the 3 redis sentinels name one server as the master `dq-test`";
    assert_eq!(error.message(), problem);
    assert_eq!(sentinel.servers[0].ask(&["GET", "dq:a"]).text(), "1", "the server is there");
}

#[tokio::test]
async fn a_master_that_no_sentinel_knows_is_not_found() {
    let Some(sentinel) = RedisSentinel::start() else { return };
    let error = connect(&sentinel, "nobody").call(&get("dq:a")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert_eq!(error.message(), "redis sentinels know no master `nobody`");
}
