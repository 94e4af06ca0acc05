//! Which server answers a read, and what it sees.

use std::sync::Arc;
use std::time::Duration;

use dq_core::ErrorKind;
use dq_core::clock::{Clock, SystemClock};
use dq_core::database::postgres::PostgresConfig;
use dq_core::database::replicas::{
    CommitToken, Consistency, ReplicasConfig, ReplicatedDatabaseManager,
};
use dq_core::database::{DatabaseManager, HealthStatus, NodeRole, NodeState, Statement};
use dq_core::source::Source;

use crate::bench::{few, number, open, open_with, others, port_of, scalar, wait_for};
use crate::servers::postgres::PASSWORD;
use crate::servers::replicas::Replicated;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reads_are_spread_over_replicas_and_writes_go_to_the_primary() {
    let Some(servers) = Replicated::start() else { return };
    let manager = open(&servers).await;
    let ports = servers.servers.each_ref().map(|it| it.port);
    // Whichever has been slow for a moment gets its share later.
    let mut counts = [0; 3];
    for _ in 0..1_000 {
        let callers: Vec<_> = (0..4).map(|_| tokio::spawn(ports_of(manager.clone(), 25))).collect();
        for caller in callers {
            let found = caller.await.unwrap();
            let count = |port: &u16| found.iter().filter(|it| *it == port).count();
            counts.iter_mut().zip(&ports).for_each(|(sum, port)| *sum += count(port));
        }
        if counts[1] > 20 && counts[2] > 20 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(
        counts[1] > 20 && counts[2] > 20 && counts[0] * 10 < counts[1] + counts[2],
        "{counts:?}"
    );
    manager.execute(&"CREATE TABLE t (port int)".into()).await.unwrap();
    manager.execute(&"INSERT INTO t SELECT inet_server_port()".into()).await.unwrap();
    let mut transaction = manager.begin().await.unwrap();
    transaction.execute(&"INSERT INTO t SELECT inet_server_port()".into()).await.unwrap();
    transaction.commit().await.unwrap();
    assert_eq!(number(&manager, "SELECT count(*) FROM t").await, 2);
    let elsewhere =
        Statement::new("SELECT count(*) FROM t WHERE port <> ?").bind(i64::from(ports[0]));
    assert_eq!(manager.query(&elsewhere).await.unwrap().scalar(), 0.into());
    let nodes = manager.nodes().await.unwrap();
    let roles: Vec<_> = nodes.iter().map(|it| it.role).collect();
    assert_eq!(roles, [NodeRole::Primary, NodeRole::Replica, NodeRole::Replica]);
    let is_healthy = || async { manager.health().await.status == HealthStatus::Healthy };
    wait_for("all is well", is_healthy).await;

    // Rows of a table lie on yet another server, which whoever asks about it is told of.
    let port = ports[0];
    servers.servers[0].run(&format!(
        "CREATE EXTENSION postgres_fdw; CREATE TABLE part (a int); \
         CREATE SERVER far FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '127.0.0.1', port '{port}', dbname 'postgres'); \
         CREATE USER MAPPING FOR PUBLIC SERVER far OPTIONS (user 'postgres', password '{PASSWORD}'); \
         CREATE TABLE spread (a int) PARTITION BY HASH (a); CREATE FOREIGN TABLE spread_1 PARTITION OF spread \
         FOR VALUES WITH (MODULUS 1, REMAINDER 0) SERVER far OPTIONS (table_name 'part')"
    ));
    let has_shard = || async {
        let nodes = manager.nodes_within(Duration::from_secs(10)).await.unwrap();
        nodes.get(3).is_some_and(|it| (it.role, it.state) == (NodeRole::Shard, NodeState::Ready))
    };
    wait_for("replicas have the table", has_shard).await;
}

/// The ports of the servers that so many reads go to.
async fn ports_of(manager: ReplicatedDatabaseManager, reads: usize) -> Vec<u16> {
    let mut found = Vec::new();
    for _ in 0..reads {
        found.push(port_of(&manager).await);
    }
    found
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_known_to_only_read_goes_to_the_primary() {
    let Some(servers) = Replicated::start() else { return };
    let manager = open(&servers).await;
    let primary = i64::from(servers.servers[0].port);
    for sql in [
        "CREATE SEQUENCE s",
        "CREATE TABLE t (a int)",
        "CREATE FUNCTION own() RETURNS int LANGUAGE sql VOLATILE AS 'SELECT 1'",
        "CREATE FUNCTION calm() RETURNS int LANGUAGE sql STABLE AS 'SELECT 1'",
    ] {
        manager.execute(&sql.into()).await.unwrap();
    }
    for sql in [
        "SELECT inet_server_port() WHERE random() < 2",
        "SELECT inet_server_port() + 0 * own()",
        "SELECT inet_server_port() FROM pg_stat_database LIMIT 1",
    ] {
        assert_eq!(number(&manager, sql).await, primary, "{sql}");
    }
    // Even there a query does not write, and hears it from the server that could.
    for sql in [
        "SELECT nextval('s')",
        "SELECT * FROM t FOR UPDATE",
        "WITH d AS (DELETE FROM t RETURNING a) SELECT * FROM d",
    ] {
        let error = manager.query(&sql.into()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::PermissionDenied, "{sql}");
        assert!(error.message().contains(&primary.to_string()), "{error}");
    }
    // A function that came after the last look is not known yet, one that grammar made of another is.
    assert_eq!(number(&manager, "SELECT inet_server_port() + 0 * calm()").await, primary);
    let known = "SELECT coalesce(inet_server_port(), 1)";
    let is_elsewhere = || async { number(&manager, known).await != primary };
    wait_for("a replica that has the tables answers", is_elsewhere).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_handle_sees_what_it_wrote_and_who_shows_its_token_does_too() {
    let Some(servers) = Replicated::start() else { return };
    let manager = open(&servers).await;
    manager.execute(&"CREATE TABLE t (a int)".into()).await.unwrap();
    wait_for("the replicas have the table", || async {
        servers.servers.iter().all(|it| it.run("SELECT to_regclass('t') IS NOT NULL") == "t")
    })
    .await;
    let count = "SELECT count(*) FROM t";
    let eventual = manager.handle(Consistency::Eventual);
    let strong = manager.handle(Consistency::Strong);
    let bounded =
        manager.handle(Consistency::Bounded { staleness_max: Duration::from_millis(700) });
    servers.servers[1].pause_replay();
    servers.servers[2].pause_replay();
    manager.execute(&"INSERT INTO t VALUES (1)".into()).await.unwrap();
    assert_eq!(number(&manager, count).await, 1, "its own write");
    assert_eq!(number(&eventual, count).await, 0, "replay is paused");
    assert_eq!(number(&strong, count).await, 1);
    wait_for("what is read is too old", || async { number(&bounded, count).await == 1 }).await;
    assert_eq!(number(&eventual, count).await, 0);
    // Another process: another manager.
    let text = manager.token().await.unwrap().unwrap().to_string();
    let elsewhere = open(&servers).await;
    assert_eq!(number(&elsewhere, count).await, 0, "it knows of no write");
    elsewhere.after(text.parse::<CommitToken>().unwrap());
    assert_eq!(number(&elsewhere, count).await, 1);
    assert_eq!(port_of(&elsewhere).await, servers.servers[0].port, "no replica has it");
    for replica in &servers.servers[1..] {
        replica.resume_replay();
    }
    wait_for("replicas have it", || async { port_of(&elsewhere).await != servers.servers[0].port })
        .await;
    assert_eq!(number(&elsewhere, count).await, 1);
    let other = "dq1-0000000000000001-1-1".parse::<CommitToken>().unwrap();
    elsewhere.after(other);
    let error = elsewhere.query(&count.into()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UsageInvalid, "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_that_waits_for_no_disk_is_seen_too() {
    let Some(servers) = Replicated::start() else { return };
    // Then the log is written later than it is filled, and the position of the former lies before the commit.
    servers.servers[0].run("ALTER SYSTEM SET synchronous_commit = 'off'");
    servers.servers[0].run("SELECT pg_reload_conf()");
    let manager = open(&servers).await;
    manager.execute(&"CREATE TABLE t (a int)".into()).await.unwrap();
    for round in 1..=300 {
        if round % 2 == 0 {
            manager.execute(&"INSERT INTO t VALUES (1)".into()).await.unwrap();
        } else {
            let mut transaction = manager.begin().await.unwrap();
            transaction.execute(&"INSERT INTO t VALUES (2)".into()).await.unwrap();
            transaction.commit().await.unwrap();
        }
        assert_eq!(number(&manager, "SELECT count(*) FROM t").await, round);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn at_least_four_fifths_of_reads_are_offloaded_at_a_tenth_of_writes() {
    let Some(servers) = Replicated::start() else { return };
    // How fast replicas are on an idle machine is for the benchmark to tell.
    let patient = |it| ReplicasConfig { catch_up_ms: 2_000, ..it };
    let manager = open_with(&servers, patient).await;
    manager.execute(&"CREATE TABLE t (a int)".into()).await.unwrap();
    manager.execute(&"INSERT INTO t VALUES (0)".into()).await.unwrap();
    let (mut reads, mut offloaded, mut written) = (0, 0, 0);
    for call in 0..2_000 {
        if call % 10 == 0 {
            written += 1;
            manager.execute(&"UPDATE t SET a = a + 1".into()).await.unwrap();
            continue;
        }
        let result = manager.query(&"SELECT a, inet_server_port() FROM t".into()).await.unwrap();
        let row = result.rows().next().unwrap();
        assert_eq!(row.value(0), written.into());
        reads += 1;
        offloaded += u32::from(row.value(1) != i64::from(servers.servers[0].port).into());
    }
    assert!(offloaded * 100 >= reads * 80, "{offloaded} of {reads} reads were offloaded");
    println!("{offloaded} of {reads} reads were offloaded");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_scan_and_a_stream_are_of_one_server_and_one_moment() {
    let Some(servers) = Replicated::start() else { return };
    let manager = open_with(&servers, |it| ReplicasConfig { catch_up_ms: 20_000, ..it }).await;
    manager
        .execute(&"CREATE TABLE t AS SELECT g FROM generate_series(1, 10000) g".into())
        .await
        .unwrap();
    let version = manager.version("t").await.unwrap();
    assert!(version.is_some());
    let snapshot = manager.snapshot().await.unwrap();
    manager.execute(&"DELETE FROM t WHERE g > 10".into()).await.unwrap();
    let mut rows = 0;
    let scan = dq_core::source::Scan {
        table: "t".to_owned(),
        columns: vec![0],
        partitions: 4.try_into().unwrap(),
        cancellation: dq_core::source::Cancellation::new(),
    };
    for mut partition in snapshot.scan(&scan).await.unwrap() {
        while let Some(batch) = partition.next().await.unwrap() {
            rows += batch.rows();
        }
    }
    snapshot.finish().await.unwrap();
    assert_eq!(rows, 10_000);
    assert_eq!(number(&manager, "SELECT count(*) FROM t").await, 10);
    let mut stream = manager.stream(&"SELECT inet_server_port() FROM t".into()).await.unwrap();
    let batch = stream.next().await.unwrap().unwrap();
    let port = batch.column(0).value(0);
    assert_ne!(port, i64::from(servers.servers[0].port).into());
    assert!((0..batch.rows()).all(|it| batch.column(0).value(it) == port));
    drop(manager.query(&"SELECT 1".into()).await.unwrap());
    assert_ne!(
        manager.version("t").await.unwrap().map(|it| it.local().to_owned()),
        version.map(|it| it.local().to_owned())
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_server_the_first_says_why() {
    let Some(servers) = Replicated::start() else { return };
    let urls = servers.urls().map(|it| it.replace("postgres-pw", "canary"));
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let replicas = ReplicasConfig { poll_timeout_ms: 60_000, ..others(&urls[1..]) };
    let first = PostgresConfig { connect_timeout_ms: 60_000, ..few(&urls[0]) };
    let error =
        ReplicatedDatabaseManager::open(&first, replicas, Arc::clone(&clock)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::PermissionDenied, "{error}");
    assert!(error.message().contains("password authentication failed"), "{error}");
    assert!(!error.message().contains("canary"), "{error}");
    let twice = others(&servers.urls()[..1]);
    let error = ReplicatedDatabaseManager::new(&few(&servers.urls()[0]), twice, clock).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConfigInvalid, "{error}");
    let manager = open_with(&servers, |it| it).await;
    assert_eq!(scalar(&manager, "SELECT 7").await, 7.into());
}
