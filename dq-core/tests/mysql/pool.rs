//! Connections: how many, for whom, how long, and that none is lost.

use std::sync::Arc;

use dq_core::clock::TestClock;
use dq_core::database::DatabaseManager;
use dq_core::database::mysql::{MySqlConfig, MySqlDatabaseManager};

use crate::bench::{Place, exhaust, open, scalar};
use crate::pooling::{
    drop_outside_of_the_runtime, drop_tasks_anywhere, hear_how_many_connections_there_are,
    outlive_connections,
};
use crate::wait_for;

#[tokio::test(flavor = "multi_thread")]
async fn who_waits_too_long_hears_how_many_connections_there_are() {
    let Some(place) = Place::new() else { return };
    let database = open(MySqlConfig { acquire_timeout_ms: 20, ..place.config() }).await;
    let streams = exhaust(&database).await;
    hear_how_many_connections_there_are(&database).await;
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
    outlive_connections(&database, &clock, "SELECT connection_id()").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_task_that_is_dropped_anywhere_returns_its_connection_clean() {
    let Some(place) = Place::new() else { return };
    let database: Arc<dyn DatabaseManager> = Arc::new(place.open().await);
    place.run("CREATE TABLE t (a int)");
    drop_tasks_anywhere(&database).await;
    // Which has to wait for every transaction that has seen the table.
    place.run("ALTER TABLE t ADD COLUMN b int");
    drop(exhaust(&*database).await);
    database.close().await;
}

#[test]
fn a_transaction_that_is_dropped_outside_of_the_runtime_is_rolled_back() {
    let Some(place) = Place::new() else { return };
    place.run("CREATE TABLE t (a int); INSERT INTO t VALUES (1)");
    drop_outside_of_the_runtime(place.open());
}
