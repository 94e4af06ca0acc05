//! Where rows come from: the smaller trait that everything which can be scanned implements.
//!
//! A [`Source`] opens a [`Snapshot`]: all that is read through it is of one moment. A snapshot tells
//! its tables and scans them: the wanted columns of one table, split into partitions that are read in
//! parallel, each a stream of [`Batch`]es.

mod cancellation;
pub mod combined;
#[cfg(feature = "csv")]
pub mod csv;
#[cfg_attr(
    not(any(feature = "csv", feature = "parquet")),
    expect(dead_code, unused_imports, reason = "no format of files is compiled in")
)]
pub(crate) mod files;
pub mod memory;
#[cfg(feature = "parquet")]
pub mod parquet;

use std::fmt;
use std::num::NonZeroUsize;

use async_trait::async_trait;

use crate::error::Result;
use crate::value::{Batch, TableSchema};

pub use cancellation::Cancellation;

/// Something whose tables can be scanned: a database, a file, tables in memory.
#[async_trait]
pub trait Source: fmt::Debug + Send + Sync {
    /// How reports name this source. Never holds a password.
    fn name(&self) -> &str;

    /// Opens a snapshot. Whatever is read through it is of one moment; what changes afterwards is
    /// not seen, or is an error of kind `SourceChanged`, and is never half seen.
    async fn snapshot(&self) -> Result<Box<dyn Snapshot>>;
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

    /// Ends the snapshot: an error of kind `SourceChanged` if what was read was not of one moment.
    /// Without it no count may be reported.
    async fn finish(&self) -> Result<()>;

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
