//! A connection that several threads use in turn.

use std::fmt;
use std::sync::{Mutex, PoisonError};

use rusqlite::Connection;

use crate::database::sqlite::error::from_sqlite;
use crate::error::Result;
use crate::source::Cancellation;

/// How many instructions SQLite executes between two looks at the cancellation: well below 1 ms.
const INSTRUCTIONS_PER_CHECK: i32 = 10_000;

/// A connection within one read transaction, used by several threads in turn.
pub(crate) struct SharedConnection {
    connection: Mutex<Connection>,
    name: String,
}

impl SharedConnection {
    /// Shares `connection` to the database called `name`.
    pub(crate) fn new(connection: Connection, name: String) -> Self {
        Self { connection: Mutex::new(connection), name }
    }

    /// How messages name the database.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Waits for the connection and uses it. Every panic of a former user has left it sound: SQLite
    /// is only read.
    pub(crate) fn with<T>(&self, work: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
        work(&self.connection.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// As [`with`](Self::with), but statements end with an error soon after `cancellation`.
    pub(crate) fn with_cancellation<T>(
        &self,
        cancellation: &Cancellation,
        work: impl FnOnce(&Connection) -> Result<T>,
    ) -> Result<T> {
        cancellation.check()?;
        self.with(|connection| {
            let watched = cancellation.clone();
            let failed = |it| from_sqlite(format!("read `{}`", self.name), it);
            connection
                .progress_handler(INSTRUCTIONS_PER_CHECK, Some(move || watched.is_cancelled()))
                .map_err(failed)?;
            let result = work(connection);
            connection.progress_handler(0, None::<fn() -> bool>).map_err(failed)?;
            result
        })
    }
}

impl fmt::Debug for SharedConnection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedConnection").field("name", &self.name).finish_non_exhaustive()
    }
}
