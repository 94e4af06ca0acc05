//! The executor for programs without a runtime.

use std::sync::Arc;
use std::thread;

use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;

use crate::database::{QueryResult, Statement};
use crate::error::{Error, ErrorKind, Result};
use crate::executor::QueryExecutor;
use crate::executor::call::Call;
use crate::executor::statistics::{Executed, ExecutorStatistics};
use crate::executor::stream::ResultStream;
use crate::value::{Batch, ColumnSchema};

/// A [`QueryExecutor`] for programs without a tokio runtime: the same calls, each blocks its thread until
/// it has ended. May be shared between threads.
///
/// It has a small runtime of its own: one thread, and those that work at the database. Its calls are
/// `UsageInvalid` on a thread of any runtime, which must not be blocked.
///
/// ```no_run
/// use std::sync::Arc;
///
/// use dq_core::clock::SystemClock;
/// # #[cfg(feature = "sqlite")]
/// use dq_core::database::sqlite::{SqliteConfig, SqliteDatabaseManager};
/// use dq_core::executor::{AsyncQueryExecutor, BlockingQueryExecutor, Call, ExecutorConfig};
///
/// # #[cfg(feature = "sqlite")]
/// # fn main() -> dq_core::Result<()> {
/// let executor = BlockingQueryExecutor::open(async {
///     let (config, clock) = (SqliteConfig::new("providers.db"), Arc::new(SystemClock));
///     let database = SqliteDatabaseManager::open(config, clock.clone()).await?;
///     let limits = ExecutorConfig::default();
///     Ok(Arc::new(AsyncQueryExecutor::new(Arc::new(database), limits, clock)?) as _)
/// })?;
/// let rows = executor.query(&"SELECT * FROM providers".into(), &Call::default())?;
/// # let _ = rows;
/// # Ok(())
/// # }
/// # #[cfg(not(feature = "sqlite"))]
/// # fn main() {}
/// ```
#[derive(Debug)]
pub struct BlockingQueryExecutor {
    executor: Arc<dyn QueryExecutor>,
    runtime: SmallRuntime,
}

/// The rows of a query as they come.
#[derive(Debug)]
pub struct BlockingRows<'a> {
    stream: ResultStream,
    runtime: &'a SmallRuntime,
}

impl BlockingQueryExecutor {
    /// Starts the runtime, and opens the executor in it.
    ///
    /// # Errors
    ///
    /// `UsageInvalid` on a thread of a runtime; those of `open`.
    pub fn open<F>(open: F) -> Result<Self>
    where
        F: Future<Output = Result<Arc<dyn QueryExecutor>>>,
    {
        check_outside("open")?;
        let runtime = SmallRuntime::start()?;
        let executor = runtime.run("open", open)??;
        Ok(Self { executor, runtime })
    }

    /// As [`QueryExecutor::query`].
    ///
    /// # Errors
    ///
    /// As there, and `UsageInvalid` on a thread of a runtime.
    pub fn query(&self, statement: &Statement, call: &Call) -> Result<Executed<QueryResult>> {
        self.runtime.run("call", self.executor.query(statement, call))?
    }

    /// As [`QueryExecutor::query_all`].
    ///
    /// # Errors
    ///
    /// `UsageInvalid` on a thread of a runtime. What goes wrong with a statement is its result.
    pub fn query_all(
        &self,
        statements: &[Statement],
        call: &Call,
    ) -> Result<Vec<Result<Executed<QueryResult>>>> {
        self.runtime.run("call", self.executor.query_all(statements, call))
    }

    /// As [`QueryExecutor::stream`].
    ///
    /// # Errors
    ///
    /// As there, and `UsageInvalid` on a thread of a runtime.
    pub fn stream(&self, statement: &Statement, call: &Call) -> Result<BlockingRows<'_>> {
        let stream = self.runtime.run("call", self.executor.stream(statement, call))??;
        Ok(BlockingRows { stream, runtime: &self.runtime })
    }

    /// As [`QueryExecutor::execute`].
    ///
    /// # Errors
    ///
    /// As there, and `UsageInvalid` on a thread of a runtime.
    pub fn execute(&self, statement: &Statement, call: &Call) -> Result<Executed<u64>> {
        self.runtime.run("call", self.executor.execute(statement, call))?
    }

    /// What was done so far, and what is being done. Never waits.
    pub fn statistics(&self) -> ExecutorStatistics {
        self.executor.statistics()
    }

    /// As [`QueryExecutor::close`].
    ///
    /// # Errors
    ///
    /// `UsageInvalid` on a thread of a runtime.
    pub fn close(&self) -> Result<()> {
        self.runtime.run("close", self.executor.close())
    }
}

impl BlockingRows<'_> {
    /// The columns, in the order of the statement.
    pub fn columns(&self) -> &[ColumnSchema] {
        self.stream.columns()
    }
}

impl Iterator for BlockingRows<'_> {
    type Item = Result<Batch>;

    fn next(&mut self) -> Option<Self::Item> {
        self.runtime.run("call", self.stream.next()).and_then(|it| it).transpose()
    }
}

/// A runtime on a thread of its own, which ends with it.
#[derive(Debug)]
struct SmallRuntime {
    handle: Handle,
    /// Dropped, it ends the thread.
    _stop: oneshot::Sender<()>,
}

impl SmallRuntime {
    fn start() -> Result<Self> {
        let failed = |it| Error::from_io("start", "the runtime of a blocking executor", it);
        let runtime = Builder::new_current_thread().enable_all().build().map_err(failed)?;
        let handle = runtime.handle().clone();
        let (stop, stopped) = oneshot::channel::<()>();
        let thread = thread::Builder::new().name("dq-executor".to_owned());
        // It ends when the sender is dropped, which is no error here.
        thread.spawn(move || drop(runtime.block_on(stopped))).map_err(failed)?;
        Ok(Self { handle, _stop: stop })
    }

    fn run<T>(&self, doing: &str, future: impl Future<Output = T>) -> Result<T> {
        check_outside(doing)?;
        Ok(self.handle.block_on(future))
    }
}

/// Whether this thread may be blocked.
fn check_outside(doing: &str) -> Result<()> {
    if Handle::try_current().is_err() {
        return Ok(());
    }
    let reason =
        "this thread belongs to a runtime, which it would block: await an `AsyncQueryExecutor`";
    let message = format!("cannot {doing} a blocking executor here: {reason}");
    Err(Error::new(ErrorKind::UsageInvalid, message))
}
