//! Runs queries, writes and scans of one database within limits: not too many at once, shared fairly
//! between callers, none longer than it may take, and says what each of them took.
//!
//! ```text
//!   call ─▶ cache ─▶ deadline ─▶ limit, fair between callers ─▶ retry ─▶ breaker ─▶ database
//! ```
//!
//! A [`QueryExecutor`] does that for queries, writes and streams; a [`GatedSource`], which
//! [`AsyncQueryExecutor::source`] gives, puts what is validated within the same limits, and a [`Gate`] is what
//! they share. Files that no database manager reads have a gate of their own. [`BlockingQueryExecutor`] is for programs
//! without a runtime.
//!
//! ```
//! # #[cfg(all(feature = "sqlite", feature = "cache"))]
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use std::sync::Arc;
//! use std::time::Duration;
//!
//! use dq_core::ErrorKind;
//! use dq_core::cache::{MemoryCache, MemoryConfig};
//! use dq_core::clock::SystemClock;
//! use dq_core::database::Statement;
//! use dq_core::database::sqlite::{SqliteConfig, SqliteDatabaseManager};
//! use dq_core::executor::{AsyncQueryExecutor, Call, Caller, ExecutorConfig, QueryExecutor, Reuse};
//! use dq_core::value::Value;
//!
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("providers.db");
//! let clock = Arc::new(SystemClock);
//! let config = SqliteConfig { create_if_missing: true, ..SqliteConfig::new(&path) };
//! let database = Arc::new(SqliteDatabaseManager::open(config, clock.clone()).await?);
//! let cache = MemoryCache::new(&MemoryConfig::default(), clock.clone())?;
//! let limits = ExecutorConfig { concurrent_max: 10, ..ExecutorConfig::default() };
//! let executor = AsyncQueryExecutor::new(database, limits, clock)?
//!     .with_cache(Arc::new(cache), path.to_string_lossy())?;
//!
//! let call = Call::of(Caller::new("a tenant"));
//! executor.execute(&"CREATE TABLE provider (npi TEXT)".into(), &call).await?;
//! let insert = Statement::new("INSERT INTO provider VALUES (?)").bind("1234567893");
//! assert_eq!(executor.execute(&insert, &call).await?.value, 1);
//!
//! // The second time nothing has changed, and nobody asks the database.
//! let reuse = Reuse::Unchanged(vec!["provider".to_owned()]);
//! let call = Call { reuse, ..Call::named("count") };
//! for is_known in [false, true] {
//!     let counted = executor.query(&"SELECT count(*) FROM provider".into(), &call).await?;
//!     assert_eq!(counted.value.scalar(), Value::Integer(1));
//!     assert_eq!(counted.statistics.cached, is_known);
//! }
//!
//! // A query that would never end is interrupted, at the database too.
//! let endless = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i FROM n) SELECT count(*) FROM n";
//! let call = Call { deadline: Some(Duration::from_millis(20)), ..Call::named("endless") };
//! let error = executor.query(&endless.into(), &call).await.unwrap_err();
//! assert_eq!(error.kind(), ErrorKind::Timeout);
//! assert_eq!(executor.statistics().names["count"].cached, 1);
//! # Ok(())
//! # }
//! # #[cfg(not(all(feature = "sqlite", feature = "cache")))]
//! # fn main() {}
//! ```

mod asking;
mod async_executor;
mod attempt;
mod blocking;
mod call;
mod config;
#[cfg(feature = "conformance")]
#[doc(hidden)]
pub mod conformance;
mod fair_limit;
mod fair_queue;
mod gate;
mod gated_source;
mod in_order;
mod ledger;
mod passage;
#[cfg(feature = "cache")]
mod results;
mod statistics;
mod stream;

use std::fmt;

use async_trait::async_trait;

use crate::database::{QueryResult, Statement};
use crate::error::Result;
use crate::source::Snapshot;

pub use async_executor::AsyncQueryExecutor;
pub use blocking::{BlockingQueryExecutor, BlockingRows};
pub use call::{Call, Caller, Repeat, Reuse};
pub use config::ExecutorConfig;
pub use gate::Gate;
pub use gated_source::GatedSource;
pub use statistics::{CallStatistics, Executed, ExecutorStatistics, NameStatistics};
pub use stream::ResultStream;

/// Runs work on one database within limits.
///
/// What holds for every method: a call waits for a place at the database, fairly with those of other
/// callers, and is `Busy` at once where too many wait already; a call whose deadline is over is
/// `Timeout`, and what it had running at the database is interrupted there; a dropped future leaves
/// nothing behind, neither in the queue nor at the database. After [`close`](Self::close) everything is
/// `Unavailable`. Other errors are those of the database.
#[async_trait]
pub trait QueryExecutor: fmt::Debug + Send + Sync {
    /// Runs a statement that reads, and gives its rows.
    async fn query(&self, statement: &Statement, call: &Call) -> Result<Executed<QueryResult>>;

    /// Runs many statements that read, each a call of its own as `call` says, some of them at once.
    ///
    /// Gives exactly one result for each, in their order; an error of one concerns no other. The deadline
    /// of each begins when it is its turn.
    async fn query_all(
        &self,
        statements: &[Statement],
        call: &Call,
    ) -> Vec<Result<Executed<QueryResult>>>;

    /// Runs a statement that reads, and gives its rows as they come, in bounded memory.
    ///
    /// The deadline holds until the last row is taken. An earlier answer is never used.
    async fn stream(&self, statement: &Statement, call: &Call) -> Result<ResultStream>;

    /// Runs a statement that writes, and gives how many rows it changed.
    ///
    /// It is tried again only if `call` allows that for writes. With `Timeout` the change happened whole or
    /// not at all.
    async fn execute(&self, statement: &Statement, call: &Call) -> Result<Executed<u64>>;

    /// Opens a snapshot of the whole database, to scan it. It is one call until it is finished or
    /// dropped.
    async fn snapshot(&self, call: &Call) -> Result<Box<dyn Snapshot>>;

    /// What was done so far, and what is being done. Never waits.
    fn statistics(&self) -> ExecutorStatistics;

    /// Accepts no more work, sends away who waits, and returns when what runs has ended. The database
    /// stays open. Closing twice is fine.
    async fn close(&self);
}
