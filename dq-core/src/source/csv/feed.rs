//! The blocks of all files of a table, in their order.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::error::Result;
use crate::source::csv::blocks::{Block, Blocks};
use crate::source::csv::file::CsvFile;
use crate::source::csv::header::OpenFile;
use crate::source::csv::identity::Identity;
use crate::source::csv::options::{Dialect, Format};

/// A file that a scan reads.
#[derive(Debug)]
pub(crate) struct FeedFile {
    pub(crate) file: CsvFile,
    /// What the file must still be.
    pub(crate) identity: Option<Identity>,
    /// The stream, where the file is one.
    pub(crate) stream: Option<OpenFile>,
}

/// A block, and where it comes from.
#[derive(Debug)]
pub(crate) struct FeedBlock {
    pub(crate) block: Block,
    pub(crate) sequence: u64,
    pub(crate) dialect: Dialect,
    pub(crate) file: Arc<CsvFile>,
    pub(crate) identity: Option<Identity>,
}

/// Hands out the blocks of some files.
pub(crate) struct Feed {
    files: VecDeque<FeedFile>,
    format: Arc<Format>,
    current: Option<Current>,
    sequence: u64,
}

struct Current {
    file: Arc<CsvFile>,
    identity: Option<Identity>,
    blocks: Blocks,
}

impl Feed {
    /// The blocks of `files`.
    pub(crate) fn new(files: VecDeque<FeedFile>, format: Arc<Format>) -> Self {
        Self { files, format, current: None, sequence: 0 }
    }

    /// How the files are written.
    pub(crate) fn format(&self) -> &Format {
        &self.format
    }

    /// The sequence of the next block.
    pub(crate) fn sequence(&self) -> u64 {
        self.sequence
    }

    /// The next block; `None` after the last of the last file.
    pub(crate) fn next(&mut self) -> Result<Option<FeedBlock>> {
        loop {
            let Some(current) = &mut self.current else {
                let Some(file) = self.files.pop_front() else { return Ok(None) };
                self.current = Some(Current::open(file, &self.format)?);
                continue;
            };
            let Current { file, identity, blocks } = current;
            let (file, identity, dialect) = (Arc::clone(file), *identity, blocks.dialect());
            let next =
                blocks.next().or_else(|error| file.check_unchanged(identity).and(Err(error)))?;
            if let Some(block) = next {
                let sequence = self.sequence;
                self.sequence += 1;
                return Ok(Some(FeedBlock { block, sequence, dialect, file, identity }));
            }
            self.current = None;
            file.check_unchanged(identity)?;
        }
    }
}

impl Current {
    fn open(file: FeedFile, format: &Format) -> Result<Self> {
        let FeedFile { file, identity, stream } = file;
        let open = match stream {
            Some(open) => open,
            None => OpenFile::open(&file, format)?,
        };
        if open.identity != identity {
            return Err(file.changed());
        }
        Ok(Self { file: Arc::new(file), identity, blocks: open.blocks })
    }
}
