//! Statements on one connection: prepared, their parameters bound, executed.

use std::collections::HashMap;

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{CachedStatement, Connection, ToSql};

use crate::database::sqlite::error::from_sqlite;
use crate::database::{Parameters, Statement};
use crate::error::{Error, ErrorKind, Result};
use crate::value::OwnedValue;

/// First words of statements that would outlive their caller on a connection that others use next.
const SESSION_WORDS: &[&str] =
    &["BEGIN", "COMMIT", "END", "ROLLBACK", "SAVEPOINT", "RELEASE", "ATTACH", "DETACH"];

/// Prepares a statement and binds its parameters. `doing` says what for, such as "query `sqlite:a.db`".
pub(crate) fn prepare<'a>(
    connection: &'a Connection,
    statement: &Statement,
    doing: &str,
) -> Result<CachedStatement<'a>> {
    let word = first_word(statement.sql());
    if SESSION_WORDS.iter().any(|it| it.eq_ignore_ascii_case(word)) {
        let reason = "connections are shared, and transactions are begun and ended by methods";
        return Err(invalid(doing, &format!("`{word}` is not possible here: {reason}")));
    }
    let mut prepared =
        connection.prepare_cached(statement.sql()).map_err(|it| from_sqlite(doing, it))?;
    bind(&mut prepared, statement.parameters(), doing)?;
    Ok(prepared)
}

/// Runs a statement that writes; gives the number of rows that it inserted, changed or deleted.
pub(crate) fn execute(connection: &Connection, statement: &Statement, doing: &str) -> Result<u64> {
    let mut prepared = prepare(connection, statement, doing)?;
    if prepared.readonly() && prepared.column_count() > 0 {
        return Err(invalid(doing, "the statement only reads; use a query"));
    }
    let before = connection.total_changes();
    let mut rows = prepared.raw_query();
    while rows.next().map_err(|it| from_sqlite(doing, it))?.is_some() {}
    drop(rows);
    // After a statement that changes no rows, `changes` still tells about the one before.
    Ok(if connection.total_changes() == before { 0 } else { connection.changes() })
}

/// An error about the statement that the caller wrote.
pub(crate) fn invalid(doing: &str, reason: &str) -> Error {
    Error::new(ErrorKind::QueryInvalid, format!("cannot {doing}: {reason}"))
}

fn bind(prepared: &mut CachedStatement<'_>, parameters: &Parameters, doing: &str) -> Result<()> {
    let mut names = Vec::new();
    for index in 1..=prepared.parameter_count() {
        let name = prepared.parameter_name(index).filter(|it| !it.starts_with('?'));
        names.push(name.and_then(|it| it.get(1..)).map(str::to_owned));
    }
    for (index, value) in
        values_of(&names, parameters).map_err(|it| invalid(doing, &it))?.into_iter().enumerate()
    {
        prepared
            .raw_bind_parameter(index + 1, Bound(value))
            .map_err(|it| from_sqlite(doing, it))?;
    }
    Ok(())
}

/// The value of each parameter of a statement; a parameter bound by position has no name.
fn values_of<'a>(
    names: &[Option<String>],
    parameters: &'a Parameters,
) -> Result<Vec<&'a OwnedValue>, String> {
    let mut named = HashMap::new();
    for (name, value) in &parameters.named {
        if named.insert(name.as_str(), value).is_some() {
            return Err(format!("parameter `:{name}` is bound twice"));
        }
    }
    if let Some(unknown) =
        parameters.named.iter().find(|(name, _)| !names.iter().flatten().any(|it| it == name))
    {
        return Err(format!("the statement has no parameter `:{}`", unknown.0));
    }
    let wanted = names.iter().filter(|it| it.is_none()).count();
    let given = parameters.positional.len();
    if wanted > 0 && wanted < names.len() {
        return Err("the statement mixes parameters by position and by name".to_owned());
    }
    if wanted != given {
        return Err(format!(
            "the statement has {wanted} parameters by position, and {given} values are bound"
        ));
    }
    let mut positional = parameters.positional.iter();
    let value_of = |name: &Option<String>| match name {
        None => positional.next().ok_or_else(|| "a parameter has no value".to_owned()),
        Some(name) => named
            .get(name.as_str())
            .copied()
            .ok_or_else(|| format!("parameter `:{name}` has no value")),
    };
    names.iter().map(value_of).collect()
}

/// A value as SQLite stores it: booleans are 0 and 1, days and points in time are text.
pub(crate) struct Bound<'a>(pub(crate) &'a OwnedValue);

impl ToSql for Bound<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self.0 {
            OwnedValue::Null => ToSqlOutput::Borrowed(ValueRef::Null),
            OwnedValue::Boolean(it) => i64::from(*it).into(),
            OwnedValue::Integer(it) => (*it).into(),
            OwnedValue::Float(it) => (*it).into(),
            OwnedValue::Text(it) => it.as_str().into(),
            OwnedValue::Bytes(it) => it.as_slice().into(),
            OwnedValue::Date(it) => it.to_string().into(),
            OwnedValue::Timestamp(it) => it.to_string().into(),
        })
    }
}

/// The first word of a statement, which says what kind it is.
pub(crate) fn first_word(sql: &str) -> &str {
    let mut rest = sql;
    loop {
        rest =
            rest.trim_start_matches(|it: char| it.is_whitespace() || it == ';' || it == '\u{feff}');
        let comment = if let Some(line) = rest.strip_prefix("--") {
            line.split_once('\n')
        } else if let Some(block) = rest.strip_prefix("/*") {
            block.split_once("*/")
        } else {
            break;
        };
        rest = comment.map_or("", |(_, after)| after);
    }
    let end = rest.find(|it: char| !it.is_ascii_alphabetic()).unwrap_or(rest.len());
    rest.split_at(end).0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_word_is_found_behind_blanks_and_comments() {
        assert_eq!(first_word(" -- a\n /* b */ ;Commit;"), "Commit");
        assert_eq!(first_word("SELECT 1"), "SELECT");
        assert_eq!(first_word("/* never closed"), "");
        assert_eq!(first_word("--"), "");
    }

    fn reason(names: &[Option<&str>], statement: &Statement) -> String {
        let names: Vec<_> = names.iter().map(|it| it.map(str::to_owned)).collect();
        values_of(&names, statement.parameters()).unwrap_err()
    }

    #[test]
    fn parameters_that_do_not_match_are_named_and_their_values_are_not() {
        let statement = Statement::new("");
        assert_eq!(reason(&[Some("a")], &statement), "parameter `:a` has no value");
        let statement = Statement::new("").bind("secret");
        let both = "the statement has 2 parameters by position, and 1 values are bound";
        assert_eq!(reason(&[None, None], &statement), both);
        let statement = Statement::new("").bind_named("b", "secret");
        assert_eq!(reason(&[Some("a")], &statement), "the statement has no parameter `:b`");
        let statement = Statement::new("").bind_named("a", 1).bind_named("a", 2);
        assert_eq!(reason(&[Some("a")], &statement), "parameter `:a` is bound twice");
        let statement = Statement::new("").bind(1).bind_named("a", 2);
        let mixed = "the statement mixes parameters by position and by name";
        assert_eq!(reason(&[None, Some("a")], &statement), mixed);
    }
}
