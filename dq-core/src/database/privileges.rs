//! What a user may do with a table, and what nobody can read.

#[cfg(any(feature = "mysql", feature = "postgres"))]
use crate::error::Error;

/// What the user of a connection may do with a table or view.
#[derive(Clone, Debug, Eq, PartialEq, serde::Serialize)]
#[non_exhaustive]
pub struct TablePrivileges {
    /// The table, as the catalog names it.
    pub table: String,
    /// Whether its rows may be read.
    pub select: bool,
    /// Whether rows may be added.
    pub insert: bool,
    /// Whether rows may be changed.
    pub update: bool,
    /// Whether rows may be deleted.
    pub delete: bool,
}

impl TablePrivileges {
    /// Nothing may be done with `table`.
    pub fn none(table: impl Into<String>) -> Self {
        let table = table.into();
        Self { table, select: false, insert: false, update: false, delete: false }
    }
}

/// A table or view that is there and cannot be read.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Unreadable {
    /// Its name, as the catalog names it where it does.
    pub table: String,
    /// Why. Holds no password and no value of a row.
    pub reason: String,
}

impl Unreadable {
    /// That `table` cannot be read, for this reason.
    pub fn new(table: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { table: table.into(), reason: reason.into() }
    }

    /// That `table` cannot be read, for the reason that an error tells which was made while a database was queried.
    #[cfg(any(feature = "mysql", feature = "postgres"))]
    pub(crate) fn of(table: String, database: &str, error: &Error) -> Self {
        Self::new(table, reason_of(database, error))
    }
}

/// The reason that an error tells which was made while a database was queried.
#[cfg(any(feature = "mysql", feature = "postgres"))]
pub(crate) fn reason_of<'a>(database: &str, error: &'a Error) -> &'a str {
    let message = error.message();
    message.strip_prefix(&format!("cannot query `{database}`: ")).unwrap_or(message)
}
