//! Connections: how many, for whom, how long, and that none is lost.

use std::sync::Arc;
use std::time::Duration;

use dq_core::ErrorKind;
use dq_core::clock::{Clock, SystemClock, TestClock};
use dq_core::database::DatabaseManager;
use dq_core::database::postgres::{PostgresConfig, PostgresDatabaseManager};
use dq_core::source::{Query, Source};
use tokio::task::JoinSet;

use crate::bench::{Place, count, open, read, scalar, whole};
use crate::endless::exhaust;
use crate::pooling::{
    drop_outside_of_the_runtime, drop_tasks_anywhere, hear_how_many_connections_there_are,
    outlive_connections,
};
use crate::wait_for;

#[tokio::test(flavor = "multi_thread")]
async fn who_waits_too_long_hears_how_many_connections_there_are() {
    let Some(place) = Place::new() else { return };
    let database = open(PostgresConfig { acquire_timeout_ms: 20, ..place.config() }).await;
    let streams = exhaust(&database).await;
    hear_how_many_connections_there_are(&database).await;
    drop(streams);
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_are_kept_and_the_server_knows_whose_they_are() {
    let Some(place) = Place::new() else { return };
    let config = PostgresConfig { application_name: "quality".to_owned(), ..place.config() };
    let database = open(config).await;
    for _ in 0..5 {
        scalar(&database, "SELECT 1").await;
    }
    assert_eq!(
        database.statistics().readers.idle,
        1,
        "callers one after the other need one connection"
    );
    let name = "SELECT application_name FROM pg_stat_activity WHERE pid = pg_backend_pid()";
    assert_eq!(scalar(&database, name).await, "quality".into());
    assert_eq!(place.server.connections(&place.name), 1);
    database.close().await;
    wait_for("connections are closed", || place.server.connections(&place.name) == 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn old_connections_and_those_without_work_are_closed() {
    let Some(place) = Place::new() else { return };
    let clock = Arc::new(TestClock::new());
    let config = PostgresConfig { idle_min: 1, idle_timeout_ms: 60_000, ..place.config() };
    let database = PostgresDatabaseManager::open(config, Arc::clone(&clock) as _).await.unwrap();
    outlive_connections(&database, &clock, "SELECT pg_backend_pid()").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_task_that_is_dropped_anywhere_returns_its_connection_clean() {
    let Some(place) = Place::new() else { return };
    let database: Arc<dyn DatabaseManager> = Arc::new(place.open().await);
    place.run("CREATE TABLE t (a int)");
    drop_tasks_anywhere(&database).await;
    let open = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
                AND state LIKE 'idle in transaction%'";
    wait_for("no transaction is open", || place.run(open) == "0").await;
    drop(exhaust(&*database).await);
    database.close().await;
}

#[test]
fn a_transaction_that_is_dropped_outside_of_the_runtime_is_rolled_back() {
    let Some(place) = Place::new() else { return };
    place.run("CREATE TABLE t (a int); INSERT INTO t VALUES (1)");
    drop_outside_of_the_runtime(place.open());
}

/// How long `tasks` tasks need, and how long each waits for its answer, in order.
async fn crowd(
    database: &Arc<PostgresDatabaseManager>,
    tasks: usize,
    rounds: usize,
) -> (Duration, Vec<Duration>) {
    let begun = SystemClock.now();
    let mut crowd = JoinSet::new();
    for _ in 0..tasks {
        let database = Arc::clone(database);
        crowd.spawn(async move {
            for _ in 0..rounds {
                scalar(&*database, "SELECT 1").await;
            }
            SystemClock.now() - begun
        });
    }
    let mut waited = crowd.join_all().await;
    waited.sort_unstable();
    (SystemClock.now() - begun, waited)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crowd_waits_not_much_longer_than_in_an_ideal_queue() {
    let Some(place) = Place::new() else { return };
    let config = PostgresConfig { readers: 20, ..place.config() };
    let database = Arc::new(open(config).await);
    drop(exhaust(&*database).await);
    wait_for("all come back", || database.statistics().readers.in_use == 0).await;
    crowd(&database, 20, 5).await;
    // What else the machine does must not count: one of a few attempts is enough.
    let mut ratios = Vec::new();
    for _ in 0..5 {
        // Twenty that never wait for each other do the same work in the time of an ideal queue.
        let (ideal, _) = crowd(&database, 20, 50).await;
        let (_, waited) = crowd(&database, 1_000, 1).await;
        let ratio = waited[989].as_secs_f64() / (ideal.as_secs_f64() * 0.99);
        if ratio <= 3.0 {
            return;
        }
        ratios.push(ratio);
    }
    panic!("the 99th percentile is so many times the ideal: {ratios:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pool_of_one_connection_scans_and_asks_on_the_one_that_holds_the_moment() {
    let Some(place) = Place::new() else { return };
    place.run("CREATE TABLE t AS SELECT i AS id, repeat('x', 500) AS filler FROM generate_series(1, 20000) i; CREATE TABLE u AS SELECT 7 AS a");
    let database = open(PostgresConfig { readers: 1, ..place.config() }).await;
    let snapshot = database.snapshot().await.unwrap();
    for _ in 0..2 {
        let (batches, partitions) = read(&*snapshot, &whole(&*snapshot, "t", 4)).await.unwrap();
        assert_eq!((count(&batches), partitions), (20_000, 1));
    }
    let error = snapshot.query(&query("SELECT nothing FROM u")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::QueryInvalid);
    let mut wrong = snapshot.query(&query("SELECT 1 / (a - 7) FROM u")).await.unwrap();
    assert!(wrong.rows.next().await.is_err());
    let mut rows = snapshot.query(&query("SELECT a FROM u")).await.unwrap().rows;
    assert_eq!(rows.next().await.unwrap().map(|it| it.rows()), Some(1));
    assert!(rows.next().await.unwrap().is_none());
    snapshot.finish().await.unwrap();
    drop(snapshot);
    assert_eq!(scalar(&database, "SELECT 1").await, 1.into());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_whose_beginning_fails_leaves_its_connection_clean() {
    let Some(place) = Place::new() else { return };
    place.run("CREATE TABLE t AS SELECT i AS id, repeat('x', 500) AS filler FROM generate_series(1, 20000) i");
    let database = place.open().await;
    let snapshot = database.snapshot().await.unwrap();
    let partitions = snapshot.scan(&whole(&*snapshot, "t", 2)).await.unwrap();
    place.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()");
    drop(partitions);
    // The moment is gone, which others would take over.
    assert!(snapshot.scan(&whole(&*snapshot, "t", 2)).await.is_err());
    assert!(snapshot.query(&query("SELECT 1")).await.is_err());
    drop(snapshot);
    for _ in 0..8 {
        assert_eq!(scalar(&database, "SELECT count(*) FROM t").await, 20_000.into());
    }
    drop(exhaust(&database).await);
}

fn query(sql: &str) -> Query {
    Query { table: "u".to_owned(), sql: sql.to_owned(), ..Query::default() }
}
