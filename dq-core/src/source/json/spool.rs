//! Lines that can be read again: a file, or a copy of a stream.

use std::fs::File;
use std::io::{self, BufWriter, Read, Seek, SeekFrom, Write};
use std::sync::{Arc, Mutex, PoisonError};

use crate::error::{Error, Result};
use crate::source::files::{ByteStream, Identity, InputFile};

/// A file as it was when the snapshot was opened, or the copy of a stream.
#[derive(Clone, Debug)]
pub(crate) struct Spool {
    pub(crate) file: Arc<InputFile>,
    pub(crate) identity: Option<Identity>,
    /// What a stream has delivered.
    copy: Option<Arc<Mutex<File>>>,
}

impl Spool {
    /// Copies `file`, if it is a stream, to a temporary file without a name.
    pub(crate) fn new(file: InputFile) -> Result<Self> {
        let (_, mut stream, identity) = file.open_text()?;
        let copy = file.is_stream().then(|| copy(&file, &mut stream)).transpose()?;
        Ok(Self { file: Arc::new(file), identity, copy })
    }

    /// The content from its start.
    pub(crate) fn open(&self) -> Result<ByteStream> {
        if let Some(copy) = &self.copy {
            return Ok(Box::new(CopyReader { copy: Arc::clone(copy), position: 0 }));
        }
        let (_, stream, identity) = self.file.open_text().map_err(|error| {
            // A file that is gone has changed.
            self.file.check_unchanged(self.identity).err().unwrap_or(error)
        })?;
        if identity != self.identity {
            return Err(self.file.changed());
        }
        Ok(stream)
    }

    /// `SourceChanged` unless the file is still the one that was opened.
    pub(crate) fn check_unchanged(&self) -> Result<()> {
        self.file.check_unchanged(self.identity)
    }
}

fn copy(file: &InputFile, stream: &mut ByteStream) -> Result<Arc<Mutex<File>>> {
    let cannot_keep = |it| Error::from_io("write", "a temporary file for standard input", it);
    let mut out = BufWriter::with_capacity(1 << 18, tempfile::tempfile().map_err(cannot_keep)?);
    let mut buffer = vec![0; 1 << 18];
    loop {
        let read = stream.read(&mut buffer).map_err(|it| file.broken(&it, None))?;
        let Some(bytes) = buffer.get(..read).filter(|it| !it.is_empty()) else { break };
        out.write_all(bytes).map_err(cannot_keep)?;
    }
    let copy = out.into_inner().map_err(|it| cannot_keep(it.into_error()))?;
    Ok(Arc::new(Mutex::new(copy)))
}

/// Reads a copy from its start.
struct CopyReader {
    copy: Arc<Mutex<File>>,
    position: u64,
}

impl Read for CopyReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut file = self.copy.lock().unwrap_or_else(PoisonError::into_inner);
        file.seek(SeekFrom::Start(self.position))?;
        let read = file.read(buffer)?;
        self.position += read as u64;
        Ok(read)
    }
}
