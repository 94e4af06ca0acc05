//! One column of a batch.

use std::sync::Arc;

use arrow_array::builder::BinaryViewBuilder;
use arrow_array::{
    Array, ArrayRef, BooleanArray, Date32Array, Float64Array, Int64Array, NullArray,
    TimestampMicrosecondArray,
};
use arrow_buffer::Buffer;

use crate::value::Value;
use crate::value::{Date, Span, TextColumn, Timestamp};

/// The values of one column in a batch. Two batches of one scan may hold the same column in
/// different variants: SQLite decides the type value by value.
#[derive(Clone, Debug)]
pub enum Column {
    /// NULL in each of so many rows.
    Null(usize),
    /// Booleans.
    Boolean(BooleanArray),
    /// Whole numbers.
    Integer(Int64Array),
    /// Floating-point numbers.
    Float(Float64Array),
    /// Days.
    Date(Date32Array),
    /// Points in time, in microseconds.
    Timestamp(TimestampMicrosecondArray),
    /// Text.
    Text(TextColumn),
    /// Rows of different types.
    Mixed(MixedColumn),
}

impl Column {
    /// A column without rows; every row of it reads as NULL.
    pub const NONE: Self = Self::Null(0);

    /// The number of rows.
    pub fn len(&self) -> usize {
        match self {
            Self::Null(rows) => *rows,
            Self::Boolean(it) => it.len(),
            Self::Integer(it) => it.len(),
            Self::Float(it) => it.len(),
            Self::Date(it) => it.len(),
            Self::Timestamp(it) => it.len(),
            Self::Text(it) => it.len(),
            Self::Mixed(it) => it.len(),
        }
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The value of a row; NULL outside of the column.
    #[inline]
    pub fn value(&self, row: usize) -> Value<'_> {
        if row >= self.len() {
            return Value::Null;
        }
        match self {
            Self::Boolean(it) if it.is_valid(row) => Value::Boolean(it.value(row)),
            Self::Integer(it) if it.is_valid(row) => Value::Integer(it.value(row)),
            Self::Float(it) if it.is_valid(row) => Value::Float(it.value(row)),
            Self::Date(it) if it.is_valid(row) => Value::Date(Date::from_days(it.value(row))),
            Self::Timestamp(it) if it.is_valid(row) => {
                Value::Timestamp(Timestamp::from_micros(it.value(row)))
            }
            Self::Text(it) => it.get(row).map_or(Value::Null, Value::Text),
            Self::Mixed(it) => it.value(row),
            _ => Value::Null,
        }
    }

    /// This, whose memory its source keeps for the whole run.
    pub(crate) fn lasting(self) -> Self {
        if let Self::Text(it) = self { Self::Text(it.lasting()) } else { self }
    }

    /// The same values without a buffer that other columns share.
    pub fn compacted(&self) -> Self {
        match self {
            Self::Text(it) => Self::Text(it.compacted()),
            Self::Mixed(it) => Self::Mixed(it.compacted()),
            other => other.clone(),
        }
    }

    /// About how many bytes of memory the values take, with the buffer of text.
    pub(crate) fn bytes(&self) -> usize {
        match self {
            Self::Null(_) => 0,
            Self::Boolean(it) => it.len() / 8,
            Self::Integer(_) | Self::Float(_) | Self::Date(_) | Self::Timestamp(_) => {
                8 * self.len()
            }
            Self::Text(it) => it.bytes(),
            Self::Mixed(it) => size_of::<Cell>() * it.len() + it.buffer.len(),
        }
    }

    /// The buffer in which text and bytes lie, which other columns may share.
    pub(crate) fn text_buffer(&self) -> Option<&Buffer> {
        match self {
            Self::Text(it) => Some(it.buffer()),
            Self::Mixed(it) => Some(&it.buffer),
            _ => None,
        }
    }

    /// The same values as an Arrow array; a mixed column becomes text, as [`Value`] prints it.
    pub fn to_arrow(&self) -> ArrayRef {
        match self {
            Self::Null(rows) => Arc::new(NullArray::new(*rows)),
            Self::Boolean(it) => Arc::new(it.clone()),
            Self::Integer(it) => Arc::new(it.clone()),
            Self::Float(it) => Arc::new(it.clone()),
            Self::Date(it) => Arc::new(it.clone()),
            Self::Timestamp(it) => Arc::new(it.clone()),
            Self::Text(it) => it.to_arrow(),
            Self::Mixed(it) => it.to_arrow(),
        }
    }
}

/// One value of a [`MixedColumn`]; text and bytes lie in the buffer of the column.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Cell {
    /// SQL NULL.
    Null,
    /// True or false.
    Boolean(bool),
    /// A whole number.
    Integer(i64),
    /// A floating-point number.
    Float(f64),
    /// A day.
    Date(Date),
    /// A point in time.
    Timestamp(Timestamp),
    /// Valid UTF-8.
    Text(Span),
    /// Bytes that are not text.
    Bytes(Span),
}

/// A column whose rows have different types.
#[derive(Clone, Debug)]
pub struct MixedColumn {
    cells: Vec<Cell>,
    buffer: Buffer,
}

impl MixedColumn {
    /// Creates a column; spans lie in `buffer`, and those of [`Cell::Text`] are valid UTF-8.
    pub fn new(cells: Vec<Cell>, buffer: Buffer) -> Self {
        Self { cells, buffer }
    }

    /// The number of rows.
    pub fn len(&self) -> usize {
        self.cells.len()
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.cells.is_empty()
    }

    /// The value of a row; NULL outside of the column.
    #[inline]
    pub fn value(&self, row: usize) -> Value<'_> {
        let buffer = self.buffer.as_slice();
        match self.cells.get(row) {
            None | Some(Cell::Null) => Value::Null,
            Some(Cell::Boolean(it)) => Value::Boolean(*it),
            Some(Cell::Integer(it)) => Value::Integer(*it),
            Some(Cell::Float(it)) => Value::Float(*it),
            Some(Cell::Date(it)) => Value::Date(*it),
            Some(Cell::Timestamp(it)) => Value::Timestamp(*it),
            Some(Cell::Text(span)) => span.of(buffer).map_or(Value::Null, Value::Text),
            Some(Cell::Bytes(span)) => span.of(buffer).map_or(Value::Null, Value::Bytes),
        }
    }

    fn compacted(&self) -> Self {
        let (buffer, mut bytes) = (self.buffer.as_slice(), Vec::new());
        let cells = self.cells.iter().map(|cell| match cell {
            Cell::Text(span) => Cell::Text(Span::append(span.of(buffer), &mut bytes)),
            Cell::Bytes(span) => Cell::Bytes(Span::append(span.of(buffer), &mut bytes)),
            other => *other,
        });
        Self { cells: cells.collect(), buffer: Buffer::from_vec(bytes) }
    }

    /// The rows at the given positions, over the same buffer; NULL where there is no position.
    pub(crate) fn gather(&self, rows: &[Option<usize>]) -> Self {
        let cell = |row: usize| self.cells.get(row).copied();
        let cells = rows.iter().map(|row| row.and_then(cell).unwrap_or(Cell::Null)).collect();
        Self { cells, buffer: self.buffer.clone() }
    }

    fn to_arrow(&self) -> ArrayRef {
        let mut scratch = Vec::new();
        let mut builder = BinaryViewBuilder::with_capacity(self.len());
        for row in 0..self.len() {
            match self.value(row) {
                Value::Null => builder.append_null(),
                Value::Bytes(bytes) => builder.append_value(bytes),
                value => {
                    scratch.clear();
                    value.render(&mut scratch);
                    builder.append_value(&scratch);
                }
            }
        }
        let bytes = builder.finish();
        match bytes.clone().to_string_view() {
            Ok(text) => Arc::new(text),
            Err(_) => Arc::new(bytes),
        }
    }
}
