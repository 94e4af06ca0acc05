//! The blocks of all files of a table, in their order.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::error::Result;
use crate::source::csv::blocks::{Block, Blocks};
use crate::source::csv::header::OpenFile;
use crate::source::csv::options::{Dialect, Format};
use crate::source::files::{self, FeedFile, Identity, InputFile};

/// A block, and where it comes from.
#[derive(Debug)]
pub(crate) struct FeedBlock {
    pub(crate) block: Block,
    pub(crate) dialect: Dialect,
    pub(crate) file: Arc<InputFile>,
    pub(crate) identity: Option<Identity>,
}

/// Hands out the blocks of some files.
pub(crate) struct Feed {
    files: VecDeque<FeedFile<OpenFile>>,
    format: Arc<Format>,
    current: Option<Current>,
}

struct Current {
    file: Arc<InputFile>,
    identity: Option<Identity>,
    blocks: Blocks,
}

impl Feed {
    /// The blocks of `files`.
    pub(crate) fn new(files: VecDeque<FeedFile<OpenFile>>, format: Arc<Format>) -> Self {
        Self { files, format, current: None }
    }

    fn take_current(&mut self) -> Result<Option<Current>> {
        match self.current.take() {
            Some(current) => Ok(Some(current)),
            None => self.files.pop_front().map(|it| Current::open(it, &self.format)).transpose(),
        }
    }
}

impl files::scan::Feed for Feed {
    type Piece = FeedBlock;

    fn next(&mut self) -> Result<Option<FeedBlock>> {
        loop {
            let Some(mut current) = self.take_current()? else { return Ok(None) };
            let Some(block) = current.next()? else { continue };
            let (dialect, identity) = (current.blocks.dialect(), current.identity);
            let file = Arc::clone(&current.file);
            self.current = Some(current);
            return Ok(Some(FeedBlock { block, dialect, file, identity }));
        }
    }
}

impl Current {
    fn open(file: FeedFile<OpenFile>, format: &Format) -> Result<Self> {
        let FeedFile { file, identity, stream } = file;
        file.check_unchanged(identity)?;
        let open = match stream {
            Some(open) => open,
            None => OpenFile::open(&file, format)?,
        };
        if open.identity != identity {
            return Err(file.changed());
        }
        Ok(Self { file, identity, blocks: open.blocks })
    }

    /// The next block. At the end, and where reading fails, the file must not have changed.
    fn next(&mut self) -> Result<Option<Block>> {
        let next = self.blocks.next();
        if !matches!(next, Ok(Some(_))) {
            self.file.check_unchanged(self.identity)?;
        }
        next
    }
}
