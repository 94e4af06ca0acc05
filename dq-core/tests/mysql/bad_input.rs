//! What cannot be reached or read, and what is said about it.

use std::sync::Arc;

use dq_core::clock::SystemClock;
use dq_core::database::mysql::{MySqlConfig, MySqlSource, ParallelSnapshot};
use dq_core::database::{DatabaseManager, HealthStatus};
use dq_core::source::Source;
use dq_core::{Error, ErrorKind};

use crate::bench::{ENDLESS, Place, few, open, read, scalar, scan, try_open, whole};
use crate::servers::mariadb::{MariaDbServer, PASSWORD};
use crate::servers::port;
use crate::wait_for;

async fn refused(url: &str) -> Error {
    let error = try_open(few(url)).await.unwrap_err();
    assert!(!format!("{error:?}").contains(PASSWORD), "{error:?}");
    error
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_not_let_in_hears_why() {
    let Some(place) = Place::new() else { return };
    let port = place.server.port;
    let error = refused(&format!("mysql://admin:wrong@127.0.0.1:{port}/{}", place.name)).await;
    assert_eq!(error.kind(), ErrorKind::PermissionDenied);
    assert!(error.message().contains("Access denied for user 'admin'"), "{error}");
    let error = refused(&place.server.url("nowhere")).await;
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert!(error.message().contains("Unknown database 'nowhere'"), "{error}");
    let error = refused(&format!("mysql://u:{PASSWORD}@127.0.0.1:{}/d", port::free())).await;
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert!(error.message().starts_with("cannot connect to `mysql://127.0.0.1:"), "{error}");
    let error = refused(&format!("mariadb://u:{PASSWORD}@no-such-host.invalid/d")).await;
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert!(error.message().contains("mariadb://no-such-host.invalid"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_url_that_is_none_is_a_wrong_configuration() {
    for (url, word) in [
        ("postgres://h/d", "`url` does not begin with `mysql://`"),
        ("mysql://u:canary@h/d?sslmod=require", "`sslmod`"),
        ("mysql://u:canary@h:99999/d", "cannot be read"),
        ("mysql://u:canary@h/", "names no database"),
        ("mysql://u:canary@h/d?charset=latin1", "`charset`"),
    ] {
        let error = MySqlSource::new(&MySqlConfig::new(url), Arc::new(SystemClock)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConfigInvalid, "{url}");
        let shown = format!("{error:?}");
        assert!(!shown.contains("canary"), "{shown}");
        assert!(error.message().contains(word), "{error}");
    }
}

/// A user who may read the table `open`, and its URL.
fn reader(place: &Place) -> (String, String) {
    let user = format!("r_{}@'127.0.0.1'", place.name);
    place.run(&format!(
        "CREATE TABLE open (a int); CREATE TABLE closed (a int); CREATE TABLE hidden (a int); \
         CREATE USER {user} IDENTIFIED BY 'reader-pw'; GRANT SELECT ON open TO {user}; GRANT INSERT ON closed TO {user}"
    ));
    let (port, name) = (place.server.port, &place.name);
    (user, format!("mysql://r_{name}:reader-pw@127.0.0.1:{port}/{name}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_without_permission_is_named_and_others_are_read() {
    let Some(place) = Place::new() else { return };
    let (_, url) = reader(&place);
    let database = open(few(&url)).await;
    scan(&database, "open").await.unwrap();
    let error = scan(&database, "closed").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::PermissionDenied);
    assert!(error.message().contains("closed"), "{error}");
    let error = scan(&database, "hidden").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound, "the server does not tell that it is there");
    assert!(error.message().ends_with("there is none that this user may see"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_lock_the_server_gets_no_parallel_snapshot_and_locks_nothing() {
    let Some(place) = Place::new() else { return };
    let (_, url) = reader(&place);
    let config = MySqlConfig { parallel_snapshot: ParallelSnapshot::Lock, ..few(&url) };
    let database = open(config).await;
    let error = database.snapshot().await.map(|_| ()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::PermissionDenied);
    assert!(error.message().contains("RELOAD"), "{error}");
    place.run("INSERT INTO open VALUES (1)");
    wait_for("connections come back", || database.statistics().readers.in_use == 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lock_that_cannot_be_had_is_given_up() {
    let Some(server) = MariaDbServer::start() else { return };
    let name = server.database();
    server.run(&name, "CREATE TABLE t (a int)");
    let lock = ParallelSnapshot::Lock;
    let config =
        MySqlConfig { parallel_snapshot: lock, lock_timeout_ms: 1_000, ..few(&server.url(&name)) };
    let database = open(config).await;
    let endless = format!("INSERT INTO t {ENDLESS}").into();
    let lock = async {
        let busy = "SELECT count(*) FROM information_schema.processlist WHERE command = 'Execute'";
        wait_for("the write runs", || server.run("", busy) == "1").await;
        database.snapshot().await.map(|_| ()).unwrap_err()
    };
    tokio::select! {
        _ = database.execute(&endless) => panic!("the endless statement ended"),
        error = lock => assert_eq!(error.kind(), ErrorKind::Busy, "{error}"),
    }
    wait_for("connections come back", || database.statistics().readers.in_use == 0).await;
    database.execute(&"INSERT INTO t VALUES (1)".into()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn more_connections_than_the_server_has_are_refused_in_its_words() {
    // MariaDB allows no fewer than ten.
    let Some(server) = MariaDbServer::start_with(&["--max-connections=10"], None) else { return };
    let name = server.database();
    let database = open(MySqlConfig { readers: 40, ..MySqlConfig::new(server.url(&name)) }).await;
    let mut streams = Vec::new();
    let error = loop {
        match database.stream(&ENDLESS.into()).await {
            Ok(stream) => streams.push(stream),
            Err(error) => break error,
        }
    };
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert!(error.message().contains("Too many connections"), "{error}");
    drop(streams);
    wait_for("connections come back", || database.statistics().readers.in_use == 0).await;
    assert_eq!(scalar(&database, "SELECT 1").await, 1.into());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_goes_away_during_a_scan_is_an_error_and_found_again() {
    let durable = ["--innodb-flush-log-at-trx-commit=1"];
    let Some(mut server) = MariaDbServer::start_with(&durable, None) else { return };
    let name = server.database();
    server.run(
        &name,
        "CREATE TABLE t AS SELECT seq AS id, repeat('x', 800) AS filler FROM seq_1_to_60000",
    );
    let database = open(few(&server.url(&name))).await;
    let snapshot = database.snapshot().await.unwrap();
    let mut partitions = snapshot.scan(&whole(&*snapshot, "t", 2)).await.unwrap();
    let mut partition = partitions.pop().unwrap();
    assert!(partition.next().await.unwrap().is_some());
    server.kill();
    let error = loop {
        match partition.next().await {
            Ok(Some(_)) => {}
            Ok(None) => panic!("the rows end as if they were all"),
            Err(error) => break error,
        }
    };
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert!(error.message().starts_with("cannot scan the table `t`"), "{error}");
    assert!(snapshot.finish().await.is_err());
    drop((partition, partitions, snapshot));
    let health = database.health().await;
    assert_eq!(health.status, HealthStatus::Unhealthy);
    server.restart();
    for _ in 0..10 {
        assert_eq!(scalar(&database, "SELECT count(*) FROM t").await, 60_000.into());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn idle_connections_that_a_restart_broke_are_replaced_unseen() {
    let Some(mut server) = MariaDbServer::start() else { return };
    let name = server.database();
    let database = open(few(&server.url(&name))).await;
    let mut streams = Vec::new();
    for _ in 0..3 {
        streams.push(database.stream(&"SELECT 1".into()).await.unwrap());
    }
    for mut stream in streams {
        while stream.next().await.unwrap().is_some() {}
    }
    database.begin().await.unwrap().rollback().await.unwrap();
    server.restart();
    assert_eq!(scalar(&database, "SELECT 1").await, 1.into());
    database.begin().await.unwrap().rollback().await.unwrap();
    assert_eq!(database.execute(&"CREATE TABLE t (a int)".into()).await.unwrap(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_outcome_of_what_gets_no_answer_is_not_known() {
    let Some(place) = Place::new() else { return };
    let database = place.open().await;
    place.run("CREATE TABLE t (a int); INSERT INTO t VALUES (1)");
    let kill = |what: &str| {
        let find = format!(
            "SELECT id FROM information_schema.processlist WHERE db = '{}' AND user = 'admin' AND {what}",
            place.name
        );
        place.run(&find).lines().for_each(|id| drop(place.run(&format!("KILL {id}"))));
    };
    // A write that waits, and whose connection is ended meanwhile.
    let mut holder = database.begin().await.unwrap();
    holder.execute(&"UPDATE t SET a = 2".into()).await.unwrap();
    let statement = "UPDATE t SET a = 3".into();
    let write = database.execute(&statement);
    let killer = async {
        let waits = "SELECT count(*) FROM information_schema.processlist \
                     WHERE db = DATABASE() AND command = 'Execute' AND info LIKE 'UPDATE t SET a = 3%'";
        wait_for("the write waits", || place.run(waits) != "0").await;
        kill("info LIKE 'UPDATE t SET a = 3%'");
    };
    let (written, ()) = tokio::join!(write, killer);
    let error = written.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::OutcomeUnknown, "{error}");
    assert!(error.message().ends_with("whether the change was made is not known"), "{error}");
    // A transaction whose connection is ended before its commit.
    kill("command = 'Sleep'");
    let error = holder.commit().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::OutcomeUnknown, "{error}");
    assert!(error.message().ends_with("whether it was committed is not known"), "{error}");
    assert_eq!(scalar(&database, "SELECT a FROM t").await, 1.into());
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_and_views_that_cannot_be_read_are_told_with_the_reason() {
    let Some(place) = Place::new() else { return };
    let gone = format!("gone_{}@localhost", place.name);
    place.run(&format!(
        "CREATE TABLE t (a int, b int); CREATE TABLE lost (a int); CREATE VIEW over_lost AS SELECT * FROM lost; \
         CREATE VIEW over_column AS SELECT a, b FROM t; CREATE VIEW well AS SELECT a FROM t; \
         CREATE USER {gone}; GRANT SELECT ON t TO {gone}; \
         CREATE DEFINER = {gone} VIEW orphan AS SELECT a FROM t; DROP USER {gone}; \
         DROP TABLE lost; ALTER TABLE t DROP COLUMN b; \
         CREATE TABLE part (a int, b int) ENGINE = MyISAM; \
         CREATE TABLE merged (a int) ENGINE = MERGE UNION = (part)"
    ));
    let database = place.open().await;
    let unreadable = database.unreadable().await.unwrap();
    let name = &place.name;
    let invalid = "references invalid table(s) or column(s)";
    let expected = [
        ("merged", "Unable to open underlying table which is differently defined".to_owned()),
        ("orphan", format!("definer ('gone_{name}'@'localhost') does not exist")),
        ("over_column", format!("View '{name}.over_column' {invalid}")),
        ("over_lost", format!("View '{name}.over_lost' {invalid}")),
    ];
    assert_eq!(unreadable.len(), expected.len(), "{unreadable:?}");
    for (told, (table, reason)) in unreadable.iter().zip(expected) {
        assert_eq!(told.table, table);
        assert!(told.reason.contains(&reason), "{told:?}");
        let error = scan(&database, table).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::SourceInvalid, "{error}");
        assert!(
            error.message().starts_with(&format!("cannot scan the table `{table}`: ")),
            "{error}"
        );
        assert!(error.message().contains(&reason), "{error}");
        assert!(!error.message().contains("changed"), "it was so before: {error}");
    }
    let snapshot = database.snapshot().await.unwrap();
    place.run("DROP VIEW well");
    let error = read(&*snapshot, &whole(&*snapshot, "well", 1)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::SourceChanged, "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_user_may_do_with_a_table_is_told() {
    let Some(place) = Place::new() else { return };
    let (user, url) = reader(&place);
    let role = format!("role_{}", place.name);
    place.run(&format!(
        "CREATE TABLE `o``dd` (a int NOT NULL, b int AS (a + 1)); CREATE TABLE some (a int, b int); \
         CREATE ROLE {role}; GRANT SELECT, UPDATE, DELETE ON `o``dd` TO {role}; GRANT {role} TO {user}; \
         SET DEFAULT ROLE {role} FOR {user}; GRANT SELECT (a), INSERT (b) ON some TO {user}; \
         INSERT INTO open VALUES (1)"
    ));
    let database = open(few(&url)).await;
    let may = database.privileges().await.unwrap();
    let may: Vec<_> = may
        .iter()
        .map(|it| (it.table.as_str(), [it.select, it.insert, it.update, it.delete]))
        .collect();
    let expected = [
        ("closed", [false, true, false, false]),
        ("open", [true, false, false, false]),
        ("o`dd", [true, false, true, true]),
        ("some", [false, true, false, false]),
    ];
    assert_eq!(may, expected);
    let unreadable = database.unreadable().await.unwrap();
    let names: Vec<_> = unreadable.iter().map(|it| it.table.as_str()).collect();
    assert_eq!(names, ["closed", "some"]);
    assert!(unreadable.iter().all(|it| it.reason.starts_with("SELECT command denied")));
    let owner = place.open().await;
    assert!(owner.privileges().await.unwrap().iter().all(|it| it.insert && it.update && it.delete));
    assert_eq!(place.run("SELECT count(*) FROM open"), "1", "nothing was written");
}
