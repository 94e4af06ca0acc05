//! What stands in a statement, and what it may be given.

use crate::database::Statement;
use crate::database::conformance::{Bench, Case, case_list, ensure, rows};
use crate::error::Result;
use crate::value::{Batch, Date, OwnedValue, Timestamp, Value};

case_list![
    text_that_looks_like_a_parameter_is_text,
    a_parameter_in_a_comment_is_none,
    comments_and_a_semicolon_at_the_end_are_no_statement,
    a_statement_runs_again_with_other_values,
    a_hundred_parameters_find_their_places,
    the_same_value_may_be_null_and_not_null,
    columns_of_one_name_are_both_given,
    a_row_of_many_columns_comes_whole,
    long_text_and_bytes_come_whole,
    floats_come_back_bit_by_bit,
    days_and_moments_at_the_edges_come_back,
    a_stream_tells_its_columns_before_its_rows,
    a_stream_of_no_rows_ends_at_once,
    a_stream_that_has_ended_stays_ended,
    streams_are_read_side_by_side,
];

async fn text_that_looks_like_a_parameter_is_text(bench: Bench) -> Result<()> {
    bench.person(3).await?;
    let sql = "SELECT name, '?', ':a', 'it''s ?' FROM person WHERE id = ? AND name <> ':b ?'";
    let result = bench.query(Statement::new(sql).bind(2)).await?;
    let found: Vec<_> = result.rows().flat_map(|row| (0..4).map(move |it| row.value(it))).collect();
    let right = ["person 2", "?", ":a", "it's ?"].map(|it| Value::Text(it.as_bytes()));
    ensure!(found == right, "the texts are {found:?}");
    Ok(())
}

async fn a_parameter_in_a_comment_is_none(bench: Bench) -> Result<()> {
    bench.person(3).await?;
    let sql = "SELECT id -- is it ? or :a\n FROM person /* ? :b */ WHERE id = :id";
    let found = bench.scalar(Statement::new(sql).bind_named("id", 3)).await?;
    ensure!(found == 3.into(), "the row is not found");
    Ok(())
}

async fn comments_and_a_semicolon_at_the_end_are_no_statement(bench: Bench) -> Result<()> {
    bench.person(2).await?;
    for sql in [
        "SELECT count(*) FROM person;",
        "SELECT count(*) FROM person ; -- all of them",
        "-- all of them\nSELECT count(*) FROM person\n;\n/* done */\n",
    ] {
        let found = bench.scalar(sql).await?;
        ensure!(found == 2.into(), "`{sql}` does not give 2");
    }
    let changed = bench.execute("DELETE FROM person WHERE id = 1; ").await?;
    ensure!(changed == 1, "{changed} rows deleted");
    Ok(())
}

async fn a_statement_runs_again_with_other_values(bench: Bench) -> Result<()> {
    bench.person(50).await?;
    for id in (1..=50).rev() {
        let sql = "SELECT name FROM person WHERE id = ?";
        let found = bench.scalar(Statement::new(sql).bind(id)).await?;
        ensure!(found == format!("person {id}").as_str().into(), "row {id} has another's name");
    }
    Ok(())
}

async fn a_hundred_parameters_find_their_places(bench: Bench) -> Result<()> {
    bench.person(200).await?;
    let places = ["?"; 100].join(", ");
    let sql = format!("SELECT count(*), min(id), max(id) FROM person WHERE id IN ({places})");
    let statement = (51..=150).fold(Statement::new(sql), Statement::bind);
    let result = bench.query(statement).await?;
    let found: Vec<_> = result.rows().flat_map(|row| (0..3).map(move |it| row.value(it))).collect();
    ensure!(found == [100, 51, 150].map(Value::Integer), "count, min and max are {found:?}");
    Ok(())
}

async fn the_same_value_may_be_null_and_not_null(bench: Bench) -> Result<()> {
    bench.person(0).await?;
    for (id, age) in [(1, None), (2, Some(7)), (3, None), (4, Some(8))] {
        let insert = "INSERT INTO person (id, name, age) VALUES (?, 'x', ?)";
        bench.execute(Statement::new(insert).bind(id).bind(age)).await?;
    }
    let result = bench.query("SELECT age FROM person ORDER BY id").await?;
    let ages: Vec<_> = result.rows().map(|it| it.value(0)).collect();
    let right = [Value::Null, Value::Integer(7), Value::Null, Value::Integer(8)];
    ensure!(ages == right, "the ages are {ages:?}");
    Ok(())
}

async fn columns_of_one_name_are_both_given(bench: Bench) -> Result<()> {
    bench.person(1).await?;
    let result = bench.query("SELECT id AS it, name AS it FROM person").await?;
    let names: Vec<_> = result.columns.iter().map(|it| it.name.as_str()).collect();
    ensure!(names == ["it", "it"], "the columns are {names:?}");
    let row: Vec<_> = result.rows().flat_map(|row| [row.value(0), row.value(1)]).collect();
    ensure!(row == [Value::Integer(1), Value::Text(b"person 1")], "the row is {row:?}");
    Ok(())
}

async fn a_row_of_many_columns_comes_whole(bench: Bench) -> Result<()> {
    bench.person(1).await?;
    let columns: Vec<_> = (0..300).map(|it| format!("id + {it} AS c{it}")).collect();
    let result = bench.query(format!("SELECT {} FROM person", columns.join(", ")).as_str()).await?;
    ensure!(result.columns.len() == 300, "{} columns", result.columns.len());
    for row in result.rows() {
        for column in 0..300 {
            let found = row.value(column);
            ensure!(found == Value::Integer(column as i64 + 1), "column {column} is {found:?}");
        }
    }
    Ok(())
}

async fn long_text_and_bytes_come_whole(bench: Bench) -> Result<()> {
    let bytes_type = bench.bytes_type;
    let table = format!("CREATE TABLE item (id INTEGER PRIMARY KEY, s TEXT, x {bytes_type})");
    bench.execute(table.as_str()).await?;
    let text = "0123456789é".repeat(5_000);
    let bytes: Vec<u8> = (0..60_000_u32).map(|it| (it % 251) as u8).collect();
    let insert = Statement::new("INSERT INTO item (id, s, x) VALUES (1, ?, ?)");
    bench.execute(insert.bind(text.as_str()).bind(bytes.clone())).await?;
    let result = bench.query("SELECT s, x FROM item").await?;
    for row in result.rows() {
        ensure!(row.value(0) == Value::Text(text.as_bytes()), "the text came back as another");
        ensure!(row.value(1) == Value::Bytes(&bytes), "the bytes came back as others");
    }
    ensure!(result.row_count() == 1, "{} rows", result.row_count());
    Ok(())
}

async fn floats_come_back_bit_by_bit(bench: Bench) -> Result<()> {
    bench.execute("CREATE TABLE item (id INTEGER PRIMARY KEY, f DOUBLE PRECISION)").await?;
    let numbers =
        [0.1, -0.1, 1.0 / 3.0, 1e300, -1e-300, f64::MIN, f64::EPSILON, 9_007_199_254_740_993.0];
    for (id, number) in (1_i64..).zip(numbers) {
        let insert = Statement::new("INSERT INTO item (id, f) VALUES (?, ?)");
        bench.execute(insert.bind(id).bind(number)).await?;
    }
    let result = bench.query("SELECT f FROM item ORDER BY id").await?;
    for (row, number) in result.rows().zip(numbers) {
        let found = row.value(0);
        ensure!(found == Value::Float(number), "{number:e} came back as {found:?}");
    }
    ensure!(result.row_count() == numbers.len(), "{} rows", result.row_count());
    Ok(())
}

async fn days_and_moments_at_the_edges_come_back(bench: Bench) -> Result<()> {
    let timestamp_type = bench.timestamp_type;
    let table = format!("CREATE TABLE item (id INTEGER PRIMARY KEY, d DATE, t {timestamp_type})");
    bench.execute(table.as_str()).await?;
    let edges = [
        ("1000-01-01", "1000-01-01 00:00:00"),
        ("1582-10-15", "1900-03-01 23:59:59.999999"),
        ("2000-02-29", "1969-12-31 23:59:59.999999"),
        ("9999-12-31", "9999-12-31 23:59:59.999999"),
    ];
    for (id, (day, moment)) in (1_i64..).zip(edges) {
        let insert = Statement::new("INSERT INTO item (id, d, t) VALUES (?, ?, ?)").bind(id);
        let day = Date::parse(day.as_bytes()).map_or(OwnedValue::Null, OwnedValue::from);
        let moment = Timestamp::parse(moment.as_bytes()).map_or(OwnedValue::Null, OwnedValue::from);
        bench.execute(insert.bind(day).bind(moment)).await?;
    }
    let result = bench.query("SELECT d, t FROM item ORDER BY id").await?;
    for (row, (day, moment)) in result.rows().zip(edges) {
        let found = (row.value(0).to_string(), row.value(1).to_string());
        ensure!(
            found == (day.to_owned(), moment.to_owned()),
            "{day}, {moment} came back as {found:?}"
        );
    }
    ensure!(result.row_count() == edges.len(), "{} rows", result.row_count());
    Ok(())
}

async fn a_stream_tells_its_columns_before_its_rows(bench: Bench) -> Result<()> {
    bench.person(3).await?;
    for sql in
        ["SELECT name AS who, id FROM person", "SELECT name AS who, id FROM person WHERE id < 0"]
    {
        let stream = bench.database.stream(&sql.into()).await?;
        let names: Vec<_> = stream.columns().iter().map(|it| it.name.as_str()).collect();
        ensure!(names == ["who", "id"], "the columns are {names:?}");
    }
    Ok(())
}

async fn a_stream_of_no_rows_ends_at_once(bench: Bench) -> Result<()> {
    bench.person(3).await?;
    let found = rows(bench.database.stream(&"SELECT id FROM person WHERE id < 0".into()).await?);
    ensure!(found.await? == 0, "a stream of nothing has rows");
    bench.settle().await
}

async fn a_stream_that_has_ended_stays_ended(bench: Bench) -> Result<()> {
    bench.person(3).await?;
    let mut stream = bench.database.stream(&"SELECT id FROM person".into()).await?;
    while stream.next().await?.is_some() {}
    for _ in 0..3 {
        ensure!(stream.next().await?.is_none(), "a stream goes on after its end");
    }
    bench.settle().await
}

async fn streams_are_read_side_by_side(bench: Bench) -> Result<()> {
    bench.person(50_000).await?;
    let low = "SELECT id FROM person WHERE id <= 30000 ORDER BY id".into();
    let high = "SELECT id FROM person WHERE id > 30000 ORDER BY id".into();
    let mut low = bench.database.stream(&low).await?;
    let mut high = bench.database.stream(&high).await?;
    let (mut lows, mut highs) = (0, 0);
    loop {
        let (one, other) = (low.next().await?, high.next().await?);
        lows += one.as_ref().map_or(0, Batch::rows);
        highs += other.as_ref().map_or(0, Batch::rows);
        if one.is_none() && other.is_none() {
            break;
        }
    }
    ensure!((lows, highs) == (30_000, 20_000), "{lows} low and {highs} high rows");
    bench.settle().await
}
