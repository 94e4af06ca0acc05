//! Queries of a snapshot: rules in the dialect of PostgreSQL.

use crate::database::Statement;
use crate::database::postgres::parameters::first_word;
use crate::database::postgres::seat::Seat;
use crate::database::postgres::statement::{invalid, prepare_rows};
use crate::database::postgres::stream;
use crate::error::Result;
use crate::source::{Query, QueryRows};

/// How every query begins. What begins otherwise may do more than read.
const FIRST_WORDS: [&str; 4] = ["SELECT", "WITH", "VALUES", "TABLE"];

/// Prepares a query, to be run on the connection of `seat`.
pub(crate) async fn prepare(seat: Seat, query: &Query) -> Result<QueryRows> {
    let doing = format!("query the table `{}`", query.table);
    if !FIRST_WORDS.iter().any(|it| it.eq_ignore_ascii_case(first_word(&query.sql))) {
        let reason = "it must be one statement that begins with `SELECT`, `WITH` or `VALUES`";
        return Err(invalid(&doing, reason));
    }
    let statement = Statement::new(query.sql.clone());
    let statement = query.parameters.iter().cloned().fold(statement, Statement::bind);
    let mut lease = seat.take(&doing).await?;
    let prepared = prepare_rows(&mut lease, &statement, &doing).await;
    let seat = lease.leave().await;
    let prepared = prepared?;
    let columns = prepared.columns.clone();
    let rows = stream::start_later(seat, prepared, doing, query.cancellation.clone());
    Ok(QueryRows { columns, rows })
}
