//! Queries of a snapshot: rules in the dialect of SQLite.

use rusqlite::Connection;

use crate::database::sqlite::cursor;
use crate::database::sqlite::error::from_sqlite;
use crate::database::sqlite::function;
use crate::database::sqlite::moment::Handle;
use crate::database::sqlite::result::columns;
use crate::database::sqlite::rows::RowReader;
use crate::database::sqlite::statement::{first_word, invalid};
use crate::error::Result;
use crate::source::{Query, QueryRows};
use crate::value::ColumnSchema;

/// How every query begins. What begins otherwise may do more than read, even on a connection that
/// cannot write: attach a database, end the transaction.
const FIRST_WORDS: [&str; 3] = ["SELECT", "WITH", "VALUES"];

/// Prepares a query, to be run on `connection`.
pub(crate) fn prepare(connection: Handle, query: &Query) -> Result<QueryRows> {
    let doing = format!("query the table `{}`", query.table);
    let columns = connection.with(|it| describe(it, query, &doing))?;
    let reader = RowReader::of(columns.iter().map(|it| it.value_type).collect());
    let statement = (query.sql.clone(), query.parameters.clone(), reader);
    let rows = cursor::query(connection, statement, doing, &query.cancellation);
    Ok(QueryRows { columns, rows })
}

/// The columns of the result of `sql`: an error of kind `QueryInvalid` if it is no query.
fn describe(connection: &Connection, query: &Query, doing: &str) -> Result<Vec<ColumnSchema>> {
    let sql = query.sql.as_str();
    if !FIRST_WORDS.iter().any(|it| it.eq_ignore_ascii_case(first_word(sql))) {
        let reason = "it must be one statement that begins with `SELECT`, `WITH` or `VALUES`";
        return Err(invalid(doing, reason));
    }
    for function in &query.functions {
        function::register(connection, function).map_err(|it| from_sqlite(doing, it))?;
    }
    let statement = connection.prepare(sql).map_err(|it| from_sqlite(doing, it))?;
    if !statement.readonly() {
        return Err(invalid(doing, "it would write"));
    }
    if statement.parameter_count() != query.parameters.len() {
        let hint = "write values into the query, or `${name}` for parameters of the rule set";
        return Err(invalid(doing, &format!("nothing is bound to its parameters; {hint}")));
    }
    Ok(columns(&statement))
}
