//! Encryption: every mode, a private authority, and certificates of clients.

use dq_core::ErrorKind;
use dq_core::database::postgres::{PostgresConfig, TlsConfig, TlsMode};

use crate::bench::{few, open, scalar, try_open};
use crate::servers::postgres::{PASSWORD, PostgresServer};
use crate::servers::tls::Authority;

const ENCRYPTED: &str = "SELECT ssl::int FROM pg_stat_ssl WHERE pid = pg_backend_pid()";

fn with(url: &str, mode: TlsMode, authority: Option<&Authority>) -> PostgresConfig {
    let ca_file = authority.map(|it| it.ca_file.clone());
    let tls = TlsConfig { mode: Some(mode), ca_file, ..TlsConfig::default() };
    PostgresConfig { tls, ..few(url) }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_mode_asks_for_as_much_as_it_says() {
    let (authority, other) = (Authority::new(), Authority::new());
    let identity = authority.sign("localhost");
    let started = PostgresServer::start_with("", Some((&identity, &authority.ca_file)));
    let Some(server) = started else { return };
    let url = server.url("postgres");
    for (mode, trusted, encrypted) in [
        (TlsMode::Disable, None, 0),
        (TlsMode::Prefer, None, 1),
        (TlsMode::Require, Some(&other), 1),
        (TlsMode::VerifyCa, Some(&authority), 1),
        (TlsMode::VerifyFull, Some(&authority), 1),
    ] {
        let database = open(with(&url, mode, trusted)).await;
        assert_eq!(scalar(&database, ENCRYPTED).await, encrypted.into(), "{mode:?}");
    }
    for mode in [TlsMode::VerifyCa, TlsMode::VerifyFull] {
        let error = try_open(with(&url, mode, Some(&other))).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unavailable);
        assert!(error.message().to_lowercase().contains("certificate"), "{error}");
        assert!(!format!("{error:?}").contains(PASSWORD), "{error:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_that_names_another_host_is_for_verify_ca_only() {
    let authority = Authority::new();
    let identity = authority.sign("elsewhere.example");
    let started = PostgresServer::start_with("", Some((&identity, &authority.ca_file)));
    let Some(server) = started else { return };
    let url = server.url("postgres").replace("127.0.0.1", "localhost");
    open(with(&url, TlsMode::VerifyCa, Some(&authority))).await;
    let error = try_open(with(&url, TlsMode::VerifyFull, Some(&authority))).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable, "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_shows_its_certificate_in_place_of_a_password() {
    let authority = Authority::new();
    let identity = authority.sign("localhost");
    let started = PostgresServer::start_with("", Some((&identity, &authority.ca_file)));
    let Some(server) = started else { return };
    server.run("postgres", "CREATE ROLE tls_user LOGIN");
    let client = authority.sign("tls_user");
    let url = format!("postgres://tls_user@127.0.0.1:{}/postgres", server.port);
    let mut config = with(&url, TlsMode::VerifyFull, Some(&authority));
    let error = try_open(config.clone()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::PermissionDenied, "{error}");
    config.tls.certificate_file = Some(client.certificate_file);
    config.tls.key_file = Some(client.key_file);
    assert_eq!(
        scalar(&open(config.clone()).await, "SELECT current_user::text").await,
        "tls_user".into()
    );
    config.tls.key_file = None;
    assert_eq!(try_open(config).await.unwrap_err().kind(), ErrorKind::ConfigInvalid);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_without_encryption_is_refused_where_it_is_required() {
    let Some(place) = crate::bench::Place::new() else { return };
    let url = place.server.url("postgres");
    let error = try_open(with(&url, TlsMode::Require, None)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert!(error.message().contains("TLS"), "{error}");
    open(few(&format!("{url}?sslmode=prefer"))).await;
}
