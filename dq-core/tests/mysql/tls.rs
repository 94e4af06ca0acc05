//! Encryption: every mode, a private authority, and certificates of clients.

use dq_core::ErrorKind;
use dq_core::database::mysql::{MySqlConfig, TlsConfig, TlsMode};

use crate::bench::{few, open, scalar, try_open};
use crate::servers::mariadb::{MariaDbServer, PASSWORD};
use crate::servers::tls::Authority;

/// Empty where nothing is encrypted.
const CIPHER: &str = "SELECT variable_value <> '' FROM information_schema.session_status WHERE variable_name = 'SSL_CIPHER'";

fn with(url: &str, mode: TlsMode, authority: Option<&Authority>) -> MySqlConfig {
    let ca_file = authority.map(|it| it.ca_file.clone());
    let tls = TlsConfig { mode: Some(mode), ca_file, ..TlsConfig::default() };
    MySqlConfig { tls, ..few(url) }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_mode_asks_for_as_much_as_it_says() {
    let (authority, other) = (Authority::new(), Authority::new());
    let identity = authority.sign("localhost");
    let started = MariaDbServer::start_with(&[], Some((&identity, &authority.ca_file)));
    let Some(server) = started else { return };
    let url = server.url("mysql");
    for (mode, trusted, encrypted) in [
        (TlsMode::Disable, None, 0),
        (TlsMode::Prefer, None, 1),
        (TlsMode::Require, Some(&other), 1),
        (TlsMode::VerifyCa, Some(&authority), 1),
        (TlsMode::VerifyFull, Some(&authority), 1),
    ] {
        let database = open(with(&url, mode, trusted)).await;
        assert_eq!(scalar(&database, CIPHER).await, encrypted.into(), "{mode:?}");
    }
    for mode in [TlsMode::VerifyCa, TlsMode::VerifyFull] {
        let error = try_open(with(&url, mode, Some(&other))).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unavailable);
        assert!(error.message().to_lowercase().contains("certificate"), "{error}");
        assert!(!format!("{error:?}").contains(PASSWORD), "{error:?}");
    }
    open(few(&format!("{url}?sslmode=verify-full&sslca={}", authority.ca_file.display()))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_that_names_another_host_is_for_verify_ca_only() {
    let authority = Authority::new();
    let identity = authority.sign("elsewhere.example");
    let started = MariaDbServer::start_with(&[], Some((&identity, &authority.ca_file)));
    let Some(server) = started else { return };
    let url = server.url("mysql").replace("127.0.0.1", "localhost");
    open(with(&url, TlsMode::VerifyCa, Some(&authority))).await;
    let error = try_open(with(&url, TlsMode::VerifyFull, Some(&authority))).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable, "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_shows_its_certificate_where_the_server_asks_for_it() {
    let authority = Authority::new();
    let identity = authority.sign("localhost");
    let started = MariaDbServer::start_with(&[], Some((&identity, &authority.ca_file)));
    let Some(server) = started else { return };
    let user = "tls_user@'127.0.0.1'";
    server.run("", &format!("CREATE USER {user} IDENTIFIED BY '{PASSWORD}' REQUIRE X509; GRANT SELECT ON mysql.* TO {user}"));
    let client = authority.sign("tls_user");
    let url = server.url("mysql").replace("admin", "tls_user");
    let mut config = with(&url, TlsMode::VerifyFull, Some(&authority));
    let error = try_open(config.clone()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::PermissionDenied, "{error}");
    config.tls.certificate_file = Some(client.certificate_file);
    config.tls.key_file = Some(client.key_file);
    let database = open(config.clone()).await;
    assert_eq!(scalar(&database, "SELECT current_user()").await, "tls_user@127.0.0.1".into());
    config.tls.key_file = None;
    assert_eq!(try_open(config).await.unwrap_err().kind(), ErrorKind::ConfigInvalid);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_without_encryption_is_refused_where_it_is_required() {
    let Some(place) = crate::bench::Place::new() else { return };
    let url = place.server.url(&place.name);
    let error = try_open(with(&url, TlsMode::Require, None)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert!(error.message().contains("TLS"), "{error}");
    open(few(&format!("{url}?sslmode=prefer"))).await;
}
