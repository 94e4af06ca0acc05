//! A transaction on the primary.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;

use crate::database::postgres::transaction::PostgresTransaction;
use crate::database::replicas::cluster::Cluster;
use crate::database::replicas::session::Session;
use crate::database::replicas::writing::Primary;
use crate::database::{QueryResult, Statement, Transaction};
use crate::error::{Error, ErrorKind, Result};
use crate::source::Source;

/// A transaction on the primary. It is not committed once another primary has been found.
pub(crate) struct ReplicatedTransaction {
    pub(crate) inner: Box<PostgresTransaction>,
    pub(crate) cluster: Arc<Cluster>,
    pub(crate) primary: Primary,
    pub(crate) session: Arc<Session>,
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl Transaction for ReplicatedTransaction {
    async fn query(&mut self, statement: &Statement) -> Result<QueryResult> {
        self.inner.query(statement).await
    }

    async fn execute(&mut self, statement: &Statement) -> Result<u64> {
        self.inner.execute(statement).await
    }

    async fn commit(mut self: Box<Self>) -> Result<()> {
        if !self.cluster.still_reigns(&self.primary) {
            let name = self.primary.member.database.name();
            let reason = "it was replaced as the primary meanwhile";
            let message = format!("cannot commit a transaction on `{name}`: {reason}");
            return Err(Error::new(ErrorKind::Busy, message));
        }
        let write = self.session.begin_write();
        let committed = self.inner.commit_at().await;
        write.ended(self.cluster.written(committed.as_ref().copied()));
        committed.map(drop)
    }

    async fn rollback(self: Box<Self>) -> Result<()> {
        self.inner.rollback().await
    }
}

impl fmt::Debug for ReplicatedTransaction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReplicatedTransaction").field("inner", &self.inner).finish_non_exhaustive()
    }
}
