//! A transaction on a connection that writes.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;

use crate::database::mysql::connection::{Lease, MySqlConnector, Pool, session_of};
use crate::database::mysql::error::{from_sqlx, number_of};
use crate::database::mysql::result::collect;
use crate::database::mysql::statement::execute;
use crate::database::server::{Connector, IsolationLevel, State, not_committed};
use crate::database::{QueryResult, Statement, Transaction};
use crate::error::{Error, ErrorKind, Result};

/// A transaction on a connection that writes. Whoever drops the lease rolls it back.
pub(crate) struct MySqlTransaction {
    /// How messages name the database.
    name: String,
    result_size_max_bytes: usize,
    connector: Arc<MySqlConnector>,
    lease: Lease,
    /// Whether the server has rolled it back, or it was left in the middle.
    is_over: bool,
}

impl MySqlTransaction {
    /// Waits for a connection and begins.
    pub(crate) async fn begin(
        writers: &Arc<Pool>,
        isolation: IsolationLevel,
        result_size_max_bytes: usize,
    ) -> Result<Self> {
        let begun = begin(writers, isolation).await;
        writers.places().count(&begun);
        let connector = Arc::clone(writers.connector());
        let name = connector.name().to_owned();
        Ok(Self { name, result_size_max_bytes, connector, lease: begun?, is_over: false })
    }

    /// Whether the transaction goes on.
    fn check(&self) -> Result<()> {
        if !self.is_over && self.lease.state() == State::Open {
            return Ok(());
        }
        let reason =
            "the server rolled it back, or a statement was interrupted or lost its connection";
        Err(Error::new(
            ErrorKind::Conflict,
            format!("cannot go on with a transaction on `{}`: {reason}", self.name),
        ))
    }

    /// After a statement: the server ends a transaction that is in the way of another one.
    fn note<T>(&mut self, result: &Result<T>) {
        self.lease.count(result);
        // A wait for a lock that was too long is `Busy`, too, and may have taken a part of the statement back
        // only: what the caller then tries again is the whole transaction.
        self.is_over |= result.as_ref().is_err_and(|it| it.kind() == ErrorKind::Busy);
    }
}

/// Begins with the isolation that is asked for. A server that would let the change of another transaction be
/// overwritten unseen gets one in which that cannot happen.
async fn begin(writers: &Arc<Pool>, isolation: IsolationLevel) -> Result<Lease> {
    let lease = writers.begin(begin_at(isolation)).await?;
    let checks = session_of(&lease)?.server.checks_snapshots;
    if checks || isolation != IsolationLevel::RepeatableRead {
        return Ok(lease);
    }
    let mut lease = lease;
    let doing = format!("begin a transaction on `{}`", writers.connector().name());
    lease.command(begin_at(IsolationLevel::Serializable), State::Open, &doing).await?;
    Ok(lease)
}

/// The statements that begin such a transaction, after the end of any other.
fn begin_at(isolation: IsolationLevel) -> &'static str {
    match isolation {
        IsolationLevel::ReadCommitted => {
            "ROLLBACK; SET TRANSACTION ISOLATION LEVEL READ COMMITTED; START TRANSACTION READ WRITE"
        }
        IsolationLevel::RepeatableRead => {
            "ROLLBACK; SET TRANSACTION ISOLATION LEVEL REPEATABLE READ; START TRANSACTION READ WRITE"
        }
        IsolationLevel::Serializable => {
            "ROLLBACK; SET TRANSACTION ISOLATION LEVEL SERIALIZABLE; START TRANSACTION READ WRITE"
        }
    }
}

#[async_trait]
impl Transaction for MySqlTransaction {
    async fn query(&mut self, statement: &Statement) -> Result<QueryResult> {
        self.check()?;
        let doing = format!("query `{}`", self.name);
        let (connector, bytes_max) = (Arc::clone(&self.connector), self.result_size_max_bytes);
        let result = collect(&mut self.lease, &connector, statement, bytes_max, &doing).await;
        self.note(&result);
        result
    }

    async fn execute(&mut self, statement: &Statement) -> Result<u64> {
        self.check()?;
        let doing = format!("change `{}`", self.name);
        let result = execute(&mut self.lease, statement, &doing).await;
        self.note(&result);
        result
    }

    async fn commit(mut self: Box<Self>) -> Result<()> {
        self.check()?;
        let doing = format!("commit a transaction on `{}`", self.name);
        let committed = self.lease.try_command("COMMIT", State::Idle).await?;
        let result = committed.map_err(|error| {
            let failed = from_sqlx(doing, &error);
            not_committed(failed, number_of(&error).is_some())
        });
        self.lease.count(&result);
        result
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

impl fmt::Debug for MySqlTransaction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MySqlTransaction").field("name", &self.name).finish_non_exhaustive()
    }
}
