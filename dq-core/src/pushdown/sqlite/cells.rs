//! The values of a column, as SQLite hands them over one by one.

use arrow_array::Int64Array;
use arrow_buffer::Buffer;

use crate::value::{Cell, Column, MixedColumn, Span, TextColumn, Value};

/// The values of a column so far.
#[derive(Default)]
pub(crate) struct Cells {
    values: Vec<Cell>,
    text: Vec<u8>,
    has_others: bool,
    has_text: bool,
    has_numbers: bool,
}

impl Cells {
    /// Appends a value; gives how many bytes of text it has.
    pub(crate) fn push(&mut self, value: Value<'_>) -> usize {
        let before = self.text.len();
        let cell = match value {
            Value::Integer(it) => {
                self.has_numbers = true;
                Cell::Integer(it)
            }
            Value::Text(it) => {
                self.has_text = true;
                Cell::Text(Span::append(Some(it), &mut self.text))
            }
            Value::Bytes(it) => {
                self.has_others = true;
                Cell::Bytes(Span::append(Some(it), &mut self.text))
            }
            Value::Float(it) => {
                self.has_others = true;
                Cell::Float(it)
            }
            Value::Boolean(it) => {
                self.has_others = true;
                Cell::Boolean(it)
            }
            // SQLite has neither days nor points in time.
            Value::Null | Value::Date(_) | Value::Timestamp(_) => Cell::Null,
        };
        self.values.push(cell);
        self.text.len() - before
    }

    /// Whether there are none.
    pub(crate) fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// The column, in the form that is judged fastest.
    pub(crate) fn take(&mut self) -> Column {
        let Self { values, text, has_others, has_text, has_numbers } = std::mem::take(self);
        let buffer = Buffer::from_vec(text);
        match (has_others, has_text, has_numbers) {
            (false, true, false) => {
                let span = |it: &Cell| if let Cell::Text(it) = it { *it } else { Span::NULL };
                Column::Text(TextColumn::new(values.iter().map(span).collect(), buffer))
            }
            (false, false, true) => {
                let number = |it: &Cell| if let Cell::Integer(it) = it { Some(*it) } else { None };
                Column::Integer(values.iter().map(number).collect::<Int64Array>())
            }
            (false, false, false) => Column::Null(values.len()),
            _ => Column::Mixed(MixedColumn::new(values, buffer)),
        }
    }
}
