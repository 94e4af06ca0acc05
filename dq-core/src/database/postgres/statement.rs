//! Statements on one connection: numbered, prepared, their parameters bound, executed.

use std::fmt;

use sqlx::postgres::{PgArguments, PgStatement};
use sqlx::query::Query;
use sqlx::{
    AssertSqlSafe, Column, Either, Executor, Postgres, SqlSafeStr, Statement as _, TypeInfo,
};

use crate::database::Statement;
use crate::database::postgres::as_text;
use crate::database::postgres::bound::Bound;
use crate::database::postgres::columns::Form;
use crate::database::postgres::connection::Lease;
use crate::database::postgres::error::from_sqlx;
use crate::database::postgres::parameters::{first_word, number};
use crate::database::server::{State, unknown_if_lost};
use crate::error::{Error, ErrorKind, Result};
use crate::value::ColumnSchema;

/// First words of statements that would outlive their caller on a connection that others use next, or that
/// speak another protocol.
const SESSION_WORDS: &[&str] = &[
    "ABORT",
    "BEGIN",
    "CLOSE",
    "COMMIT",
    "COPY",
    "DEALLOCATE",
    "DECLARE",
    "DISCARD",
    "END",
    "EXECUTE",
    "FETCH",
    "LISTEN",
    "LOAD",
    "MOVE",
    "NOTIFY",
    "PREPARE",
    "RELEASE",
    "RESET",
    "ROLLBACK",
    "SAVEPOINT",
    "SET",
    "START",
    "UNLISTEN",
];

/// First words of statements that only read.
const READING_WORDS: &[&str] = &["SELECT", "VALUES", "TABLE", "SHOW", "EXPLAIN"];

/// First words of statements that a cursor can run.
const CURSOR_WORDS: &[&str] = &["SELECT", "VALUES", "TABLE", "WITH"];

/// What dq calls the cursor of a query with a limit.
const CURSOR: &str = "dq_rows";

/// A statement that is ready to run.
pub(crate) struct Prepared {
    sql: String,
    values: Vec<Bound>,
    pub(crate) columns: Vec<ColumnSchema>,
    pub(crate) forms: Vec<Form>,
    /// Whether the text is only of use once.
    is_once: bool,
}

impl Prepared {
    /// The query for the driver.
    pub(crate) fn query(&self) -> Query<'_, Postgres, PgArguments> {
        let query = sqlx::query(AssertSqlSafe(self.sql.clone())).persistent(!self.is_once);
        self.values.iter().cloned().fold(query, Query::bind)
    }
}

impl Prepared {
    /// Takes over how the columns of these names are sent.
    fn tell_columns(
        &mut self,
        names: &[String],
        described: &PgStatement,
        doing: &str,
    ) -> Result<()> {
        for (name, column) in names.iter().zip(described.columns()) {
            let form = as_text::form_of(column.type_info()).ok_or_else(|| {
                let type_name = column.type_info().name();
                let message = format!(
                    "cannot {doing}: the result column `{name}` has the type `{type_name}`: write \
                     `CAST({name} AS TEXT)`"
                );
                Error::new(ErrorKind::Unsupported, message)
            })?;
            self.forms.push(form);
            self.columns.push(ColumnSchema::new(name, form.value_type()));
        }
        Ok(())
    }
}

impl fmt::Debug for Prepared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Prepared").field("columns", &self.columns).finish_non_exhaustive()
    }
}

/// Prepares a statement that gives rows, and binds its parameters. `doing` says what for, such as "query
/// `postgres://host/a`". Where the statement has a limit, the server is asked for so many rows and one more.
pub(crate) async fn prepare_rows(
    lease: &mut Lease,
    statement: &Statement,
    doing: &str,
) -> Result<Prepared> {
    let (mut prepared, mut described) = prepare(lease, statement, doing).await?;
    if described.columns().is_empty() {
        if lease.reads_only() {
            // The server says better why not.
            run(lease, &prepared, doing).await?;
        }
        return Err(invalid(doing, "the statement gives no rows; execute it"));
    }
    let names: Vec<_> = described.columns().iter().map(|it| it.name().to_owned()).collect();
    if let Some(sql) = as_text::rewritten(&prepared.sql, &described) {
        described = describe(lease, &sql, doing).await?;
        prepared.sql = sql;
    }
    prepared.tell_columns(&names, &described, doing)?;
    let Some(limit) = statement.row_limit() else { return Ok(prepared) };
    if !is_one_of(CURSOR_WORDS, first_word(statement.sql())) {
        return Ok(prepared);
    }
    let sql = prepared.sql;
    prepared.sql = format!("DECLARE {CURSOR} NO SCROLL CURSOR WITHOUT HOLD FOR {sql}");
    prepared.is_once = true;
    run(lease, &prepared, doing).await?;
    prepared.sql =
        format!("FETCH FORWARD {} FROM {CURSOR}", limit.saturating_add(1).min(i64::MAX as usize));
    prepared.values.clear();
    Ok(prepared)
}

/// Ends the cursor that [`prepare_rows`] may have opened, in a transaction that goes on.
pub(crate) async fn close_rows(lease: &mut Lease, prepared: &Prepared, doing: &str) -> Result<()> {
    if prepared.is_once {
        lease.command(&format!("CLOSE {CURSOR}"), lease.state(), doing).await?;
    }
    Ok(())
}

/// Runs a statement that writes; gives the number of rows that it inserted, changed or deleted.
pub(crate) async fn execute(lease: &mut Lease, statement: &Statement, doing: &str) -> Result<u64> {
    if is_one_of(READING_WORDS, first_word(statement.sql())) {
        return Err(invalid(doing, "the statement only reads; use a query"));
    }
    let (prepared, _) = prepare(lease, statement, doing).await?;
    run(lease, &prepared, doing).await
}

/// An error about the statement that the caller wrote.
pub(crate) fn invalid(doing: &str, reason: &str) -> Error {
    Error::new(ErrorKind::QueryInvalid, format!("cannot {doing}: {reason}"))
}

async fn prepare(
    lease: &mut Lease,
    statement: &Statement,
    doing: &str,
) -> Result<(Prepared, PgStatement)> {
    let word = first_word(statement.sql());
    if word.is_empty() {
        return Err(invalid(doing, "there is no statement"));
    }
    if is_one_of(SESSION_WORDS, word) {
        let reason = "connections are shared, and transactions are begun and ended by methods";
        return Err(invalid(doing, &format!("`{word}` is not possible here: {reason}")));
    }
    let numbered =
        number(statement.sql(), statement.parameters()).map_err(|it| invalid(doing, &it))?;
    let described = describe(lease, &numbered.sql, doing).await?;
    let types = match described.parameters() {
        Some(Either::Left(types)) => types,
        _ => &[],
    };
    if types.len() != numbered.values.len() {
        let reason = "write parameters `?` or `:name`, and bind a value to each";
        return Err(invalid(doing, reason));
    }
    let bound = numbered.values.iter().zip(types).map(|(value, it)| Bound::new(value, it));
    let values = bound.collect::<Result<_, _>>().map_err(|it| invalid(doing, &it))?;
    let (columns, forms) = (Vec::new(), Vec::new());
    Ok((Prepared { sql: numbered.sql, values, columns, forms, is_once: false }, described))
}

/// Asks the server for the parameters and columns of a statement.
async fn describe(lease: &mut Lease, sql: &str, doing: &str) -> Result<PgStatement> {
    let state = lease.state();
    let sql = AssertSqlSafe(sql.to_owned()).into_sql_str();
    let described = lease.start()?.prepare_with(sql, &[]).await;
    lease.settle(&described, state);
    described.map_err(|it| from_sqlx(doing, &it))
}

async fn run(lease: &mut Lease, prepared: &Prepared, doing: &str) -> Result<u64> {
    let state = lease.state();
    let query = prepared.query();
    let ran = lease.start()?.execute(query).await;
    lease.settle(&ran, state);
    match ran {
        Ok(done) => Ok(done.rows_affected()),
        Err(error) => {
            let error = from_sqlx(doing, &error);
            Err(if state == State::Idle { unknown_if_lost(error) } else { error })
        }
    }
}

fn is_one_of(words: &[&str], word: &str) -> bool {
    words.iter().any(|it| it.eq_ignore_ascii_case(word))
}
