//! Payloads that are too long for their leaf: the rest lies in a chain of overflow pages.

use crate::database::sqlite::pages::file::{PageFile, PageReader, corrupt};
use crate::error::Result;

/// Appends the content of the overflow pages from `first` on to `bytes`, until it has `bytes_wanted`
/// more. Since no page is shorter than 476 bytes and the file has an end, a chain that goes round in
/// circles ends too.
pub(crate) fn append(
    reader: &mut PageReader<'_>,
    file: PageFile,
    first: u32,
    bytes_wanted: usize,
    bytes: &mut Vec<u8>,
) -> Result<()> {
    let mut page = first;
    let mut wanted = bytes_wanted;
    while wanted > 0 {
        if page == 0 {
            return Err(corrupt(page, "a chain of overflow pages ends too soon"));
        }
        let content = reader.read(page)?;
        let usable = content.get(..file.usable_bytes).unwrap_or(&content);
        let Some((next, usable)) = usable.split_first_chunk() else {
            return Err(corrupt(page, "it is truncated"));
        };
        let part = usable.get(..wanted).unwrap_or(usable);
        bytes.extend_from_slice(part);
        wanted -= part.len();
        page = u32::from_be_bytes(*next);
    }
    Ok(())
}
