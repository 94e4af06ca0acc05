//! Arrow IPC: the file format (also called Feather) and the stream format, from files, patterns,
//! directories and standard input; plain or compressed with LZ4 or zstd.
//!
//! ```text
//! IpcSource ─snapshot─▶ IpcSnapshot: schemas, the identity of each file
//!                          │ scan
//!                          ▼
//!            Feed, behind a mutex: record batches of the wanted columns, cut into slices
//!              ┌───────────┼───────────┐
//!              ▼           ▼           ▼
//!         partition: slice ─▶ Batch
//! ```
//!
//! [`Column::from_arrow`](crate::value::Column::from_arrow) says what becomes of the values of each type.
//! There is no primary key: rows are known by their numbers.

mod feed;
mod file;
mod snapshot;

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use tokio::task::spawn_blocking;

use crate::error::{Error, ErrorKind, Result};
use crate::source::files::{FileFormat, InputFile, input_tables};
use crate::source::ipc::snapshot::IpcSnapshot;
use crate::source::{Snapshot, Source};

/// Arrow IPC files, or one stream, whose tables can be scanned.
pub struct IpcSource {
    spec: String,
    /// Whether a stream that can be read only once has been handed to a snapshot.
    consumed: AtomicBool,
}

impl IpcSource {
    /// Opens what `spec` names:
    ///
    /// - `-`: standard input in the stream format, as the table `data`;
    /// - a file in either format, as the table `data`;
    /// - a pattern such as `parts/*.arrow`: all files that match, in the order of their names and with the
    ///   same columns, as the one table `data`;
    /// - a directory: each `.arrow`, `.feather`, `.ipc` and `.arrows` file in it as a table named like the
    ///   file.
    ///
    /// # Errors
    ///
    /// `UsageInvalid` for a malformed pattern, `NotFound` if there is no such file, and what the
    /// operating system says of an unreadable one.
    pub fn open(spec: &str) -> Result<Self> {
        input_tables(spec, FileFormat::Ipc)?;
        Ok(Self { spec: spec.to_owned(), consumed: AtomicBool::new(false) })
    }
}

impl fmt::Debug for IpcSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IpcSource").field("spec", &self.spec).finish_non_exhaustive()
    }
}

#[async_trait]
impl Source for IpcSource {
    fn name(&self) -> &str {
        &self.spec
    }

    /// Reads the schema of every file, on a thread that may block.
    async fn snapshot(&self) -> Result<Box<dyn Snapshot>> {
        let tables = input_tables(&self.spec, FileFormat::Ipc)?;
        let streams = tables.iter().flat_map(|it| &it.files).any(InputFile::is_stream);
        if streams && self.consumed.swap(true, Ordering::AcqRel) {
            let message = format!("cannot read `{}` twice: it is a stream", self.spec);
            return Err(Error::new(ErrorKind::Unsupported, message));
        }
        match spawn_blocking(move || IpcSnapshot::open(tables)).await {
            Ok(snapshot) => Ok(Box::new(snapshot?)),
            Err(error) => {
                let what = format!("cannot open `{}`: a thread", self.spec);
                Err(Error::of_task(&what, &error))
            }
        }
    }
}
