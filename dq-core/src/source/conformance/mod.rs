//! What every source must do, as a list of cases.
//!
//! A source's tests call [`check`] with a function that opens a source which holds [`tables`]: how they get there is
//! the source's own business. The cases use only the trait. A source whose types are fewer than those of the tables
//! may hold a value as text; values are compared as they are rendered.
//!
//! # Examples
//!
//! A source of your own is tried like those of this crate:
//!
//! ```
//! use std::sync::Arc;
//!
//! use dq_core::source::Source;
//! use dq_core::source::conformance::{check, tables};
//! use dq_core::source::memory::MemorySource;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> dq_core::Result<()> {
//! let mut source = MemorySource::new("mine");
//! for table in tables() {
//!     source = source.table(table.name, vec![table.to_arrow()?])?;
//! }
//! let source: Arc<dyn Source> = Arc::new(source);
//! check(async || Ok(Arc::clone(&source))).await
//! # }
//! ```

mod cancelling;
mod moments;
mod scans;
mod table;

use std::fmt;
use std::num::NonZeroUsize;
use std::pin::Pin;
use std::sync::Arc;

use crate::error::{Error, ErrorKind, Result};
use crate::source::{Cancellation, Partition, Scan, Snapshot, Source};
use crate::value::Batch;

pub use table::{Table, tables};

/// A promise being tried.
type Trial = Pin<Box<dyn Future<Output = Result<()>> + Send>>;

/// A row as texts and NULLs.
type Texts = Vec<Option<Vec<u8>>>;

/// One promise of [`Source`].
#[derive(Clone, Copy)]
pub struct Case {
    /// The promise, as a sentence.
    pub name: &'static str,
    run: fn(Arc<dyn Source>) -> Trial,
}

impl Case {
    const fn new(name: &'static str, run: fn(Arc<dyn Source>) -> Trial) -> Self {
        Self { name, run }
    }

    /// Tries the promise on a source that holds [`tables`].
    ///
    /// # Errors
    ///
    /// What was found instead.
    pub async fn run(&self, source: Arc<dyn Source>) -> Result<()> {
        (self.run)(source).await
    }
}

impl fmt::Debug for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

/// Every case.
pub fn cases() -> Vec<Case> {
    [scans::CASES, moments::CASES, cancelling::CASES].concat()
}

/// Tries every promise, each on a source that `open` opens.
///
/// # Errors
///
/// The names of the promises that do not hold, each with what was found instead.
pub async fn check(open: impl AsyncFn() -> Result<Arc<dyn Source>>) -> Result<()> {
    let mut broken = Vec::new();
    for case in cases() {
        if let Err(error) = case.run(open().await?).await {
            broken.push(format!("{}: {error}", case.name));
        }
    }
    if broken.is_empty() { Ok(()) } else { Err(failure(broken.join("\n"))) }
}

/// Names a list of async functions as cases, of the `Case` that is in scope, some with the `Ability` that they need.
macro_rules! case_list {
    ($($name:ident $(needs $ability:ident)?),* $(,)?) => {
        pub(crate) const CASES: &[Case] = &[$(
            Case::new(stringify!($name), |it| Box::pin($name(it)))$(.needs(Ability::$ability))?
        ),*];
    };
}
pub(crate) use case_list;

/// Ends a case that found something else than it should.
macro_rules! ensure {
    ($holds:expr, $($message:tt)*) => {
        if !$holds {
            return Err($crate::source::conformance::failure(format!($($message)*)));
        }
    };
}
pub(crate) use ensure;

pub(crate) fn failure(message: String) -> Error {
    Error::new(ErrorKind::Internal, message)
}

/// A table that the source should hold.
fn expected(name: &str) -> Result<Table> {
    let found = tables().into_iter().find(|it| it.name == name);
    found.ok_or_else(|| failure(format!("the suite has no table `{name}`")))
}

/// The positions of columns in the words of the source.
fn positions(snapshot: &dyn Snapshot, table: &str, columns: &[&str]) -> Result<Vec<usize>> {
    let schema = snapshot.tables().iter().find(|it| it.name == table);
    let Some(schema) = schema else { return Err(failure(format!("there is no table `{table}`"))) };
    let position = |name: &&str| {
        let found = schema.position(name);
        found.ok_or_else(|| failure(format!("`{table}` has no column `{name}`")))
    };
    columns.iter().map(position).collect()
}

fn scan_of(
    snapshot: &dyn Snapshot,
    table: &str,
    columns: &[&str],
    partitions: usize,
) -> Result<Scan> {
    Ok(Scan {
        table: table.to_owned(),
        columns: positions(snapshot, table, columns)?,
        partitions: NonZeroUsize::new(partitions).unwrap_or(NonZeroUsize::MIN),
        cancellation: Cancellation::new(),
    })
}

/// Scans some columns; gives the rows of each partition.
async fn scanned(
    snapshot: &dyn Snapshot,
    table: &str,
    columns: &[&str],
    partitions: usize,
) -> Result<Vec<Vec<Texts>>> {
    let scan = scan_of(snapshot, table, columns, partitions)?;
    let mut read = Vec::new();
    for partition in snapshot.scan(&scan).await? {
        read.push(drained(partition, columns.len()).await?);
    }
    Ok(read)
}

/// Scans some columns; gives all rows, sorted.
async fn sorted(
    snapshot: &dyn Snapshot,
    table: &str,
    columns: &[&str],
    partitions: usize,
) -> Result<Vec<Texts>> {
    let mut rows = scanned(snapshot, table, columns, partitions).await?.concat();
    rows.sort();
    Ok(rows)
}

/// Reads a partition to its end.
async fn drained(mut partition: Box<dyn Partition>, columns: usize) -> Result<Vec<Texts>> {
    let mut rows = Vec::new();
    while let Some(batch) = partition.next().await? {
        rows.extend(texts(&batch, columns));
    }
    Ok(rows)
}

fn texts(batch: &Batch, columns: usize) -> impl Iterator<Item = Texts> {
    (0..batch.rows()).map(move |row| (0..columns).map(|it| text(batch, it, row)).collect())
}

fn text(batch: &Batch, column: usize, row: usize) -> Option<Vec<u8>> {
    let value = batch.column(column).value(row);
    let mut text = Vec::new();
    value.render(&mut text);
    (!value.is_null()).then_some(text)
}
