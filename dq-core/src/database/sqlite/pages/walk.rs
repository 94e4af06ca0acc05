//! Finds the leaves of a table's b-tree, in the order of their rowids.
//!
//! The walk goes on where it stopped, and keeps one list of children for each level: its memory
//! depends on the depth of the tree, not on the size of the table.

use std::vec;

use crate::database::sqlite::pages::file::{PageFile, PageReader, corrupt};
use crate::database::sqlite::pages::varint;
use crate::error::Result;

/// The first byte of an interior page of a table.
const INTERIOR: u8 = 0x05;
/// The first byte of a leaf page of a table.
pub(crate) const LEAF: u8 = 0x0D;
/// SQLite's own limit on the depth of a tree.
const DEPTH_MAX: usize = 20;

/// A walk over the leaves of one table.
#[derive(Debug)]
pub(crate) struct LeafWalk {
    root: u32,
    file: PageFile,
    /// How many levels of interior pages lie above the leaves; known after the first step.
    depth: Option<usize>,
    /// The children that are left to visit, for each level on the way to the current leaf.
    path: Vec<vec::IntoIter<u32>>,
    /// How many pages have been visited: in a sound tree none is visited twice.
    visited: u32,
}

impl LeafWalk {
    /// A walk over the tree that begins at the page `root` of `file`.
    pub(crate) fn new(root: u32, file: PageFile) -> Self {
        Self { root, file, depth: None, path: Vec::new(), visited: 0 }
    }

    /// The next leaves: at most `count`, and none only at the end.
    pub(crate) fn next(&mut self, count: usize, reader: &mut PageReader<'_>) -> Result<Vec<u32>> {
        let depth = match self.depth {
            Some(depth) => depth,
            None => self.begin(reader)?,
        };
        let mut leaves = Vec::with_capacity(count);
        while leaves.len() < count {
            let Some(children) = self.path.last_mut() else {
                break;
            };
            let Some(page) = children.next() else {
                self.path.pop();
                continue;
            };
            self.visit(page)?;
            if self.path.len() > depth {
                leaves.push(page);
            } else {
                self.path.push(children_of(page, &reader.read(page)?, self.file)?.into_iter());
            }
        }
        Ok(leaves)
    }

    /// Finds out how deep the tree is: all leaves of a b-tree lie on one level.
    fn begin(&mut self, reader: &mut PageReader<'_>) -> Result<usize> {
        let mut page = self.root;
        for depth in 0..DEPTH_MAX {
            let bytes = reader.read(page)?;
            if bytes.first() == Some(&LEAF) {
                self.path.push(vec![self.root].into_iter());
                self.depth = Some(depth);
                return Ok(depth);
            }
            let children = children_of(page, &bytes, self.file)?;
            page = children.first().copied().unwrap_or_default();
        }
        Err(corrupt(page, "its tree is too deep"))
    }

    fn visit(&mut self, page: u32) -> Result<()> {
        self.visited += 1;
        if self.visited > self.file.pages {
            return Err(corrupt(page, "its tree has more pages than the file"));
        }
        Ok(())
    }
}

/// The children of an interior page.
fn children_of(page: u32, bytes: &[u8], file: PageFile) -> Result<Vec<u32>> {
    if bytes.first() != Some(&INTERIOR) {
        return Err(corrupt(page, "it should be an interior page of a table"));
    }
    interior(bytes.get(..file.usable_bytes).unwrap_or(bytes))
        .ok_or_else(|| corrupt(page, "its cells are malformed"))
}

/// The left child of each cell, whose keys ascend, and then the rightmost child.
fn interior(bytes: &[u8]) -> Option<Vec<u32>> {
    let count = usize::from(u16::from_be_bytes(*bytes.get(3..)?.first_chunk()?));
    let pointers = bytes.get(12..12 + 2 * count)?;
    let mut children = Vec::with_capacity(count + 1);
    let mut last_key = None;
    for pointer in pointers.as_chunks().0 {
        let cell = bytes.get(usize::from(u16::from_be_bytes(*pointer))..)?;
        let (child, mut rest) = cell.split_first_chunk()?;
        let key = varint::take(&mut rest)? as i64;
        if last_key.is_some_and(|last| last >= key) {
            return None;
        }
        last_key = Some(key);
        children.push(u32::from_be_bytes(*child));
    }
    children.push(u32::from_be_bytes(*bytes.get(8..)?.first_chunk()?));
    Some(children)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(keys: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0; 512];
        bytes[0] = INTERIOR;
        bytes[4] = keys.len() as u8;
        bytes[8..12].copy_from_slice(&99_u32.to_be_bytes());
        for (position, key) in keys.iter().enumerate() {
            let at = 500 - 5 * position;
            bytes[12 + 2 * position..][..2].copy_from_slice(&(at as u16).to_be_bytes());
            bytes[at + 3] = position as u8 + 10;
            bytes[at + 4] = *key;
        }
        bytes
    }

    #[test]
    fn children_come_in_order_and_the_rightmost_last() {
        assert_eq!(interior(&page(&[1, 5, 9])), Some(vec![10, 11, 12, 99]));
        assert_eq!(interior(&page(&[])), Some(vec![99]));
    }

    #[test]
    fn a_malformed_page_has_no_children() {
        assert_eq!(interior(&page(&[1, 5, 5])), None);
        assert_eq!(interior(&page(&[1])[..400]), None);
        let mut bytes = page(&[1]);
        bytes[3] = 0xFF;
        assert_eq!(interior(&bytes), None);
    }
}
