//! Statements on one connection: prepared, their parameters bound, executed.

use std::fmt;

use sqlx::mysql::{MySqlConnection, MySqlStatement};
use sqlx::{AssertSqlSafe, Column, Connection, Either, Executor, SqlSafeStr, Statement as _};

use crate::database::Statement;
use crate::database::mysql::bound::{Bound, bind};
use crate::database::mysql::columns::Form;
use crate::database::mysql::connection::Lease;
use crate::database::mysql::error::from_sqlx;
use crate::database::mysql::parameters::{first_word, number};
use crate::database::server::{State, unknown_if_lost};
use crate::error::{Error, ErrorKind, Result};
use crate::value::{ColumnSchema, OwnedValue};

/// First words of statements that would outlive their caller on a connection that others use next, or that
/// begin or end a transaction.
const SESSION_WORDS: &[&str] = &[
    "BEGIN",
    "COMMIT",
    "DEALLOCATE",
    "EXECUTE",
    "HANDLER",
    "LOCK",
    "PREPARE",
    "RELEASE",
    "ROLLBACK",
    "SAVEPOINT",
    "SET",
    "START",
    "UNLOCK",
    "USE",
    "XA",
];

/// First words of statements that only read.
const READING_WORDS: &[&str] =
    &["SELECT", "VALUES", "TABLE", "SHOW", "EXPLAIN", "DESCRIBE", "DESC"];

/// First words of statements that write or read, and do not end the transaction that they are in, as all others
/// do or may do.
const ROW_WORDS: &[&str] = &["DELETE", "DO", "INSERT", "REPLACE", "UPDATE", "WITH"];

/// A statement that is ready to run.
pub(crate) struct Prepared {
    sql: String,
    values: Vec<OwnedValue>,
    pub(crate) columns: Vec<ColumnSchema>,
    pub(crate) forms: Vec<Form>,
}

impl Prepared {
    /// The query for the driver.
    pub(crate) fn query(&self) -> Bound<'_> {
        let query = sqlx::query(AssertSqlSafe(self.sql.clone()));
        self.values.iter().fold(query, bind)
    }
}

impl fmt::Debug for Prepared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Prepared").field("columns", &self.columns).finish_non_exhaustive()
    }
}

/// Prepares a statement that gives rows, and binds its parameters. `doing` says what for, such as "query
/// `mysql://host/a`".
pub(crate) async fn prepare_rows(
    lease: &mut Lease,
    statement: &Statement,
    doing: &str,
) -> Result<Prepared> {
    let word = checked_word(lease, statement, doing)?;
    let prepared = prepare(lease, statement, doing).await?;
    let may_write = !is_one_of(READING_WORDS, word) && !word.eq_ignore_ascii_case("WITH");
    if lease.reads_only() && may_write {
        // The server would let through what writes no rows of tables, such as `FLUSH`.
        let message = format!("cannot {doing}: `{word}` may write, and this is a query");
        return Err(Error::new(ErrorKind::PermissionDenied, message));
    }
    if prepared.columns.is_empty() {
        if lease.reads_only() {
            // The server says better why not.
            run(lease, &prepared, doing).await?;
        }
        return Err(invalid(doing, "the statement gives no rows; execute it"));
    }
    Ok(prepared)
}

/// Prepares a statement again: what was prepared before may be of a table that has changed its shape since.
pub(crate) async fn prepare_again(
    lease: &mut Lease,
    statement: &Statement,
    doing: &str,
) -> Result<Prepared> {
    let state = lease.state();
    let cleared = lease.start()?.clear_cached_statements().await;
    lease.settle(&cleared, state);
    cleared.map_err(|it| from_sqlx(doing, &it))?;
    prepare(lease, statement, doing).await
}

/// Runs a statement that writes; gives the number of rows that it inserted, changed or deleted.
pub(crate) async fn execute(lease: &mut Lease, statement: &Statement, doing: &str) -> Result<u64> {
    let word = checked_word(lease, statement, doing)?;
    if is_one_of(READING_WORDS, word) {
        return Err(invalid(doing, "the statement only reads; use a query"));
    }
    let prepared = prepare(lease, statement, doing).await?;
    run(lease, &prepared, doing).await
}

/// An error about the statement that the caller wrote.
pub(crate) fn invalid(doing: &str, reason: &str) -> Error {
    Error::new(ErrorKind::QueryInvalid, format!("cannot {doing}: {reason}"))
}

/// The columns of a result, and how their values are sent.
pub(crate) fn described<C>(columns: &[C]) -> (Vec<ColumnSchema>, Vec<Form>)
where
    C: Column<Database = sqlx::MySql>,
{
    let column = |it: &C| {
        let form = Form::of(it.type_info());
        (ColumnSchema::new(it.name(), form.value_type()), form)
    };
    columns.iter().map(column).unzip()
}

/// The first word of a statement that may run on a connection that is shared.
fn checked_word<'a>(lease: &Lease, statement: &'a Statement, doing: &str) -> Result<&'a str> {
    let word = first_word(statement.sql());
    if word.is_empty() {
        return Err(invalid(doing, "there is no statement"));
    }
    if is_one_of(SESSION_WORDS, word) {
        let reason = "connections are shared, and transactions are begun and ended by methods";
        return Err(invalid(doing, &format!("`{word}` is not possible here: {reason}")));
    }
    let is_in_transaction = lease.state() == State::Open && !lease.reads_only();
    if is_in_transaction && !is_one_of(READING_WORDS, word) && !is_one_of(ROW_WORDS, word) {
        let reason = "it commits what comes before it";
        return Err(invalid(
            doing,
            &format!("`{word}` is not possible in a transaction: {reason}"),
        ));
    }
    Ok(word)
}

async fn prepare(lease: &mut Lease, statement: &Statement, doing: &str) -> Result<Prepared> {
    let numbered =
        number(statement.sql(), statement.parameters()).map_err(|it| invalid(doing, &it))?;
    let state = lease.state();
    let prepared = prepare_on(lease.start()?, &numbered.sql).await;
    lease.settle(&prepared, state);
    let prepared = prepared.map_err(|it| from_sqlx(doing, &it))?;
    let wanted = match prepared.parameters() {
        Some(Either::Right(count)) => count,
        Some(Either::Left(types)) => types.len(),
        None => 0,
    };
    if wanted != numbered.values.len() {
        let reason = "write parameters `?` or `:name`, and bind a value to each";
        return Err(invalid(doing, reason));
    }
    let (columns, forms) = described(prepared.columns());
    let values = numbered.values.into_iter().cloned().collect();
    Ok(Prepared { sql: numbered.sql, values, columns, forms })
}

async fn prepare_on(connection: &mut MySqlConnection, sql: &str) -> sqlx::Result<MySqlStatement> {
    connection.prepare_with(AssertSqlSafe(sql.to_owned()).into_sql_str(), &[]).await
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
