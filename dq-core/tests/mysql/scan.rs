//! Scans: which tables there are, that all rows are of one moment, and that nothing stays behind.

use dq_core::ErrorKind;
use dq_core::database::DatabaseManager;
use dq_core::database::mysql::{MySqlConfig, ParallelSnapshot};
use dq_core::source::{Partition, Query, Scan, Source};
use dq_core::value::{Batch, Value};

use crate::bench::{ENDLESS, Place, count, open, read, scan, whole};
use crate::wait_for;

/// A table of so many rows, and of statistics that say so.
fn numbers(place: &Place, rows: usize) {
    place.run(&format!(
        "CREATE TABLE t (id int PRIMARY KEY, filler char(200)) AS SELECT seq AS id, repeat('x', 200) AS filler FROM seq_1_to_{rows}; ANALYZE TABLE t"
    ));
}

/// As [`few`](crate::bench::few), with several connections for a snapshot.
fn side_by_side(place: &Place) -> MySqlConfig {
    MySqlConfig { parallel_snapshot: ParallelSnapshot::Lock, ..place.config() }
}

/// A snapshot that is dropped keeps its tables from changing their shape until the server has heard of it, which it
/// does not while this thread waits.
async fn released(database: &dyn DatabaseManager) {
    wait_for("connections come back", || database.statistics().readers.in_use == 0).await;
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
async fn a_snapshot_has_one_connection_and_reads_in_the_order_of_the_table() {
    let Some(place) = Place::new() else { return };
    numbers(&place, 60_000);
    let (batches, partitions) = scan(&place.open().await, "t").await.unwrap();
    assert_eq!(partitions, 1);
    assert_eq!(ids(&batches), (1..=60_000).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn ranges_of_keys_are_read_side_by_side_where_the_server_may_be_locked() {
    let Some(place) = Place::new() else { return };
    numbers(&place, 60_000);
    let database = open(side_by_side(&place)).await;
    let (batches, partitions) = scan(&database, "t").await.unwrap();
    assert!((2..=4).contains(&partitions), "{partitions}");
    assert_eq!(ids(&batches), (1..=60_000).collect::<Vec<_>>());
    place.run("CREATE TABLE wide (id bigint unsigned PRIMARY KEY) AS SELECT 18446744073709551615 - seq AS id FROM seq_0_to_59999; ANALYZE TABLE wide");
    let (batches, partitions) = scan(&database, "wide").await.unwrap();
    assert!(partitions > 1 && count(&batches) == 60_000, "{} in {partitions}", count(&batches));
    place.run("CREATE TABLE keyless AS SELECT id FROM t; ANALYZE TABLE keyless");
    let (batches, partitions) = scan(&database, "keyless").await.unwrap();
    assert_eq!((count(&batches), partitions), (60_000, 1));
    place.run("INSERT INTO keyless VALUES (1)");
}

#[tokio::test(flavor = "multi_thread")]
async fn all_partitions_see_the_moment_of_the_snapshot() {
    let Some(place) = Place::new() else { return };
    for config in [place.config(), side_by_side(&place)] {
        place.run("DROP TABLE IF EXISTS t, other");
        numbers(&place, 40_000);
        place.run("CREATE TABLE other (id int PRIMARY KEY); INSERT INTO other VALUES (1)");
        let database = open(config).await;
        let snapshot = database.snapshot().await.unwrap();
        place.run(
            "DELETE FROM t WHERE id % 2 = 0; UPDATE t SET id = -id; INSERT INTO other VALUES (2)",
        );
        let mut partitions = snapshot.scan(&whole(&*snapshot, "t", 4)).await.unwrap();
        let first = partitions[0].next().await.unwrap().unwrap();
        // Another connection commits while the rows come.
        place.run("INSERT INTO t SELECT seq, 'y' FROM seq_1_to_9000 ON DUPLICATE KEY UPDATE filler = 'z'; DELETE FROM other");
        let mut batches = vec![first];
        for mut partition in partitions {
            batches.extend(rest(partition.as_mut()).await);
        }
        batches.sort_by_key(Batch::sequence);
        assert_eq!(ids(&batches), (1..=40_000).collect::<Vec<_>>());
        let (other, _) = read(&*snapshot, &whole(&*snapshot, "other", 4)).await.unwrap();
        assert_eq!(ids(&other), [1]);
        snapshot.finish().await.unwrap();
        drop(snapshot);
        released(&database).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_without_columns_are_counted() {
    let Some(place) = Place::new() else { return };
    numbers(&place, 5_000);
    let database = place.open().await;
    let snapshot = database.snapshot().await.unwrap();
    let none = Scan { columns: Vec::new(), ..whole(&*snapshot, "t", 2) };
    let (batches, _) = read(&*snapshot, &none).await.unwrap();
    assert_eq!(count(&batches), 5_000);
    assert!(batches.iter().all(|it| it.columns().is_empty()));
}

#[tokio::test(flavor = "multi_thread")]
async fn partitioned_tables_and_views_are_read_with_all_their_rows() {
    let Some(place) = Place::new() else { return };
    place.run(
        "CREATE TABLE parted (id int PRIMARY KEY) PARTITION BY HASH (id) PARTITIONS 3; INSERT INTO parted SELECT seq FROM seq_1_to_999; \
         CREATE VIEW even AS SELECT id, count(*) AS n FROM parted WHERE id % 2 = 0 GROUP BY id; \
         CREATE TABLE history (id int) WITH SYSTEM VERSIONING; INSERT INTO history VALUES (1), (2); DELETE FROM history WHERE id = 1; \
         CREATE SEQUENCE counter; CREATE TEMPORARY TABLE gone (id int)",
    );
    let database = place.open().await;
    let tables = database.catalog().await.unwrap();
    let names: Vec<_> = tables.iter().map(|it| it.name.as_str()).collect();
    assert_eq!(names, ["even", "history", "parted"]);
    for (table, expected) in [("parted", 999), ("even", 499), ("history", 1)] {
        let (batches, _) = scan(&database, table).await.unwrap();
        assert_eq!(count(&batches), expected, "{table}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_without_moments_is_noted_when_it_is_read() {
    let Some(place) = Place::new() else { return };
    place.run("CREATE TABLE old (id int) ENGINE=MyISAM; INSERT INTO old VALUES (1); CREATE TABLE t (id int)");
    let database = place.open().await;
    let snapshot = database.snapshot().await.unwrap();
    read(&*snapshot, &whole(&*snapshot, "t", 1)).await.unwrap();
    assert_eq!(snapshot.notes(), [""; 0]);
    let (batches, _) = read(&*snapshot, &whole(&*snapshot, "old", 1)).await.unwrap();
    assert_eq!(count(&batches), 1);
    assert!(snapshot.notes()[0].starts_with("`old`: its rows have no versions"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_was_emptied_or_rebuilt_since_is_not_said_to_be_empty() {
    let Some(place) = Place::new() else { return };
    let database = place.open().await;
    for change in [
        "TRUNCATE t",
        "ALTER TABLE t MODIFY id bigint",
        "ALTER TABLE t ENGINE=InnoDB, FORCE",
        "DROP TABLE t",
        "ALTER TABLE t RENAME COLUMN filler TO other",
        "CREATE OR REPLACE TABLE t (id int, filler text)",
    ] {
        place.run("DROP TABLE IF EXISTS t");
        numbers(&place, 3_000);
        let snapshot = database.snapshot().await.unwrap();
        place.run(change);
        let read = read(&*snapshot, &whole(&*snapshot, "t", 2)).await;
        assert_eq!(read.map(|_| ()).unwrap_err().kind(), ErrorKind::SourceChanged, "{change}");
        snapshot.finish().await.unwrap();
        drop(snapshot);
        released(&database).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_is_being_scanned_keeps_its_shape() {
    let Some(place) = Place::new() else { return };
    numbers(&place, 20_000);
    let database = place.open().await;
    let snapshot = database.snapshot().await.unwrap();
    let mut partitions = snapshot.scan(&whole(&*snapshot, "t", 2)).await.unwrap();
    take(partitions[0].as_mut(), 1).await;
    let waits = "SET STATEMENT lock_wait_timeout = 1 FOR ALTER TABLE t ADD COLUMN more int";
    let refused = place.server.try_run(&place.name, waits).unwrap_err();
    assert!(refused.contains("Lock wait timeout"), "{refused}");
}

async fn rest(partition: &mut dyn Partition) -> Vec<Batch> {
    let mut batches = Vec::new();
    while let Some(batch) = partition.next().await.unwrap() {
        batches.push(batch);
    }
    batches
}

async fn take(partition: &mut dyn Partition, batches: usize) {
    for _ in 0..batches {
        assert!(partition.next().await.unwrap().is_some());
    }
}

fn busy(place: &Place) -> String {
    let busy = "SELECT count(*) FROM information_schema.processlist WHERE db = DATABASE() \
                AND id <> connection_id() AND command <> 'Sleep'";
    place.run(busy)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dropped_scan_leaves_no_query_on_the_server_and_its_snapshot_goes_on() {
    let Some(place) = Place::new() else { return };
    numbers(&place, 100_000);
    let database = place.open().await;
    let snapshot = database.snapshot().await.unwrap();
    for batches in 0..3 {
        let mut partitions = snapshot.scan(&whole(&*snapshot, "t", 3)).await.unwrap();
        take(partitions[0].as_mut(), batches).await;
        drop(partitions);
        wait_for("the server is idle", || busy(&place) == "0").await;
    }
    place.run("DELETE FROM t");
    let (batches, _) = read(&*snapshot, &whole(&*snapshot, "t", 3)).await.unwrap();
    assert_eq!(count(&batches), 100_000, "it is still the same moment");
    snapshot.finish().await.unwrap();
    drop(snapshot);
    released(&database).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dropped_snapshot_leaves_nothing_at_work() {
    let Some(place) = Place::new() else { return };
    numbers(&place, 100_000);
    for config in [place.config(), side_by_side(&place)] {
        let database = open(config).await;
        let snapshot = database.snapshot().await.unwrap();
        let mut partitions = snapshot.scan(&whole(&*snapshot, "t", 3)).await.unwrap();
        for partition in &mut partitions {
            take(partition.as_mut(), 1).await;
        }
        drop((partitions, snapshot));
        released(&database).await;
        wait_for("the server is idle", || busy(&place) == "0").await;
        place.run("INSERT INTO t VALUES (0, '')");
        place.run("DELETE FROM t WHERE id = 0");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_scan_ends_soon_although_no_row_comes() {
    let Some(place) = Place::new() else { return };
    place.run(&format!("CREATE VIEW v AS SELECT i FROM ({ENDLESS}) n WHERE i % 2 = 2"));
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
    drop(partition);
    wait_for("the server is idle", || busy(&place) == "0").await;
    snapshot.finish().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_of_a_snapshot_sees_its_moment_and_waits_for_no_one_before_it_is_read() {
    let Some(place) = Place::new() else { return };
    numbers(&place, 30_000);
    let database = place.open().await;
    let snapshot = database.snapshot().await.unwrap();
    let scan = whole(&*snapshot, "t", 1);
    let query = |sql: &str| Query {
        table: "t".to_owned(),
        sql: sql.to_owned(),
        cancellation: scan.cancellation.clone(),
        ..Query::default()
    };
    let mut asked = snapshot
        .query(&query("SELECT id, sum(1) AS n FROM t GROUP BY id HAVING id > 29990"))
        .await
        .unwrap();
    place.run("DELETE FROM t WHERE id > 5");
    assert_eq!(count(&read(&*snapshot, &scan).await.unwrap().0), 30_000);
    let names: Vec<_> = asked.columns.iter().map(|it| it.name.as_str()).collect();
    assert_eq!(names, ["id", "n"]);
    assert_eq!(asked.rows.next().await.unwrap().unwrap().rows(), 10);
    assert!(asked.rows.next().await.unwrap().is_none());
    for (sql, kind) in [
        ("DELETE FROM t", ErrorKind::QueryInvalid),
        ("SELECT nothing FROM t", ErrorKind::QueryInvalid),
        ("SELECT 1; SELECT 2", ErrorKind::QueryInvalid),
        ("SELECT 1 INTO @a", ErrorKind::QueryInvalid),
    ] {
        assert_eq!(snapshot.query(&query(sql)).await.unwrap_err().kind(), kind, "{sql}");
    }
    snapshot.finish().await.unwrap();
}
