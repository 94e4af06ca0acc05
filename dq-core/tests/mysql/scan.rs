//! Scans: what becomes of values, which tables there are, that all rows are of one moment.

use dq_core::ErrorKind;
use dq_core::database::DatabaseManager;
use dq_core::database::mysql::{MySqlConfig, ParallelSnapshot};
use dq_core::source::{Partition, Query, Scan, Source};
use dq_core::value::{Batch, Date, Timestamp, Value, ValueType};

use crate::bench::{ENDLESS, Place, count, open, read, rows, scan, whole};
use crate::wait_for;

/// Makes a connection take days that no calendar has.
const LENIENT: &str = "SET sql_mode = 'ALLOW_INVALID_DATES'; ";

/// A column of each type with two values, and what they are read as.
const TYPES: [(&str, [&str; 2], [&str; 2]); 45] = [
    ("tinyint", ["-128", "127"], ["-128", "127"]),
    ("tinyint unsigned", ["0", "255"], ["0", "255"]),
    ("boolean", ["true", "-7"], ["1", "-7"]),
    ("tinyint(1) unsigned", ["200", "1"], ["200", "1"]),
    ("smallint", ["-32768", "32767"], ["-32768", "32767"]),
    ("smallint unsigned", ["0", "65535"], ["0", "65535"]),
    ("mediumint", ["-8388608", "8388607"], ["-8388608", "8388607"]),
    ("mediumint unsigned", ["0", "16777215"], ["0", "16777215"]),
    ("int", ["-2147483648", "2147483647"], ["-2147483648", "2147483647"]),
    ("int(5) unsigned zerofill", ["7", "4294967295"], ["7", "4294967295"]),
    (
        "bigint",
        ["-9223372036854775808", "9223372036854775807"],
        ["-9223372036854775808", "9223372036854775807"],
    ),
    (
        "bigint unsigned",
        ["9223372036854775808", "18446744073709551615"],
        ["9223372036854775808", "18446744073709551615"],
    ),
    ("float", ["0.5", "-1.25"], ["0.5", "-1.25"]),
    ("double", ["1e-5", "-0.5"], ["", "-0.5"]),
    (
        "decimal(65,30)",
        ["12345678901234567890123456789012345.5", "-0.000000000000000000000000000001"],
        [
            "12345678901234567890123456789012345.500000000000000000000000000000",
            "-0.000000000000000000000000000001",
        ],
    ),
    ("decimal(10,3)", ["1.5", "-0.001"], ["1.500", "-0.001"]),
    ("decimal(6,2) unsigned zerofill", ["0.5", "12"], ["0.50", "12.00"]),
    ("decimal(18,0)", ["-999999999999999999", "7"], ["-999999999999999999", "7"]),
    (
        "decimal(65,0)",
        ["7", "99999999999999999999999999999999999999999999999999999999999999999"],
        ["7", "99999999999999999999999999999999999999999999999999999999999999999"],
    ),
    ("bit(1)", ["1", "0"], ["1", "0"]),
    ("bit(17)", ["65536", "1"], ["65536", "1"]),
    ("bit(64)", ["18446744073709551615", "1"], ["18446744073709551615", "1"]),
    ("year", ["1901", "2155"], ["1901", "2155"]),
    ("year", ["0", "70"], ["0", "1970"]),
    ("date", ["'1000-01-01'", "'9999-12-31'"], ["1000-01-01", "9999-12-31"]),
    ("date", ["'0000-00-00'", "'2026-11-23'"], ["0000-00-00", "2026-11-23"]),
    ("date", ["'2026-00-15'", "'2026-02-31'"], ["2026-00-15", "2026-02-31"]),
    (
        "datetime",
        ["'2026-11-23 14:05:06'", "'0000-00-00'"],
        ["2026-11-23 14:05:06", "0000-00-00 00:00:00"],
    ),
    (
        "datetime(6)",
        ["'9999-12-31 23:59:59.999999'", "'1999-12-31'"],
        ["9999-12-31 23:59:59.999999", "1999-12-31 00:00:00"],
    ),
    (
        "timestamp(3)",
        ["'1970-01-01 00:00:01'", "'2038-01-19 03:14:07.5'"],
        ["1970-01-01 00:00:01", "2038-01-19 03:14:07.500000"],
    ),
    ("time", ["'-838:59:59'", "'14:05'"], ["-838:59:59", "14:05:00"]),
    ("time(6)", ["'838:59:59'", "'23:59:59.5'"], ["838:59:59", "23:59:59.5"]),
    ("time", ["0", "'-00:00:01'"], ["00:00:00", "-00:00:01"]),
    ("char(5)", ["'a  '", "''"], ["a", ""]),
    ("varchar(9)", ["'a '", "' b'"], ["a ", " b"]),
    ("text", ["'Zürich 🏥'", "''"], ["Zürich 🏥", ""]),
    ("longtext collate utf8mb4_bin", ["'Ä'", "'ä'"], ["Ä", "ä"]),
    ("varchar(9) character set latin1", ["'Zürich €'", "'ÿ'"], ["Zürich €", "ÿ"]),
    ("varchar(9) character set utf16", ["'🏥'", "'a'"], ["🏥", "a"]),
    ("varchar(9) character set sjis", ["'日本'", "'ｱ'"], ["日本", "ｱ"]),
    ("enum('happy','so so')", ["'happy'", "2"], ["happy", "so so"]),
    ("set('a','b','c')", ["'c,a'", "''"], ["a,c", ""]),
    ("json", ["'{\"b\":1,  \"a\":2}'", "'[]'"], ["{\"b\":1,  \"a\":2}", "[]"]),
    (
        "uuid",
        ["'00112233-4455-6677-8899-AABBCCDDEEFF'", "'00000000-0000-0000-0000-000000000001'"],
        ["00112233-4455-6677-8899-aabbccddeeff", "00000000-0000-0000-0000-000000000001"],
    ),
    ("inet6", ["'::1'", "'2001:db8::ff00:42:8329'"], ["::1", "2001:db8::ff00:42:8329"]),
];

#[tokio::test]
async fn values_of_every_type_are_read_without_loss() {
    let Some(place) = Place::new() else { return };
    let columns: Vec<_> =
        TYPES.iter().enumerate().map(|(at, it)| format!("c{at} {} NULL", it.0)).collect();
    let values = |row: usize| TYPES.map(|it| it.1[row]).join(", ");
    place.run(&format!("CREATE TABLE t ({})", columns.join(", ")));
    let utc = format!("{LENIENT}SET time_zone = '+00:00'; ");
    place.run(&format!("{utc}INSERT INTO t VALUES ({}), ({})", values(0), values(1)));
    place.run("INSERT INTO t (c0) VALUES (NULL)");
    let database = place.open().await;
    let (batches, _) = scan(&database, "t").await.unwrap();
    let queried = database.query(&"SELECT * FROM t".into()).await.unwrap();
    for (how, rows) in [("scanned", rows(&batches)), ("queried", rows(&queried.batches))] {
        assert_eq!(rows.len(), 3);
        for (at, (type_name, _, expected)) in TYPES.into_iter().enumerate() {
            for (row, expected) in rows.iter().zip(expected.into_iter().chain(["NULL"])) {
                assert!(
                    expected.is_empty() && row[at] != "NULL" || row[at] == expected,
                    "{type_name}, {how}: {} is not {expected}",
                    row[at]
                );
            }
        }
    }
    assert_eq!(batches[0].column(13).value(0), Value::Float(1e-5));
}

#[tokio::test]
async fn numbers_and_bytes_keep_every_bit() {
    let Some(place) = Place::new() else { return };
    place.run(
        "CREATE TABLE t (f double, r float, b varbinary(9), l longblob, n binary(3), g point)",
    );
    place.run("INSERT INTO t VALUES (1.7976931348623157e308, 0.1, x'ff00', '', x'61', ST_GeomFromText('POINT(1 2)'))");
    place.run("INSERT INTO t (f) VALUES (5e-324)");
    let (batches, _) = scan(&place.open().await, "t").await.unwrap();
    let value = |column: usize, row: usize| batches[0].column(column).value(row);
    assert_eq!((value(0, 0), value(0, 1)), (Value::Float(f64::MAX), Value::Float(5e-324)));
    assert_eq!(
        value(1, 0),
        Value::Float(f64::from(0.1_f32)),
        "the text of a float has fewer digits"
    );
    assert_eq!((value(2, 0), value(3, 0)), (Value::Bytes(&[0xff, 0]), Value::Bytes(&[])));
    assert_eq!(value(4, 0), Value::Bytes(&[0x61, 0, 0]));
    assert!(matches!(value(5, 0), Value::Bytes(it) if it.len() == 25), "{:?}", value(5, 0));
}

#[tokio::test]
async fn a_day_of_zeros_among_others_is_text_and_the_others_stay_days() {
    let Some(place) = Place::new() else { return };
    place.run("CREATE TABLE t (d date, t datetime)");
    place.run(&format!(
        "{LENIENT}INSERT INTO t VALUES ('2026-11-23', '2026-11-23'), ('0000-00-00', '0000-00-00'), (NULL, NULL)"
    ));
    let (batches, _) = scan(&place.open().await, "t").await.unwrap();
    let value = |column: usize, row: usize| batches[0].column(column).value(row);
    let day = Date::from_civil(2026, 11, 23).unwrap();
    assert_eq!((value(0, 0), value(0, 1)), (Value::Date(day), Value::Text(b"0000-00-00")));
    assert_eq!(value(1, 0), Value::Timestamp(day.midnight()));
    assert_eq!(value(1, 1), Value::Text(b"0000-00-00 00:00:00"));
    assert_eq!((value(0, 2), value(1, 2)), (Value::Null, Value::Null));
}

#[tokio::test]
async fn text_that_is_not_utf_8_is_bytes() {
    let Some(place) = Place::new() else { return };
    // Bytes that were never looked at become characters without being looked at.
    place.run("CREATE TABLE t (a varchar(9) character set utf8mb4) ENGINE=InnoDB");
    place.run("INSERT INTO t VALUES ('ok'), (NULL)");
    place.run(
        "CREATE TABLE raw (a varchar(9) character set latin1); INSERT INTO raw VALUES (x'ff80')",
    );
    let database = place.open().await;
    let (batches, _) = scan(&database, "raw").await.unwrap();
    assert_eq!(batches[0].column(0).value(0), Value::Text("ÿ€".as_bytes()), "the server converts");
    // A view may call bytes what it likes.
    place.run("CREATE VIEW v AS SELECT CAST(x'ff61' AS BINARY) AS a");
    let (batches, _) = scan(&database, "v").await.unwrap();
    assert_eq!(batches[0].column(0).value(0), Value::Bytes(&[0xff, 0x61]));
}

#[tokio::test]
async fn the_catalog_tells_types_as_they_are_read() {
    let Some(place) = Place::new() else { return };
    place.run(
        "CREATE TABLE `T 1` (`I``d` int PRIMARY KEY, b bit, f float, d date, t timestamp NULL, n decimal(9,2), w decimal(9), \
         x blob, j json, y year, g int AS (`I``d` + 1) VIRTUAL, s int AS (`I``d` * 2) STORED, h int NOT NULL INVISIBLE DEFAULT 4)",
    );
    place.run("INSERT INTO `T 1` (`I``d`, n) VALUES (7, 1)");
    let database = place.open().await;
    let tables = database.catalog().await.unwrap();
    assert_eq!(tables[0].name, "T 1");
    let types: Vec<_> = tables[0].columns.iter().map(|it| it.value_type).collect();
    let (integer, text) = (ValueType::Integer, ValueType::Text);
    let expected = [
        integer,
        integer,
        ValueType::Float,
        ValueType::Date,
        ValueType::Timestamp,
        text,
        integer,
        ValueType::Bytes,
        text,
        integer,
        integer,
        integer,
        integer,
    ];
    assert_eq!(types, expected);
    assert_eq!(tables[0].primary_key, ["I`d"]);
    assert!(!tables[0].columns[12].nullable && tables[0].columns[11].nullable);
    let (batches, _) = scan(&database, "T 1").await.unwrap();
    assert_eq!(rows(&batches)[0][10..], ["8", "14", "4"]);
}

#[tokio::test]
async fn points_in_time_are_those_of_utc_wherever_the_server_is() {
    let Some(place) = Place::new() else { return };
    place.run("CREATE TABLE t (a timestamp NULL, b datetime)");
    place.run(
        "SET time_zone = '+02:00'; INSERT INTO t VALUES ('2026-11-23 14:05', '2026-11-23 14:05')",
    );
    let (batches, _) = scan(&place.open().await, "t").await.unwrap();
    assert_eq!(rows(&batches)[0], ["2026-11-23 12:05:00", "2026-11-23 14:05:00"]);
}

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

#[tokio::test]
async fn a_snapshot_has_one_connection_and_reads_in_the_order_of_the_table() {
    let Some(place) = Place::new() else { return };
    numbers(&place, 60_000);
    let (batches, partitions) = scan(&place.open().await, "t").await.unwrap();
    assert_eq!(partitions, 1);
    assert_eq!(ids(&batches), (1..=60_000).collect::<Vec<_>>());
}

#[tokio::test]
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

#[tokio::test]
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
            while let Some(batch) = partition.next().await.unwrap() {
                batches.push(batch);
            }
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

#[tokio::test]
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

#[tokio::test]
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

#[tokio::test]
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

#[tokio::test]
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

#[tokio::test]
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

#[tokio::test]
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

#[tokio::test]
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

#[tokio::test]
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

#[tokio::test]
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

#[tokio::test]
async fn points_before_the_first_year_that_is_counted_are_not_lost() {
    let Some(place) = Place::new() else { return };
    place.run("CREATE TABLE t (t datetime(6)); INSERT INTO t VALUES ('0000-01-01'), ('0001-01-01 00:00:00.000001')");
    let (batches, _) = scan(&place.open().await, "t").await.unwrap();
    let micros = |row| match batches[0].column(0).value(row) {
        Value::Timestamp(it) => Timestamp::micros(it),
        other => panic!("{other:?}"),
    };
    assert_eq!(micros(1) - micros(0), 366 * 86_400_000_000 + 1);
}
