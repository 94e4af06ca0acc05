//! Versions: how far the log of the server is, and when that says nothing.

use dq_core::ErrorKind;
use dq_core::source::Source;

use crate::bench::{Place, few, open};
use crate::servers::mariadb::MariaDbServer;

#[tokio::test(flavor = "multi_thread")]
async fn every_commit_of_anyone_makes_another_version() {
    // A server of its own: whatever is written on it changes the version.
    let Some(server) = MariaDbServer::start() else { return };
    let name = server.database();
    server.run(&name, "CREATE TABLE t (a int); CREATE TABLE old (a int) ENGINE=Aria; CREATE VIEW v AS SELECT 1 AS a");
    let (one, two) = (open(few(&server.url(&name))).await, open(few(&server.url(&name))).await);
    let (first, other) = (one.version("t").await.unwrap(), two.version("t").await.unwrap());
    let (first, other) = (first.unwrap(), other.unwrap());
    assert_eq!(first.shared(), other.shared(), "every process sees the same");
    assert_ne!(first.local(), other.local());
    assert_eq!(one.version("t").await.unwrap().unwrap(), first);
    let mut seen = vec![first];
    for change in [
        "INSERT INTO t VALUES (1)",
        "UPDATE t SET a = 2",
        "TRUNCATE t",
        "INSERT INTO old VALUES (1)",
    ] {
        server.run(&name, change);
        let next = one.version("t").await.unwrap().unwrap();
        assert!(seen.iter().all(|it| it.shared() != next.shared()), "{change}");
        seen.push(next);
    }
    assert!(one.version("old").await.unwrap().is_some());
    assert!(one.version("v").await.unwrap().is_none(), "a view may look at anything");
    assert_eq!(one.version("none").await.unwrap_err().kind(), ErrorKind::NotFound);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_without_a_log_has_no_versions() {
    let Some(server) = MariaDbServer::start_with(&["--skip-log-bin"], None) else { return };
    let name = server.database();
    server.run(&name, "CREATE TABLE t (a int)");
    assert!(open(few(&server.url(&name))).await.version("t").await.unwrap().is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_leaves_out_databases_says_nothing() {
    let Some(server) = MariaDbServer::start_with(&["--binlog-ignore-db=other"], None) else {
        return;
    };
    let name = server.database();
    server.run(&name, "CREATE TABLE t (a int)");
    assert!(open(few(&server.url(&name))).await.version("t").await.unwrap().is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_see_the_log_gets_no_version() {
    let Some(place) = Place::new() else { return };
    let user = format!("reader_{}", place.name);
    place.run(&format!(
        "CREATE TABLE t (a int); CREATE USER {user}@'127.0.0.1' IDENTIFIED BY 'reader-pw'; GRANT SELECT ON {}.* TO {user}@'127.0.0.1'",
        place.name
    ));
    let url = format!("mysql://{user}:reader-pw@127.0.0.1:{}/{}", place.server.port, place.name);
    assert!(open(few(&url)).await.version("t").await.unwrap().is_none());
}
