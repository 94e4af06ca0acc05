//! The blocks of all files of a table, in their order.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::error::Result;
use crate::source::files::scan;
use crate::source::json::JsonOptions;
use crate::source::json::blocks::{Block, Blocks};
use crate::source::json::rows::FeedBlock;
use crate::source::json::spool::Spool;

/// Hands out the blocks of some files.
pub(crate) struct Feed {
    files: VecDeque<Spool>,
    options: JsonOptions,
    current: Option<(Spool, Blocks)>,
}

impl Feed {
    /// The blocks of `files`.
    pub(crate) fn new(files: VecDeque<Spool>, options: JsonOptions) -> Self {
        Self { files, options, current: None }
    }

    fn take_current(&mut self) -> Result<Option<(Spool, Blocks)>> {
        if let Some(current) = self.current.take() {
            return Ok(Some(current));
        }
        let Some(spool) = self.files.pop_front() else { return Ok(None) };
        let blocks = Blocks::new(spool.open()?, &self.options);
        Ok(Some((spool, blocks)))
    }
}

impl scan::Feed for Feed {
    type Piece = FeedBlock;

    fn next(&mut self) -> Result<Option<FeedBlock>> {
        loop {
            let Some((spool, mut blocks)) = self.take_current()? else { return Ok(None) };
            let Some(block) = next(&spool, &mut blocks)? else { continue };
            let (file, identity) = (Arc::clone(&spool.file), spool.identity);
            self.current = Some((spool, blocks));
            return Ok(Some(FeedBlock { block, file, identity }));
        }
    }
}

/// The next block. At the end, and where reading fails, the file must not have changed.
pub(crate) fn next(spool: &Spool, blocks: &mut Blocks) -> Result<Option<Block>> {
    let next = blocks.next(&spool.file);
    if !matches!(next, Ok(Some(_))) {
        spool.check_unchanged()?;
    }
    next
}
