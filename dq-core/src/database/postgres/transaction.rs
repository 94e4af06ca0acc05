//! A transaction on a connection that writes.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;

use crate::database::postgres::connection::Lease;
use crate::database::postgres::connection::Pool;
use crate::database::postgres::error::{from_sqlx, sql_state};
use crate::database::postgres::probe::end_of_log;
use crate::database::postgres::result::collect;
use crate::database::postgres::statement::execute;
use crate::database::server::{State, not_committed};
use crate::database::{QueryResult, Statement, Transaction};
use crate::error::{Error, ErrorKind, Result};

/// A transaction on a connection that writes. Whoever drops the lease rolls it back.
pub(crate) struct PostgresTransaction {
    /// How messages name the database.
    name: String,
    result_size_max_bytes: usize,
    lease: Lease,
}

impl PostgresTransaction {
    /// Waits for a connection and begins with `sql`.
    pub(crate) async fn begin(
        writers: &Arc<Pool>,
        name: &str,
        sql: &str,
        result_size_max_bytes: usize,
    ) -> Result<Self> {
        let begun = writers.begin(sql).await;
        writers.places().count(&begun);
        Ok(Self { name: name.to_owned(), result_size_max_bytes, lease: begun? })
    }

    /// As [`commit`](Transaction::commit), and tells where the log ended after it; nothing where that cannot be
    /// told.
    pub(crate) async fn commit_at(&mut self) -> Result<Option<(u32, u64)>> {
        self.commit_here().await?;
        Ok(end_of_log(&mut self.lease).await)
    }

    async fn commit_here(&mut self) -> Result<()> {
        self.check()?;
        let doing = format!("commit a transaction on `{}`", self.name);
        let result = commit(&mut self.lease, &doing).await;
        self.lease.count(&result);
        result
    }

    /// Whether the transaction goes on.
    fn check(&self) -> Result<()> {
        if !self.lease.has_failed() && self.lease.state() == State::Open {
            return Ok(());
        }
        let reason = "a statement failed, was interrupted, or lost its connection";
        Err(Error::new(
            ErrorKind::Conflict,
            format!("cannot go on with a transaction on `{}`: {reason}", self.name),
        ))
    }
}

#[async_trait]
impl Transaction for PostgresTransaction {
    async fn query(&mut self, statement: &Statement) -> Result<QueryResult> {
        self.check()?;
        let doing = format!("query `{}`", self.name);
        let result = collect(&mut self.lease, statement, self.result_size_max_bytes, &doing).await;
        self.lease.count(&result);
        result
    }

    async fn execute(&mut self, statement: &Statement) -> Result<u64> {
        self.check()?;
        let doing = format!("change `{}`", self.name);
        let result = execute(&mut self.lease, statement, &doing).await;
        self.lease.count(&result);
        result
    }

    async fn commit(mut self: Box<Self>) -> Result<()> {
        self.commit_here().await
    }

    async fn rollback(mut self: Box<Self>) -> Result<()> {
        if self.lease.state() != State::Open {
            return self.check();
        }
        let doing = format!("roll back a transaction on `{}`", self.name);
        let result = self.lease.command("ROLLBACK", State::Idle, &doing).await;
        self.lease.count(&result);
        result
    }
}

/// Commits the open transaction of `lease`.
pub(crate) async fn commit(lease: &mut Lease, doing: &str) -> Result<()> {
    lease.try_command("COMMIT", State::Idle).await?.map_err(|error| {
        let failed = from_sqlx(doing, &error);
        not_committed(failed, sql_state(&error).is_some())
    })
}

impl fmt::Debug for PostgresTransaction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresTransaction").field("name", &self.name).finish_non_exhaustive()
    }
}
