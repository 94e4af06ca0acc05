//! Opens a file and reads its header.

use std::collections::HashSet;
use std::fmt;
use std::ops::ControlFlow;

use crate::error::{Error, ErrorKind, Result};
use crate::source::csv::blocks::{Block, Blocks};
use crate::source::csv::file;
use crate::source::csv::flaw::{Context, Flaw, Reason};
use crate::source::csv::grammar::{self, Parser, Sink};
use crate::source::csv::options::{Dialect, Format};
use crate::source::files::{Identity, InputFile};
use crate::value::Span;

/// A file that is read up to its first record.
pub(crate) struct OpenFile {
    /// The names of its columns.
    pub(crate) names: Vec<String>,
    /// What is known of the file; nothing for streams.
    pub(crate) identity: Option<Identity>,
    /// About how many records it has, if its size tells.
    pub(crate) rows_estimate: Option<u64>,
    /// Its records.
    pub(crate) blocks: Blocks,
}

impl fmt::Debug for OpenFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenFile").field("names", &self.names).finish_non_exhaustive()
    }
}

impl OpenFile {
    /// Opens `file` and reads its header.
    pub(crate) fn open(file: &InputFile, format: &Format) -> Result<Self> {
        let (stream, identity) = file::open(file, format.encoding)?;
        let mut blocks = Blocks::new(file, stream, format);
        let empty = || {
            let expected = if format.header { "a header" } else { "at least one record" };
            invalid(file, format!("it is empty: expected {expected}"))
        };
        let (block, cells, used) = loop {
            let block = blocks.next()?.ok_or_else(empty)?;
            let (cells, used) =
                first_record(&block, blocks.dialect(), format.header).map_err(|flaw| {
                    let Block { bytes, line, .. } = &block;
                    flaw.into_error(&Context {
                        file,
                        columns: &[],
                        header: format.header,
                        bytes,
                        line: *line,
                    })
                })?;
            if !cells.is_empty() {
                break (block, cells, used);
            }
        };
        let rows_estimate = rows_estimate(file, identity, &block);
        let names = if format.header {
            blocks.unread(block, used);
            check_names(file, &cells)?;
            cells
        } else {
            blocks.unread(block, 0);
            (1..=cells.len()).map(|it| format!("column_{it}")).collect()
        };
        Ok(Self { names, identity, rows_estimate, blocks })
    }
}

/// The cells of a single record.
#[derive(Default)]
struct FirstRecord(Vec<Span>);

impl Sink for FirstRecord {
    fn cell(&mut self, cell: Span) {
        self.0.push(cell);
    }

    fn cells(&self) -> usize {
        self.0.len()
    }

    fn record(&mut self) -> Result<ControlFlow<()>, Reason> {
        Ok(ControlFlow::Break(()))
    }

    fn takes_blank_lines(&self) -> bool {
        false
    }
}

/// The cells of the first record of `block`, none if there are only blank lines, and where it ends.
fn first_record(
    block: &Block,
    dialect: Dialect,
    header: bool,
) -> Result<(Vec<String>, usize), Flaw> {
    let parsed = Parser::new(&block.bytes, dialect, FirstRecord::default()).run()?;
    let record = block.bytes.get(..parsed.used).unwrap_or_default();
    if let Err(it) = std::str::from_utf8(record) {
        return Err(grammar::not_utf8(record, it.valid_up_to(), dialect));
    }
    if header {
        check_characters(&parsed.sink.0, record, dialect.quote)?;
    }
    let bytes = [block.bytes.as_slice(), &parsed.tail].concat();
    let text =
        |cell: &Span| String::from_utf8_lossy(cell.of(&bytes).unwrap_or_default()).into_owned();
    Ok((parsed.sink.0.iter().map(text).collect(), parsed.used))
}

/// A carriage return in an unquoted name is hardly meant: where CR alone ends the lines, the whole
/// file would be one long header. A NUL is one byte of two where the text is UTF-16.
fn check_characters(cells: &[Span], record: &[u8], quote: Option<u8>) -> Result<(), Flaw> {
    let quoted = |cell: &Span| {
        let before = (cell.start as usize).checked_sub(1).and_then(|it| record.get(it));
        quote.is_some() && before.copied() == quote
    };
    for (column, cell) in cells.iter().enumerate().filter(|(_, it)| !quoted(it)) {
        // Names that were unescaped were quoted, and lie outside of the record.
        let name = cell.of(record).unwrap_or_default();
        if let Some(at) = memchr::memchr2(b'\r', 0, name) {
            let offset = cell.start as usize + at;
            let is_nul = name.get(at) == Some(&0);
            let reason = if is_nul {
                Reason::NulInHeader { column }
            } else {
                Reason::ReturnInHeader { column }
            };
            return Err(Flaw { offset, reason });
        }
    }
    Ok(())
}

fn check_names(file: &InputFile, names: &[String]) -> Result<()> {
    let mut seen = HashSet::new();
    match names.iter().find(|it| !seen.insert(it.as_str())) {
        Some(name) => Err(invalid(file, format!("the header names the column `{name}` twice"))),
        None => Ok(()),
    }
}

/// About how many records `file` has, if its first block is like the others.
fn rows_estimate(file: &InputFile, identity: Option<Identity>, block: &Block) -> Option<u64> {
    let size = identity.filter(|_| file.is_plain())?.size;
    Some(size.saturating_mul(block.lines as u64) / block.bytes.len().max(1) as u64)
}

fn invalid(file: &InputFile, reason: impl fmt::Display) -> Error {
    Error::new(ErrorKind::SourceInvalid, format!("cannot read `{file}`: {reason}"))
}
