//! A sample of the distinct rows of a table, for what concerns several columns at once.

use std::collections::HashMap;

use crate::profile::canonical::{HashedColumn, fingerprint, is_long};
use crate::profile::thinned::Thinned;

/// How much memory the sample takes at most, however much there is: it is walked for each pair of columns, so
/// that this bounds time too.
const MEMORY_BYTES_MAX: usize = 96 << 20;

/// What a cell counts at least: of a table of 20 columns some 40,000 distinct rows are kept, of one of
/// 300 some 3,000.
const CELL_BYTES: usize = 96;

/// The length that stands for NULL.
const NULL_LENGTH: u16 = u16::MAX;

/// The code of NULL.
pub(crate) const NULL_CODE: u32 = u32::MAX;

/// Distinct rows with their counts, thinned to a bound of memory. While the sample is whole, it is the
/// table.
#[derive(Debug)]
pub(crate) struct RowSample {
    rows: Thinned,
    columns: usize,
    scratch: Vec<u8>,
}

impl RowSample {
    /// An empty sample of rows of so many columns, which may take `memory_bytes`.
    pub(crate) fn new(columns: usize, memory_bytes: usize) -> Self {
        let limit = memory_bytes.min(MEMORY_BYTES_MAX);
        let rows = Thinned::with_entries_of(columns.max(1) * CELL_BYTES, limit);
        Self { rows, columns, scratch: Vec::new() }
    }

    /// Takes those rows of a batch whose hashes are admitted.
    pub(crate) fn take(&mut self, columns: &[HashedColumn<'_>], hashes: &[u64]) {
        for (row, hash) in hashes.iter().enumerate() {
            if self.rows.admits(*hash) {
                self.add(columns, row, *hash);
            }
        }
    }

    fn add(&mut self, columns: &[HashedColumn<'_>], row: usize, hash: u64) {
        self.scratch.clear();
        for column in columns {
            let hash = column.hashes.get(row).copied().unwrap_or(0);
            encode(column.texts.get(row), hash, &mut self.scratch);
        }
        if self.rows.add(hash, &self.scratch, 1) {
            self.rows.thin(|_, _| {});
        }
    }

    /// The rows, with a code for each distinct value.
    pub(crate) fn coded(&self) -> CodedRows {
        let mut codings: Vec<_> = (0..self.columns).map(|_| Coding::default()).collect();
        let mut weights = Vec::with_capacity(self.rows.len());
        // By rank, so that codes do not depend on the order in which rows have come.
        for (row, count) in self.rows.ranked() {
            weights.push(count);
            let mut rest = row;
            for coding in &mut codings {
                coding.push(take_cell(&mut rest));
            }
        }
        let columns = codings.into_iter().map(Coding::finish).collect();
        CodedRows { columns, weights, level: self.rows.level() }
    }
}

/// The hashes of the rows of a batch, which do not depend on where in the table they are.
pub(crate) fn row_hashes(columns: &[HashedColumn<'_>], rows: usize) -> Vec<u64> {
    let mut hashes = vec![0_u64; rows];
    for (position, column) in columns.iter().enumerate() {
        // An odd factor for each column, so that equal values in different columns do not cancel out.
        let factor = (position as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
        for (row, hash) in hashes.iter_mut().zip(&column.hashes) {
            *row = row.wrapping_add(hash.wrapping_mul(factor).rotate_left(23));
        }
    }
    for hash in &mut hashes {
        *hash = mix(*hash);
    }
    hashes
}

/// Distinct rows by codes of their values.
#[derive(Debug)]
pub(crate) struct CodedRows {
    pub(crate) columns: Vec<CodedColumn>,
    /// How often each row occurs in the table.
    pub(crate) weights: Vec<u64>,
    /// How often the sample was halved; 0 where the rows are all there are.
    pub(crate) level: u32,
}

/// The values of one column.
#[derive(Debug)]
pub(crate) struct CodedColumn {
    /// Of each row; [`NULL_CODE`] for NULL.
    pub(crate) codes: Vec<u32>,
    /// The value that each code stands for.
    pub(crate) values: Vec<Box<[u8]>>,
}

#[derive(Debug, Default)]
struct Coding<'a> {
    known: HashMap<&'a [u8], u32>,
    codes: Vec<u32>,
    values: Vec<Box<[u8]>>,
}

impl<'a> Coding<'a> {
    fn push(&mut self, cell: Option<&'a [u8]>) {
        let Some(cell) = cell else { return self.codes.push(NULL_CODE) };
        let next = self.values.len() as u32;
        let code = *self.known.entry(cell).or_insert(next);
        if code == next {
            self.values.push(cell.into());
        }
        self.codes.push(code);
    }

    fn finish(self) -> CodedColumn {
        CodedColumn { codes: self.codes, values: self.values }
    }
}

fn encode(text: Option<&[u8]>, hash: u64, out: &mut Vec<u8>) {
    match text {
        None => out.extend_from_slice(&NULL_LENGTH.to_le_bytes()),
        Some(long) if is_long(long) => put_cell(&fingerprint(long, hash), out),
        Some(text) => put_cell(text, out),
    }
}

fn put_cell(cell: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(&(cell.len() as u16).to_le_bytes());
    out.extend_from_slice(cell);
}

fn take_cell<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let (length, after) = rest.split_first_chunk()?;
    *rest = after;
    let length = u16::from_le_bytes(*length);
    if length == NULL_LENGTH {
        return None;
    }
    let (cell, after) = rest.split_at_checked(usize::from(length))?;
    *rest = after;
    Some(cell)
}

/// Spreads what a sum of hashes leaves alike over all bits: the finalizer of `MurmurHash3`, by A. Appleby.
fn mix(mut hash: u64) -> u64 {
    hash ^= hash >> 33;
    hash = hash.wrapping_mul(0xFF51_AFD7_ED55_8CCD);
    hash ^= hash >> 33;
    hash = hash.wrapping_mul(0xC4CE_B9FE_1A85_EC53);
    hash ^ hash >> 33
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::{Column, TextColumn};

    fn column(texts: &[Option<&str>]) -> Column {
        Column::Text(TextColumn::from_texts(texts.iter().copied()))
    }

    #[test]
    fn equal_rows_are_one_with_a_weight() {
        let columns =
            [column(&[Some("a"), None, Some("a")]), column(&[Some(""), Some("b"), Some("")])];
        let columns: Vec<_> = columns.iter().map(HashedColumn::of).collect();
        let mut sample = RowSample::new(2, 1 << 20);
        sample.take(&columns, &row_hashes(&columns, 3));
        let rows = sample.coded();
        assert_eq!((rows.weights.as_slice(), rows.level), (&[2, 1][..], 0));
        let codes: Vec<_> = rows.columns.iter().map(|it| it.codes.as_slice()).collect();
        assert_eq!(codes, [&[0, NULL_CODE][..], &[0, 1]]);
        assert_eq!(rows.columns[1].values, [b"".as_slice().into(), b"b".as_slice().into()]);
    }
}
