//! The grammar of CSV: bytes in, spans of cells out.

use std::ops::ControlFlow;

use crate::source::csv::flaw::{Flaw, Reason};
use crate::source::csv::marks::Marks;
use crate::source::csv::options::{Dialect, EmptyCell};
use crate::value::Span;

/// What hears of cells and records.
pub(crate) trait Sink {
    /// The next cell of the record; its bytes lie in the block, or in the tail behind it.
    fn cell(&mut self, cell: Span);

    /// How many cells the record has so far.
    fn cells(&self) -> usize;

    /// The record is complete; says what is wrong with it, or whether to go on.
    fn record(&mut self) -> Result<ControlFlow<()>, Reason>;

    /// Whether a line without any character is a record.
    fn takes_blank_lines(&self) -> bool;
}

/// Reads the records of a block.
pub(crate) struct Parser<'a, S> {
    bytes: &'a [u8],
    marks: Marks<'a, 3>,
    quote: Option<u8>,
    dialect: Dialect,
    sink: S,
    /// Where the record starts.
    record: usize,
    /// Unescaped cells. They lie behind the block, so their spans start at its length.
    tail: Vec<u8>,
}

/// What came of a block.
pub(crate) struct Parsed<S> {
    pub(crate) sink: S,
    /// To be appended to the block.
    pub(crate) tail: Vec<u8>,
    /// How many bytes of the block were used.
    pub(crate) used: usize,
}

impl<'a, S: Sink> Parser<'a, S> {
    /// Reads the records of `bytes`, the last of which ends with a line end.
    pub(crate) fn new(bytes: &'a [u8], dialect: Dialect, sink: S) -> Self {
        let quote_mark = dialect.quote.unwrap_or(b'\n');
        let marks = Marks::new(bytes, [dialect.delimiter, b'\n', quote_mark]);
        Self { bytes, marks, quote: dialect.quote, dialect, sink, record: 0, tail: Vec::new() }
    }

    /// Tells the sink all cells and records, until it has heard enough.
    pub(crate) fn run(mut self) -> Result<Parsed<S>, Flaw> {
        let mut start = 0; // of the cell
        while let Some(at) = self.marks.next() {
            let mark = self.at(at);
            let flow = if mark == Some(self.dialect.delimiter) {
                let cell = self.unquoted(start, at);
                self.sink.cell(cell);
                start = at + 1;
                ControlFlow::Continue(())
            } else if mark == Some(b'\n') {
                let flow = self.last_unquoted(start, at)?;
                start = at + 1;
                flow
            } else if at == start {
                let (next, flow) = self.quoted(at)?;
                start = next;
                flow
            } else {
                ControlFlow::Continue(()) // a quote inside of an unquoted cell is data
            };
            if flow.is_break() {
                break;
            }
        }
        Ok(Parsed { sink: self.sink, tail: self.tail, used: start })
    }

    #[inline]
    fn at(&self, at: usize) -> Option<u8> {
        self.bytes.get(at).copied()
    }

    #[inline]
    fn unquoted(&self, start: usize, end: usize) -> Span {
        if start == end && self.dialect.empty == EmptyCell::Null {
            return Span::NULL;
        }
        Span::new(start as u32, (end - start) as u32)
    }

    /// The last cell of a record, which a line end at `at` closes.
    #[inline]
    fn last_unquoted(&mut self, start: usize, at: usize) -> Result<ControlFlow<()>, Flaw> {
        let returns = at > start && self.at(at - 1) == Some(b'\r');
        let end = if returns { at - 1 } else { at };
        if start == end && start == self.record && !self.sink.takes_blank_lines() {
            self.record = at + 1;
            return Ok(ControlFlow::Continue(()));
        }
        let cell = self.unquoted(start, end);
        self.sink.cell(cell);
        self.end_record(at)
    }

    #[inline]
    fn end_record(&mut self, at: usize) -> Result<ControlFlow<()>, Flaw> {
        let start = std::mem::replace(&mut self.record, at + 1);
        let bytes_max = self.dialect.record_bytes_max;
        if at - start > bytes_max {
            return Err(Flaw { offset: start, reason: Reason::RecordTooLong { bytes_max } });
        }
        self.sink.record().map_err(|reason| Flaw { offset: start, reason })
    }

    /// A cell whose quote opens at `open`. Returns where the next cell starts.
    fn quoted(&mut self, open: usize) -> Result<(usize, ControlFlow<()>), Flaw> {
        let (close, doubled) = self.closing_quote(open)?;
        let cell = if doubled {
            self.unescaped(open + 1, close)
        } else {
            Span::new(open as u32 + 1, (close - open - 1) as u32)
        };
        let end = match (self.at(close + 1), self.at(close + 2)) {
            (Some(b'\r'), Some(b'\n')) => close + 2,
            _ => close + 1,
        };
        let mark = self.at(end);
        if mark != Some(self.dialect.delimiter) && mark != Some(b'\n') {
            let reason = Reason::QuoteFollowed { column: self.sink.cells() };
            return Err(Flaw { offset: close + 1, reason });
        }
        self.marks.next();
        self.sink.cell(cell);
        let is_last = mark == Some(b'\n');
        let flow = if is_last { self.end_record(end)? } else { ControlFlow::Continue(()) };
        Ok((end + 1, flow))
    }

    /// The quote that closes the one at `open`, and whether there are doubled ones between.
    fn closing_quote(&mut self, open: usize) -> Result<(usize, bool), Flaw> {
        let mut doubled = false;
        while let Some(at) = self.marks.next() {
            if self.at(at) != self.quote {
                continue;
            }
            if self.at(at + 1) != self.quote {
                return Ok((at, doubled));
            }
            doubled = true;
            self.marks.next();
        }
        let reason = Reason::QuoteUnclosed { column: self.sink.cells() };
        Err(Flaw { offset: open, reason })
    }

    /// Copies the bytes from `start` to `end` to the tail, doubled quotes as single ones.
    fn unescaped(&mut self, start: usize, end: usize) -> Span {
        let from = self.tail.len();
        let mut rest = self.bytes.get(start..end).unwrap_or_default();
        while let Some(at) = self.quote.and_then(|quote| memchr::memchr(quote, rest)) {
            self.tail.extend_from_slice(rest.get(..=at).unwrap_or_default());
            rest = rest.get(at + 2..).unwrap_or_default();
        }
        self.tail.extend_from_slice(rest);
        Span::new((self.bytes.len() + from) as u32, (self.tail.len() - from) as u32)
    }
}

/// The flaw that the byte of `bytes` at `offset` is not part of valid UTF-8; all before it is.
pub(crate) fn not_utf8(bytes: &[u8], offset: usize, dialect: Dialect) -> Flaw {
    let before = bytes.get(..offset).unwrap_or_default();
    let column = match Parser::new(before, dialect, OpenRecord::default()).run() {
        Ok(parsed) => parsed.sink.0,
        Err(Flaw {
            reason: Reason::QuoteUnclosed { column } | Reason::QuoteFollowed { column },
            ..
        }) => column,
        Err(_) => 0,
    };
    Flaw { offset, reason: Reason::NotUtf8 { column } }
}

/// How many cells the record has that is not complete yet.
#[derive(Default)]
struct OpenRecord(usize);

impl Sink for OpenRecord {
    fn cell(&mut self, _: Span) {
        self.0 += 1;
    }

    fn cells(&self) -> usize {
        self.0
    }

    fn record(&mut self) -> Result<ControlFlow<()>, Reason> {
        self.0 = 0;
        Ok(ControlFlow::Continue(()))
    }

    fn takes_blank_lines(&self) -> bool {
        true
    }
}
