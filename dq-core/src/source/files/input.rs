//! A file that is read from its start to its end, or standard input; plain or compressed with gzip.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Cursor, Read};
use std::path::{Path, PathBuf};

use flate2::bufread::GzDecoder;

use crate::error::{Error, ErrorKind, Result};
#[cfg(any(feature = "csv", feature = "json"))]
use crate::source::files::foreign::{HEAD_BYTES, foreign};
use crate::source::files::{FileFormat, Identity, Located, is_gzip, only_table, tables};

const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];

/// A stream of bytes, read by one thread at a time.
pub(crate) type ByteStream = Box<dyn Read + Send>;

/// One file, or standard input.
#[derive(Clone, Debug)]
pub(crate) enum InputFile {
    /// Standard input.
    Stdin,
    /// A file that can be opened again and again.
    Regular(PathBuf),
    /// A pipe or device, which can be read once.
    Stream(PathBuf),
}

impl InputFile {
    /// The file at `path`, which is not a directory.
    pub(crate) fn at(path: PathBuf) -> Result<Self> {
        let metadata = fs::metadata(&path).map_err(|it| cannot_open(&path, it))?;
        Ok(if metadata.is_file() { Self::Regular(path) } else { Self::Stream(path) })
    }

    /// Whether this can be read only once.
    pub(crate) fn is_stream(&self) -> bool {
        !matches!(self, Self::Regular(_))
    }

    /// The path, unless this is standard input.
    pub(crate) fn path(&self) -> Option<&Path> {
        match self {
            Self::Stdin => None,
            Self::Regular(path) | Self::Stream(path) => Some(path),
        }
    }

    /// Whether the size of this file says how much text it holds.
    #[cfg(feature = "csv")]
    pub(crate) fn is_plain(&self) -> bool {
        matches!(self, Self::Regular(path) if !is_gzip(path))
    }

    /// Opens the file as a stream of its content: what is compressed with gzip is decompressed, where
    /// the name says so or where there is none. The identity is that of the opened file; streams have
    /// none.
    pub(crate) fn open(&self) -> Result<(ByteStream, Option<Identity>)> {
        let (raw, identity) = self.open_raw()?;
        let content = self.decompressed(raw).map_err(|it| self.broken(&it, None))?;
        Ok((content, identity))
    }

    /// Opens the file as a stream of text whose first bytes are given, too.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open), and `SourceInvalid` where they show that it is no text.
    #[cfg(any(feature = "csv", feature = "json"))]
    pub(crate) fn open_text(&self) -> Result<(Vec<u8>, ByteStream, Option<Identity>)> {
        let (content, identity) = self.open()?;
        let (head, text) = peek_text(content);
        match foreign(&head) {
            Some(reason) => {
                Err(self.broken(&io::Error::new(io::ErrorKind::InvalidData, reason), None))
            }
            None => Ok((head, text, identity)),
        }
    }

    fn open_raw(&self) -> Result<(ByteStream, Option<Identity>)> {
        let Some(path) = self.path() else { return Ok((Box::new(io::stdin()), None)) };
        let file = File::open(path).map_err(|it| cannot_open(path, it))?;
        if self.is_stream() {
            return Ok((Box::new(file), None));
        }
        let metadata = file.metadata().map_err(|it| cannot_open(path, it))?;
        Ok((Box::new(file), Some(Identity::of(&metadata))))
    }

    fn decompressed(&self, raw: ByteStream) -> io::Result<ByteStream> {
        let named_gzip = self.path().is_some_and(is_gzip);
        if !named_gzip && !self.is_stream() {
            return Ok(raw);
        }
        let (head, raw) = peek::<2>(raw)?;
        if head == GZIP_MAGIC {
            let compressed = BufReader::with_capacity(64 * 1024, raw);
            return Ok(Box::new(Gunzip { member: Some(GzDecoder::new(compressed)) }));
        }
        if named_gzip {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "it is not a gzip file"));
        }
        Ok(raw)
    }

    /// `SourceChanged` unless the file is still the one whose identity was `before`.
    pub(crate) fn check_unchanged(&self, before: Option<Identity>) -> Result<()> {
        let (Self::Regular(path), Some(before)) = (self, before) else { return Ok(()) };
        match fs::metadata(path) {
            Ok(metadata) if Identity::of(&metadata) == before => Ok(()),
            _ => Err(self.changed()),
        }
    }

    /// The error of a file that changed.
    pub(crate) fn changed(&self) -> Error {
        let message = format!("cannot read `{self}`: the file changed during the run");
        Error::new(ErrorKind::SourceChanged, message)
    }

    /// The error of reading further than `line`.
    pub(crate) fn broken(&self, cause: &io::Error, line: Option<u64>) -> Error {
        let kind = match cause.kind() {
            io::ErrorKind::InvalidData => ErrorKind::SourceInvalid,
            io::ErrorKind::PermissionDenied => ErrorKind::PermissionDenied,
            _ => ErrorKind::Unavailable,
        };
        let place = line.map_or_else(String::new, |line| format!("line {line}: "));
        Error::new(kind, format!("cannot read `{self}`: {place}{cause}"))
    }
}

/// The tables of files of `format` that `spec` names, each with at least one file; `-` is standard
/// input.
pub(crate) fn input_tables(spec: &str, format: FileFormat) -> Result<Vec<Located<InputFile>>> {
    if spec == "-" {
        return Ok(only_table(vec![InputFile::Stdin]));
    }
    let located = |Located { table, files }: Located| {
        let files = files.into_iter().map(InputFile::at).collect::<Result<_>>()?;
        Ok(Located { table, files })
    };
    tables(spec, format)?.into_iter().map(located).collect()
}

impl fmt::Display for InputFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.path() {
            None => f.write_str("standard input"),
            Some(path) => path.display().fmt(f),
        }
    }
}

fn cannot_open(path: &Path, cause: io::Error) -> Error {
    Error::from_io("open", path.display(), cause)
}

/// The first bytes of a stream, fewer if it is shorter, and the whole stream.
pub(crate) fn peek<const N: usize>(mut stream: ByteStream) -> io::Result<(Vec<u8>, ByteStream)> {
    let mut head = Vec::with_capacity(N);
    (&mut stream).take(N as u64).read_to_end(&mut head)?;
    let whole = Cursor::new(head.clone()).chain(stream);
    Ok((head, Box::new(whole)))
}

/// As [`peek`], of as many bytes as tell what a file is; where reading them fails, so does the whole stream there, and who
/// reads it knows the line.
#[cfg(any(feature = "csv", feature = "json"))]
fn peek_text(mut stream: ByteStream) -> (Vec<u8>, ByteStream) {
    let mut head = Vec::with_capacity(HEAD_BYTES);
    let read = (&mut stream).take(HEAD_BYTES as u64).read_to_end(&mut head);
    let rest: ByteStream = match read {
        Ok(_) => stream,
        Err(error) => Box::new(Broken(Some(error))),
    };
    (head.clone(), Box::new(Cursor::new(head).chain(rest)))
}

/// Where a stream is broken.
#[cfg(any(feature = "csv", feature = "json"))]
struct Broken(Option<io::Error>);

#[cfg(any(feature = "csv", feature = "json"))]
impl Read for Broken {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        self.0.take().map_or(Ok(0), Err)
    }
}

/// Decompresses all members of gzip data, one after the other, and says in plain words what is wrong.
struct Gunzip<R> {
    /// The member that is read; none behind the last.
    member: Option<GzDecoder<R>>,
}

impl<R: BufRead> Read for Gunzip<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while let Some(member) = &mut self.member {
            let read = member.read(buffer).map_err(in_plain_words)?;
            if read > 0 || buffer.is_empty() {
                return Ok(read);
            }
            let Some(mut rest) = self.member.take().map(GzDecoder::into_inner) else { break };
            self.member = is_another_member(&mut rest)?.then(|| GzDecoder::new(rest));
        }
        Ok(0)
    }
}

/// Whether another member stands behind the one that has ended. Zeros behind the last are what tapes and block
/// devices fill up with, and are passed over, as gzip does.
fn is_another_member(rest: &mut impl BufRead) -> io::Result<bool> {
    let mut is_filled_up = false;
    loop {
        let bytes = match rest.fill_buf() {
            // Whoever reads on after that would not come back here.
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            bytes => bytes?,
        };
        match (bytes.first(), bytes.iter().position(|it| *it != 0)) {
            (None, _) => return Ok(false),
            (Some(first), _) if Some(first) == GZIP_MAGIC.first() && !is_filled_up => {
                return Ok(true);
            }
            (_, Some(_)) => {
                let reason = "behind the gzip data stands something else";
                return Err(io::Error::new(io::ErrorKind::InvalidData, reason));
            }
            (_, None) => {
                is_filled_up = true;
                let zeros = bytes.len();
                rest.consume(zeros);
            }
        }
    }
}

fn in_plain_words(cause: io::Error) -> io::Error {
    let reason = match cause.kind() {
        io::ErrorKind::UnexpectedEof => "the gzip data end too early",
        io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData => "the gzip data are corrupt",
        _ => return cause,
    };
    io::Error::new(io::ErrorKind::InvalidData, reason)
}
