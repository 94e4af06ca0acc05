//! What every executor must do, as a list of cases.
//!
//! The tests of an implementation call [`check`] with a function that opens an executor over an empty
//! database, which lets two calls run and two wait. The cases use only the trait, and SQL that every
//! backend understands.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use crate::database::Statement;
use crate::error::{Error, ErrorKind, Result};
use crate::executor::QueryExecutor;
use crate::executor::call::Call;
use crate::value::OwnedValue;

/// Rows without end.
const ENDLESS: &str =
    "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n";

/// One row, after a time without end.
const HUNG: &str =
    "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n";

/// How often others get a turn before something counts as stuck.
const TURNS_MAX: usize = 10_000_000;

type Trial = Pin<Box<dyn Future<Output = Result<()>> + Send>>;

/// A promise, and how it is tried.
type Case = (&'static str, fn(Arc<dyn QueryExecutor>) -> Trial);

/// Every promise.
const CASES: &[Case] = &[
    ("a query gives its rows and its figures", |it| Box::pin(query(it))),
    ("a statement that is wrong is its caller's", |it| Box::pin(wrong(it))),
    ("a batch has a result for each statement, in order", |it| Box::pin(batch(it))),
    ("a stream gives every row, and then its figures", |it| Box::pin(stream(it))),
    ("a write tells how many rows it changed", |it| Box::pin(write(it))),
    ("a deadline ends what runs", |it| Box::pin(deadline(it))),
    ("who finds the queue full is told so", |it| Box::pin(full(it))),
    ("who gives up leaves nothing behind", |it| Box::pin(dropped(it))),
    ("a snapshot is one call", |it| Box::pin(snapshot(it))),
    ("a closed executor does nothing more", |it| Box::pin(closed(it))),
];

/// Tries every promise, each on an executor of its own.
///
/// # Errors
///
/// The names of the promises that do not hold, each with what was found instead.
pub async fn check(open: impl AsyncFn() -> Result<Arc<dyn QueryExecutor>>) -> Result<()> {
    let mut broken = Vec::new();
    for (name, run) in CASES {
        if let Err(error) = run(open().await?).await {
            broken.push(format!("{name}: {error}"));
        }
    }
    if broken.is_empty() { Ok(()) } else { Err(failure(broken.join("\n"))) }
}

fn failure(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::Internal, message)
}

fn ensure(holds: bool, what: &str) -> Result<()> {
    if holds { Ok(()) } else { Err(failure(format!("not so: {what}"))) }
}

fn ensure_kind<T>(result: &Result<T>, kind: ErrorKind) -> Result<()> {
    match result {
        Err(error) if error.kind() == kind => Ok(()),
        Err(error) => Err(failure(format!("{:?} instead of {kind:?}: {error}", error.kind()))),
        Ok(_) => Err(failure(format!("no error instead of {kind:?}"))),
    }
}

/// The first value of the first row.
async fn scalar(executor: &dyn QueryExecutor, sql: &str) -> Result<OwnedValue> {
    let executed = executor.query(&sql.into(), &Call::default()).await?;
    Ok(executed.value.scalar().into())
}

/// Polls a future once; its value if it has one.
async fn poll_once<F: Future + Unpin>(future: &mut F) -> Option<F::Output> {
    poll_fn(|context| match Pin::new(&mut *future).poll(context) {
        Poll::Ready(value) => Poll::Ready(Some(value)),
        Poll::Pending => Poll::Ready(None),
    })
    .await
}

/// Waits until nobody runs or waits, and asks something.
async fn settle(executor: &dyn QueryExecutor) -> Result<()> {
    for _ in 0..TURNS_MAX {
        let statistics = executor.statistics();
        if (statistics.running, statistics.waiting) == (0, 0) {
            let one = scalar(executor, "SELECT 1").await?;
            return ensure(one == 1.into(), "it works as before");
        }
        tokio::task::yield_now().await;
    }
    Err(failure(format!("something is stuck: {:?}", executor.statistics())))
}

async fn query(executor: Arc<dyn QueryExecutor>) -> Result<()> {
    let statement = Statement::new("SELECT ?").bind(7);
    let executed = executor.query(&statement, &Call::named("seven")).await?;
    ensure(OwnedValue::from(executed.value.scalar()) == 7.into(), "the row is there")?;
    ensure(executed.statistics.rows == 1, "one row is counted")?;
    let statistics = executor.statistics();
    let figures = statistics.names.get("seven").cloned().unwrap_or_default();
    ensure((figures.calls, figures.rows) == (1, 1), "figures are kept by name")
}

async fn wrong(executor: Arc<dyn QueryExecutor>) -> Result<()> {
    let call = Call::default();
    ensure_kind(&executor.query(&"SELECT".into(), &call).await, ErrorKind::QueryInvalid)?;
    ensure_kind(&executor.stream(&"SELECT".into(), &call).await, ErrorKind::QueryInvalid)?;
    ensure(executor.statistics().total.errors == 2, "errors are counted")?;
    settle(&*executor).await
}

async fn batch(executor: Arc<dyn QueryExecutor>) -> Result<()> {
    let statement = |number: i64| match number % 5 {
        3 => Statement::new("SELECT"),
        _ => Statement::new("SELECT ?").bind(number),
    };
    let statements: Vec<_> = (0..50).map(statement).collect();
    let results = executor.query_all(&statements, &Call::default()).await;
    ensure(results.len() == 50, "every statement has a result")?;
    for (number, result) in (0_i64..).zip(results) {
        match result {
            Ok(it) => {
                ensure(OwnedValue::from(it.value.scalar()) == number.into(), "order is kept")?;
            }
            failed => {
                ensure(number % 5 == 3, "an error concerns no other statement")?;
                ensure_kind(&failed, ErrorKind::QueryInvalid)?;
            }
        }
    }
    settle(&*executor).await
}

async fn stream(executor: Arc<dyn QueryExecutor>) -> Result<()> {
    let many = format!("{ENDLESS} LIMIT 50000").into();
    let mut stream = executor.stream(&many, &Call::default()).await?;
    let mut rows = 0;
    while let Some(batch) = stream.next().await? {
        rows += batch.rows() as u64;
    }
    ensure(rows == 50_000, "every row comes")?;
    ensure(stream.statistics().is_some_and(|it| it.rows == rows), "every row is counted")?;
    let mut stream = executor.stream(&ENDLESS.into(), &Call::default()).await?;
    ensure(stream.next().await?.is_some(), "rows come before the last is known")?;
    drop(stream);
    settle(&*executor).await
}

async fn write(executor: Arc<dyn QueryExecutor>) -> Result<()> {
    let call = Call::default();
    executor.execute(&"CREATE TABLE t (a INTEGER)".into(), &call).await?;
    let insert = "INSERT INTO t VALUES (1), (2), (3)".into();
    ensure(executor.execute(&insert, &call).await?.value == 3, "three rows are inserted")?;
    let count = scalar(&*executor, "SELECT count(*) FROM t").await?;
    ensure(count == 3.into(), "the rows are there")
}

async fn deadline(executor: Arc<dyn QueryExecutor>) -> Result<()> {
    let within = |millis| Call { deadline: Some(Duration::from_millis(millis)), ..Call::default() };
    ensure_kind(&executor.query(&HUNG.into(), &within(50)).await, ErrorKind::Timeout)?;
    ensure_kind(&executor.query(&"SELECT 1".into(), &within(0)).await, ErrorKind::Timeout)?;
    let mut stream = executor.stream(&ENDLESS.into(), &within(50)).await?;
    let ended = loop {
        match stream.next().await {
            Ok(Some(_)) => {}
            Ok(None) => return Err(failure("a stream without end has ended")),
            failed => break failed,
        }
    };
    ensure_kind(&ended, ErrorKind::Timeout)?;
    settle(&*executor).await
}

async fn full(executor: Arc<dyn QueryExecutor>) -> Result<()> {
    let (one, call) = (Statement::new("SELECT 1"), Call::default());
    let mut streams = Vec::new();
    for _ in 0..2 {
        streams.push(executor.stream(&ENDLESS.into(), &call).await?);
    }
    let mut waiting = [executor.query(&one, &call), executor.query(&one, &call)];
    for future in &mut waiting {
        ensure(poll_once(future).await.is_none(), "a call waits for a place")?;
    }
    ensure_kind(&executor.query(&one, &call).await, ErrorKind::Busy)?;
    drop(streams);
    for future in waiting {
        future.await?;
    }
    settle(&*executor).await
}

async fn dropped(executor: Arc<dyn QueryExecutor>) -> Result<()> {
    let (hung, call) = (Statement::new(HUNG), Call::default());
    for polls in 0..30 {
        let mut future = executor.query(&hung, &call);
        for _ in 0..polls {
            ensure(poll_once(&mut future).await.is_none(), "it never ends")?;
            tokio::task::yield_now().await;
        }
    }
    settle(&*executor).await
}

async fn snapshot(executor: Arc<dyn QueryExecutor>) -> Result<()> {
    let create = "CREATE TABLE t (a INTEGER)".into();
    executor.execute(&create, &Call::default()).await?;
    let snapshot = executor.snapshot(&Call::named("scan")).await?;
    ensure(snapshot.tables().len() == 1, "its tables are there")?;
    ensure(executor.statistics().running == 1, "it has a place")?;
    snapshot.finish().await?;
    ensure(executor.statistics().running == 0, "finished, it has none")?;
    drop(snapshot);
    ensure(
        executor.statistics().names.get("scan").is_some_and(|it| it.calls == 1),
        "it is one call",
    )
}

async fn closed(executor: Arc<dyn QueryExecutor>) -> Result<()> {
    executor.close().await;
    executor.close().await;
    let (one, call) = (Statement::new("SELECT 1"), Call::default());
    ensure_kind(&executor.query(&one, &call).await, ErrorKind::Unavailable)?;
    ensure_kind(&executor.stream(&one, &call).await, ErrorKind::Unavailable)?;
    ensure_kind(&executor.execute(&one, &call).await, ErrorKind::Unavailable)?;
    ensure_kind(&executor.snapshot(&call).await, ErrorKind::Unavailable)?;
    let results = executor.query_all(&[one.clone(), one], &call).await;
    ensure(results.len() == 2 && results.iter().all(Result::is_err), "so is a batch")
}
