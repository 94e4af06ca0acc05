//! What becomes of values of every type.

use dq_core::ErrorKind;
use dq_core::database::DatabaseManager;
use dq_core::source::Source;
use dq_core::value::{Date, Timestamp, Value, ValueType};

use crate::bench::{Place, few, open, rows, scan};

/// A column of each type with two values, and what they are read as.
const TYPES: [(&str, [&str; 2], [&str; 2]); 27] = [
    ("boolean", ["true", "false"], ["true", "false"]),
    ("smallint", ["-32768", "7"], ["-32768", "7"]),
    ("integer", ["-2147483648", "7"], ["-2147483648", "7"]),
    (
        "bigint",
        ["-9223372036854775808", "9223372036854775807"],
        ["-9223372036854775808", "9223372036854775807"],
    ),
    ("oid", ["4294967295", "0"], ["4294967295", "0"]),
    ("real", ["0.5", "-1.25"], ["0.5", "-1.25"]),
    ("double precision", ["1e300", "-0.5"], ["", "-0.5"]),
    (
        "numeric",
        ["123456789012345678901234567890.125", "1.500"],
        ["123456789012345678901234567890.125", "1.5"],
    ),
    ("numeric(10,3)", ["1.5", "-0.001"], ["1.500", "-0.001"]),
    ("numeric", ["'NaN'", "1e20"], ["NaN", "100000000000000000000"]),
    ("date", ["'2026-11-23'", "'0001-01-01 BC'"], ["2026-11-23", "0000-01-01"]),
    (
        "timestamp",
        ["'2026-11-23 14:05:06.25'", "'1999-12-31'"],
        ["2026-11-23 14:05:06.250000", "1999-12-31 00:00:00"],
    ),
    (
        "timestamptz",
        ["'2026-11-23 14:05+02'", "'1999-12-31Z'"],
        ["2026-11-23 12:05:00", "1999-12-31 00:00:00"],
    ),
    ("time", ["'14:05'", "'23:59:59.5'"], ["14:05:00", "23:59:59.5"]),
    ("interval", ["'1 day'", "'2 months 3 hours'"], ["1 day", "2 mons 03:00:00"]),
    ("text", ["'Zürich 🏥'", "''"], ["Zürich 🏥", ""]),
    ("varchar(9)", ["'a '", "' b'"], ["a ", " b"]),
    ("char(5)", ["'a'", "''"], ["a", ""]),
    (
        "uuid",
        ["'00112233-4455-6677-8899-AABBCCDDEEFF'", "'00000000-0000-0000-0000-000000000000'"],
        ["00112233-4455-6677-8899-aabbccddeeff", "00000000-0000-0000-0000-000000000000"],
    ),
    ("json", ["'{\"a\": 1}'", "'[]'"], ["{\"a\": 1}", "[]"]),
    ("jsonb", ["'{\"b\":1,  \"a\":2}'", "'1'"], ["{\"a\": 2, \"b\": 1}", "1"]),
    ("mood", ["'happy'", "'so so'"], ["happy", "so so"]),
    ("percentage", ["100", "0"], ["100", "0"]),
    ("half", ["50", "1"], ["50", "1"]),
    ("integer[]", ["'{1,NULL,3}'", "'{{1},{2}}'"], ["[1,null,3]", "[[1],[2]]"]),
    ("text[]", ["'{a,\"b c\"}'", "'{}'"], ["[\"a\",\"b c\"]", "[]"]),
    ("inet", ["'10.0.0.1/8'", "'::1'"], ["10.0.0.1/8", "::1/128"]),
];

#[tokio::test(flavor = "multi_thread")]
async fn values_of_every_type_are_read_without_loss() {
    let Some(place) = Place::new() else { return };
    place.run(
        "CREATE TYPE mood AS ENUM ('happy', 'so so'); \
         CREATE DOMAIN percentage AS smallint CHECK (VALUE <= 100); CREATE DOMAIN half AS percentage",
    );
    let columns: Vec<_> =
        TYPES.iter().enumerate().map(|(at, it)| format!("c{at} {}", it.0)).collect();
    let values = |row: usize| TYPES.map(|it| it.1[row]).join(", ");
    place.run(&format!("CREATE TABLE t ({})", columns.join(", ")));
    place.run(&format!("INSERT INTO t VALUES ({}), ({})", values(0), values(1)));
    place.run("INSERT INTO t (c0) VALUES (NULL)");
    let (batches, _) = scan(&place.open().await, "t").await.unwrap();
    let rows = rows(&batches);
    assert_eq!(rows.len(), 3);
    for (at, (type_name, _, expected)) in TYPES.into_iter().enumerate() {
        for (row, expected) in rows.iter().zip(expected.into_iter().chain(["NULL"])) {
            assert!(
                expected.is_empty() && row[at] != "NULL" || row[at] == expected,
                "{type_name}: {} is not {expected}",
                row[at]
            );
        }
    }
    assert_eq!(batches[0].column(6).value(0), Value::Float(1e300));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_catalog_tells_types_as_they_are_read() {
    let Some(place) = Place::new() else { return };
    place.run(
        "CREATE TABLE \"T 1\" (\"Id\" integer PRIMARY KEY, b boolean, f real, d date, t timestamptz, n numeric, \
         x bytea, a int[] NOT NULL); CREATE SCHEMA other; CREATE TABLE other.t (a int)",
    );
    let tables = place.open().await.catalog().await.unwrap();
    let names: Vec<_> = tables.iter().map(|it| it.name.as_str()).collect();
    assert_eq!(names, ["other.t", "T 1"]);
    let types: Vec<_> = tables[1].columns.iter().map(|it| it.value_type).collect();
    assert_eq!(
        types,
        [
            ValueType::Integer,
            ValueType::Boolean,
            ValueType::Float,
            ValueType::Date,
            ValueType::Timestamp,
            ValueType::Text,
            ValueType::Bytes,
            ValueType::Text
        ]
    );
    assert_eq!(tables[1].primary_key, ["Id"]);
    assert!(!tables[1].columns[7].nullable && tables[1].columns[6].nullable);
}

#[tokio::test(flavor = "multi_thread")]
async fn infinity_is_beyond_every_day_and_bytes_stay_bytes() {
    let Some(place) = Place::new() else { return };
    place.run("CREATE TABLE t (d date, t timestamp, x bytea)");
    place.run(
        "INSERT INTO t VALUES ('infinity', 'infinity', '\\xff00'), ('-infinity', '-infinity', '')",
    );
    let (batches, _) = scan(&place.open().await, "t").await.unwrap();
    let value = |column: usize, row: usize| batches[0].column(column).value(row);
    assert_eq!(value(0, 0), Value::Date(Date::from_days(i32::MAX)));
    assert_eq!(value(0, 1), Value::Date(Date::from_days(i32::MIN)));
    assert_eq!(value(1, 0), Value::Timestamp(Timestamp::from_micros(i64::MAX)));
    assert_eq!(value(2, 0), Value::Bytes(&[0xff, 0]));
    assert_eq!(value(2, 1), Value::Bytes(&[]));
}

/// A table of so many rows, each of which takes about a tenth of a page.

#[tokio::test(flavor = "multi_thread")]
async fn text_of_a_database_that_knows_no_characters_is_bytes_where_it_is_not_utf_8() {
    let Some(place) = Place::new() else { return };
    let name = format!("{}_ascii", place.name);
    place
        .run(&format!("CREATE DATABASE {name} ENCODING 'SQL_ASCII' LOCALE 'C' TEMPLATE template0"));
    place
        .server
        .run(&name, "CREATE TABLE t (a text); INSERT INTO t VALUES ('ok'), (E'\\xff'), (NULL)");
    let database = open(few(&place.server.url(&name))).await;
    let (batches, _) = scan(&database, "t").await.unwrap();
    assert_eq!(batches[0].column(0).value(0), Value::Text(b"ok"));
    assert_eq!(batches[0].column(0).value(1), Value::Bytes(&[0xff]));
    assert_eq!(batches[0].column(0).value(2), Value::Null);

    place.server.run(&name, "DO $$ BEGIN EXECUTE E'CREATE TABLE \"t\\xff\" (a int)'; END $$");
    let error = database.snapshot().await.map(drop).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::SourceInvalid);
    assert!(error.message().ends_with("is not UTF-8: rename it"), "{error}");
}
