//! Parses a block into a batch.

use std::collections::HashMap;
use std::mem;
use std::sync::Arc;

use arrow_array::{BooleanArray, Float64Array, Int64Array};
use arrow_buffer::Buffer;

use crate::error::{Error, Result};
use crate::source::files::scan::Decode;
use crate::source::files::{Identity, InputFile};
use crate::source::json::blocks::Block;
use crate::source::json::line::{self, Entries, Flaw, Kind, Rejected};
use crate::source::json::survey::lines;
use crate::value::{Batch, Cell, Column, MixedColumn, Span, TextColumn};

/// A block, and where it comes from.
pub(crate) struct FeedBlock {
    pub(crate) block: Block,
    pub(crate) file: Arc<InputFile>,
    pub(crate) identity: Option<Identity>,
}

/// Parses blocks of a table.
#[derive(Debug)]
pub(crate) struct JsonDecoder {
    /// The place of each wanted column in the batch, by its name; `None` for what is not wanted.
    places: HashMap<String, Option<usize>>,
    /// The same by its position in the table.
    by_position: Vec<(String, Option<usize>)>,
    /// For each column of the request the place that holds it.
    wanted: Vec<usize>,
}

impl JsonDecoder {
    /// Gives the columns at the positions `wanted`, of a table whose columns have these names.
    pub(crate) fn new(names: Vec<String>, wanted: &[usize]) -> Self {
        let mut distinct: Vec<usize> = Vec::new();
        for position in wanted {
            if !distinct.contains(position) {
                distinct.push(*position);
            }
        }
        let place = |position: usize| distinct.iter().position(|it| *it == position);
        let by_position: Vec<_> =
            names.into_iter().enumerate().map(|(at, name)| (name, place(at))).collect();
        let wanted = wanted.iter().filter_map(|it| place(*it)).collect();
        Self { places: by_position.iter().cloned().collect(), by_position, wanted }
    }
}

impl Decode<FeedBlock> for JsonDecoder {
    fn decode(&self, piece: FeedBlock, sequence: u64) -> Result<Batch> {
        let FeedBlock { block, file, identity } = piece;
        let count = self.by_position.iter().filter(|it| it.1.is_some()).count();
        let mut rows = Parsed {
            decoder: self,
            columns: (0..count).map(|_| Values::default()).collect(),
            rows: 0,
            block: &block.bytes,
            unescaped: Vec::new(),
        };
        for (number, line) in lines(&block) {
            // If the file changed, then that is why: the survey has read the same lines.
            let failed = |flaw: Flaw| -> Error {
                let flaw = flaw.into_error(&file, number, line);
                file.check_unchanged(identity).err().unwrap_or(flaw)
            };
            let text = std::str::from_utf8(line)
                .map_err(|it| failed(Flaw::new(it.valid_up_to(), "not valid UTF-8")))?;
            if line::read(text, &mut rows).map_err(failed)? {
                rows.end_row();
            }
        }
        let Parsed { columns, rows, unescaped, .. } = rows;
        let mut bytes = block.bytes;
        bytes.extend_from_slice(&unescaped);
        let buffer = Buffer::from_vec(bytes);
        let columns: Vec<_> = columns.into_iter().map(|it| it.finish(&buffer)).collect();
        let wanted = self.wanted.iter().filter_map(|it| columns.get(*it).cloned());
        Ok(Batch::new(sequence, rows, wanted.collect()))
    }
}

/// The values of the lines so far.
struct Parsed<'a> {
    decoder: &'a JsonDecoder,
    columns: Vec<Values>,
    rows: usize,
    block: &'a [u8],
    /// Strings that are not in the block as they are; they come behind it.
    unescaped: Vec<u8>,
}

impl Parsed<'_> {
    fn end_row(&mut self) {
        self.rows += 1;
        for column in &mut self.columns {
            column.cells.resize(self.rows, Cell::Null);
        }
    }

    /// The span of a part of the block.
    fn span(&self, part: &str) -> Span {
        let start = part.as_ptr().addr() - self.block.as_ptr().addr();
        Span::new(start as u32, part.len() as u32)
    }

    fn text(&mut self, raw: &str) -> Result<Cell, Rejected> {
        let inner = raw.get(1..raw.len() - 1).unwrap_or_default();
        if memchr::memchr(b'\\', inner.as_bytes()).is_none() {
            return Ok(Cell::Text(self.span(inner)));
        }
        let text: String = serde_json::from_str(raw)
            .map_err(|_| Rejected("a string has an escape that is no character".to_owned()))?;
        let start = self.block.len() + self.unescaped.len();
        self.unescaped.extend_from_slice(text.as_bytes());
        Ok(Cell::Text(Span::new(start as u32, text.len() as u32)))
    }
}

impl Entries for Parsed<'_> {
    fn place(&mut self, key: &str, at: usize) -> Result<Option<usize>, Rejected> {
        match self.decoder.by_position.get(at) {
            Some((name, place)) if name == key => Ok(*place),
            _ => Ok(self.decoder.places.get(key).copied().flatten()),
        }
    }

    fn value(&mut self, place: usize, raw: &str) -> Result<(), Rejected> {
        let cell = match Kind::of(raw) {
            Kind::Null => Cell::Null,
            Kind::Boolean(it) => Cell::Boolean(it),
            Kind::Integer(it) => Cell::Integer(it),
            Kind::Float(it) => Cell::Float(it),
            Kind::LongNumber | Kind::Nested => Cell::Text(self.span(raw)),
            Kind::Text => self.text(raw)?,
        };
        let rows = self.rows;
        if let Some(column) = self.columns.get_mut(place).filter(|it| it.cells.len() == rows) {
            column.push(cell);
        }
        Ok(())
    }
}

/// The values of one column, and which types they have.
#[derive(Default)]
struct Values {
    cells: Vec<Cell>,
    has_booleans: bool,
    has_integers: bool,
    has_floats: bool,
    has_texts: bool,
}

impl Values {
    fn push(&mut self, cell: Cell) {
        match cell {
            // Which JSON does not have, but for NULL.
            Cell::Null | Cell::Date(_) | Cell::Timestamp(_) | Cell::Bytes(_) => {}
            Cell::Boolean(_) => self.has_booleans = true,
            Cell::Integer(_) => self.has_integers = true,
            Cell::Float(_) => self.has_floats = true,
            Cell::Text(_) => self.has_texts = true,
        }
        self.cells.push(cell);
    }

    /// The column: of one type if all values have it.
    fn finish(mut self, buffer: &Buffer) -> Column {
        let cells = mem::take(&mut self.cells);
        let values = cells.iter();
        match (self.has_booleans, self.has_integers, self.has_floats, self.has_texts) {
            (false, false, false, false) => Column::Null(cells.len()),
            (true, false, false, false) => {
                let value = |it: &Cell| if let Cell::Boolean(it) = it { Some(*it) } else { None };
                Column::Boolean(values.map(value).collect::<BooleanArray>())
            }
            (false, true, false, false) => {
                let value = |it: &Cell| if let Cell::Integer(it) = it { Some(*it) } else { None };
                Column::Integer(values.map(value).collect::<Int64Array>())
            }
            (false, false, true, false) => {
                let value = |it: &Cell| if let Cell::Float(it) = it { Some(*it) } else { None };
                Column::Float(values.map(value).collect::<Float64Array>())
            }
            (false, false, false, true) => {
                let span = |it: &Cell| if let Cell::Text(it) = it { *it } else { Span::NULL };
                Column::Text(TextColumn::new(values.map(span).collect(), buffer.clone()))
            }
            _ => Column::Mixed(MixedColumn::new(cells, buffer.clone())),
        }
    }
}
