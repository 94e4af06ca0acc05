//! Values and parameters.

use crate::database::Statement;
use crate::database::conformance::{Bench, Case, case_list, ensure, error_of, failure};
use crate::error::{ErrorKind, Result};
use crate::value::{Date, OwnedValue, Timestamp, Value};

case_list![
    every_type_survives_the_round_trip,
    null_is_neither_blank_nor_zero,
    a_name_may_be_used_twice,
    parameters_that_do_not_match_do_not_run,
    a_parameter_never_becomes_sql,
    errors_hold_no_value,
];

async fn every_type_survives_the_round_trip(bench: Bench) -> Result<()> {
    let (bytes_type, timestamp_type) = (bench.bytes_type, bench.timestamp_type);
    bench
        .execute(format!(
            "CREATE TABLE item (id INTEGER PRIMARY KEY, b BOOLEAN, i BIGINT, f DOUBLE PRECISION, d DATE, t {timestamp_type}, s TEXT, x {bytes_type})"
        ).as_str())
        .await?;
    let rows: Vec<[OwnedValue; 7]> = vec![
        [
            true.into(),
            i64::MAX.into(),
            f64::MAX.into(),
            Date::from_days(20_000).into(),
            Timestamp::from_micros(1_700_000_000_123_456).into(),
            "Zürich 🏥 'x' \"y\"\n".into(),
            vec![0xff_u8, 0, 1].into(),
        ],
        [
            false.into(),
            i64::MIN.into(),
            f64::MIN_POSITIVE.into(),
            Date::from_days(-1).into(),
            Timestamp::from_micros(0).into(),
            "".into(),
            Vec::<u8>::new().into(),
        ],
        [
            true.into(),
            0.into(),
            (-1.5).into(),
            Date::from_days(0).into(),
            Timestamp::from_micros(-1_000_000).into(),
            " ".into(),
            vec![b'a'].into(),
        ],
        [const { OwnedValue::Null }; 7],
    ];
    for (id, row) in rows.iter().enumerate() {
        let mut insert = Statement::new(
            "INSERT INTO item (id, b, i, f, d, t, s, x) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        )
        .bind(id as i64);
        for value in row {
            insert = insert.bind(value.clone());
        }
        let inserted = bench.execute(insert).await?;
        ensure!(inserted == 1, "{inserted} rows inserted");
    }
    let result = bench.query("SELECT b, i, f, d, t, s, x FROM item ORDER BY id").await?;
    ensure!(result.row_count() == rows.len(), "{} rows", result.row_count());
    for (found, given) in result.rows().zip(&rows) {
        for (position, given) in given.iter().enumerate() {
            let found = found.value(position);
            ensure!(is_same(given, found), "{given:?} came back as {found:?}");
        }
    }
    Ok(())
}

/// Whether a value came back as itself, or as what a database without its type stores for it.
fn is_same(given: &OwnedValue, found: Value<'_>) -> bool {
    match (given, found) {
        (OwnedValue::Boolean(given), Value::Integer(found)) => i64::from(*given) == found,
        (OwnedValue::Date(given), Value::Text(found)) => given.to_string().as_bytes() == found,
        (OwnedValue::Timestamp(given), Value::Text(found)) => given.to_string().as_bytes() == found,
        (given, found) => given.as_value() == found,
    }
}

async fn null_is_neither_blank_nor_zero(bench: Bench) -> Result<()> {
    bench.person(0).await?;
    let insert = Statement::new("INSERT INTO person (id, name, age) VALUES (?, ?, ?)");
    bench.execute(insert.bind(1).bind("").bind(None::<i64>)).await?;
    let result = bench.query("SELECT name, age FROM person").await?;
    let Some(row) = result.rows().next() else { return Err(failure("the row is missing".into())) };
    ensure!(
        row.get("name") == Some(Value::Text(b"")),
        "the blank name came back as {:?}",
        row.get("name")
    );
    ensure!(row.get("age") == Some(Value::Null), "the NULL came back as {:?}", row.get("age"));
    ensure!(row.get("none").is_none(), "a column that does not exist has a value");
    Ok(())
}

async fn a_name_may_be_used_twice(bench: Bench) -> Result<()> {
    bench.person(9).await?;
    let both = "SELECT count(*) FROM person WHERE id >= :low AND id <> :high AND age <= :high AND id <> :low";
    let statement = Statement::new(both).bind_named("high", 5).bind_named("low", 2);
    let found = bench.scalar(statement).await?;
    ensure!(found == 2.into(), "3 and 4 are between 2 and 5, which is not what was counted");
    Ok(())
}

async fn parameters_that_do_not_match_do_not_run(bench: Bench) -> Result<()> {
    bench.person(3).await?;
    let by_position = || Statement::new("DELETE FROM person WHERE id = ? OR id = ?");
    let by_name = || Statement::new("DELETE FROM person WHERE id = :a OR id = :b");
    let wrong = [
        ("no value", by_position()),
        ("one value too few", by_position().bind(1)),
        ("one value too many", by_position().bind(1).bind(2).bind(3)),
        ("names for positions", by_position().bind_named("a", 1).bind_named("b", 2)),
        ("one name too few", by_name().bind_named("a", 1)),
        ("an unknown name", by_name().bind_named("a", 1).bind_named("b", 2).bind_named("c", 3)),
        ("a name twice", by_name().bind_named("a", 1).bind_named("b", 2).bind_named("a", 3)),
        ("positions for names", by_name().bind(1).bind(2)),
        ("a name and a position", by_name().bind_named("a", 1).bind(2)),
        ("a value for no parameter", Statement::new("DELETE FROM person").bind(1)),
        ("a name for no parameter", Statement::new("DELETE FROM person").bind_named("a", 1)),
    ];
    for (what, statement) in wrong {
        error_of(bench.database.execute(&statement).await, ErrorKind::QueryInvalid, what)?;
    }
    let left = bench.count().await?;
    ensure!(left == 3, "{left} of 3 rows are left");
    Ok(())
}

async fn a_parameter_never_becomes_sql(bench: Bench) -> Result<()> {
    bench.person(2).await?;
    let evil = "x'; DROP TABLE person; --";
    bench.execute(Statement::new("INSERT INTO person (id, name) VALUES (9, ?)").bind(evil)).await?;
    let found = bench
        .scalar(Statement::new("SELECT id FROM person WHERE name = :name").bind_named("name", evil))
        .await?;
    ensure!(found == 9.into(), "the row is not found by its name");
    Ok(())
}

async fn errors_hold_no_value(bench: Bench) -> Result<()> {
    bench.person(1).await?;
    let secret = "s3cr3t";
    let twice = Statement::new("INSERT INTO person (id, name) VALUES (1, ?)").bind(secret);
    let conflict =
        error_of(bench.database.execute(&twice).await, ErrorKind::Conflict, "a key twice")?;
    let surplus = Statement::new("SELECT 1").bind(secret);
    let invalid = error_of(
        bench.database.query(&surplus).await,
        ErrorKind::QueryInvalid,
        "a value too many",
    )?;
    for error in [conflict, invalid] {
        ensure!(
            !format!("{error} {error:?}").contains(secret),
            "an error holds the value of a parameter"
        );
    }
    Ok(())
}
