//! Trying one statement for each thing that a catalog names.

use std::time::Duration;

use crate::clock::within;
use crate::database::postgres::PostgresDatabaseManager;
use crate::database::{DatabaseManager, QueryResult, Statement};
use crate::error::Result;
use crate::value::Value;

/// The names that `catalog` gives in its first column, each with what a statement has to be about in its second.
pub(crate) async fn named(
    database: &PostgresDatabaseManager,
    catalog: &str,
) -> Result<Vec<(String, String)>> {
    let found = database.query(&catalog.into()).await?;
    Ok(found.rows().map(|it| (text(it.value(0)), text(it.value(1)))).collect())
}

/// The text that a catalog has in a column.
pub(crate) fn text(value: Value<'_>) -> String {
    match value {
        Value::Text(text) => String::from_utf8_lossy(text).into_owned(),
        _ => String::new(),
    }
}

/// The answer to a statement, or else that there was none within `patience`.
pub(crate) async fn tried(
    database: &PostgresDatabaseManager,
    sql: String,
    patience: Duration,
) -> std::result::Result<Result<QueryResult>, String> {
    let answer = within(database.clock(), patience, database.query(&Statement::new(sql))).await;
    answer.ok_or_else(|| format!("no answer within {} ms", patience.as_millis()))
}
