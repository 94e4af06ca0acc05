//! Connections: how many, for whom, and that none is lost.

use std::sync::Arc;
use std::time::Duration;

use dq_core::ErrorKind;
use dq_core::database::sqlite::{SqliteConfig, SqliteDatabaseManager};
use dq_core::database::{DatabaseManager, HealthStatus};
use dq_core::source::Source;

use crate::bench::{Folder, Sleep, TestClock, execute, filled, number, open, query};
use crate::endless::exhaust;

async fn with_clock(config: SqliteConfig, sleep: Sleep) -> SqliteDatabaseManager {
    let clock = TestClock { ahead: Duration::ZERO, sleep };
    SqliteDatabaseManager::open(config, Arc::new(clock)).await.unwrap()
}

#[tokio::test]
async fn who_waits_too_long_hears_how_many_connections_there_are() {
    let folder = Folder::new();
    let database = with_clock(folder.config(), Sleep::Never).await;
    let streams = exhaust(&database).await;
    let error = database.query(&"SELECT 1".into()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert!(error.message().contains("none of 3 was free"), "{error}");
    let statistics = database.statistics().readers;
    assert_eq!((statistics.in_use, statistics.timeouts, statistics.waits), (3, 1, 1));
    assert_eq!(statistics.waiting, 0);

    let transaction = database.begin().await.unwrap();
    let error = database.begin().await.unwrap_err();
    assert!(error.message().contains("writer"), "{error}");
    transaction.rollback().await.unwrap();
    drop(streams);
    database.close().await;
}

#[tokio::test]
async fn who_stops_waiting_is_forgotten() {
    let folder = Folder::new();
    let database = with_clock(folder.config(), Sleep::Forever).await;
    let streams = exhaust(&database).await;
    {
        let statement = "SELECT 1".into();
        let waiting = database.query(&statement);
        tokio::pin!(waiting);
        tokio::select! {
            biased;
            _ = &mut waiting => panic!("there is no connection"),
            () = std::future::ready(()) => {}
        }
        assert_eq!(database.statistics().readers.waiting, 1);
    }
    assert_eq!(database.statistics().readers.waiting, 0);
    drop(streams);
    assert_eq!(number(&database, "SELECT 1").await, 1);
    database.close().await;
}

#[tokio::test]
async fn a_second_transaction_waits_for_the_first() {
    let folder = Folder::new();
    let database = filled(folder.config(), 3).await;
    let mut first = database.begin().await.unwrap();
    first.execute(&"DELETE FROM t WHERE a = 1".into()).await.unwrap();
    let second = database.begin();
    tokio::pin!(second);
    tokio::select! {
        biased;
        _ = &mut second => panic!("two transactions write at once"),
        () = std::future::ready(()) => {}
    }
    first.commit().await.unwrap();
    let mut second = second.await.unwrap();
    let left = second.query(&"SELECT count(*) FROM t".into()).await.unwrap();
    assert_eq!(left.scalar(), dq_core::value::Value::Integer(2));
}

#[tokio::test]
async fn connections_are_opened_when_needed_and_kept() {
    let folder = Folder::new();
    let database = filled(folder.config(), 3).await;
    assert_eq!(database.statistics().readers.idle, 0);
    for _ in 0..5 {
        query(&database, "SELECT * FROM t").await;
    }
    assert_eq!(
        database.statistics().readers.idle,
        1,
        "callers one after the other need one connection"
    );
    drop(exhaust(&database).await);
    database.close().await;
    assert_eq!(database.statistics().readers.idle, 0);
}

#[tokio::test]
async fn a_panic_costs_one_connection_and_nothing_else() {
    let folder = Folder::new();
    let database = filled(folder.config(), 3).await;
    for _ in 0..5 {
        let target = folder.path("copy.db");
        let panics = Arc::new(|_| panic!("a listener panics"));
        let error = database.backup(&target, Some(panics)).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Internal);
        assert_eq!(database.statistics().readers.in_use, 0);
        assert_eq!(number(&database, "SELECT count(*) FROM t").await, 3);
    }
    assert_eq!(folder.names(), ["a.db", "a.db-shm", "a.db-wal"]);
}

#[tokio::test]
async fn a_replaced_file_is_read_anew() {
    let folder = Folder::new();
    let database = filled(folder.config(), 3).await;
    database.close().await;
    let database = open(folder.config()).await;
    assert_eq!(number(&database, "SELECT count(*) FROM t").await, 3);
    let before = database.version("t").await.unwrap();

    let other = Folder::new();
    filled(other.config(), 5).await.close().await;
    std::fs::rename(other.path("a.db"), folder.path("a.db")).unwrap();
    assert_eq!(number(&database, "SELECT count(*) FROM t").await, 5);
    assert_ne!(database.version("t").await.unwrap(), before);
    execute(&database, "DELETE FROM t").await;
    assert_eq!(number(&database, "SELECT count(*) FROM t").await, 0);
}

#[tokio::test]
async fn a_deleted_file_is_missed() {
    let folder = Folder::new();
    let config = SqliteConfig { create_if_missing: false, ..folder.config() };
    filled(folder.config(), 3).await.close().await;
    let database = open(config).await;
    query(&database, "SELECT * FROM t").await;
    std::fs::remove_file(folder.path("a.db")).unwrap();
    assert_eq!(
        database.query(&"SELECT * FROM t".into()).await.unwrap_err().kind(),
        ErrorKind::NotFound
    );
    assert_eq!(
        database.execute(&"DELETE FROM t".into()).await.unwrap_err().kind(),
        ErrorKind::NotFound
    );
    let health = database.health().await;
    assert_eq!(health.status, HealthStatus::Unhealthy);
    assert!(health.error.unwrap().contains("a.db"));
}

#[test]
fn a_transaction_that_is_dropped_outside_of_the_runtime_is_rolled_back() {
    let folder = Folder::new();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (database, transaction) = runtime.block_on(async {
        let database = filled(folder.config(), 3).await;
        let mut transaction = database.begin().await.unwrap();
        transaction.execute(&"DELETE FROM t".into()).await.unwrap();
        (database, transaction)
    });
    drop(transaction);
    assert_eq!(database.statistics().writers.in_use, 0);
    assert_eq!(runtime.block_on(execute(&database, "UPDATE t SET a = 1")), 3);
}
