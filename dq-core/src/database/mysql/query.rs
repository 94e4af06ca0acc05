//! Queries of a snapshot: rules in the dialect of MySQL.

use crate::database::Statement;
use crate::database::mysql::parameters::first_word;
use crate::database::mysql::scan;
use crate::database::mysql::scan::{Place, Scanned};
use crate::database::mysql::statement::{invalid, prepare_rows};
use crate::error::Result;
use crate::source::{Query, QueryRows};

/// How every query begins. What begins otherwise may do more than read.
const FIRST_WORDS: [&str; 4] = ["SELECT", "WITH", "VALUES", "TABLE"];

/// Prepares a query, to be run at `place`. The connection is free for others until its rows are asked for.
pub(crate) async fn prepare(place: Place, query: &Query) -> Result<QueryRows> {
    let doing = format!("query the table `{}`", query.table);
    if !FIRST_WORDS.iter().any(|it| it.eq_ignore_ascii_case(first_word(&query.sql))) {
        let reason = "it must be one statement that begins with `SELECT`, `WITH` or `VALUES`";
        return Err(invalid(&doing, reason));
    }
    let statement = Statement::new(query.sql.clone());
    let statement = query.parameters.iter().cloned().fold(statement, Statement::bind);
    let columns = {
        let mut lease = scan::lock(&place, &doing).await?;
        prepare_rows(&mut lease, &statement, &doing).await?.columns
    };
    let scanned = Scanned {
        sql: query.sql.clone(),
        values: query.parameters.clone(),
        types: None,
        refuses_warnings: query.refuses_warnings,
        doing,
        position: 0,
    };
    let rows = scan::start(place, scanned, query.cancellation.clone());
    Ok(QueryRows { columns, rows })
}
