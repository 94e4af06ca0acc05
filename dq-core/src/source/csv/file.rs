//! How a file becomes a stream of UTF-8.

use std::io::{self, Read};

use encoding_rs::{Encoding, UTF_8};

use crate::error::Result;
use crate::source::csv::decode::Decoding;
use crate::source::files::{ByteStream, Identity, InputFile, has_extension, is_gzip};

/// Whether the name says that cells are separated by tabs.
pub(crate) fn is_tsv(file: &InputFile) -> bool {
    file.path().is_some_and(|path| {
        let inner = if is_gzip(path) { path.with_extension("") } else { path.to_owned() };
        has_extension(&inner, "tsv")
    })
}

/// Opens `file` as a stream of UTF-8 without a byte order mark; `encoding` holds if there is none.
/// Bytes that are said to be UTF-8 are passed on unchecked. The identity is that of the opened
/// file; streams have none.
pub(crate) fn open(
    file: &InputFile,
    encoding: &'static Encoding,
) -> Result<(ByteStream, Option<Identity>)> {
    let (head, mut text, identity) = file.open_text()?;
    let (encoding, mark_bytes) = Encoding::for_bom(&head).unwrap_or((encoding, 0));
    io::copy(&mut (&mut text).take(mark_bytes as u64), &mut io::sink())
        .map_err(|it| file.broken(&it, None))?;
    if encoding != UTF_8 {
        text = Box::new(Decoding::new(text, encoding));
    }
    Ok((text, identity))
}
