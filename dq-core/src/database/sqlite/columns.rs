//! Builds the columns of a batch from values that arrive one by one.
//!
//! A column starts with the type of its schema and keeps it as long as its values agree, which they
//! nearly always do: then a value costs one push. The first value of another type turns the column
//! into a mixed one.

use arrow_array::{Float64Array, Int64Array};
use arrow_buffer::{Buffer, NullBufferBuilder};

use crate::value::{Cell, Column, MixedColumn, Span, TextColumn, ValueType};

/// Builds one column. Text and bytes are spans of a buffer that comes at the end.
#[derive(Debug)]
pub(crate) struct ColumnBuilder {
    values: Values,
    capacity: usize,
}

/// The values of a column so far.
#[derive(Debug)]
pub(crate) enum Values {
    /// Only NULLs so far, and so many of them; the first other value decides.
    Undecided(usize),
    Integer(Vec<i64>, NullBufferBuilder),
    Float(Vec<f64>, NullBufferBuilder),
    Text(Vec<Span>),
    Mixed(Vec<Cell>),
}

impl ColumnBuilder {
    /// A builder of a column that is declared as `value_type`, with room for `capacity` rows.
    pub(crate) fn new(value_type: ValueType, capacity: usize) -> Self {
        let values = match value_type {
            ValueType::Integer => Values::integers(capacity),
            ValueType::Float => Values::floats(capacity),
            ValueType::Text => Values::Text(Vec::with_capacity(capacity)),
            _ => Values::Undecided(0),
        };
        Self { values, capacity }
    }

    /// The values so far, for loops that look at their form once.
    #[inline]
    pub(crate) fn values(&mut self) -> &mut Values {
        &mut self.values
    }

    /// Appends NULL.
    #[inline]
    pub(crate) fn push_null(&mut self) {
        match &mut self.values {
            Values::Undecided(rows) => *rows += 1,
            Values::Integer(values, nulls) => {
                values.push(0);
                nulls.append_null();
            }
            Values::Float(values, nulls) => {
                values.push(0.0);
                nulls.append_null();
            }
            Values::Text(spans) => spans.push(Span::NULL),
            Values::Mixed(cells) => cells.push(Cell::Null),
        }
    }

    /// Appends a whole number.
    #[inline]
    pub(crate) fn push_integer(&mut self, value: i64) {
        match &mut self.values {
            Values::Integer(values, nulls) => {
                values.push(value);
                nulls.append_non_null();
            }
            _ => self.push_other(Cell::Integer(value)),
        }
    }

    /// Appends a floating-point number.
    #[inline]
    pub(crate) fn push_float(&mut self, value: f64) {
        match &mut self.values {
            Values::Float(values, nulls) => {
                values.push(value);
                nulls.append_non_null();
            }
            _ => self.push_other(Cell::Float(value)),
        }
    }

    /// Appends text, which is valid UTF-8.
    #[inline]
    pub(crate) fn push_text(&mut self, span: Span) {
        match &mut self.values {
            Values::Text(spans) => spans.push(span),
            _ => self.push_other(Cell::Text(span)),
        }
    }

    /// Appends bytes that are not text.
    #[cold]
    pub(crate) fn push_bytes(&mut self, span: Span) {
        self.push_other(Cell::Bytes(span));
    }

    /// Appends a value.
    pub(crate) fn push(&mut self, cell: Cell) {
        match cell {
            Cell::Null => self.push_null(),
            cell => self.push_other(cell),
        }
    }

    /// Declares that the text that was appended last is not valid UTF-8.
    #[cold]
    pub(crate) fn last_is_bytes(&mut self) {
        let span = match &mut self.values {
            Values::Text(spans) => spans.pop(),
            Values::Mixed(cells) => match cells.pop() {
                Some(Cell::Text(span)) => Some(span),
                _ => None,
            },
            _ => None,
        };
        if let Some(span) = span {
            self.push_bytes(span);
        }
    }

    /// The column; its spans lie in `buffer`.
    pub(crate) fn finish(self, buffer: &Buffer) -> Column {
        match self.values {
            Values::Undecided(rows) => Column::Null(rows),
            Values::Integer(values, mut nulls) => {
                Column::Integer(Int64Array::new(values.into(), nulls.finish()))
            }
            Values::Float(values, mut nulls) => {
                Column::Float(Float64Array::new(values.into(), nulls.finish()))
            }
            Values::Text(spans) => Column::Text(TextColumn::new(spans, buffer.clone())),
            Values::Mixed(cells) => Column::Mixed(MixedColumn::new(cells, buffer.clone())),
        }
    }

    /// Appends a value that the column was not made for.
    #[cold]
    fn push_other(&mut self, cell: Cell) {
        if let Values::Undecided(rows) = self.values {
            self.values = Values::decided_by(cell, rows, self.capacity);
        }
        match (&mut self.values, cell) {
            (Values::Integer(values, nulls), Cell::Integer(value)) => {
                values.push(value);
                nulls.append_non_null();
            }
            (Values::Float(values, nulls), Cell::Float(value)) => {
                values.push(value);
                nulls.append_non_null();
            }
            (Values::Text(spans), Cell::Text(span)) => spans.push(span),
            (Values::Mixed(cells), cell) => cells.push(cell),
            (values, cell) => {
                let mut cells = values.to_cells(self.capacity);
                cells.push(cell);
                *values = Values::Mixed(cells);
            }
        }
    }
}

impl Values {
    fn integers(capacity: usize) -> Self {
        Self::Integer(Vec::with_capacity(capacity), NullBufferBuilder::new(capacity))
    }

    fn floats(capacity: usize) -> Self {
        Self::Float(Vec::with_capacity(capacity), NullBufferBuilder::new(capacity))
    }

    /// What a column becomes whose first value after so many NULLs is `cell`.
    fn decided_by(cell: Cell, nulls: usize, capacity: usize) -> Self {
        let mut builder = match cell {
            Cell::Integer(_) => Self::integers(capacity),
            Cell::Float(_) => Self::floats(capacity),
            Cell::Text(_) => Self::Text(Vec::with_capacity(capacity)),
            Cell::Null | Cell::Boolean(_) | Cell::Date(_) | Cell::Timestamp(_) | Cell::Bytes(_) => {
                Self::Mixed(Vec::with_capacity(capacity))
            }
        };
        match &mut builder {
            Self::Integer(values, validity) => {
                values.resize(nulls, 0);
                validity.append_n_nulls(nulls);
            }
            Self::Float(values, validity) => {
                values.resize(nulls, 0.0);
                validity.append_n_nulls(nulls);
            }
            Self::Text(spans) => spans.resize(nulls, Span::NULL),
            Self::Mixed(cells) => cells.resize(nulls, Cell::Null),
            Self::Undecided(rows) => *rows = nulls,
        }
        builder
    }

    fn to_cells(&self, capacity: usize) -> Vec<Cell> {
        let mut cells = Vec::with_capacity(capacity);
        match self {
            Self::Undecided(rows) => cells.resize(*rows, Cell::Null),
            Self::Integer(values, nulls) => cells.extend(with_nulls(values, nulls, Cell::Integer)),
            Self::Float(values, nulls) => cells.extend(with_nulls(values, nulls, Cell::Float)),
            Self::Text(spans) => cells.extend(spans.iter().map(|it| text_or_null(*it))),
            Self::Mixed(known) => cells.extend_from_slice(known),
        }
        cells
    }
}

fn with_nulls<T: Copy>(
    values: &[T],
    nulls: &NullBufferBuilder,
    cell: impl Fn(T) -> Cell,
) -> impl Iterator<Item = Cell> {
    let value = move |(row, value): (usize, &T)| {
        if nulls.is_valid(row) { cell(*value) } else { Cell::Null }
    };
    values.iter().enumerate().map(value)
}

fn text_or_null(span: Span) -> Cell {
    if span.is_null() { Cell::Null } else { Cell::Text(span) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::Value;

    fn values(column: &Column) -> Vec<String> {
        (0..column.len()).map(|row| format!("{:?}", column.value(row))).collect()
    }

    fn text() -> (Buffer, Span) {
        (Buffer::from_vec(b"abc".to_vec()), Span::new(1, 2))
    }

    #[test]
    fn a_typed_column_stays_typed() {
        let mut builder = ColumnBuilder::new(ValueType::Integer, 3);
        builder.push_integer(1);
        builder.push_null();
        builder.push_integer(-3);
        let column = builder.finish(&Buffer::from_vec(Vec::<u8>::new()));
        assert!(matches!(column, Column::Integer(_)));
        assert_eq!(values(&column), ["Integer(1)", "Null", "Integer(-3)"]);
    }

    #[test]
    fn the_first_value_decides_about_an_undeclared_column() {
        let (buffer, span) = text();
        let mut builder = ColumnBuilder::new(ValueType::Any, 3);
        builder.push_null();
        builder.push_text(span);
        builder.push_null();
        let column = builder.finish(&buffer);
        assert!(matches!(column, Column::Text(_)));
        assert_eq!(column.value(1), Value::Text(b"bc"));
        assert_eq!(column.value(2), Value::Null);

        let mut builder = ColumnBuilder::new(ValueType::Any, 1);
        builder.push_null();
        assert!(matches!(builder.finish(&buffer), Column::Null(1)));
    }

    #[test]
    fn a_value_of_another_type_makes_the_column_mixed() {
        let (buffer, span) = text();
        for declared in [ValueType::Integer, ValueType::Float, ValueType::Text, ValueType::Any] {
            let mut builder = ColumnBuilder::new(declared, 6);
            builder.push_null();
            builder.push_integer(1);
            builder.push_float(2.0);
            builder.push_text(span);
            builder.push_bytes(span);
            builder.push_text(span);
            builder.last_is_bytes();
            let column = builder.finish(&buffer);
            assert!(matches!(column, Column::Mixed(_)));
            let bytes = format!("{:?}", Value::Bytes(b"bc"));
            let text = format!("{:?}", Value::Text(b"bc"));
            assert_eq!(
                values(&column),
                ["Null", "Integer(1)", "Float(2.0)", &text, &bytes, &bytes]
            );
        }
    }
}
