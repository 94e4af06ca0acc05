//! How a CSV file is written, and the bounds of reading it.

use std::fmt;

use encoding_rs::Encoding;
use serde::{Deserialize, Serialize};

use crate::error::{Error, ErrorKind, Result};
use crate::source::csv::file::is_tsv;
use crate::source::files::InputFile;

const MIB: usize = 1024 * 1024;

/// Small enough that a block and its spans stay in the cache of one core: a tenth faster than 1 MiB.
const BLOCK_BYTES: usize = 256 * 1024;

/// How a CSV file is written, and the bounds of reading it.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct CsvOptions {
    /// What stands between cells: one ASCII character. Default: none, which means a tab in files
    /// called `.tsv` or `.tsv.gz` and a comma elsewhere.
    pub delimiter: Option<char>,
    /// What stands around cells that hold delimiters, line ends or, doubled, itself: one ASCII
    /// character. `None`: no cell is quoted, and quotes are data. Default: `"`.
    pub quote: Option<char>,
    /// The encoding, by any label of the WHATWG Encoding Standard, such as `windows-1252` or
    /// `utf-16le`. A byte order mark in the file overrides it. Default: `utf-8`, since most files are
    /// and others are noticed.
    pub encoding: String,
    /// Whether the first record holds the names of the columns. If not, they are `column_1`,
    /// `column_2` and so on. Default: yes.
    pub header: bool,
    /// What an empty cell without quotes is. Default: NULL, so that `not_null` means what it says.
    pub empty: EmptyCell,
    /// How many bytes one record may have, once decoded; at most 1 GiB. Bounds the memory that an
    /// unclosed quote takes before it is noticed. Default: 64 MiB.
    pub record_bytes_max: usize,
    /// About how many bytes are parsed at once.
    #[doc(hidden)]
    #[serde(skip)]
    pub block_bytes: usize,
}

/// What an empty cell without quotes is. A quoted empty cell is always blank text.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum EmptyCell {
    /// NULL.
    #[default]
    Null,
    /// Text without characters.
    Blank,
}

impl Default for CsvOptions {
    fn default() -> Self {
        Self {
            delimiter: None,
            quote: Some('"'),
            encoding: "utf-8".to_owned(),
            header: true,
            empty: EmptyCell::Null,
            record_bytes_max: 64 * MIB,
            block_bytes: BLOCK_BYTES,
        }
    }
}

/// The options, checked.
#[derive(Debug)]
pub(crate) struct Format {
    pub(crate) delimiter: Option<u8>,
    pub(crate) quote: Option<u8>,
    pub(crate) encoding: &'static Encoding,
    pub(crate) header: bool,
    pub(crate) empty: EmptyCell,
    pub(crate) record_bytes_max: usize,
    pub(crate) block_bytes: usize,
}

/// The characters that mean something in one file.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Dialect {
    pub(crate) delimiter: u8,
    pub(crate) quote: Option<u8>,
    pub(crate) empty: EmptyCell,
    pub(crate) record_bytes_max: usize,
}

impl Format {
    /// Checks `options`: `ConfigInvalid` names the first field that is out of its range.
    pub(crate) fn new(options: CsvOptions) -> Result<Self> {
        let CsvOptions { delimiter, quote, encoding, header, empty, record_bytes_max, block_bytes } =
            options;
        let delimiter = delimiter.map(|it| mark("delimiter", it)).transpose()?;
        let quote = quote.map(|it| mark("quote", it)).transpose()?;
        if quote.is_some() && quote == delimiter {
            return Err(invalid("`delimiter` and `quote` are the same character"));
        }
        let Some(encoding) = Encoding::for_label_no_replacement(encoding.as_bytes()) else {
            return Err(invalid(format!("`encoding` `{encoding}` is not known")));
        };
        if !(1..=1024 * MIB).contains(&record_bytes_max) {
            return Err(invalid("`record_bytes_max` is not between 1 byte and 1 GiB"));
        }
        let block_bytes = block_bytes.clamp(1, 1024 * MIB);
        Ok(Self { delimiter, quote, encoding, header, empty, record_bytes_max, block_bytes })
    }

    /// The characters that mean something in `file`.
    pub(crate) fn dialect(&self, file: &InputFile) -> Dialect {
        let usual = if is_tsv(file) { b'\t' } else { b',' };
        Dialect {
            delimiter: self.delimiter.unwrap_or(usual),
            quote: self.quote,
            empty: self.empty,
            record_bytes_max: self.record_bytes_max,
        }
    }
}

fn mark(field: &str, character: char) -> Result<u8> {
    match u8::try_from(character) {
        Ok(byte) if byte.is_ascii() && !matches!(byte, b'\n' | b'\r') => Ok(byte),
        _ => Err(invalid(format!("`{field}` is not one ASCII character other than a line end"))),
    }
}

fn invalid(reason: impl fmt::Display) -> Error {
    Error::new(ErrorKind::ConfigInvalid, format!("cannot use the CSV options: {reason}"))
}
