//! Futures that are dropped at each of their awaits.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

use dq_core::database::DatabaseManager;
use dq_core::database::postgres::PostgresDatabaseManager;
use dq_core::source::Source;

use crate::bench::{Place, few, open, read, scalar, whole};
use crate::servers::pgbouncer::PgBouncer;
use crate::wait_for;

/// Polls `future` at most so often, then drops it. Gives whether it came to its end.
async fn abandoned_after(polls: usize, future: impl Future<Output = ()>) -> bool {
    let mut future = pin!(future);
    let mut left = polls;
    poll_fn(|context| {
        if left == 0 {
            return Poll::Ready(false);
        }
        left -= 1;
        future.as_mut().poll(context).map(|()| true)
    })
    .await
}

/// Everything that takes a connection. Only the table `u` is changed.
async fn everything(database: &PostgresDatabaseManager) {
    let mut transaction = database.begin().await.unwrap();
    transaction.execute(&"INSERT INTO t VALUES (1)".into()).await.unwrap();
    transaction.query(&"SELECT count(*) FROM t".into()).await.unwrap();
    transaction.rollback().await.unwrap();
    database.execute(&"UPDATE u SET a = a + 1".into()).await.unwrap();
    let mut stream =
        database.stream(&"SELECT * FROM generate_series(1, 9000)".into()).await.unwrap();
    while stream.next().await.unwrap().is_some() {}
    let snapshot = database.snapshot().await.unwrap();
    read(&*snapshot, &whole(&*snapshot, "u", 1)).await.unwrap();
    snapshot.finish().await.unwrap();
    database.version("u").await.unwrap();
}

async fn drop_everywhere(place: &Place, database: &PostgresDatabaseManager) {
    place.run("CREATE TABLE t (a int); CREATE TABLE u (a int); INSERT INTO u VALUES (0)");
    let is_quiet = || {
        let statistics = database.statistics();
        statistics.readers.in_use + statistics.writers.in_use == 0
    };
    let mut polls = 1;
    while !abandoned_after(polls, everything(database)).await {
        wait_for("all connections come back", is_quiet).await;
        polls += 1;
        assert!(polls < 2_000, "it never ends");
    }
    assert!(polls > 20, "there are more awaits than {polls}");
    assert_eq!(scalar(database, "SELECT count(*) FROM t").await, 0.into());
    let open = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
                AND (state LIKE 'idle in transaction%' OR state = 'active' AND pid <> pg_backend_pid())";
    wait_for("no transaction is open", || place.run(open) == "0").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn at_whichever_await_work_is_dropped_its_connections_come_back_clean() {
    let Some(place) = Place::new() else { return };
    drop_everywhere(&place, &place.open().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_holds_behind_pgbouncer() {
    let Some(place) = Place::new() else { return };
    let bouncer = PgBouncer::start(&place.server, 4, "");
    drop_everywhere(&place, &open(few(&bouncer.url(&place.name))).await).await;
}
