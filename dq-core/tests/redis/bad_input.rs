//! What is wrong is said so that it can be put right, and no secret with it.

use dq_core::redis::{Command, RedisConfig, RedisConnection, RedisMode, RedisTls};
use dq_core::{Error, ErrorKind};

use crate::servers::redis::RedisServer;
use crate::servers::tls::{Authority, TlsRedis};
use crate::*;

async fn error_of(config: &RedisConfig) -> Error {
    let connection = RedisConnection::new(config).expect("the configuration is valid");
    connection.call(&Command::new("PING")).await.expect_err("it cannot succeed")
}

fn encrypted(server: &RedisServer, authority: &Authority) -> RedisConfig {
    let tls = RedisTls { ca_file: Some(authority.ca_file.clone()), ..Default::default() };
    RedisConfig {
        nodes: vec![server.address()],
        user: Some("dq".to_owned()),
        password: Some("dqpw".into()),
        tls: Some(tls),
        ..Default::default()
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_is_unavailable() {
    let port = servers::port::free();
    let config = RedisConfig { nodes: vec![format!("127.0.0.1:{port}")], ..Default::default() };
    let error = error_of(&config).await;
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    let begin = format!("cannot reach redis at `127.0.0.1:{port}`: ");
    assert!(error.message().starts_with(&begin), "{error}");
}

#[tokio::test]
async fn a_wrong_password_is_permission_denied_and_not_repeated() {
    let Some(redis) = TlsRedis::start() else { return };
    let mut config = encrypted(&redis.server, &redis.authority);
    config.password = Some("hunter2".into());
    let error = error_of(&config).await;
    assert_eq!(error.kind(), ErrorKind::PermissionDenied);
    let address = redis.server.address();
    let message = format!("redis at `{address}` refuses the user or the password");
    assert_eq!(error.message(), message);
    assert!(!format!("{error:?} {config:?}").contains("hunter2"));
}

#[tokio::test]
async fn a_missing_password_is_permission_denied() {
    let Some(redis) = TlsRedis::start() else { return };
    let mut config = encrypted(&redis.server, &redis.authority);
    (config.user, config.password) = (None, None);
    let error = error_of(&config).await;
    assert_eq!(error.kind(), ErrorKind::PermissionDenied);
    assert!(error.message().ends_with("asks for a password"), "{error}");
}

#[tokio::test]
async fn what_the_user_may_not_do_is_permission_denied() {
    let Some(redis) = TlsRedis::start() else { return };
    let connection = RedisConnection::new(&encrypted(&redis.server, &redis.authority)).unwrap();
    for command in [Command::new("FLUSHALL"), get("another")] {
        let error = connection.call(&command).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::PermissionDenied);
        assert!(!error.message().contains("another"), "{error}");
    }
    assert_eq!(connection.call(&set("dq:a", "1")).await.unwrap(), text("OK"));
}

#[tokio::test]
async fn a_certificate_of_another_authority_is_not_trusted() {
    let Some(redis) = TlsRedis::start() else { return };
    let error = error_of(&encrypted(&redis.server, &Authority::new())).await;
    assert_eq!(error.kind(), ErrorKind::ConfigInvalid);
    assert!(error.message().contains("shows a certificate that is not trusted"), "{error}");
    assert!(error.message().contains("`redis.tls`"), "{error}");
}

#[tokio::test]
async fn a_certificate_for_another_name_is_not_trusted() {
    let Some(redis) = TlsRedis::start() else { return };
    let mut config = encrypted(&redis.server, &redis.authority);
    if let Some(tls) = &mut config.tls {
        tls.server_name = Some("elsewhere.example".to_owned());
    }
    let error = error_of(&config).await;
    assert_eq!(error.kind(), ErrorKind::ConfigInvalid);
}

#[tokio::test]
async fn tls_and_no_tls_do_not_mix() {
    let Some(plain) = RedisServer::start() else { return };
    let error = error_of(&encrypted(&plain, &Authority::new())).await;
    // It waits for the end of what it takes for a command.
    assert_eq!(error.kind(), ErrorKind::Timeout);

    let Some(redis) = TlsRedis::start() else { return };
    let mut config = encrypted(&redis.server, &redis.authority);
    config.tls = None;
    assert_eq!(error_of(&config).await.kind(), ErrorKind::Unavailable);
}

#[tokio::test]
async fn a_client_without_a_certificate_is_refused_where_one_is_asked_for() {
    let Some(redis) = TlsRedis::start_mutual() else { return };
    let mut config = encrypted(&redis.server, &redis.authority);
    let error = error_of(&config).await;
    assert_eq!(error.kind(), ErrorKind::PermissionDenied, "{error}");

    let identity = redis.authority.sign("client");
    if let Some(tls) = &mut config.tls {
        tls.certificate_file = Some(identity.certificate_file);
        tls.key_file = Some(identity.key_file);
    }
    let connection = RedisConnection::new(&config).unwrap();
    assert_eq!(connection.call(&set("dq:a", "1")).await.unwrap(), text("OK"));
}

#[test]
fn a_field_that_makes_no_sense_is_named() {
    let base = RedisConfig { nodes: vec!["localhost:1".to_owned()], ..Default::default() };
    let tls = |tls| RedisConfig { tls: Some(tls), ..base.clone() };
    let file = |it: &str| Some(it.into());
    let cases = [
        ("nodes", RedisConfig::default()),
        ("nodes", RedisConfig { nodes: vec!["localhost".to_owned()], ..base.clone() }),
        ("nodes", RedisConfig { nodes: vec!["a:1".to_owned(), "b:1".to_owned()], ..base.clone() }),
        ("nodes", RedisConfig { url: Some("redis://a".into()), ..base.clone() }),
        ("url", RedisConfig { url: Some("http://a".into()), ..Default::default() }),
        ("database", RedisConfig { mode: RedisMode::Cluster, database: 1, ..base.clone() }),
        ("password", RedisConfig { user: Some("dq".to_owned()), ..base.clone() }),
        ("connect_timeout_ms", RedisConfig { connect_timeout_ms: 0, ..base.clone() }),
        ("in_flight_max", RedisConfig { in_flight_max: 0, ..base.clone() }),
        ("tls.ca_file", tls(RedisTls { ca_file: file("/none"), ..Default::default() })),
        ("tls.certificate_file", tls(RedisTls { key_file: file("/none"), ..Default::default() })),
    ];
    for (field, config) in cases {
        let error = RedisConnection::new(&config).expect_err(field);
        assert_eq!(error.kind(), ErrorKind::ConfigInvalid, "{error}");
        assert!(error.message().starts_with(&format!("`redis.{field}` ")), "{field}: {error}");
    }
}
