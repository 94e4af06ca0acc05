//! One file or stream, and its record batches.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use arrow_array::RecordBatch;
use arrow_ipc::reader::{FileReader, StreamReader};
use arrow_schema::{ArrowError, Fields};

use crate::error::{Error, ErrorKind, Result};
use crate::source::files::fields::{caught, check_names};
use crate::source::files::{ByteStream, Identity, InputFile, peek};

/// The first bytes of the file format; the stream format has no such thing.
const FILE_MAGIC: &[u8; 6] = b"ARROW1";

/// An open file or stream.
pub(crate) struct Reader {
    file: Arc<InputFile>,
    identity: Option<Identity>,
    batches: Batches,
    fields: Fields,
    /// The columns to give, where the decoder gives all.
    selected: Option<Vec<usize>>,
}

enum Batches {
    File(Box<FileReader<BufReader<File>>>),
    Stream { reader: Box<StreamReader<Ending>>, has_ended: Arc<AtomicBool> },
}

impl Reader {
    /// Opens `file`, to read the columns at the positions of `projection`, or all.
    pub(crate) fn open(file: &Arc<InputFile>, projection: Option<Vec<usize>>) -> Result<Self> {
        let broken = |it: io::Error| file.broken(&it, None);
        let (stream, identity) = file.open()?;
        let (head, stream) = peek::<6>(stream).map_err(broken)?;
        let batches = match (head == FILE_MAGIC, file.as_ref()) {
            _ if head.is_empty() => return Err(invalid(file, "it is empty")),
            (true, InputFile::Regular(path)) => {
                let opened = File::open(path).map_err(broken)?;
                let reader = caught(|| FileReader::try_new_buffered(opened, projection));
                Batches::File(Box::new(decoded(file, reader)?))
            }
            (true, _) => {
                let reason = "it holds the file format, which cannot be read from a stream: \
                              write the stream format, or a file";
                return Err(invalid(file, reason));
            }
            (false, _) => {
                let has_ended = Arc::new(AtomicBool::new(false));
                let stream = Ending { stream, has_ended: Arc::clone(&has_ended) };
                let reader = caught(|| StreamReader::try_new(stream, projection));
                Batches::Stream { reader: Box::new(decoded(file, reader)?), has_ended }
            }
        };
        let fields = match &batches {
            Batches::File(reader) => reader.schema().fields().clone(),
            Batches::Stream { reader, .. } => reader.schema().fields().clone(),
        };
        check_names(file, &fields)?;
        Ok(Self { file: Arc::clone(file), identity, batches, fields, selected: None })
    }

    /// The same with the columns at the positions of `selected` only.
    pub(crate) fn selecting(self, selected: Vec<usize>) -> Self {
        Self { selected: Some(selected), ..self }
    }

    /// The columns of the file, all of them, wanted or not.
    pub(crate) fn fields(&self) -> &Fields {
        &self.fields
    }

    /// What the file was when it was opened.
    pub(crate) fn identity(&self) -> Option<Identity> {
        self.identity
    }

    /// The next record batch; `None` after the last.
    pub(crate) fn next(&mut self) -> Result<Option<RecordBatch>> {
        let next = caught(|| match &mut self.batches {
            Batches::File(reader) => reader.next().transpose(),
            Batches::Stream { reader, .. } => reader.next().transpose(),
        });
        let next = decoded(&self.file, next)?;
        let selected = next.as_ref().zip(self.selected.as_deref());
        if let Some((rows, selected)) = selected {
            return decoded(&self.file, Some(rows.project(selected))).map(Some);
        }
        if let (None, Batches::Stream { has_ended, .. }) = (&next, &self.batches)
            && has_ended.load(Ordering::Relaxed)
        {
            let reason = "the mark of its end is missing, so that it may be cut off";
            return Err(invalid(&self.file, reason));
        }
        Ok(next)
    }
}

/// What a decoder gives, or what is wrong with the file.
fn decoded<T>(file: &InputFile, result: Option<Result<T, ArrowError>>) -> Result<T> {
    match result {
        Some(Ok(value)) => Ok(value),
        Some(Err(ArrowError::IoError(_, cause))) => Err(match cause.kind() {
            // Damaged lengths lead behind the end, or before the start.
            io::ErrorKind::UnexpectedEof | io::ErrorKind::InvalidInput => {
                invalid(file, "it is cut off")
            }
            _ => file.broken(&cause, None),
        }),
        Some(Err(error)) => {
            let reason = format!("it is damaged, or no Arrow IPC file: {error}");
            Err(invalid(file, reason.trim_end_matches('.')))
        }
        None => Err(invalid(file, "it is damaged, or no Arrow IPC file")),
    }
}

fn invalid(file: &InputFile, reason: &str) -> Error {
    Error::new(ErrorKind::SourceInvalid, format!("cannot read `{file}`: {reason}"))
}

/// A stream that tells whether it has been read beyond its last byte.
struct Ending {
    stream: ByteStream,
    has_ended: Arc<AtomicBool>,
}

impl Read for Ending {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.stream.read(buffer)?;
        if read == 0 && !buffer.is_empty() {
            self.has_ended.store(true, Ordering::Relaxed);
        }
        Ok(read)
    }
}
