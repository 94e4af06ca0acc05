//! A connection that several threads use in turn.

use std::fmt;
use std::sync::{Mutex, PoisonError};

use rusqlite::Connection;

use crate::database::sqlite::error::from_sqlite;
use crate::error::{Error, ErrorKind, Result};

/// How many instructions SQLite executes between two looks at whether to stop: well below 1 ms.
const INSTRUCTIONS_PER_LOOK: i32 = 10_000;

/// A connection within one read transaction, used by several threads in turn.
pub(crate) struct SharedConnection {
    connection: Mutex<Connection>,
    name: String,
}

impl SharedConnection {
    /// Shares `connection` to the database called `name`. It is in a read transaction.
    pub(crate) fn new(connection: Connection, name: String) -> Self {
        Self { connection: Mutex::new(connection), name }
    }

    /// How messages name the database.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Waits for the connection and uses it: an error of kind `SourceChanged` if its transaction has
    /// ended, since what it would read then is of another moment.
    pub(crate) fn with<T>(&self, work: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
        // A user who panicked has left the connection sound: it only reads.
        let connection = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        if connection.is_autocommit() {
            let message = format!("cannot read `{}`: the transaction has ended", self.name);
            return Err(Error::new(ErrorKind::SourceChanged, message));
        }
        work(&connection)
    }

    /// As [`with`](Self::with), but statements end with an error of kind `Cancelled` soon after `stop`
    /// says so.
    pub(crate) fn with_stop<T>(
        &self,
        stop: impl Fn() -> bool + Send + 'static,
        work: impl FnOnce(&Connection) -> Result<T>,
    ) -> Result<T> {
        self.with(|connection| {
            let failed = |it| from_sqlite(format!("read `{}`", self.name), it);
            connection.progress_handler(INSTRUCTIONS_PER_LOOK, Some(stop)).map_err(failed)?;
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
