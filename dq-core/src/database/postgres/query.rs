//! Queries of a snapshot: rules in the dialect of PostgreSQL.

use crate::database::Statement;
use crate::database::postgres::parameters::first_word;
use crate::database::postgres::seat::Seat;
use crate::database::postgres::statement::{invalid, prepare_rows};
use crate::database::postgres::stream;
use crate::error::Result;
use crate::source::{Query, QueryRows};
use crate::value::Value;

/// How every query begins. What begins otherwise may do more than read.
const FIRST_WORDS: [&str; 4] = ["SELECT", "WITH", "VALUES", "TABLE"];

/// Prepares a query, to be run on the connection of `seat`.
pub(crate) async fn prepare(seat: Seat, query: &Query) -> Result<QueryRows> {
    let doing = format!("query the table `{}`", query.table);
    if !FIRST_WORDS.iter().any(|it| it.eq_ignore_ascii_case(first_word(&query.sql))) {
        let reason = "it must be one statement that begins with `SELECT`, `WITH` or `VALUES`";
        return Err(invalid(&doing, reason));
    }
    let statement = bound(query.sql.clone(), query);
    let mut lease = seat.take(&doing).await?;
    let prepared = prepare_rows(&mut lease, &statement, &doing).await;
    let seat = lease.leave().await;
    let prepared = prepared?;
    let columns = prepared.columns.clone();
    let rows = stream::start_later(seat, prepared, doing, query.cancellation.clone());
    Ok(QueryRows { columns, rows })
}

/// How the server would run a query, as JSON.
pub(crate) async fn plan(seat: Seat, query: &Query) -> Result<Option<String>> {
    let doing = format!("plan a query of the table `{}`", query.table);
    let explain = format!("EXPLAIN (VERBOSE, COSTS off, FORMAT json) {}", query.sql);
    let statement = bound(explain, query);
    let mut lease = seat.take(&doing).await?;
    let prepared = prepare_rows(&mut lease, &statement, &doing).await;
    let seat = lease.leave().await;
    let mut rows = stream::start_later(seat, prepared?, doing, query.cancellation.clone());
    let mut plan = None;
    while let Some(batch) = rows.next().await? {
        if let (true, Some(Value::Text(text))) =
            (batch.rows() > 0, batch.columns().first().map(|it| it.value(0)))
        {
            plan = Some(String::from_utf8_lossy(text).into_owned());
        }
    }
    Ok(plan)
}

fn bound(sql: String, query: &Query) -> Statement {
    query.parameters.iter().cloned().fold(Statement::new(sql), Statement::bind)
}
