//! Cuts a stream into blocks of whole lines.

use std::io::{self, Read};
use std::mem;

use crate::error::{Error, ErrorKind, Result};
use crate::source::files::{ByteStream, InputFile};
use crate::source::json::JsonOptions;

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Some whole lines.
#[derive(Debug)]
pub(crate) struct Block {
    /// The lines; only the last of a file may lack its end.
    pub(crate) bytes: Vec<u8>,
    /// The number of the first line.
    pub(crate) line: u64,
}

/// The blocks of one file, one after another.
pub(crate) struct Blocks {
    stream: ByteStream,
    block_bytes: usize,
    line_bytes_max: usize,
    /// What has been read and not been handed out.
    carry: Vec<u8>,
    /// The number of the line that the carry starts with.
    line: u64,
    end: Option<io::Result<()>>,
    is_first: bool,
}

impl Blocks {
    /// The blocks of `stream`.
    pub(crate) fn new(stream: ByteStream, options: &JsonOptions) -> Self {
        Self {
            stream,
            block_bytes: options.block_bytes.max(1),
            line_bytes_max: options.line_bytes_max,
            carry: Vec::new(),
            line: 1,
            end: None,
            is_first: true,
        }
    }

    /// The next block, `None` after the last. A failure comes after the lines before it. `file` is
    /// named in errors.
    pub(crate) fn next(&mut self, file: &InputFile) -> Result<Option<Block>> {
        let mut bytes = mem::take(&mut self.carry);
        loop {
            self.fill(&mut bytes);
            if matches!(self.end, Some(Ok(()))) {
                return Ok((!bytes.is_empty()).then(|| self.hand_out(bytes)));
            }
            if let Some(end) = memchr::memrchr(b'\n', &bytes) {
                self.carry = bytes.split_off(end + 1);
                return Ok(Some(self.hand_out(bytes)));
            }
            if let Some(Err(cause)) = &self.end {
                return Err(file.broken(cause, Some(self.line)));
            }
            if bytes.len() > self.line_bytes_max {
                return Err(self.too_long(file));
            }
        }
    }

    /// Reads once more, and at least as much again as there is, so that long lines are not searched
    /// over and over.
    fn fill(&mut self, bytes: &mut Vec<u8>) {
        if self.end.is_some() {
            return;
        }
        let longest = self.line_bytes_max.max(self.block_bytes) + 1;
        let room = longest.saturating_sub(bytes.len()).max(1);
        let wanted = self.block_bytes.max(bytes.len()).min(room);
        bytes.reserve(wanted);
        match (&mut self.stream).take(wanted as u64).read_to_end(bytes) {
            Ok(read) if read < wanted => self.end = Some(Ok(())),
            Ok(_) => {}
            Err(cause) => self.end = Some(Err(cause)),
        }
        let mark = BYTE_ORDER_MARK.len();
        if self.is_first && (bytes.len() >= mark || self.end.is_some()) {
            self.is_first = false;
            if bytes.starts_with(BYTE_ORDER_MARK) {
                bytes.drain(..mark);
            }
        }
    }

    fn hand_out(&mut self, bytes: Vec<u8>) -> Block {
        let line = self.line;
        self.line += memchr::memchr_iter(b'\n', &bytes).count() as u64;
        Block { bytes, line }
    }

    fn too_long(&self, file: &InputFile) -> Error {
        let (line, bytes_max) = (self.line, self.line_bytes_max);
        let message = format!(
            "cannot read `{file}`: line {line}: it has more than {bytes_max} bytes (`line_bytes_max`); \
             is there an object in each line?"
        );
        Error::new(ErrorKind::LimitExceeded, message)
    }
}
