//! Builds the columns of a batch from values as the binary protocol sends them.
//!
//! Each value becomes a [`Cell`]; a column is of the type of its first value, and holds cells where a later one
//! has another: a number beyond the greatest `i64`, a day such as `2026-00-00`.

use arrow_array::{Date32Array, Float64Array, Int64Array, TimestampMicrosecondArray};
use arrow_buffer::{Buffer, NullBufferBuilder};
use sqlx::mysql::MySqlTypeInfo;
use sqlx::{MySql, Type, TypeInfo};

use crate::database::mysql::temporal;
use crate::value::{Cell, Column, Date, MixedColumn, Span, TextColumn, Timestamp, ValueType};

/// How the values of a type are sent.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Form {
    /// Whole numbers of one, two, four or eight bytes.
    Integer,
    /// The same, without a sign.
    Unsigned,
    /// Up to 64 bits, the highest first.
    Bit,
    Real,
    Double,
    /// Numbers of up to 65 digits, as text. Those without a fraction are whole numbers.
    Decimal,
    Date,
    Timestamp,
    /// Hours, which may be hundreds, minutes and seconds.
    Time,
    Text,
    Bytes,
}

impl Form {
    /// The form of a type of a result.
    pub(crate) fn of(type_info: &MySqlTypeInfo) -> Self {
        match type_info.name() {
            // A number of one digit is called so, whether it has a sign or not.
            "BOOLEAN" if *type_info == <u8 as Type<MySql>>::type_info() => Self::Unsigned,
            "BOOLEAN" | "TINYINT" | "SMALLINT" | "MEDIUMINT" | "INT" | "BIGINT" => Self::Integer,
            "TINYINT UNSIGNED" | "SMALLINT UNSIGNED" | "MEDIUMINT UNSIGNED" | "INT UNSIGNED"
            | "BIGINT UNSIGNED" | "YEAR" => Self::Unsigned,
            "BIT" => Self::Bit,
            "FLOAT" => Self::Real,
            "DOUBLE" => Self::Double,
            "DECIMAL" => Self::Decimal,
            "DATE" => Self::Date,
            "DATETIME" | "TIMESTAMP" => Self::Timestamp,
            "TIME" => Self::Time,
            "JSON" | "ENUM" | "SET" | "NULL" => Self::Text,
            // What has characters is sent as UTF-8, whatever its table holds.
            _ if <str as Type<MySql>>::compatible(type_info) => Self::Text,
            _ => Self::Bytes,
        }
    }

    /// The type of the column that is made of such values.
    pub(crate) fn value_type(self) -> ValueType {
        match self {
            Self::Integer | Self::Unsigned | Self::Bit => ValueType::Integer,
            Self::Real | Self::Double => ValueType::Float,
            // The scale is not told.
            Self::Decimal => ValueType::Any,
            Self::Date => ValueType::Date,
            Self::Timestamp => ValueType::Timestamp,
            Self::Time | Self::Text => ValueType::Text,
            Self::Bytes => ValueType::Bytes,
        }
    }

    /// The value in `bytes`; its text is appended to `text`. `None` if it is no value of the type.
    #[inline]
    fn read(self, bytes: &[u8], text: &mut Vec<u8>) -> Option<Cell> {
        Some(match self {
            Self::Text => {
                let is_text = std::str::from_utf8(bytes).is_ok();
                let span = append(bytes, text);
                if is_text { Cell::Text(span) } else { Cell::Bytes(span) }
            }
            Self::Integer => Cell::Integer(signed(bytes)?),
            Self::Unsigned => whole(unsigned(bytes)?, text),
            Self::Bit if bytes.len() > 8 => return None,
            Self::Bit => whole(bytes.iter().fold(0, |it, byte| it << 8 | u64::from(*byte)), text),
            Self::Real => Cell::Float(f64::from(f32::from_le_bytes(bytes.try_into().ok()?))),
            Self::Double => Cell::Float(f64::from_le_bytes(bytes.try_into().ok()?)),
            Self::Decimal => decimal(bytes, text)?,
            Self::Date => temporal::date(bytes, text)?,
            Self::Timestamp => temporal::timestamp(bytes, text)?,
            Self::Time => temporal::time(bytes, text)?,
            Self::Bytes => Cell::Bytes(append(bytes, text)),
        })
    }
}

/// Appends bytes, and gives their place.
pub(crate) fn append(bytes: &[u8], text: &mut Vec<u8>) -> Span {
    let start = text.len();
    text.extend_from_slice(bytes);
    Span::new(start as u32, bytes.len() as u32)
}

#[inline]
fn signed(bytes: &[u8]) -> Option<i64> {
    Some(match *bytes {
        [a] => i64::from(i8::from_le_bytes([a])),
        [a, b] => i64::from(i16::from_le_bytes([a, b])),
        [a, b, c, d] => i64::from(i32::from_le_bytes([a, b, c, d])),
        _ => i64::from_le_bytes(bytes.try_into().ok()?),
    })
}

#[inline]
fn unsigned(bytes: &[u8]) -> Option<u64> {
    Some(match *bytes {
        [a] => u64::from(a),
        [a, b] => u64::from(u16::from_le_bytes([a, b])),
        [a, b, c, d] => u64::from(u32::from_le_bytes([a, b, c, d])),
        _ => u64::from_le_bytes(bytes.try_into().ok()?),
    })
}

/// A whole number; beyond the greatest `i64` the text of its digits, which compares as the number.
#[inline]
fn whole(number: u64, text: &mut Vec<u8>) -> Cell {
    match i64::try_from(number) {
        Ok(small) => Cell::Integer(small),
        Err(_) => Cell::Text(append(number.to_string().as_bytes(), text)),
    }
}

/// A number of many digits, without the zeros that `ZEROFILL` puts before it.
fn decimal(bytes: &[u8], text: &mut Vec<u8>) -> Option<Cell> {
    let number = std::str::from_utf8(bytes).ok()?;
    if !number.contains('.')
        && let Ok(small) = number.parse()
    {
        return Some(Cell::Integer(small));
    }
    let digits = number.trim_start_matches('0');
    let has_zero =
        digits.len() < number.len() && !digits.starts_with(|it: char| it.is_ascii_digit());
    let start = text.len();
    if has_zero {
        text.push(b'0');
    }
    text.extend_from_slice(digits.as_bytes());
    Some(Cell::Text(Span::new(start as u32, (text.len() - start) as u32)))
}

/// Builds one column.
#[derive(Debug)]
pub(crate) struct ColumnBuilder {
    form: Form,
    values: Values,
}

#[derive(Debug)]
enum Values {
    /// Nothing but so many NULLs yet.
    Nulls(usize),
    Integer(Vec<i64>, NullBufferBuilder),
    Float(Vec<f64>, NullBufferBuilder),
    Date(Vec<i32>, NullBufferBuilder),
    Timestamp(Vec<i64>, NullBufferBuilder),
    Text(Vec<Span>),
    Mixed(Vec<Cell>),
}

impl ColumnBuilder {
    /// A builder for values of this form.
    pub(crate) fn new(form: Form) -> Self {
        Self { form, values: Values::Nulls(0) }
    }

    /// Appends the value in `bytes`, or NULL. Gives whether they are a value of the type.
    #[inline]
    #[must_use]
    pub(crate) fn push(&mut self, bytes: Option<&[u8]>, text: &mut Vec<u8>) -> bool {
        let cell = match bytes {
            Some(bytes) => self.form.read(bytes, text),
            None => Some(Cell::Null),
        };
        cell.is_some_and(|it| {
            self.values.push(it);
            true
        })
    }

    /// The column; `text` is what its spans lie in.
    pub(crate) fn finish(self, text: &Buffer) -> Column {
        match self.values {
            Values::Nulls(rows) => Column::Null(rows),
            Values::Integer(values, mut nulls) => {
                Column::Integer(Int64Array::new(values.into(), nulls.finish()))
            }
            Values::Float(values, mut nulls) => {
                Column::Float(Float64Array::new(values.into(), nulls.finish()))
            }
            Values::Date(values, mut nulls) => {
                Column::Date(Date32Array::new(values.into(), nulls.finish()))
            }
            Values::Timestamp(values, mut nulls) => {
                Column::Timestamp(TimestampMicrosecondArray::new(values.into(), nulls.finish()))
            }
            Values::Text(spans) => Column::Text(TextColumn::new(spans, text.clone())),
            Values::Mixed(cells) => Column::Mixed(MixedColumn::new(cells, text.clone())),
        }
    }
}

impl Values {
    #[inline]
    fn push(&mut self, cell: Cell) {
        match (&mut *self, cell) {
            (Self::Text(spans), Cell::Text(span)) => spans.push(span),
            (Self::Text(spans), Cell::Null) => spans.push(Span::NULL),
            (Self::Integer(values, nulls), Cell::Integer(it)) => push(values, nulls, it),
            (Self::Float(values, nulls), Cell::Float(it)) => push(values, nulls, it),
            (Self::Date(values, nulls), Cell::Date(it)) => push(values, nulls, it.days()),
            (Self::Timestamp(values, nulls), Cell::Timestamp(it)) => {
                push(values, nulls, it.micros());
            }
            (Self::Integer(values, nulls) | Self::Timestamp(values, nulls), Cell::Null) => {
                push_null(values, nulls);
            }
            (Self::Float(values, nulls), Cell::Null) => push_null(values, nulls),
            (Self::Date(values, nulls), Cell::Null) => push_null(values, nulls),
            (Self::Nulls(rows), Cell::Null) => *rows += 1,
            (Self::Mixed(cells), cell) => cells.push(cell),
            (Self::Nulls(rows), cell) => {
                *self = Self::after_nulls(*rows, cell);
                self.push(cell);
            }
            (_, cell) => {
                let mut cells = self.cells();
                cells.push(cell);
                *self = Self::Mixed(cells);
            }
        }
    }

    /// So many NULLs, before values of the type of `cell`.
    fn after_nulls(rows: usize, cell: Cell) -> Self {
        let mut nulls = NullBufferBuilder::new(rows);
        nulls.append_n_nulls(rows);
        match cell {
            Cell::Integer(_) => Self::Integer(vec![0; rows], nulls),
            Cell::Float(_) => Self::Float(vec![0.0; rows], nulls),
            Cell::Date(_) => Self::Date(vec![0; rows], nulls),
            Cell::Timestamp(_) => Self::Timestamp(vec![0; rows], nulls),
            Cell::Text(_) => Self::Text(vec![Span::NULL; rows]),
            Cell::Null | Cell::Boolean(_) | Cell::Bytes(_) => Self::Mixed(vec![Cell::Null; rows]),
        }
    }

    /// The values so far, each by itself.
    fn cells(&mut self) -> Vec<Cell> {
        fn cells<T: Copy>(
            values: &[T],
            nulls: &NullBufferBuilder,
            cell: impl Fn(T) -> Cell,
        ) -> Vec<Cell> {
            let nulls = nulls.finish_cloned();
            let is_null = |row| nulls.as_ref().is_some_and(|it| it.is_null(row));
            let cell = |(row, it): (usize, &T)| if is_null(row) { Cell::Null } else { cell(*it) };
            values.iter().enumerate().map(cell).collect()
        }
        match self {
            Self::Nulls(rows) => vec![Cell::Null; *rows],
            Self::Integer(values, nulls) => cells(values, nulls, Cell::Integer),
            Self::Float(values, nulls) => cells(values, nulls, Cell::Float),
            Self::Date(values, nulls) => cells(values, nulls, |it| Cell::Date(Date::from_days(it))),
            Self::Timestamp(values, nulls) => {
                cells(values, nulls, |it| Cell::Timestamp(Timestamp::from_micros(it)))
            }
            Self::Text(spans) => {
                let cell = |it: &Span| if it.is_null() { Cell::Null } else { Cell::Text(*it) };
                spans.iter().map(cell).collect()
            }
            Self::Mixed(cells) => std::mem::take(cells),
        }
    }
}

fn push<T>(values: &mut Vec<T>, nulls: &mut NullBufferBuilder, value: T) {
    values.push(value);
    nulls.append_non_null();
}

fn push_null<T: Default>(values: &mut Vec<T>, nulls: &mut NullBufferBuilder) {
    values.push(T::default());
    nulls.append_null();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::Value;

    fn column(form: Form, values: &[Option<&[u8]>]) -> Column {
        let mut builder = ColumnBuilder::new(form);
        let mut text = Vec::new();
        for value in values {
            assert!(builder.push(*value, &mut text));
        }
        builder.finish(&Buffer::from_vec(text))
    }

    fn texts(form: Form, values: &[Option<&[u8]>]) -> Vec<String> {
        let column = column(form, values);
        (0..column.len()).map(|row| column.value(row).to_string()).collect()
    }

    #[test]
    fn each_form_is_read() {
        assert_eq!(texts(Form::Integer, &[Some(&[0xfe]), None]), ["-2", "NULL"]);
        assert_eq!(texts(Form::Integer, &[None, Some(&[0, 0x80])]), ["NULL", "-32768"]);
        assert_eq!(texts(Form::Unsigned, &[Some(&[0xff; 4])]), ["4294967295"]);
        assert_eq!(texts(Form::Bit, &[Some(&[1, 0]), Some(&[])]), ["256", "0"]);
        assert_eq!(texts(Form::Real, &[Some(&0.5_f32.to_le_bytes())]), ["0.5"]);
        assert_eq!(column(Form::Text, &[None, None]).len(), 2);
    }

    #[test]
    fn numbers_beyond_the_greatest_are_their_digits() {
        let values = [Some(&[7; 8][..]), None, Some(&[0xff; 8])];
        let column = column(Form::Unsigned, &values);
        assert_eq!(column.value(0), Value::Integer(0x0707_0707_0707_0707));
        assert_eq!(column.value(1), Value::Null);
        assert_eq!(column.value(2), Value::Text(b"18446744073709551615"));
    }

    #[test]
    fn decimals_are_whole_numbers_or_their_digits() {
        let column =
            column(Form::Decimal, &[Some(b"15"), Some(b"-3"), Some(b"99999999999999999999")]);
        assert_eq!(column.value(0), Value::Integer(15));
        assert_eq!(column.value(1), Value::Integer(-3));
        assert_eq!(column.value(2), Value::Text(b"99999999999999999999"));
        let values = [Some(&b"1.50"[..]), Some(b"000.05"), Some(b"0012.00"), Some(b"-0.10")];
        assert_eq!(texts(Form::Decimal, &values), ["1.50", "0.05", "12.00", "-0.10"]);
    }

    #[test]
    fn what_is_not_utf_8_is_bytes() {
        let column = column(Form::Text, &[Some(b"a"), Some(b"\xff"), None]);
        assert_eq!(column.value(0), Value::Text(b"a"));
        assert_eq!(column.value(1), Value::Bytes(b"\xff"));
        assert_eq!(column.value(2), Value::Null);
    }

    #[test]
    fn a_value_of_another_size_is_none() {
        for form in [Form::Integer, Form::Unsigned, Form::Double, Form::Date, Form::Timestamp] {
            let mut builder = ColumnBuilder::new(form);
            assert!(!builder.push(Some(&[1, 2, 3]), &mut Vec::new()), "{form:?}");
        }
    }
}
