//! Builds the columns of a batch from values as PostgreSQL sends them.
//!
//! A column of text is a span for each row, over the bytes that were received. Numbers of any size and UUIDs
//! are written out first.

use arrow_array::{BooleanArray, Date32Array, Float64Array, Int64Array, TimestampMicrosecondArray};
use arrow_buffer::{Buffer, NullBufferBuilder};

use crate::database::postgres::numeric;
use crate::value::{Cell, Column, MixedColumn, Span, TextColumn, ValueType};

/// Days from 1970-01-01 to 2000-01-01, from which PostgreSQL counts.
const EPOCH_DAYS: i32 = 10_957;
const EPOCH_MICROS: i64 = EPOCH_DAYS as i64 * 86_400_000_000;

/// The header of a modifier, which comes before precision and scale.
const MODIFIER_NONE: i32 = -1;

/// How the values of a type are sent.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Form {
    Boolean,
    Small,
    Integer,
    Long,
    Oid,
    Real,
    Double,
    Date,
    Timestamp,
    Text,
    /// Text of a fixed length, filled up with spaces that SQL does not count.
    Padded,
    /// JSON, after the number of its format.
    Jsonb,
    Uuid,
    /// Numbers of any size, of which `is_short` leaves out zeros at the end: where no scale is declared,
    /// 1.0 and 1.00 are one value.
    Numeric {
        is_short: bool,
    },
    Bytes,
}

impl Form {
    /// The form of a built-in type, by the number that it has in every database; `None` for a type whose
    /// values are rather read as text.
    pub(crate) fn of(type_oid: u32, modifier: i32) -> Option<Self> {
        Some(match type_oid {
            16 => Self::Boolean,
            17 => Self::Bytes,
            20 => Self::Long,
            21 => Self::Small,
            23 => Self::Integer,
            26 => Self::Oid,
            700 => Self::Real,
            701 => Self::Double,
            1082 => Self::Date,
            1114 | 1184 => Self::Timestamp,
            // name, text, json, varchar, and what has no type, such as a literal
            19 | 25 | 114 | 1043 | 705 => Self::Text,
            1042 => Self::Padded,
            3802 => Self::Jsonb,
            2950 => Self::Uuid,
            1700 => Self::Numeric { is_short: modifier == MODIFIER_NONE },
            _ => return None,
        })
    }

    /// The type of the column that is made of such values.
    pub(crate) fn value_type(self) -> ValueType {
        match self {
            Self::Boolean => ValueType::Boolean,
            Self::Small | Self::Integer | Self::Long | Self::Oid => ValueType::Integer,
            Self::Real | Self::Double => ValueType::Float,
            Self::Date => ValueType::Date,
            Self::Timestamp => ValueType::Timestamp,
            Self::Text | Self::Padded | Self::Jsonb | Self::Uuid | Self::Numeric { .. } => {
                ValueType::Text
            }
            Self::Bytes => ValueType::Bytes,
        }
    }
}

/// Builds one column.
#[derive(Debug)]
pub(crate) struct ColumnBuilder {
    form: Form,
    /// Whether text may be something else than UTF-8.
    checks_text: bool,
    values: Values,
}

#[derive(Debug)]
enum Values {
    Boolean(Vec<bool>, NullBufferBuilder),
    Integer(Vec<i64>, NullBufferBuilder),
    Float(Vec<f64>, NullBufferBuilder),
    Date(Vec<i32>, NullBufferBuilder),
    Timestamp(Vec<i64>, NullBufferBuilder),
    /// Spans of what was received, and the rows that are not UTF-8.
    Text(Vec<Span>, Vec<usize>),
    /// Spans of what was written out here.
    Written(Vec<Span>, Vec<u8>),
    Bytes(Vec<Cell>),
}

impl ColumnBuilder {
    /// A builder with room for `capacity` rows.
    pub(crate) fn new(form: Form, checks_text: bool, capacity: usize) -> Self {
        let nulls = || NullBufferBuilder::new(capacity);
        let values = match form.value_type() {
            ValueType::Boolean => Values::Boolean(Vec::with_capacity(capacity), nulls()),
            ValueType::Integer => Values::Integer(Vec::with_capacity(capacity), nulls()),
            ValueType::Float => Values::Float(Vec::with_capacity(capacity), nulls()),
            ValueType::Date => Values::Date(Vec::with_capacity(capacity), nulls()),
            ValueType::Timestamp => Values::Timestamp(Vec::with_capacity(capacity), nulls()),
            ValueType::Bytes => Values::Bytes(Vec::with_capacity(capacity)),
            _ if matches!(form, Form::Uuid | Form::Numeric { .. }) => {
                Values::Written(Vec::with_capacity(capacity), Vec::new())
            }
            _ => Values::Text(Vec::with_capacity(capacity), Vec::new()),
        };
        Self { form, checks_text, values }
    }

    /// Appends NULL.
    #[inline]
    pub(crate) fn push_null(&mut self) {
        match &mut self.values {
            Values::Boolean(values, nulls) => push_null(values, nulls),
            Values::Integer(values, nulls) | Values::Timestamp(values, nulls) => {
                push_null(values, nulls);
            }
            Values::Float(values, nulls) => push_null(values, nulls),
            Values::Date(values, nulls) => push_null(values, nulls),
            Values::Text(spans, _) | Values::Written(spans, _) => spans.push(Span::NULL),
            Values::Bytes(cells) => cells.push(Cell::Null),
        }
    }

    /// Appends the value in `bytes`, which begin at `start` of what was received. Gives whether they are a
    /// value of the type.
    #[inline]
    #[must_use]
    pub(crate) fn push(&mut self, bytes: &[u8], start: usize) -> bool {
        let pushed = match &mut self.values {
            Values::Text(spans, wrong) => {
                push_text((spans, wrong), (self.form, self.checks_text), bytes, start)
            }
            Values::Integer(values, nulls) => {
                integer(self.form, bytes).map(|it| push(values, nulls, it))
            }
            Values::Boolean(values, nulls) => boolean(bytes).map(|it| push(values, nulls, it)),
            Values::Float(values, nulls) => {
                float(self.form, bytes).map(|it| push(values, nulls, it))
            }
            Values::Date(values, nulls) => day(bytes).map(|it| push(values, nulls, it)),
            Values::Timestamp(values, nulls) => point(bytes).map(|it| push(values, nulls, it)),
            Values::Written(spans, text) => write(self.form, bytes, text).map(|it| spans.push(it)),
            Values::Bytes(cells) => {
                cells.push(Cell::Bytes(Span::new(start as u32, bytes.len() as u32)));
                Some(())
            }
        };
        pushed.is_some()
    }

    /// The column; `received` is what its spans lie in.
    pub(crate) fn finish(self, received: &Buffer) -> Column {
        match self.values {
            Values::Boolean(values, mut nulls) => {
                Column::Boolean(BooleanArray::new(values.into(), nulls.finish()))
            }
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
            Values::Text(spans, wrong) if wrong.is_empty() => {
                Column::Text(TextColumn::new(spans, received.clone()))
            }
            Values::Text(spans, wrong) => {
                let cells = spans.into_iter().enumerate();
                let cells = cells.map(|(row, span)| cell(span, wrong.binary_search(&row).is_ok()));
                Column::Mixed(MixedColumn::new(cells.collect(), received.clone()))
            }
            Values::Written(spans, text) => {
                Column::Text(TextColumn::new(spans, Buffer::from_vec(text)))
            }
            Values::Bytes(cells) => Column::Mixed(MixedColumn::new(cells, received.clone())),
        }
    }
}

/// Text, or what should have been text and is not.
fn cell(span: Span, is_wrong: bool) -> Cell {
    match (span.is_null(), is_wrong) {
        (true, _) => Cell::Null,
        (false, true) => Cell::Bytes(span),
        (false, false) => Cell::Text(span),
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

#[inline]
fn push_text(
    (spans, wrong): (&mut Vec<Span>, &mut Vec<usize>),
    (form, checks): (Form, bool),
    bytes: &[u8],
    start: usize,
) -> Option<()> {
    let (text, start) = match form {
        Form::Padded => {
            let padding = bytes.iter().rev().take_while(|it| **it == b' ').count();
            (bytes.get(..bytes.len() - padding)?, start)
        }
        Form::Jsonb => (bytes.strip_prefix(&[1])?, start + 1),
        _ => (bytes, start),
    };
    if checks && std::str::from_utf8(text).is_err() {
        wrong.push(spans.len());
    }
    spans.push(Span::new(start as u32, text.len() as u32));
    Some(())
}

fn boolean(bytes: &[u8]) -> Option<bool> {
    match bytes {
        [it] => Some(*it != 0),
        _ => None,
    }
}

#[inline]
fn integer(form: Form, bytes: &[u8]) -> Option<i64> {
    Some(match form {
        Form::Small => i64::from(i16::from_be_bytes(bytes.try_into().ok()?)),
        Form::Integer => i64::from(i32::from_be_bytes(bytes.try_into().ok()?)),
        Form::Oid => i64::from(u32::from_be_bytes(bytes.try_into().ok()?)),
        _ => i64::from_be_bytes(bytes.try_into().ok()?),
    })
}

#[inline]
fn float(form: Form, bytes: &[u8]) -> Option<f64> {
    Some(match form {
        Form::Real => f64::from(f32::from_be_bytes(bytes.try_into().ok()?)),
        _ => f64::from_be_bytes(bytes.try_into().ok()?),
    })
}

/// A day. Infinity is the last day that there is, and stays it; its opposite is the first.
fn day(bytes: &[u8]) -> Option<i32> {
    match i32::from_be_bytes(bytes.try_into().ok()?) {
        infinite @ (i32::MIN | i32::MAX) => Some(infinite),
        day => Some(day.saturating_add(EPOCH_DAYS)),
    }
}

/// A point in time. Infinity is the last that there is, and so is whatever lies after the year 294246.
fn point(bytes: &[u8]) -> Option<i64> {
    match i64::from_be_bytes(bytes.try_into().ok()?) {
        infinite @ (i64::MIN | i64::MAX) => Some(infinite),
        point => Some(point.saturating_add(EPOCH_MICROS)),
    }
}

/// Writes a number or a UUID out, and gives its place.
fn write(form: Form, bytes: &[u8], text: &mut Vec<u8>) -> Option<Span> {
    let start = text.len();
    if let Form::Numeric { is_short } = form {
        if !numeric::write_text(bytes, is_short, text) {
            return None;
        }
    } else {
        let uuid: &[u8; 16] = bytes.try_into().ok()?;
        for (position, byte) in uuid.iter().enumerate() {
            if matches!(position, 4 | 6 | 8 | 10) {
                text.push(b'-');
            }
            text.push(hexadecimal(byte >> 4));
            text.push(hexadecimal(byte & 15));
        }
    }
    Some(Span::new(start as u32, (text.len() - start) as u32))
}

fn hexadecimal(digit: u8) -> u8 {
    if digit < 10 { b'0' + digit } else { b'a' + digit - 10 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::{Date, Value};

    fn column(form: Form, values: &[Option<&[u8]>], checks_text: bool) -> Column {
        let mut builder = ColumnBuilder::new(form, checks_text, 0);
        let mut received = Vec::new();
        for value in values {
            match value {
                Some(bytes) => {
                    let start = received.len();
                    received.extend_from_slice(bytes);
                    assert!(builder.push(bytes, start));
                }
                None => builder.push_null(),
            }
        }
        builder.finish(&Buffer::from_vec(received))
    }

    fn texts(form: Form, values: &[Option<&[u8]>]) -> Vec<String> {
        let column = column(form, values, false);
        (0..column.len()).map(|row| column.value(row).to_string()).collect()
    }

    #[test]
    fn each_form_is_read() {
        assert_eq!(texts(Form::Small, &[Some(&[0xff, 0xfe]), None]), ["-2", "NULL"]);
        assert_eq!(texts(Form::Oid, &[Some(&[0xff; 4])]), ["4294967295"]);
        assert_eq!(
            texts(Form::Boolean, &[Some(&[1]), Some(&[0]), None]),
            ["true", "false", "NULL"]
        );
        assert_eq!(texts(Form::Real, &[Some(&0.5_f32.to_be_bytes())]), ["0.5"]);
        assert_eq!(texts(Form::Padded, &[Some(b"ab  "), Some(b"  ")]), ["ab", ""]);
        assert_eq!(texts(Form::Jsonb, &[Some(b"\x01{}")]), ["{}"]);
        let uuid: Vec<u8> = (0..16).map(|it| it * 17).collect();
        assert_eq!(texts(Form::Uuid, &[Some(&uuid)]), ["00112233-4455-6677-8899-aabbccddeeff"]);
    }

    #[test]
    fn days_and_points_in_time_count_from_another_day() {
        assert_eq!(texts(Form::Date, &[Some(&[0; 4])]), ["2000-01-01"]);
        assert_eq!(
            texts(Form::Timestamp, &[Some(&(-1_i64).to_be_bytes())]),
            ["1999-12-31 23:59:59.999999"]
        );
        let infinite = column(Form::Date, &[Some(&i32::MAX.to_be_bytes())], false);
        assert_eq!(infinite.value(0), Value::Date(Date::from_days(i32::MAX)));
    }

    #[test]
    fn what_is_not_utf_8_is_bytes() {
        let column = column(Form::Text, &[Some(b"a"), Some(b"\xff"), None], true);
        assert_eq!(column.value(0), Value::Text(b"a"));
        assert_eq!(column.value(1), Value::Bytes(b"\xff"));
        assert_eq!(column.value(2), Value::Null);
    }

    #[test]
    fn a_value_of_another_size_is_none() {
        for form in [Form::Integer, Form::Long, Form::Date, Form::Uuid, Form::Boolean, Form::Double]
        {
            assert!(!ColumnBuilder::new(form, false, 0).push(&[1, 2, 3], 0), "{form:?}");
        }
    }
}
