//! Where rows come from: the smaller trait that everything which can be scanned implements.
//!
//! A [`Source`] opens a [`Snapshot`]: all that is read through it is of one moment. A snapshot tells
//! its tables and scans them: the wanted columns of one table, split into partitions that are read in
//! parallel, each a stream of [`Batch`]es.
//!
//! ```
//! use std::num::NonZeroUsize;
//! use std::sync::Arc;
//!
//! use arrow_array::{ArrayRef, Int64Array, RecordBatch};
//! use dq_core::source::memory::MemorySource;
//! use dq_core::source::{Cancellation, Scan, Source};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let beds: ArrayRef = Arc::new(Int64Array::from(vec![120, 8, 310]));
//! let batch = RecordBatch::try_from_iter([("beds", beds)])?;
//! let source = MemorySource::new("an example").table("hospitals", vec![batch])?;
//!
//! let snapshot = source.snapshot().await?;
//! let scan = Scan {
//!     table: "hospitals".to_owned(),
//!     columns: vec![0],
//!     partitions: NonZeroUsize::MIN,
//!     cancellation: Cancellation::new(),
//! };
//! let mut rows = 0;
//! for mut partition in snapshot.scan(&scan).await? {
//!     while let Some(batch) = partition.next().await? {
//!         rows += batch.rows();
//!     }
//! }
//! // Without an error here, all that was read is of one moment.
//! snapshot.finish().await?;
//! assert_eq!(rows, 3);
//! # Ok(())
//! # }
//! ```

mod cancellation;
pub mod combined;
#[cfg(feature = "conformance")]
pub mod conformance;
#[cfg(feature = "csv")]
pub mod csv;
#[cfg_attr(
    not(any(feature = "csv", feature = "ipc", feature = "json", feature = "parquet")),
    expect(dead_code, unused_imports, reason = "no format of files is compiled in")
)]
pub(crate) mod files;
#[cfg(feature = "ipc")]
pub mod ipc;
#[cfg(feature = "json")]
pub mod json;
pub mod memory;
#[cfg(feature = "parquet")]
pub mod parquet;
mod sql;
mod version;

use std::fmt;
use std::num::NonZeroUsize;
use std::time::Duration;

use async_trait::async_trait;

use crate::error::Error;
use crate::error::ErrorKind;
use crate::error::Result;
use crate::value::{Batch, ColumnSchema, OwnedValue, TableSchema};

pub use cancellation::Cancellation;
pub use sql::{
    Dialect, Reach, SqlAggregate, SqlAggregateBegin, SqlColumn, SqlException, SqlFunction,
    SqlFunctionBody, SqlKind, SqlScalar, SqlShards, SqlTable,
};
#[cfg(feature = "cache")]
pub(crate) use version::Versions;
pub use version::{Version, VersionReach};

/// Something whose tables can be scanned: a database, a file, tables in memory.
#[async_trait]
pub trait Source: fmt::Debug + Send + Sync {
    /// How reports name this source. Never holds a password.
    fn name(&self) -> &str;

    /// Opens a snapshot. Whatever is read through it is of one moment; what changes afterwards is
    /// not seen, or is an error of kind `SourceChanged`, and is never half seen.
    async fn snapshot(&self) -> Result<Box<dyn Snapshot>>;

    /// What tells the present state of `table` from any other; `None` where the source cannot tell, which
    /// is the default.
    ///
    /// Take it before reading and once more after, and keep what was read only if both are equal: see
    /// [`Version`] for what may be concluded. A table that does not exist is `NotFound`.
    async fn version(&self, table: &str) -> Result<Option<Version>> {
        let _ = table;
        Ok(None)
    }
}

/// The tables of a source at one moment.
#[async_trait]
pub trait Snapshot: fmt::Debug + Send + Sync {
    /// The tables, in the order of the source.
    fn tables(&self) -> &[TableSchema];

    /// Starts a scan. Gives at least one partition and at most `scan.partitions`; together they
    /// deliver each row once. Partitions are read from different threads, in any order, and may be
    /// dropped before their end.
    async fn scan(&self, scan: &Scan) -> Result<Vec<Box<dyn Partition>>>;

    /// Prepares a query in the dialect of the source, which sees the moment of the snapshot and cannot
    /// write. It runs when its first rows are asked for. While they are read no scan may be waited for:
    /// both may need the same connection.
    ///
    /// # Errors
    ///
    /// `Unsupported` where the source runs no queries, which is the default; `QueryInvalid` if this one
    /// is wrong: its syntax, a name in it, or that it does more than read.
    async fn query(&self, query: &Query) -> Result<QueryRows> {
        let message = format!("cannot query `{}`: this source runs no SQL", query.table);
        Err(Error::new(ErrorKind::Unsupported, message))
    }

    /// The dialect of the source, where statements can be written for it without asking it; `None` where
    /// it runs no SQL, which is the default.
    fn dialect(&self) -> Option<Dialect> {
        None
    }

    /// A table in the words of the source; `None` where there is no such table or no [`dialect`](Self::dialect).
    fn sql_table(&self, table: &str) -> Option<SqlTable> {
        let _ = table;
        None
    }

    /// How far a query of [tables with parts](SqlShards::parts) goes to the servers of the parts, without
    /// running it; `None` where the source has no such tables, which is the default.
    async fn reach(&self, query: &Query) -> Result<Option<Reach>> {
        let _ = query;
        Ok(None)
    }

    /// Ends the snapshot: an error of kind `SourceChanged` if what was read was not of one moment.
    /// Without it no count may be reported.
    async fn finish(&self) -> Result<()>;

    /// Hears what was done for one of the purposes of this snapshot, such as a rule. Whoever keeps figures adds
    /// it to them; the others, which is the default, do nothing.
    fn note_usage(&self, usage: &Usage) {
        let _ = usage;
    }

    /// What the user should know about this snapshot, such as "writers wait until the scan ends".
    fn notes(&self) -> Vec<String> {
        Vec::new()
    }
}

/// One partition of a scan.
#[async_trait]
pub trait Partition: Send {
    /// The next rows; `None` after the last. May block its thread: callers run it where that is
    /// allowed (`tokio::task::spawn_blocking`).
    async fn next(&mut self) -> Result<Option<Batch>>;
}

/// What was done with a snapshot for one purpose.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Usage {
    /// The purpose, such as the id of a rule.
    pub name: String,
    /// How many rows were judged for it; one that is judged twice counts twice.
    pub rows: u64,
    /// How many queries ran for it alone.
    pub queries: u64,
    /// How long its rows were judged, added up over threads, and how long its own queries ran. What is done for
    /// several purposes counts for each with its part; the reading of rows is for all together, and not in it.
    pub ran: Duration,
    /// Whether something that was to be done for it could not be done.
    pub has_failed: bool,
}

/// What to scan.
#[derive(Clone, Debug)]
pub struct Scan {
    /// The name of the table, as [`Snapshot::tables`] spells it.
    pub table: String,
    /// The positions of the wanted columns in the schema of the table. May be empty: then batches
    /// have rows and no columns.
    pub columns: Vec<usize>,
    /// How many partitions at most.
    pub partitions: NonZeroUsize,
    /// Partitions end with an error of kind `Cancelled` soon after this is cancelled.
    pub cancellation: Cancellation,
}

impl Scan {
    /// The table to scan, of those that a snapshot holds in memory or in files, and what stands beside its schema.
    pub(crate) fn table_of<'a, T>(
        &self,
        schemas: &'a [TableSchema],
        tables: &'a [T],
    ) -> Result<(&'a TableSchema, &'a T)> {
        let found = schemas.iter().zip(tables).find(|(schema, _)| schema.name == self.table);
        found.ok_or_else(|| {
            let message = format!("cannot scan the table `{}`: there is none", self.table);
            Error::new(ErrorKind::NotFound, message)
        })
    }
}

/// A query in the dialect of a source.
#[derive(Clone, Debug, Default)]
pub struct Query {
    /// The name of the table that the query is about; it may read others.
    pub table: String,
    /// The text. Parameters are written `?`.
    pub sql: String,
    /// The values of its parameters, in their order.
    pub parameters: Vec<OwnedValue>,
    /// The functions that it calls, where the database runs in this process.
    pub functions: Vec<SqlFunction>,
    /// The names of all tables that it reads, where the caller knows them: then it is an error of kind
    /// `SourceChanged` if one of them was rewritten since the moment of the snapshot.
    pub reads: Vec<String>,
    /// Whether it is an error of kind `Unsupported` if the database warns, as it may where it goes on with another
    /// value instead of failing.
    pub refuses_warnings: bool,
    /// The rows end with an error of kind `Cancelled` soon after this is cancelled.
    pub cancellation: Cancellation,
}

/// The result of a query.
pub struct QueryRows {
    /// The columns.
    pub columns: Vec<ColumnSchema>,
    /// The rows, in the order of the query.
    pub rows: Box<dyn Partition>,
}

impl fmt::Debug for QueryRows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("QueryRows").field("columns", &self.columns).finish_non_exhaustive()
    }
}
