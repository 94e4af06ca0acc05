//! An encrypted connection, as a user of the ACL.

use dq_core::redis::{RedisConfig, RedisConnection, RedisTls};

use crate::servers::tls::TlsRedis;
use crate::*;

#[tokio::test]
async fn a_url_a_private_authority_and_a_user_are_enough() {
    let Some(redis) = TlsRedis::start() else { return };
    let url = format!("rediss://dq:dqpw@localhost:{}", redis.server.port);
    let tls = RedisTls { ca_file: Some(redis.authority.ca_file.clone()), ..Default::default() };
    let config = RedisConfig { url: Some(url.into()), tls: Some(tls), ..Default::default() };
    let connection = RedisConnection::new(&config).unwrap();
    assert_eq!(connection.call(&set("dq:a", "1")).await.unwrap(), text("OK"));
    assert!(connection.health().await.unwrap().is_healthy());
    assert!(
        tokio_rustls_has_no_default(),
        "a provider was installed for the whole process, which is its owner's business"
    );
}

fn tokio_rustls_has_no_default() -> bool {
    tokio_rustls::rustls::crypto::CryptoProvider::get_default().is_none()
}
