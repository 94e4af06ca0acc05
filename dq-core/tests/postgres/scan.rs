//! Scans: which tables there are, and that all rows are of one moment.

use dq_core::ErrorKind;
use dq_core::database::DatabaseManager;
use dq_core::database::postgres::{PostgresConfig, PostgresDatabaseManager};
use dq_core::source::{Partition, Source};
use dq_core::value::{Batch, Value};

use crate::bench::{Place, count, open, read, scan, whole};
use crate::endless::ENDLESS;
use crate::servers::postgres::PASSWORD;
use crate::servers::wait_until;
use crate::wait_for;

fn numbers(place: &Place, rows: usize) {
    place.run(&format!(
        "CREATE TABLE t AS SELECT i AS id, repeat('x', 800) AS filler FROM generate_series(1, {rows}) i; ANALYZE"
    ));
}

fn ids(batches: &[Batch]) -> Vec<i64> {
    let mut ids = Vec::new();
    for batch in batches {
        for row in 0..batch.rows() {
            match batch.column(0).value(row) {
                Value::Integer(id) => ids.push(id),
                other => panic!("{other:?}"),
            }
        }
    }
    ids
}

#[tokio::test(flavor = "multi_thread")]
async fn partitions_deliver_each_row_once_in_the_order_of_the_table() {
    let Some(place) = Place::new() else { return };
    numbers(&place, 20_000);
    let (batches, partitions) = scan(&place.open().await, "t").await.unwrap();
    assert_eq!(partitions, 3, "as many as there are connections beside that of the snapshot");
    assert_eq!(ids(&batches), (1..=20_000).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_small_table_is_read_on_one_connection() {
    let Some(place) = Place::new() else { return };
    numbers(&place, 100);
    let (batches, partitions) = scan(&place.open().await, "t").await.unwrap();
    assert_eq!((count(&batches), partitions), (100, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn all_partitions_see_the_moment_of_the_snapshot() {
    let Some(place) = Place::new() else { return };
    numbers(&place, 20_000);
    let database = place.open().await;
    let snapshot = database.snapshot().await.unwrap();
    place.run("DELETE FROM t WHERE id % 2 = 0; UPDATE t SET id = -id; INSERT INTO t SELECT i FROM generate_series(1, 9000) i");
    let (batches, _) = read(&*snapshot, &whole(&*snapshot, "t", 4)).await.unwrap();
    assert_eq!(ids(&batches), (1..=20_000).collect::<Vec<_>>());
    snapshot.finish().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_without_columns_are_counted() {
    let Some(place) = Place::new() else { return };
    numbers(&place, 5_000);
    let database = place.open().await;
    let snapshot = database.snapshot().await.unwrap();
    let none = dq_core::source::Scan { columns: Vec::new(), ..whole(&*snapshot, "t", 2) };
    assert_eq!(count(&read(&*snapshot, &none).await.unwrap().0), 5_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn partitioned_tables_parents_and_views_are_read_with_all_their_rows() {
    let Some(place) = Place::new() else { return };
    place.run(
        "CREATE TABLE parted (id int, filler text) PARTITION BY LIST (id); \
         CREATE TABLE one PARTITION OF parted FOR VALUES IN (1); CREATE TABLE two PARTITION OF parted FOR VALUES IN (2); \
         INSERT INTO parted SELECT 1 + i % 2, repeat('x', 800) FROM generate_series(1, 20000) i; \
         CREATE TABLE parent (id int); CREATE TABLE child (extra text) INHERITS (parent); \
         INSERT INTO parent VALUES (1); INSERT INTO child VALUES (2, 'x'), (3, 'y'); \
         CREATE VIEW even AS SELECT id FROM parent WHERE id % 2 = 0; \
         CREATE MATERIALIZED VIEW kept AS SELECT id FROM parent; ANALYZE",
    );
    let database = place.open().await;
    let tables = database.catalog().await.unwrap();
    let mut names: Vec<_> = tables.iter().map(|it| it.name.as_str()).collect();
    names.sort_unstable();
    assert_eq!(
        names,
        ["child", "even", "kept", "parent", "parted"],
        "partitions are read through their table"
    );
    let (batches, partitions) = scan(&database, "parted").await.unwrap();
    assert_eq!((count(&batches), partitions), (20_000, 3));
    for (table, expected) in [("parent", 3), ("child", 2), ("even", 1), ("kept", 3)] {
        let (batches, partitions) = scan(&database, table).await.unwrap();
        assert_eq!((count(&batches), partitions), (expected, 1), "{table}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn foreign_tables_and_what_is_made_of_them_are_read_in_one_stream_and_have_no_version() {
    let Some(place) = Place::new() else { return };
    place.run(&format!(
        "CREATE TABLE far (id int PRIMARY KEY, filler text); \
         INSERT INTO far SELECT i, repeat('x', 800) FROM generate_series(1, 5000) i; \
         CREATE EXTENSION postgres_fdw; \
         CREATE SERVER other FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '127.0.0.1', port '{}', dbname '{}'); \
         CREATE USER MAPPING FOR postgres SERVER other OPTIONS (user 'postgres', password '{PASSWORD}'); \
         CREATE FOREIGN TABLE near (id int, filler text) SERVER other OPTIONS (table_name 'far'); \
         CREATE VIEW seen AS SELECT id FROM near WHERE id <= 10; \
         CREATE TABLE parted (id int, filler text) PARTITION BY RANGE (id); \
         CREATE TABLE own PARTITION OF parted FOR VALUES FROM (5001) TO (9000); \
         INSERT INTO parted SELECT i, 'y' FROM generate_series(5001, 5003) i; \
         ALTER TABLE parted ATTACH PARTITION near FOR VALUES FROM (1) TO (5001)",
        place.server.port, place.name
    ));
    let database = place.open().await;
    for (table, expected) in [("seen", 10), ("parted", 5_003)] {
        let (batches, partitions) = scan(&database, table).await.unwrap();
        assert_eq!((count(&batches), partitions), (expected, 1), "{table}");
        assert_eq!(database.version(table).await.unwrap(), None, "{table}");
    }
    place.run("ALTER TABLE parted DETACH PARTITION near");
    let (batches, partitions) = scan(&database, "near").await.unwrap();
    assert_eq!((count(&batches), partitions), (5_000, 1));
    assert_eq!(database.version("near").await.unwrap(), None);
    // The other server refuses in the middle of the stream.
    place.run("ALTER FOREIGN TABLE near OPTIONS (SET table_name 'nowhere')");
    assert!(scan(&database, "near").await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_by_statistics_changes_with_its_table_alone() {
    let Some(place) = Place::new() else { return };
    place.run("CREATE TABLE t (a int) PARTITION BY LIST (a); CREATE TABLE one PARTITION OF t FOR VALUES IN (1); CREATE TABLE other (a int)");
    let exact = place.open().await;
    let database = open(PostgresConfig { version_staleness_ms: 60_000, ..place.config() }).await;
    let version = async |of: &PostgresDatabaseManager| of.version("t").await.unwrap().unwrap();
    let (before, exact_before) = (version(&database).await, version(&exact).await);
    // Statistics are told by whoever ran something before it goes, a little after its client has gone.
    let run = |sql: &str| {
        place.run(sql);
        wait_until("whoever ran it has gone", || place.clients() == 0);
    };
    run("INSERT INTO other VALUES (1)");
    assert_eq!(version(&database).await, before);
    assert_ne!(version(&exact).await, exact_before);
    for change in [
        "INSERT INTO t VALUES (1)",
        "UPDATE t SET a = 1",
        "DELETE FROM t",
        "TRUNCATE t",
        "ALTER TABLE t ADD b int",
    ] {
        let before = version(&database).await;
        run(change);
        assert_ne!(version(&database).await, before, "{change}");
    }
    let before = version(&database).await;
    let mut open = exact.begin().await.unwrap();
    open.execute(&"INSERT INTO other VALUES (1)".into()).await.unwrap();
    assert_eq!(version(&database).await, before, "the transaction is young");
    open.rollback().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_was_emptied_or_rewritten_since_is_not_said_to_be_empty() {
    let Some(place) = Place::new() else { return };
    let database = place.open().await;
    for change in [
        "TRUNCATE t",
        "ALTER TABLE t ALTER id TYPE bigint",
        "VACUUM FULL t",
        "DROP TABLE t",
        "ALTER TABLE t RENAME filler TO other",
    ] {
        place.run("DROP TABLE IF EXISTS t");
        numbers(&place, 3_000);
        let snapshot = database.snapshot().await.unwrap();
        place.run(change);
        let read = read(&*snapshot, &whole(&*snapshot, "t", 2)).await;
        assert_eq!(read.map(|_| ()).unwrap_err().kind(), ErrorKind::SourceChanged, "{change}");
        drop(snapshot);
        // The locks go with it, but not while this thread waits for the server.
        wait_for("the snapshot is gone", || database.statistics().readers.in_use == 0).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_is_being_scanned_is_not_emptied() {
    let Some(place) = Place::new() else { return };
    numbers(&place, 20_000);
    let database = place.open().await;
    let snapshot = database.snapshot().await.unwrap();
    let partitions = snapshot.scan(&whole(&*snapshot, "t", 2)).await.unwrap();
    let waits = "DO $$ BEGIN SET LOCAL lock_timeout = 50; TRUNCATE t; RAISE 'not locked'; \
                 EXCEPTION WHEN lock_not_available THEN NULL; END $$";
    place.run(waits);
    drop(partitions);
}

async fn take(partition: &mut dyn Partition, batches: usize) {
    for _ in 0..batches {
        assert!(partition.next().await.unwrap().is_some());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dropped_scan_leaves_nothing_at_work() {
    let Some(place) = Place::new() else { return };
    numbers(&place, 60_000);
    let database = place.open().await;
    for batches in 0..3 {
        let snapshot = database.snapshot().await.unwrap();
        let mut partitions = snapshot.scan(&whole(&*snapshot, "t", 3)).await.unwrap();
        for partition in &mut partitions {
            take(partition.as_mut(), batches).await;
        }
        drop((partitions, snapshot));
    }
    wait_for("connections come back", || database.statistics().readers.in_use == 0).await;
    let busy = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
                AND pid <> pg_backend_pid() AND state <> 'idle'";
    wait_for("the server is idle", || place.run(busy) == "0").await;
    assert_eq!(count(&scan(&database, "t").await.unwrap().0), 60_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_scan_ends_soon_although_no_row_comes() {
    let Some(place) = Place::new() else { return };
    place.run(&format!("CREATE VIEW v AS SELECT * FROM ({ENDLESS}) n WHERE i < 0"));
    let database = place.open().await;
    let snapshot = database.snapshot().await.unwrap();
    let scan = whole(&*snapshot, "v", 1);
    let mut partition = snapshot.scan(&scan).await.unwrap().pop().unwrap();
    let cancellation = scan.cancellation.clone();
    let (ended, ()) = tokio::join!(partition.next(), async {
        tokio::task::yield_now().await;
        cancellation.cancel();
    });
    assert_eq!(ended.unwrap_err().kind(), ErrorKind::Cancelled);
    drop((partition, snapshot));
    wait_for("connections come back", || database.statistics().readers.in_use == 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_whose_names_would_be_the_same_are_told_apart() {
    let Some(place) = Place::new() else { return };
    place.run(
        "CREATE SCHEMA x; CREATE TABLE x.y (a int); INSERT INTO x.y VALUES (1), (2); \
         CREATE TABLE \"x.y\" (a int); INSERT INTO \"x.y\" VALUES (3); CREATE TABLE \"x.z\" (a int)",
    );
    let database = place.open().await;
    let tables = database.catalog().await.unwrap();
    let names: Vec<_> = tables.iter().map(|it| it.name.as_str()).collect();
    assert_eq!(names, ["public.\"x.y\"", "x.z", "x.y"]);
    let may = database.privileges().await.unwrap();
    assert!(may.iter().map(|it| it.table.as_str()).eq(names.iter().copied()), "{may:?}");
    for (name, rows) in names.iter().zip([1, 0, 2]) {
        assert_eq!(count(&scan(&database, name).await.unwrap().0), rows, "{name}");
        assert!(database.version(name).await.unwrap().is_some());
    }
    place
        .run("CREATE TABLE x.m (a int); CREATE MATERIALIZED VIEW \"x.m\" AS SELECT 1 WITH NO DATA");
    let unreadable = database.unreadable().await.unwrap();
    assert!(unreadable.iter().map(|it| &*it.table).eq(["public.\"x.m\""]), "{unreadable:?}");
}
