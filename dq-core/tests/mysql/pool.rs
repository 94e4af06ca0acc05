//! Connections: how many, for whom, how long, and that none is lost.

use std::sync::Arc;
use std::time::Duration;

use dq_core::ErrorKind;
use dq_core::clock::TestClock;
use dq_core::database::DatabaseManager;
use dq_core::database::mysql::{MySqlConfig, MySqlDatabaseManager};
use tokio::task::JoinSet;

use crate::bench::{Place, exhaust, open, scalar};
use crate::wait_for;

#[tokio::test(flavor = "multi_thread")]
async fn who_waits_too_long_hears_how_many_connections_there_are() {
    let Some(place) = Place::new() else { return };
    let database = open(MySqlConfig { acquire_timeout_ms: 20, ..place.config() }).await;
    let streams = exhaust(&database).await;
    let error = database.query(&"SELECT 1".into()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert!(error.message().contains("none of 4 was free for 20 ms"), "{error}");
    let statistics = database.statistics().readers;
    assert_eq!((statistics.in_use, statistics.timeouts, statistics.waiting), (4, 1, 0));
    assert!((statistics.utilisation() - 1.0).abs() < f64::EPSILON);
    drop(streams);
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_are_kept_and_closed_in_the_end() {
    let Some(place) = Place::new() else { return };
    let database = place.open().await;
    for _ in 0..5 {
        scalar(&database, "SELECT 1").await;
    }
    assert_eq!(
        database.statistics().readers.idle,
        1,
        "callers one after the other need one connection"
    );
    assert_eq!(place.server.connections(&place.name), 1);
    database.close().await;
    wait_for("connections are closed", || place.server.connections(&place.name) == 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn old_connections_and_those_without_work_are_closed() {
    let Some(place) = Place::new() else { return };
    let clock = Arc::new(TestClock::new());
    let config = MySqlConfig { idle_min: 1, idle_timeout_ms: 60_000, ..place.config() };
    let database = MySqlDatabaseManager::open(config, Arc::clone(&clock) as _).await.unwrap();
    let mut callers = Vec::new();
    for _ in 0..3 {
        callers.push(database.begin().await.unwrap());
    }
    for transaction in callers {
        transaction.rollback().await.unwrap();
    }
    assert_eq!(database.statistics().writers.idle, 3);
    let idle = || {
        clock.advance(Duration::from_secs(61));
        database.statistics().writers.idle == 1
    };
    wait_for("those without work are closed", idle).await;
    let process = scalar(&database, "SELECT connection_id()").await;
    clock.advance(Duration::from_hours(1));
    assert_ne!(scalar(&database, "SELECT connection_id()").await, process, "it is too old");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_task_that_is_dropped_anywhere_returns_its_connection_clean() {
    let Some(place) = Place::new() else { return };
    let database = Arc::new(place.open().await);
    place.run("CREATE TABLE t (a int)");
    let mut tasks = JoinSet::new();
    for number in 0..60_u64 {
        let work = write_and_read(Arc::clone(&database));
        tasks.spawn(tokio::time::timeout(Duration::from_micros(number * 300), work));
    }
    while tasks.join_next().await.is_some() {}
    let is_quiet = || {
        let statistics = database.statistics();
        statistics.readers.in_use + statistics.writers.in_use == 0
    };
    wait_for("all connections come back", is_quiet).await;
    assert_eq!(scalar(&*database, "SELECT count(*) FROM t").await, 0.into());
    // Which has to wait for every transaction that has seen the table.
    place.run("ALTER TABLE t ADD COLUMN b int");
    drop(exhaust(&*database).await);
    database.close().await;
}

async fn write_and_read(database: Arc<MySqlDatabaseManager>) {
    let mut transaction = database.begin().await.unwrap();
    transaction.execute(&"INSERT INTO t VALUES (1)".into()).await.unwrap();
    transaction.query(&"SELECT count(*) FROM t".into()).await.unwrap();
    scalar(&*database, "SELECT 1").await;
    transaction.rollback().await.unwrap();
}

#[test]
fn a_transaction_that_is_dropped_outside_of_the_runtime_is_rolled_back() {
    let Some(place) = Place::new() else { return };
    place.run("CREATE TABLE t (a int); INSERT INTO t VALUES (1)");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (database, transaction) = runtime.block_on(async {
        let database = place.open().await;
        let mut transaction = database.begin().await.unwrap();
        transaction.execute(&"DELETE FROM t".into()).await.unwrap();
        (database, transaction)
    });
    drop(transaction);
    assert_eq!(database.statistics().writers.in_use, 0);
    let changed = runtime.block_on(database.execute(&"UPDATE t SET a = 1".into()));
    assert_eq!(changed.unwrap(), 1);
}
