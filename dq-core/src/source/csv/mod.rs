//! Comma-separated values: one file, several files as one table, a directory as several tables, or
//! standard input; plain or compressed with gzip; in any encoding of the web.
//!
//! ```text
//! CsvSource ─snapshot─▶ CsvSnapshot: tables, their headers, the identity of each file
//!                          │ scan
//!                          ▼
//!            Feed, behind a mutex: file ─gzip─▶ ─encoding─▶ Blocks of whole records
//!                          │ one block after another
//!              ┌───────────┼───────────┐
//!              ▼           ▼           ▼
//!         partition: grammar ─▶ spans over the block ─▶ Batch
//! ```
//!
//! The grammar is that of RFC 4180, read as most programs read it. Records end with LF or CR LF; the
//! last one may lack it; a CR elsewhere is data, but an error in an unquoted name of the header, since
//! there it tells of lines that end with CR alone. A cell that starts with a quote ends with the next
//! quote that is not doubled, and may hold delimiters and line ends; a quote further inside of an
//! unquoted cell is data. Each record has as many cells as the header. A line without any character
//! is skipped, except where the table has one column: there it is a record whose cell is empty.
//!
//! Every cell is text. An empty cell is NULL and a quoted empty cell is blank, unless
//! [`CsvOptions::empty`] says otherwise. There is no primary key: records are known by their numbers.

mod blocks;
mod decode;
mod decoder;
mod feed;
mod file;
mod flaw;
mod grammar;
mod header;
mod marks;
mod options;
mod rows;
mod snapshot;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use tokio::task::spawn_blocking;

use crate::error::{Error, ErrorKind, Result};
use crate::source::csv::options::Format;
use crate::source::csv::snapshot::CsvSnapshot;
use crate::source::files::{FileFormat, InputFile, input_tables};
use crate::source::{Snapshot, Source};

pub use options::{CsvOptions, EmptyCell};

/// CSV files, or one CSV stream, whose tables can be scanned.
pub struct CsvSource {
    spec: String,
    format: Arc<Format>,
    /// Whether a stream that can be read only once has been handed to a snapshot.
    consumed: AtomicBool,
}

impl CsvSource {
    /// Opens what `spec` names:
    ///
    /// - `-`: standard input, as the table `data`;
    /// - a file, as the table `data`;
    /// - a pattern such as `parts/2026-*.csv`: all files that match, in the order of their names and
    ///   with the same header, as the one table `data`;
    /// - a directory: each `.csv` and `.tsv` file in it as a table named like the file.
    ///
    /// Files whose names end with `.gz` are decompressed, and so is a compressed standard input.
    ///
    /// # Errors
    ///
    /// `ConfigInvalid` for an option out of its range, `UsageInvalid` for a malformed pattern,
    /// `NotFound` if there is no such file, and what the operating system says of an unreadable one.
    pub fn open(spec: &str, options: CsvOptions) -> Result<Self> {
        let format = Arc::new(Format::new(options)?);
        input_tables(spec, FileFormat::Csv)?;
        Ok(Self { spec: spec.to_owned(), format, consumed: AtomicBool::new(false) })
    }
}

impl fmt::Debug for CsvSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CsvSource").field("spec", &self.spec).finish_non_exhaustive()
    }
}

#[async_trait]
impl Source for CsvSource {
    fn name(&self) -> &str {
        &self.spec
    }

    /// Opens the files and reads their headers, on a thread that may block: a pipe may have nothing to
    /// say for a long time.
    async fn snapshot(&self) -> Result<Box<dyn Snapshot>> {
        let tables = input_tables(&self.spec, FileFormat::Csv)?;
        let streams = tables.iter().flat_map(|it| &it.files).any(InputFile::is_stream);
        if streams && self.consumed.swap(true, Ordering::AcqRel) {
            let message = format!("cannot read `{}` twice: it is a stream", self.spec);
            return Err(Error::new(ErrorKind::Unsupported, message));
        }
        let format = Arc::clone(&self.format);
        match spawn_blocking(move || CsvSnapshot::open(tables, format)).await {
            Ok(snapshot) => Ok(Box::new(snapshot?)),
            Err(error) => {
                let what = format!("cannot open `{}`: a thread", self.spec);
                Err(Error::of_task(&what, &error))
            }
        }
    }
}
