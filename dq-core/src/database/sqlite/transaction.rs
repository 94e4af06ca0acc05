//! A transaction on the one connection that writes.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use rusqlite::Connection;

use crate::database::sqlite::error::from_sqlite;
use crate::database::sqlite::lease::Lease;
use crate::database::sqlite::pool::Pool;
use crate::database::sqlite::result::collect;
use crate::database::sqlite::statement::execute;
use crate::database::sqlite::task::blocking;
use crate::database::{QueryResult, Statement, Transaction};
use crate::error::{Error, ErrorKind, Result};

/// A transaction on the one connection that writes. Whoever drops the lease rolls it back.
pub(crate) struct SqliteTransaction {
    /// How messages name the database.
    name: String,
    result_size_max_bytes: usize,
    /// `None` once a caller lost interest in a statement that ran.
    lease: Option<Lease>,
}

impl SqliteTransaction {
    /// Waits for the writer and begins.
    pub(crate) async fn begin(
        writer: &Arc<Pool>,
        name: &str,
        result_size_max_bytes: usize,
    ) -> Result<Self> {
        let lease = writer.lease().await?;
        let mut transaction =
            Self { name: name.to_owned(), result_size_max_bytes, lease: Some(lease) };
        // IMMEDIATE takes the lock now: a transaction that read first and then wants to write may
        // fail at once, however long it would wait.
        let doing = format!("begin a transaction on `{name}`");
        transaction
            .run(move |it| it.execute_batch("BEGIN IMMEDIATE").map_err(|e| from_sqlite(doing, e)))
            .await?;
        Ok(transaction)
    }

    async fn run<T: Send + 'static>(
        &mut self,
        work: impl FnOnce(&Connection) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let mut lease = self.lease.take().ok_or_else(|| over(&self.name))?;
        let (lease, result) = blocking(move |stop| {
            let result = lease.run(stop, |connection, _| work(connection));
            Ok((lease, result))
        })
        .await?;
        self.lease = Some(lease);
        result
    }

    /// As [`run`](Self::run), if the transaction is still open: SQLite itself ends it after some
    /// errors, and what came next would be committed alone.
    async fn run_inside<T: Send + 'static>(
        &mut self,
        work: impl FnOnce(&Connection) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let name = self.name.clone();
        self.run(move |it| if it.is_autocommit() { Err(over(&name)) } else { work(it) }).await
    }

    async fn end(mut self: Box<Self>, sql: &'static str) -> Result<()> {
        let doing = format!("end a transaction on `{}`", self.name);
        self.run_inside(move |it| it.execute_batch(sql).map_err(|e| from_sqlite(doing, e))).await
    }
}

#[async_trait]
impl Transaction for SqliteTransaction {
    async fn query(&mut self, statement: &Statement) -> Result<QueryResult> {
        let doing = format!("query `{}`", self.name);
        let (statement, bytes_max) = (statement.clone(), self.result_size_max_bytes);
        self.run_inside(move |it| collect(it, &statement, bytes_max, &doing)).await
    }

    async fn execute(&mut self, statement: &Statement) -> Result<u64> {
        let doing = format!("change `{}`", self.name);
        let statement = statement.clone();
        self.run_inside(move |it| execute(it, &statement, &doing)).await
    }

    async fn commit(self: Box<Self>) -> Result<()> {
        self.end("COMMIT").await
    }

    async fn rollback(self: Box<Self>) -> Result<()> {
        self.end("ROLLBACK").await
    }
}

impl fmt::Debug for SqliteTransaction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteTransaction").field("name", &self.name).finish_non_exhaustive()
    }
}

fn over(name: &str) -> Error {
    let reason = "the database rolled it back after an error, or a statement was interrupted";
    Error::new(
        ErrorKind::Conflict,
        format!("cannot go on with a transaction on `{name}`: {reason}"),
    )
}
