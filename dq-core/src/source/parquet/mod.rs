//! Apache Parquet: one file, several files as one table, a directory as several tables.
//!
//! ```text
//! ParquetSource ─snapshot─▶ ParquetSnapshot: footers, the identity of each file
//!                              │ scan: row groups, cut into pieces of even size
//!                              ▼
//!                 Pieces: each partition takes the next that nobody has
//!              ┌───────────────┼───────────────┐
//!              ▼               ▼               ▼
//!       ParquetPartition: pages of the wanted columns ─▶ arrays ─▶ Batch
//! ```
//!
//! Only the pages of the wanted columns are read. Where all pages of a text column refer to a
//! dictionary, the dictionary is taken over as it is, and no text is copied. Types are those that the
//! Parquet schema declares; [`Column::from_arrow`](crate::value::Column::from_arrow) says what becomes
//! of their values. There is no primary key: rows are known by their numbers.

mod encryption;
mod error;
mod file;
mod partition;
mod pieces;
mod schema;
mod snapshot;

use std::fmt;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use tokio::task::spawn_blocking;

use crate::error::{Error, Result};
use crate::source::files::{self, FileFormat};
use crate::source::parquet::snapshot::ParquetSnapshot;
use crate::source::{Snapshot, Source};

/// How Parquet files are read. There is nothing to choose: the files say all about themselves.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct ParquetOptions {
    /// How many rows a batch has at most.
    #[doc(hidden)]
    #[serde(skip)]
    pub batch_rows: usize,
    /// How many rows a piece of a row group has at least; fewer are not worth their start.
    #[doc(hidden)]
    #[serde(skip)]
    pub piece_rows: usize,
}

impl Default for ParquetOptions {
    fn default() -> Self {
        Self { batch_rows: 32_768, piece_rows: 65_536 }
    }
}

/// Parquet files whose tables can be scanned.
pub struct ParquetSource {
    spec: String,
    options: ParquetOptions,
}

impl ParquetSource {
    /// Opens what `spec` names:
    ///
    /// - a file, as the table `data`;
    /// - a pattern such as `parts/2026-*.parquet`: all files that match, in the order of their names and
    ///   with the same columns, as the one table `data`;
    /// - a directory: each `.parquet` and `.pq` file in it as a table named like the file.
    ///
    /// # Errors
    ///
    /// `UsageInvalid` for a malformed pattern, `NotFound` if there is no such file, and what the
    /// operating system says of an unreadable one.
    pub fn open(spec: &str, options: ParquetOptions) -> Result<Self> {
        files::tables(spec, FileFormat::Parquet)?;
        Ok(Self { spec: spec.to_owned(), options })
    }
}

impl fmt::Debug for ParquetSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ParquetSource").field("spec", &self.spec).finish_non_exhaustive()
    }
}

#[async_trait]
impl Source for ParquetSource {
    fn name(&self) -> &str {
        &self.spec
    }

    /// Reads the footer of every file.
    async fn snapshot(&self) -> Result<Box<dyn Snapshot>> {
        let tables = files::tables(&self.spec, FileFormat::Parquet)?;
        let options = self.options.clone();
        match spawn_blocking(move || ParquetSnapshot::open(tables, options)).await {
            Ok(snapshot) => Ok(Box::new(snapshot?)),
            Err(error) => {
                let what = format!("cannot open `{}`: a thread", self.spec);
                Err(Error::of_task(&what, &error))
            }
        }
    }
}
