//! What every database manager must do, as a list of cases.
//!
//! A backend's tests call [`check`] with a function that opens an empty database which may be written,
//! with at least two readers. The cases use only the trait, and SQL that every backend understands. What a manager
//! promises as a source is tried by [`source::conformance`](crate::source::conformance) on a database that [`fill`] fills.
//!
//! Few promises need what not every database can do. An [`Ability`] is what such a promise needs: a backend that lacks it says
//! so, and tries [`cases_without`] it.
//!
//! # Examples
//!
//! A manager of your own is tried like those of this crate:
//!
//! ```no_run
//! use std::sync::Arc;
//! use std::sync::atomic::{AtomicUsize, Ordering};
//!
//! use dq_core::clock::SystemClock;
//! use dq_core::database::conformance::{Bench, check};
//! use dq_core::database::sqlite::{SqliteConfig, SqliteDatabaseManager};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> dq_core::Result<()> {
//! let number = AtomicUsize::new(0);
//! check(async || {
//!     let path = format!("{}.db", number.fetch_add(1, Ordering::Relaxed));
//!     let config = SqliteConfig { create_if_missing: true, ..SqliteConfig::new(path) };
//!     let database = SqliteDatabaseManager::open(config, Arc::new(SystemClock)).await?;
//!     Ok(Bench { database: Arc::new(database), bytes_type: "BLOB", timestamp_type: "TIMESTAMP" })
//! })
//! .await
//! # }
//! ```

mod ending;
mod fill;
mod queries;
mod service;
mod statements;
mod values;
mod writes;

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use crate::database::{DatabaseManager, QueryResult, RowStream, Statement};
use crate::error::{Error, ErrorKind, Result};
use crate::source::conformance::{case_list, ensure, failure};
use crate::value::OwnedValue;

pub use fill::fill;

/// Rows without end, or nearly: 10^18 of them. A recursion alone would not do, since some databases give its
/// first row after its last.
const ENDLESS: &str = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000) \
     SELECT a.i FROM n a, n b, n c, n d, n e, n f";

/// How long a manager may take to close before it counts as stuck.
const PATIENCE: Duration = Duration::from_mins(1);

/// An empty database to try a promise on.
#[derive(Clone, Debug)]
pub struct Bench {
    /// The database.
    pub database: Arc<dyn DatabaseManager>,
    /// What it calls a column of bytes: `BLOB`, `BYTEA`.
    pub bytes_type: &'static str,
    /// What it calls a column of points in time with microseconds: `TIMESTAMP`, `DATETIME(6)`.
    pub timestamp_type: &'static str,
}

/// A promise being tried.
type Trial = Pin<Box<dyn Future<Output = Result<()>> + Send>>;

/// What a database may be unable to do, such as one whose tables lie on several servers.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Ability {
    /// All that is read through a snapshot is of the moment at which it was opened. Servers that share no moment are each
    /// read at the one at which they are first asked.
    SharedMoment,
    /// A statement that changes a row waits for another that changes it. Where it runs in a transaction of another server
    /// that sees one moment only, the later of two is `Busy` instead.
    WaitingWriters,
}

/// One promise of [`DatabaseManager`].
#[derive(Clone, Copy)]
pub struct Case {
    /// The promise, as a sentence.
    pub name: &'static str,
    /// What a database must be able to do to keep it; `None` for nearly all.
    pub needs: Option<Ability>,
    run: fn(Bench) -> Trial,
}

impl Case {
    const fn new(name: &'static str, run: fn(Bench) -> Trial) -> Self {
        Self { name, needs: None, run }
    }

    const fn needs(self, ability: Ability) -> Self {
        Self { needs: Some(ability), ..self }
    }

    /// Tries the promise.
    ///
    /// # Errors
    ///
    /// What was found instead.
    pub async fn run(&self, bench: Bench) -> Result<()> {
        (self.run)(bench).await
    }
}

impl fmt::Debug for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

/// Every case.
pub fn cases() -> Vec<Case> {
    [values::CASES, statements::CASES, queries::CASES, writes::CASES, ending::CASES, service::CASES]
        .concat()
}

/// Every case that a database without some abilities can keep.
pub fn cases_without(lacking: &[Ability]) -> Vec<Case> {
    let can = |it: &Case| it.needs.is_none_or(|it| !lacking.contains(&it));
    cases().into_iter().filter(can).collect()
}

/// Tries every promise, each on a database of its own.
///
/// # Errors
///
/// The names of the promises that do not hold, each with what was found instead.
pub async fn check(open: impl AsyncFn() -> Result<Bench>) -> Result<()> {
    check_cases(&cases(), open).await
}

/// Tries some promises, each on a database of its own.
///
/// # Errors
///
/// The names of the promises that do not hold, each with what was found instead.
pub async fn check_cases(cases: &[Case], open: impl AsyncFn() -> Result<Bench>) -> Result<()> {
    let mut broken = Vec::new();
    for case in cases {
        if let Err(error) = case.run(open().await?).await {
            broken.push(format!("{}: {error}", case.name));
        }
    }
    if broken.is_empty() { Ok(()) } else { Err(failure(broken.join("\n"))) }
}

impl Bench {
    async fn execute(&self, statement: impl Into<Statement>) -> Result<u64> {
        self.database.execute(&statement.into()).await
    }

    async fn query(&self, statement: impl Into<Statement>) -> Result<QueryResult> {
        self.database.query(&statement.into()).await
    }

    /// The first value of the first row.
    async fn scalar(&self, statement: impl Into<Statement>) -> Result<OwnedValue> {
        Ok(self.query(statement).await?.scalar().into())
    }

    /// The table of most cases, with so many rows: `person (id, name, age)`.
    async fn person(&self, rows: i64) -> Result<()> {
        self.execute(
            "CREATE TABLE person (id INTEGER PRIMARY KEY, name TEXT NOT NULL, age INTEGER)",
        )
        .await?;
        let fill = "INSERT INTO person (id, name, age) \
                    WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :rows) \
                    SELECT i, concat('person ', i), i % 100 FROM n WHERE i <= :rows";
        let filled = self.execute(Statement::new(fill).bind_named("rows", rows)).await?;
        ensure!(filled as i64 == rows, "{filled} of {rows} rows inserted");
        Ok(())
    }

    async fn count(&self) -> Result<i64> {
        match self.scalar("SELECT count(*) FROM person").await? {
            OwnedValue::Integer(it) => Ok(it),
            other => Err(failure(format!("count(*) is {other:?}"))),
        }
    }

    /// Proves that nothing is stuck: every connection can be had at once, and all come back before the
    /// manager is closed. Ends a case.
    async fn settle(&self) -> Result<()> {
        let mut streams = Vec::new();
        for _ in 0..self.database.statistics().readers.size {
            let mut stream = self.database.stream(&ENDLESS.into()).await?;
            ensure!(stream.next().await?.is_some(), "a stream without end has ended");
            streams.push(stream);
        }
        self.database.begin().await?.rollback().await?;
        drop(streams);
        let closed = tokio::time::timeout(PATIENCE, self.database.close()).await;
        ensure!(closed.is_ok(), "something is stuck: {:?}", self.database.statistics());
        Ok(())
    }
}

/// Reads a stream to its end; gives the number of its rows.
async fn rows(mut stream: RowStream) -> Result<usize> {
    let mut rows = 0;
    while let Some(batch) = stream.next().await? {
        rows += batch.rows();
    }
    Ok(rows)
}

/// The error of a result that must be one, of this kind.
fn error_of<T>(result: Result<T>, kind: ErrorKind, what: &str) -> Result<Error> {
    match result {
        Err(error) if error.kind() == kind => Ok(error),
        Err(error) => {
            Err(failure(format!("{what}: {:?} instead of {kind:?}: {error}", error.kind())))
        }
        Ok(_) => Err(failure(format!("{what}: no error instead of {kind:?}"))),
    }
}

/// Lets `future` run for so many turns of the runtime, and drops it.
async fn abandon<F: Future>(future: F, turns: usize) -> Option<F::Output> {
    let wait = async {
        for _ in 0..turns {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        biased;
        output = future => Some(output),
        () = wait => None,
    }
}
