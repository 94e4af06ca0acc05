//! A file as it was when a snapshot was opened, and what a scan reads of it.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use crate::error::{Error, ErrorKind, Result};
use crate::source::files::{Identity, InputFile};

/// A file as it was when a snapshot was opened. `O` is the opened file.
pub(crate) struct SeenFile<O> {
    pub(crate) file: Arc<InputFile>,
    pub(crate) identity: Option<Identity>,
    /// A stream, until it is scanned; a file is opened again.
    stream: Mutex<Option<O>>,
}

/// A file that a scan reads.
#[derive(Debug)]
pub(crate) struct FeedFile<O> {
    pub(crate) file: Arc<InputFile>,
    /// What the file must still be.
    pub(crate) identity: Option<Identity>,
    /// The stream, where the file is one.
    pub(crate) stream: Option<O>,
}

impl<O> SeenFile<O> {
    /// `file`, which has been `open`ed and is kept open if it is a stream.
    pub(crate) fn new(file: Arc<InputFile>, identity: Option<Identity>, open: O) -> Self {
        let stream = Mutex::new(file.is_stream().then_some(open));
        Self { file, identity, stream }
    }

    /// What a scan reads; a stream is handed out once.
    pub(crate) fn feed(&self) -> Result<FeedFile<O>> {
        let stream = self.stream.lock().unwrap_or_else(PoisonError::into_inner).take();
        if stream.is_none() && self.file.is_stream() {
            let message = format!("cannot read `{}` twice: it is a stream", self.file);
            return Err(Error::new(ErrorKind::Unsupported, message));
        }
        Ok(FeedFile { file: Arc::clone(&self.file), identity: self.identity, stream })
    }

    /// `SourceChanged` unless the file is still the one that was opened.
    pub(crate) fn check_unchanged(&self) -> Result<()> {
        self.file.check_unchanged(self.identity)
    }
}

impl<O> fmt::Debug for SeenFile<O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SeenFile").field("file", &self.file).finish_non_exhaustive()
    }
}
