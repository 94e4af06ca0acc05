//! Parses the blocks of a scan into batches.

use crate::error::{Error, Result};
use crate::source::csv::feed::FeedBlock;
use crate::source::csv::flaw::{Context, Flaw};
use crate::source::csv::rows::{self, Projection};
use crate::source::files::scan::Decode;
use crate::value::{Batch, ColumnSchema};

/// Parses blocks of a table.
pub(crate) struct CsvDecoder {
    pub(crate) columns: Vec<ColumnSchema>,
    /// Whether the files have headers.
    pub(crate) header: bool,
    pub(crate) projection: Projection,
}

impl Decode<FeedBlock> for CsvDecoder {
    fn decode(&self, mut block: FeedBlock, sequence: u64) -> Result<Batch> {
        let parsed = rows::parse(&mut block.block, sequence, block.dialect, &self.projection);
        parsed.map_err(|flaw| self.error(flaw, &block))
    }
}

impl CsvDecoder {
    /// The error of a flaw; if the file changed, then that is why.
    fn error(&self, flaw: Flaw, block: &FeedBlock) -> Error {
        if let Err(changed) = block.file.check_unchanged(block.identity) {
            return changed;
        }
        flaw.into_error(&Context {
            file: &block.file,
            columns: &self.columns,
            header: self.header,
            bytes: &block.block.bytes,
            line: block.block.line,
        })
    }
}
