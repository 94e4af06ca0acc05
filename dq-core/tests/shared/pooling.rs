//! What a pool of connections to a server must do, whichever server it is.
//!
//! Included by the test binaries that need it with `#[path = "../shared/pooling.rs"] mod pooling;`.

use std::sync::Arc;
use std::time::Duration;

use dq_core::ErrorKind;
use dq_core::clock::TestClock;
use dq_core::database::DatabaseManager;
use tokio::task::JoinSet;

use crate::scans::scalar;
use crate::waiting::wait_for;

/// Asks `database` for more than its four readers, which are all taken and waited for 20 ms.
pub(crate) async fn hear_how_many_connections_there_are(database: &dyn DatabaseManager) {
    let error = database.query(&"SELECT 1".into()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert!(error.message().contains("none of 4 was free for 20 ms"), "{error}");
    let statistics = database.statistics().readers;
    assert_eq!((statistics.in_use, statistics.timeouts, statistics.waiting), (4, 1, 0));
    assert!((statistics.utilisation() - 1.0).abs() < f64::EPSILON);
}

/// Lets connections of `database` grow old, which goes by `clock`, keeps one without work, and the others for a minute.
/// `process` asks the server for the number of the connection.
pub(crate) async fn outlive_connections(
    database: &dyn DatabaseManager,
    clock: &TestClock,
    process: &str,
) {
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
    let number = scalar(database, process).await;
    clock.advance(Duration::from_hours(1));
    assert_ne!(scalar(database, process).await, number, "it is too old");
}

/// Drops tasks wherever they are that write into `t`, a table of numbers without rows, and read.
pub(crate) async fn drop_tasks_anywhere(database: &Arc<dyn DatabaseManager>) {
    let mut tasks = JoinSet::new();
    for number in 0..60_u64 {
        let work = write_and_read(Arc::clone(database));
        tasks.spawn(tokio::time::timeout(Duration::from_micros(number * 300), work));
    }
    while tasks.join_next().await.is_some() {}
    let is_quiet = || {
        let statistics = database.statistics();
        statistics.readers.in_use + statistics.writers.in_use == 0
    };
    wait_for("all connections come back", is_quiet).await;
    assert_eq!(scalar(&**database, "SELECT count(*) FROM t").await, 0.into());
}

async fn write_and_read(database: Arc<dyn DatabaseManager>) {
    let mut transaction = database.begin().await.unwrap();
    transaction.execute(&"INSERT INTO t VALUES (1)".into()).await.unwrap();
    transaction.query(&"SELECT count(*) FROM t".into()).await.unwrap();
    scalar(&*database, "SELECT 1").await;
    transaction.rollback().await.unwrap();
}

/// Drops a transaction that has deleted the one row of `t`, where there is no runtime.
pub(crate) fn drop_outside_of_the_runtime<D: DatabaseManager>(open: impl Future<Output = D>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (database, transaction) = runtime.block_on(async {
        let database = open.await;
        let mut transaction = database.begin().await.unwrap();
        transaction.execute(&"DELETE FROM t".into()).await.unwrap();
        (database, transaction)
    });
    drop(transaction);
    assert_eq!(database.statistics().writers.in_use, 0);
    let changed = runtime.block_on(database.execute(&"UPDATE t SET a = 1".into()));
    assert_eq!(changed.unwrap(), 1);
}
