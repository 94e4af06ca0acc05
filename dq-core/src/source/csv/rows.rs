//! Parses a block into a batch.

use std::ops::ControlFlow;

use arrow_buffer::Buffer;

use crate::source::csv::blocks::Block;
use crate::source::csv::flaw::{Flaw, Reason};
use crate::source::csv::grammar::{self, Parser, Sink};
use crate::source::csv::options::Dialect;
use crate::value::{Batch, Column, Span, TextColumn};

/// Which columns of a table are wanted.
#[derive(Debug)]
pub(crate) struct Projection {
    /// How many columns the table has.
    pub(crate) width: usize,
    /// The positions of the wanted ones, in the order of the request.
    pub(crate) wanted: Vec<usize>,
}

/// The wanted cells, column by column.
struct Rows {
    /// Each column of the table; `None` where it is not wanted.
    columns: Vec<Option<Vec<Span>>>,
    width: usize,
    cells: usize,
    complete: usize,
}

impl Rows {
    fn new(projection: &Projection, capacity: usize) -> Self {
        let mut columns: Vec<_> = (0..projection.width).map(|_| None).collect();
        for position in &projection.wanted {
            if let Some(column) = columns.get_mut(*position) {
                *column = Some(Vec::with_capacity(capacity));
            }
        }
        Self { columns, width: projection.width, cells: 0, complete: 0 }
    }
}

impl Sink for Rows {
    #[inline]
    fn cell(&mut self, cell: Span) {
        if let Some(Some(column)) = self.columns.get_mut(self.cells) {
            column.push(cell);
        }
        self.cells += 1;
    }

    fn cells(&self) -> usize {
        self.cells
    }

    #[inline]
    fn record(&mut self) -> Result<ControlFlow<()>, Reason> {
        let cells = std::mem::take(&mut self.cells);
        if cells != self.width {
            return Err(Reason::Ragged { cells });
        }
        self.complete += 1;
        Ok(ControlFlow::Continue(()))
    }

    fn takes_blank_lines(&self) -> bool {
        self.width == 1
    }
}

/// The wanted columns of all records of `block`. If several things are wrong with it, the error is
/// the first of them.
pub(crate) fn parse(
    block: &mut Block,
    sequence: u64,
    dialect: Dialect,
    projection: &Projection,
) -> Result<Batch, Flaw> {
    let records_max = block.bytes.len() / projection.width.max(1); // each cell takes a byte
    let sink = Rows::new(projection, records_max.min(block.lines));
    let parsed = Parser::new(&block.bytes, dialect, sink).run();
    let valid = std::str::from_utf8(&block.bytes);
    let not_utf8 = valid.err().map(|it| grammar::not_utf8(&block.bytes, it.valid_up_to(), dialect));
    let parsed = match (parsed, not_utf8) {
        (Ok(parsed), None) => parsed,
        (Ok(_), Some(flaw)) => return Err(flaw),
        (Err(flaw), other) => {
            return Err(other.filter(|it| it.offset < flaw.offset).unwrap_or(flaw));
        }
    };
    let mut bytes = std::mem::take(&mut block.bytes);
    bytes.extend_from_slice(&parsed.tail);
    let buffer = Buffer::from_vec(bytes);
    let rows = parsed.sink.complete;
    let mut spans = parsed.sink.columns;
    let mut columns = Vec::with_capacity(projection.wanted.len());
    for (at, position) in projection.wanted.iter().enumerate() {
        let again = projection.wanted.iter().skip(at + 1).any(|it| it == position);
        let column = spans.get_mut(*position);
        let spans = if again { column.cloned().flatten() } else { column.and_then(Option::take) };
        columns.push(Column::Text(TextColumn::new(spans.unwrap_or_default(), buffer.clone())));
    }
    Ok(Batch::new(sequence, rows, columns))
}
