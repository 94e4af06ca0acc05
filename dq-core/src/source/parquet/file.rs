//! One Parquet file: its footer, its identity, and its bytes.

use std::fs::{self, File};
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use arrow_schema::Fields;
use bytes::Bytes;
use parquet::errors::ParquetError;
use parquet::file::metadata::{ParquetMetaData, ParquetMetaDataReader};
use parquet::file::reader::{ChunkReader, Length};

use crate::error::{Error, Result};
use crate::source::files::Identity;
use crate::source::parquet::error::{changed, invalid, unreadable};
use crate::source::parquet::{encryption, schema};

const MAGIC: &[u8; 4] = b"PAR1";
const MAGIC_ENCRYPTED: &[u8; 4] = b"PARE";

/// The magic at both ends, and the length of the footer.
const BYTES_MIN: u64 = 12;

/// A file as it was when the snapshot was opened.
#[derive(Debug)]
pub(crate) struct ParquetFile {
    pub(crate) path: PathBuf,
    identity: Identity,
    pub(crate) metadata: Arc<ParquetMetaData>,
    /// The columns, as arrays without dictionaries.
    pub(crate) fields: Fields,
}

impl ParquetFile {
    /// Reads the footer of the file at `path`.
    pub(crate) fn open(path: PathBuf) -> Result<Self> {
        let (file, identity) = open(&path)?;
        let bytes = FileBytes::new(file, identity.size);
        check_magic(&path, &bytes)?;
        let metadata = ParquetMetaDataReader::new()
            .parse_and_finish(&bytes)
            .map_err(|it| unreadable(&path, it))?;
        let fields = schema::fields(&path, &metadata)?;
        Ok(Self { path, identity, metadata: Arc::new(metadata), fields })
    }

    /// The bytes of the file, which must be the same still.
    pub(crate) fn bytes(&self) -> Result<FileBytes> {
        let (file, identity) = open(&self.path).map_err(|_| changed(&self.path))?;
        if identity != self.identity {
            return Err(changed(&self.path));
        }
        Ok(FileBytes::new(file, identity.size))
    }

    /// Why rows cannot be read, if there is a better reason than `error`: the file has changed, or the
    /// wanted columns are encrypted.
    pub(crate) fn explain(&self, error: Error) -> Error {
        if let Err(changed) = self.check_unchanged() {
            return changed;
        }
        let is_encrypted = self
            .bytes()
            .ok()
            .and_then(|it| footer(&it))
            .is_some_and(|it| encryption::is_noted_in(&it));
        if is_encrypted {
            return invalid(&self.path, "some of its columns are encrypted; decrypt it first");
        }
        error
    }

    /// `SourceChanged` unless the file is still the one that was opened.
    pub(crate) fn check_unchanged(&self) -> Result<()> {
        match fs::metadata(&self.path) {
            Ok(metadata) if Identity::of(&metadata) == self.identity => Ok(()),
            _ => Err(changed(&self.path)),
        }
    }
}

fn open(path: &Path) -> Result<(File, Identity)> {
    let cannot_open = |it| Error::from_io("open", path.display(), it);
    let metadata = fs::metadata(path).map_err(cannot_open)?;
    if !metadata.is_file() {
        return Err(invalid(
            path,
            "a Parquet file is not read from its start to its end, so it cannot be a stream",
        ));
    }
    let file = File::open(path).map_err(cannot_open)?;
    let identity = Identity::of(&file.metadata().map_err(cannot_open)?);
    Ok((file, identity))
}

/// The footer, which has its length and the magic behind it.
fn footer(bytes: &FileBytes) -> Option<Bytes> {
    let end = bytes.size.checked_sub(8)?;
    let length = bytes.get_bytes(end, 4).ok()?;
    let length = u32::from_le_bytes(*length.first_chunk()?);
    bytes.get_bytes(end.checked_sub(length.into())?, length as usize).ok()
}

/// Tells what is no Parquet file at all from what is damaged or encrypted.
fn check_magic(path: &Path, bytes: &FileBytes) -> Result<()> {
    if bytes.size == 0 {
        return Err(invalid(path, "it is empty"));
    }
    let magic = |at: u64| bytes.get_bytes(at, MAGIC.len()).map_err(|it| unreadable(path, it));
    if bytes.size < BYTES_MIN {
        return Err(invalid(path, "it is no Parquet file"));
    }
    let (first, last) = (magic(0)?, magic(bytes.size - MAGIC.len() as u64)?);
    if *first == *MAGIC_ENCRYPTED || *last == *MAGIC_ENCRYPTED {
        return Err(invalid(path, "it is encrypted; decrypt it first"));
    }
    match (*first == *MAGIC, *last == *MAGIC) {
        (true, true) => Ok(()),
        (true, false) => Err(invalid(path, "it is cut off: the end of a Parquet file is missing")),
        (false, _) => Err(invalid(path, "it is no Parquet file")),
    }
}

/// The bytes of a file at any place. Clones share one handle, and take turns.
#[derive(Clone, Debug)]
pub(crate) struct FileBytes {
    file: Arc<Mutex<File>>,
    size: u64,
}

impl FileBytes {
    fn new(file: File, size: u64) -> Self {
        Self { file: Arc::new(Mutex::new(file)), size }
    }

    fn at(&self, position: u64) -> FileReader {
        FileReader { bytes: self.clone(), position }
    }
}

impl Length for FileBytes {
    fn len(&self) -> u64 {
        self.size
    }
}

impl ChunkReader for FileBytes {
    type T = BufReader<FileReader>;

    fn get_read(&self, start: u64) -> Result<Self::T, ParquetError> {
        Ok(BufReader::with_capacity(1024, self.at(start))) // holds the header of a page
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes, ParquetError> {
        // What a damaged footer says of lengths must not be believed before memory is reserved.
        if start.checked_add(length as u64).is_none_or(|end| end > self.size) {
            return Err(ParquetError::EOF("the data lie behind the end of the file".to_owned()));
        }
        let mut bytes = Vec::with_capacity(length);
        self.at(start).take(length as u64).read_to_end(&mut bytes)?;
        if bytes.len() < length {
            return Err(ParquetError::EOF("the file ends too early".to_owned()));
        }
        Ok(bytes.into())
    }
}

/// Reads a file from a place on.
#[derive(Debug)]
pub(crate) struct FileReader {
    bytes: FileBytes,
    position: u64,
}

impl Read for FileReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut file = self.bytes.file.lock().unwrap_or_else(PoisonError::into_inner);
        file.seek(SeekFrom::Start(self.position))?;
        let read = file.read(buffer)?;
        self.position += read as u64;
        Ok(read)
    }
}
