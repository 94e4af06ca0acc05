//! One logical database: queries, writes, transactions, streams, and what keeps a service running.
//!
//! [`DatabaseManager`] is a [`Source`], so that tables are scanned the way files are; beyond that it
//! runs SQL. A folder per backend implements it, with the same file names in each.
//!
//! ```
//! # #[cfg(feature = "sqlite")]
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use std::sync::Arc;
//!
//! use dq_core::clock::SystemClock;
//! use dq_core::database::sqlite::{SqliteConfig, SqliteDatabaseManager};
//! use dq_core::database::{DatabaseManager, Statement};
//! use dq_core::value::Value;
//!
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("providers.db");
//! let config = SqliteConfig { create_if_missing: true, ..SqliteConfig::new(&path) };
//! let database = SqliteDatabaseManager::open(config, Arc::new(SystemClock)).await?;
//! database.execute(&"CREATE TABLE provider (npi TEXT PRIMARY KEY)".into()).await?;
//! let insert = Statement::new("INSERT INTO provider VALUES (:npi)").bind_named("npi", "1234567893");
//! assert_eq!(database.execute(&insert).await?, 1);
//!
//! let counted = database.query(&"SELECT count(*) FROM provider".into()).await?;
//! assert_eq!(counted.scalar(), Value::Integer(1));
//! database.close().await;
//! # Ok(())
//! # }
//! # #[cfg(not(feature = "sqlite"))]
//! # fn main() {}
//! ```
//!
//! | backend | for |
//! |---|---|
//! | `sqlite` | a SQLite database in a file or in memory |
//! | `postgres` | a PostgreSQL database on one server |
//! | `replicas` | a PostgreSQL database on a primary and its replicas |
//! | `mysql` | a MySQL or MariaDB database |
//!
//! [`DatabaseFactory`](crate::engine::DatabaseFactory) opens each by its URL.

mod backup;
#[cfg(feature = "conformance")]
pub mod conformance;
#[cfg(any(feature = "mysql", feature = "postgres", feature = "sqlite"))]
mod fed;
mod health;
#[cfg(feature = "mysql")]
pub mod mysql;
mod node;
#[cfg(any(feature = "mysql", feature = "postgres"))]
mod parameters;
#[cfg(any(feature = "mysql", feature = "postgres", feature = "sqlite"))]
mod places;
#[cfg(feature = "postgres")]
pub mod postgres;
mod privileges;
#[cfg(feature = "postgres")]
pub mod replicas;
mod result;
#[cfg(any(feature = "mysql", feature = "postgres"))]
pub(crate) mod server;
#[cfg(feature = "sqlite")]
pub mod sqlite;
mod statement;
mod statistics;

use std::fmt;
use std::path::Path;
use std::time::Duration;

use async_trait::async_trait;

use crate::error::{Error, ErrorKind, Result};
use crate::source::Source;
use crate::value::TableSchema;

pub use backup::{BackupListener, BackupProgress};
pub use health::{Health, HealthStatus};
pub use node::{Node, NodeRole, NodeState};
#[cfg(feature = "postgres")]
pub(crate) use privileges::reason_of;
pub use privileges::{TablePrivileges, Unreadable};
pub use result::{QueryResult, Row, RowStream};
pub use statement::{Parameters, Statement};
pub use statistics::{PoolStatistics, Statistics};

/// One logical database.
///
/// What holds for every method: it may be called from any thread and by many callers at once; a
/// dropped future stops its statement and leaves nothing behind, no lost connection and no open
/// transaction; waiting for a connection ends with `Timeout` after the time that the configuration
/// allows; a statement whose parameters do not match its text is `QueryInvalid` and does not run;
/// errors hold no value of a row and no password. After [`close`](Self::close) everything is
/// `Unavailable`.
#[async_trait]
pub trait DatabaseManager: Source {
    /// Runs a statement that reads, and gives its rows.
    ///
    /// The database itself refuses to change anything: a statement that writes is `PermissionDenied`.
    /// With [`Statement::limit`] the result holds at most so many rows and says whether there were
    /// more; without, more rows or bytes than the configuration allows are `LimitExceeded`, since a
    /// part of a result must not pass for the whole.
    async fn query(&self, statement: &Statement) -> Result<QueryResult>;

    /// Runs a statement that reads, and gives its rows as they come, in bounded memory.
    ///
    /// As [`query`](Self::query), without a bound on the rows unless the statement has one. The stream holds a
    /// connection; dropping it stops the statement and gives the connection back. All rows are of one
    /// moment.
    async fn stream(&self, statement: &Statement) -> Result<RowStream>;

    /// Runs one statement that writes, in a transaction of its own, and gives the number of rows that
    /// it inserted, changed or deleted; 0 for a statement that has no such number.
    ///
    /// When it returns, the change is committed. `OutcomeUnknown` where the connection is lost before the
    /// answer comes: then it was made whole or not at all, and which is not known. What a constraint forbids is `Conflict`, and changes nothing.
    /// If the future is dropped, the change happens whole or not at all. A statement that begins or
    /// ends a transaction is `QueryInvalid`.
    async fn execute(&self, statement: &Statement) -> Result<u64>;

    /// Begins a transaction that may write.
    ///
    /// It sees its own changes; others see them after its commit. A backend with one writer lets others
    /// wait until it ends; with several, a change that would overwrite one that the transaction has not seen is
    /// `Busy`, and the transaction may be tried again from its beginning.
    async fn begin(&self) -> Result<Box<dyn Transaction>>;

    /// The tables and views, with columns, primary keys and estimates of their size.
    async fn catalog(&self) -> Result<Vec<TableSchema>>;

    /// Asks the database for a sign of life. Never an error: that it does not answer is the answer.
    async fn health(&self) -> Health;

    /// What the user of the connections may do with each table, in the order of the catalog.
    ///
    /// `Unsupported` where the backend cannot tell, which is the default.
    async fn privileges(&self) -> Result<Vec<TablePrivileges>> {
        let message = format!("cannot tell the privileges on the tables of `{}`", self.name());
        Err(Error::new(ErrorKind::Unsupported, message))
    }

    /// The servers that the database is made of, with how far each is behind; those that follow the one server
    /// where there is one, and those on which rows of its tables lie, these not by a manager that knows its servers and asks none
    /// of them now. None, which is the default, where there are no servers, or the backend cannot tell.
    async fn nodes(&self) -> Result<Vec<Node>> {
        Ok(Vec::new())
    }

    /// As [`nodes`](Self::nodes), with those on which rows lie in any case, and none of these is waited for longer than
    /// `patience`. The default is for managers that need not ask servers to tell of them.
    async fn nodes_within(&self, patience: Duration) -> Result<Vec<Node>> {
        let _ = patience;
        self.nodes().await
    }

    /// The tables and views that are there and cannot be read though the user might: what a view is over is gone, or its
    /// owner may not read it. No row is read. None, which is the default, where the backend cannot tell.
    async fn unreadable(&self) -> Result<Vec<Unreadable>> {
        Ok(Vec::new())
    }

    /// What the manager counts about itself. Never waits.
    fn statistics(&self) -> Statistics;

    /// Copies the database, as of one moment, to the file at `path`, while others go on working.
    ///
    /// The file appears when it is complete: an error or a dropped future leaves no part of it. What
    /// already exists at `path` is not touched, and is `Conflict`.
    async fn backup(&self, path: &Path, listener: Option<BackupListener>) -> Result<()> {
        let _ = listener;
        let path = path.display();
        Err(Error::new(
            ErrorKind::Unsupported,
            format!(
                "cannot back up `{}` to `{path}`: its server has its own tools for that",
                self.name()
            ),
        ))
    }

    /// Brings the statistics of the database's query planner up to date.
    async fn optimize(&self) -> Result<()>;

    /// Accepts no more work, lets what runs end, and closes every connection. Closing twice is fine.
    ///
    /// Waits for streams and transactions that are still held; if the future is dropped, they end
    /// undisturbed and their connections close then.
    async fn close(&self);
}

/// A transaction that may write. Dropping it rolls it back.
///
/// After an error of a statement the transaction goes on, if the database let it; where it did not,
/// every further call is `Conflict`, and nothing is committed.
#[async_trait]
pub trait Transaction: fmt::Debug + Send {
    /// Runs a statement and gives its rows; sees the changes of this transaction, and may write
    /// (`INSERT … RETURNING`). Bounds are those of [`DatabaseManager::query`].
    async fn query(&mut self, statement: &Statement) -> Result<QueryResult>;

    /// Runs one statement and gives the number of rows that it inserted, changed or deleted.
    ///
    /// If the future is dropped, the whole transaction is rolled back.
    async fn execute(&mut self, statement: &Statement) -> Result<u64>;

    /// Makes the changes visible to others, all at once. An error means that none is, but for
    /// `OutcomeUnknown`: the connection was lost before the answer came.
    async fn commit(self: Box<Self>) -> Result<()>;

    /// Takes the changes back. As dropping, but returns when it is done.
    async fn rollback(self: Box<Self>) -> Result<()>;
}
