//! JSON Lines: a JSON object in each line, from files, patterns, directories and standard input; plain
//! or compressed with gzip; in UTF-8.
//!
//! ```text
//! JsonSource ─snapshot─▶ survey: every line once, for the names and types of the columns
//!                           │ scan
//!                           ▼
//!              Feed, behind a mutex: file ─gzip─▶ blocks of whole lines
//!               ┌───────────┼───────────┐
//!               ▼           ▼           ▼
//!          partition: objects ─▶ values, text mostly as spans over the block ─▶ Batch
//! ```
//!
//! The columns of a table are the keys of all its objects, in the order in which they first appear; an
//! object that lacks a key has NULL there, and so has one with `null`. Values keep the type that they
//! have in JSON, value by value:
//!
//! - numbers without a point and exponent are whole numbers; those beyond 64 bits are the text of their
//!   digits, which compares as the number;
//! - all other numbers are floating-point numbers; those beyond their range are text as they stand there;
//! - objects and arrays are text, as they stand there.
//!
//! A key that an object has twice is an error: which value it has is anybody's guess. A line without any
//! character is skipped. There is no primary key: rows are known by their numbers.

mod blocks;
mod feed;
mod line;
mod options;
mod rows;
mod snapshot;
mod spool;
mod survey;

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use tokio::task::spawn_blocking;

use crate::error::{Error, ErrorKind, Result};
use crate::source::files::{FileFormat, InputFile, input_tables};
use crate::source::json::snapshot::JsonSnapshot;
use crate::source::{Snapshot, Source};

pub(crate) use line::Kind;
pub use options::JsonOptions;

/// JSON Lines files, or one stream, whose tables can be scanned.
pub struct JsonSource {
    spec: String,
    options: JsonOptions,
    /// Whether a stream that can be read only once has been handed to a snapshot.
    consumed: AtomicBool,
}

impl JsonSource {
    /// Opens what `spec` names:
    ///
    /// - `-`: standard input, as the table `data`;
    /// - a file, as the table `data`;
    /// - a pattern such as `parts/*.jsonl`: all files that match, in the order of their names, as the one
    ///   table `data`;
    /// - a directory: each `.jsonl` and `.ndjson` file in it as a table named like the file.
    ///
    /// Files whose names end with `.gz` are decompressed, and so is a compressed standard input. Streams
    /// are copied to an unnamed temporary file, since lines are read twice.
    ///
    /// # Errors
    ///
    /// `ConfigInvalid` for an option out of its range, `UsageInvalid` for a malformed pattern,
    /// `NotFound` if there is no such file, and what the operating system says of an unreadable one.
    pub fn open(spec: &str, options: JsonOptions) -> Result<Self> {
        options.check()?;
        input_tables(spec, FileFormat::Json)?;
        Ok(Self { spec: spec.to_owned(), options, consumed: AtomicBool::new(false) })
    }
}

impl fmt::Debug for JsonSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JsonSource").field("spec", &self.spec).finish_non_exhaustive()
    }
}

#[async_trait]
impl Source for JsonSource {
    fn name(&self) -> &str {
        &self.spec
    }

    /// Reads every line once, on a thread that may block.
    async fn snapshot(&self) -> Result<Box<dyn Snapshot>> {
        let tables = input_tables(&self.spec, FileFormat::Json)?;
        let streams = tables.iter().flat_map(|it| &it.files).any(InputFile::is_stream);
        if streams && self.consumed.swap(true, Ordering::AcqRel) {
            let message = format!("cannot read `{}` twice: it is a stream", self.spec);
            return Err(Error::new(ErrorKind::Unsupported, message));
        }
        let options = self.options.clone();
        match spawn_blocking(move || JsonSnapshot::open(tables, &options)).await {
            Ok(snapshot) => Ok(Box::new(snapshot?)),
            Err(error) => {
                let what = format!("cannot open `{}`: a thread", self.spec);
                Err(Error::of_task(&what, &error))
            }
        }
    }
}
