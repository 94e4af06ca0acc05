//! What can be wrong with the text of a CSV file.

use crate::error::{Error, ErrorKind};
use crate::source::files::InputFile;
use crate::value::ColumnSchema;

/// Something wrong, and at which byte of its block.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Flaw {
    pub(crate) offset: usize,
    pub(crate) reason: Reason,
}

/// What is wrong. Columns count from 0.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Reason {
    /// The record that starts here has so many cells, which is not what the header has.
    Ragged { cells: usize },
    /// The quote that opens here is never closed.
    QuoteUnclosed { column: usize },
    /// Here, behind a closing quote, is neither a delimiter nor the end of the record.
    QuoteFollowed { column: usize },
    /// The carriage return here is part of an unquoted name in the header.
    ReturnInHeader { column: usize },
    /// The NUL here is part of an unquoted name in the header.
    NulInHeader { column: usize },
    /// The record that starts here is longer than allowed.
    RecordTooLong { bytes_max: usize },
    /// The byte here is not part of valid UTF-8.
    NotUtf8 { column: usize },
}

/// The text around a flaw.
pub(crate) struct Context<'a> {
    pub(crate) file: &'a InputFile,
    /// The columns of the table, as far as they are known.
    pub(crate) columns: &'a [ColumnSchema],
    /// Whether the first record is a header.
    pub(crate) header: bool,
    /// The block that the flaw is in.
    pub(crate) bytes: &'a [u8],
    /// The number of the line that the block starts with.
    pub(crate) line: u64,
}

impl Flaw {
    /// Says what is wrong in which line of which file.
    pub(crate) fn into_error(self, context: &Context<'_>) -> Error {
        let before = context.bytes.get(..self.offset).unwrap_or_default();
        let line = context.line + memchr::memchr_iter(b'\n', before).count() as u64;
        let column = |at: usize| match context.columns.get(at) {
            Some(column) => format!("column `{}`", column.name),
            None => format!("column {}", at + 1),
        };
        let mut kind = ErrorKind::SourceInvalid;
        let mut place = format!("line {line}");
        let reason = match self.reason {
            Reason::Ragged { cells } => {
                let first = if context.header { "header" } else { "first record" };
                format!("{} where the {first} has {}", counted(cells), context.columns.len())
            }
            Reason::QuoteUnclosed { column: at } => {
                format!("the quote that opens {} is never closed", column(at))
            }
            Reason::QuoteFollowed { column: at } => {
                format!("text after the closing quote of {}", column(at))
            }
            Reason::ReturnInHeader { column: at } => {
                place = format!("{place}, {}", column(at));
                "the header holds a carriage return without a line feed: are its lines ended by CR \
                 alone? convert them to LF"
                    .to_owned()
            }
            Reason::NulInHeader { column: at } => {
                place = format!("{place}, {}", column(at));
                "the header holds a NUL: is the text UTF-16? then name it with `encoding`, as \
                 `utf-16le` or `utf-16be`"
                    .to_owned()
            }
            Reason::RecordTooLong { bytes_max } => {
                kind = ErrorKind::LimitExceeded;
                format!(
                    "the record has more than {bytes_max} bytes (`record_bytes_max`); is a quote left open?"
                )
            }
            Reason::NotUtf8 { column: at } => {
                let line_start = memchr::memrchr(b'\n', before).map_or(0, |it| it + 1);
                let line = before.get(line_start..).unwrap_or_default();
                let characters = String::from_utf8_lossy(line).chars().count();
                place = format!("{place}, {}, character {}", column(at), characters + 1);
                "not valid UTF-8; if the file has another encoding, name it with `encoding`"
                    .to_owned()
            }
        };
        Error::new(kind, format!("cannot read `{}`: {place}: {reason}", context.file))
    }
}

fn counted(cells: usize) -> String {
    if cells == 1 { "1 cell".to_owned() } else { format!("{cells} cells") }
}
