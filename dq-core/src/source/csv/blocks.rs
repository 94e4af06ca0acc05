//! Cuts a stream into blocks of whole records.

use std::io::{self, Read};
use std::mem;

use crate::error::{Error, Result};
use crate::source::csv::flaw::{Context, Flaw, Reason};
use crate::source::csv::marks::Marks;
use crate::source::csv::options::{Dialect, Format};
use crate::source::files::{ByteStream, InputFile};

/// The first block is smaller, since it may be read for the header alone.
const FIRST_BYTES: usize = 64 * 1024;

/// Some whole records.
#[derive(Debug)]
pub(crate) struct Block {
    /// The records, each with its line end; only the last may lack it, in a quote that never closes.
    pub(crate) bytes: Vec<u8>,
    /// The number of the line that the block starts with.
    pub(crate) line: u64,
    /// How many line ends there are.
    pub(crate) lines: usize,
}

/// The blocks of one file, one after another.
pub(crate) struct Blocks {
    file: InputFile,
    stream: ByteStream,
    dialect: Dialect,
    block_bytes: usize,
    /// How much to read next.
    read_bytes: usize,
    /// What has been read and not been handed out.
    carry: Vec<u8>,
    /// The number of the line that the carry starts with.
    line: u64,
    end: Option<End>,
}

/// How a stream ended.
enum End {
    Reached,
    Failed(io::Error),
}

impl Blocks {
    /// The blocks of `stream`, which is the UTF-8 of `file`.
    pub(crate) fn new(file: &InputFile, stream: ByteStream, format: &Format) -> Self {
        Self {
            file: file.clone(),
            stream,
            dialect: format.dialect(file),
            block_bytes: format.block_bytes,
            read_bytes: format.block_bytes.min(FIRST_BYTES),
            carry: Vec::new(),
            line: 1,
            end: None,
        }
    }

    /// What the marks of the file are.
    pub(crate) fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// The next block, `None` after the last. A failure comes after the records before it.
    pub(crate) fn next(&mut self) -> Result<Option<Block>> {
        let mut bytes = mem::take(&mut self.carry);
        loop {
            self.fill(&mut bytes);
            if matches!(self.end, Some(End::Reached)) {
                return Ok(self.last(bytes));
            }
            if let Some(end) = records_end(&bytes, self.dialect) {
                self.carry = self.split_off(&mut bytes, end);
                return Ok(Some(self.hand_out(bytes)));
            }
            if let Some(End::Failed(cause)) = &self.end {
                return Err(self.file.broken(cause, Some(self.line)));
            }
            if bytes.len() > self.dialect.record_bytes_max {
                return Err(self.too_long(&bytes));
            }
        }
    }

    /// Takes back the records of a block behind its first `used` bytes.
    pub(crate) fn unread(&mut self, block: Block, used: usize) {
        let mut bytes = block.bytes;
        self.line = block.line;
        let rest = self.split_off(&mut bytes, used);
        self.line += count_lines(&bytes) as u64;
        let unread = mem::replace(&mut self.carry, rest);
        self.carry.extend_from_slice(&unread);
    }

    /// Reads once more, and at least as much again as there is, so that long records are not
    /// searched over and over.
    fn fill(&mut self, bytes: &mut Vec<u8>) {
        if self.end.is_some() {
            return;
        }
        let longest = self.dialect.record_bytes_max.max(self.block_bytes) + 1;
        let wanted =
            self.read_bytes.max(bytes.len()).min(longest.saturating_sub(bytes.len()).max(1));
        self.read_bytes = self.block_bytes;
        bytes.reserve(wanted + 1);
        match (&mut self.stream).take(wanted as u64).read_to_end(bytes) {
            Ok(read) if read < wanted => self.end = Some(End::Reached),
            Ok(_) => {}
            Err(cause) => self.end = Some(End::Failed(cause)),
        }
    }

    /// Cuts `bytes` at `end`; what is behind gets room for the next block.
    fn split_off(&self, bytes: &mut Vec<u8>, end: usize) -> Vec<u8> {
        let rest = bytes.get(end..).unwrap_or_default();
        let mut carry = Vec::with_capacity(rest.len() + self.block_bytes + 2);
        carry.extend_from_slice(rest);
        bytes.truncate(end);
        carry
    }

    /// What is left at the end of the stream.
    fn last(&mut self, mut bytes: Vec<u8>) -> Option<Block> {
        if *bytes.last()? != b'\n' {
            bytes.push(b'\n');
        }
        Some(self.hand_out(bytes))
    }

    fn hand_out(&mut self, bytes: Vec<u8>) -> Block {
        let lines = count_lines(&bytes);
        let line = self.line;
        self.line += lines as u64;
        Block { bytes, line, lines }
    }

    fn too_long(&self, bytes: &[u8]) -> Error {
        let bytes_max = self.dialect.record_bytes_max;
        let flaw = Flaw { offset: 0, reason: Reason::RecordTooLong { bytes_max } };
        flaw.into_error(&Context {
            file: &self.file,
            columns: &[],
            header: true,
            bytes,
            line: self.line,
        })
    }
}

fn count_lines(bytes: &[u8]) -> usize {
    memchr::memchr_iter(b'\n', bytes).count()
}

/// Where the last whole record of `bytes` ends, if there is one. `bytes` starts with a record.
fn records_end(bytes: &[u8], dialect: Dialect) -> Option<usize> {
    let quote = dialect.quote.filter(|it| memchr::memchr(*it, bytes).is_some());
    let Some(quote) = quote else { return line_end(bytes, 0, bytes.len()) };
    let mut quotes = Marks::new(bytes, [quote]);
    let mut end = None;
    let mut outside = 0; // what comes from here to the next opening quote is not quoted
    while let Some(open) = quotes.next() {
        let before = open.checked_sub(1).and_then(|it| bytes.get(it));
        if before.is_some_and(|it| *it != dialect.delimiter && *it != b'\n') {
            continue; // a quote inside of an unquoted cell is data
        }
        end = line_end(bytes, outside, open).or(end);
        let Some(close) = closing_quote(&mut quotes, bytes, quote) else { return end };
        outside = close + 1;
    }
    line_end(bytes, outside, bytes.len()).or(end)
}

/// The next quote that is not doubled.
#[inline]
fn closing_quote(quotes: &mut Marks<'_, 1>, bytes: &[u8], quote: u8) -> Option<usize> {
    while let Some(at) = quotes.next() {
        if bytes.get(at + 1) != Some(&quote) {
            return Some(at);
        }
        quotes.next();
    }
    None
}

/// Behind the last line end between `start` and `end`.
#[inline]
fn line_end(bytes: &[u8], start: usize, end: usize) -> Option<usize> {
    let between = bytes.get(start..end)?;
    let last = match between {
        [] => None,
        [one] => (*one == b'\n').then_some(0),
        _ => memchr::memrchr(b'\n', between),
    };
    last.map(|it| start + it + 1)
}
