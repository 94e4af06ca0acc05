//! What becomes of values: each type with its extremes.

use dq_core::database::DatabaseManager;
use dq_core::value::{Date, Timestamp, Value, ValueType};

use crate::bench::{Place, rows, scan};

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

/// Whether these are the values of all types, and a row of NULLs.
#[track_caller]
fn are_all(rows: &[Vec<String>], how: &str) {
    assert_eq!(rows.len(), 3);
    for (at, (type_name, _, expected)) in TYPES.into_iter().enumerate() {
        for (row, expected) in rows.iter().zip(expected.into_iter().chain(["NULL"])) {
            let is_same = expected.is_empty() && row[at] != "NULL" || row[at] == expected;
            assert!(is_same, "{type_name}, {how}: {} is not {expected}", row[at]);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
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
    are_all(&rows(&batches), "scanned");
    are_all(&rows(&queried.batches), "queried");
    assert_eq!(batches[0].column(13).value(0), Value::Float(1e-5));
}

#[tokio::test(flavor = "multi_thread")]
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

#[tokio::test(flavor = "multi_thread")]
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

#[tokio::test(flavor = "multi_thread")]
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

#[tokio::test(flavor = "multi_thread")]
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

#[tokio::test(flavor = "multi_thread")]
async fn points_in_time_are_those_of_utc_wherever_the_server_is() {
    let Some(place) = Place::new() else { return };
    place.run("CREATE TABLE t (a timestamp NULL, b datetime)");
    place.run(
        "SET time_zone = '+02:00'; INSERT INTO t VALUES ('2026-11-23 14:05', '2026-11-23 14:05')",
    );
    let (batches, _) = scan(&place.open().await, "t").await.unwrap();
    assert_eq!(rows(&batches)[0], ["2026-11-23 12:05:00", "2026-11-23 14:05:00"]);
}

#[tokio::test(flavor = "multi_thread")]
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
