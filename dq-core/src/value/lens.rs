//! Lenses: a column of any type, tested as text, as numbers, as days or as points in time.
//!
//! Each answers which rows **fail**: the value is not NULL, and either cannot be read as what the
//! test wants, or the test says no. The common variants of [`Column`] are read directly; the rest
//! goes value by value.

use arrow_array::Array;
use arrow_buffer::BooleanBuffer;

use crate::value::{Column, Date, Number, Timestamp, Value};

/// The rows whose value, as text, fails `test`. What is not text is rendered first, as
/// [`Value::render`] does it; bytes that are not text always fail.
pub fn text_fails(column: &Column, mut test: impl FnMut(&[u8]) -> bool) -> BooleanBuffer {
    match column {
        Column::Null(rows) => BooleanBuffer::new_unset(*rows),
        Column::Text(it) => it.judge(false, |text| !test(text)),
        _ => {
            let mut scratch = Vec::new();
            values_fail(column, |value| match value {
                Value::Text(text) => test(text),
                Value::Bytes(_) => false,
                other => {
                    scratch.clear();
                    other.render(&mut scratch);
                    test(&scratch)
                }
            })
        }
    }
}

/// The rows whose value, as a number, fails `test`. Text is read by [`Number::parse`]; booleans are
/// 1 and 0; days, points in time and bytes always fail.
pub fn number_fails(column: &Column, mut test: impl FnMut(Number) -> bool) -> BooleanBuffer {
    match column {
        Column::Null(rows) => BooleanBuffer::new_unset(*rows),
        Column::Integer(it) => BooleanBuffer::collect_bool(it.len(), |row| {
            it.is_valid(row) && !test(Number::Integer(i128::from(it.value(row))))
        }),
        Column::Float(it) => BooleanBuffer::collect_bool(it.len(), |row| {
            it.is_valid(row) && !test(Number::Float(it.value(row)))
        }),
        Column::Text(it) => it.judge(false, |text| !Number::parse(text).is_some_and(&mut test)),
        _ => values_fail(column, |value| Number::of(value).is_some_and(&mut test)),
    }
}

/// The rows whose value, as a day, fails `test`. Text is read by [`Date::parse`], or else by
/// [`Timestamp::parse`]; a point in time counts as its day; numbers, booleans and bytes always fail.
pub fn date_fails(column: &Column, mut test: impl FnMut(Date) -> bool) -> BooleanBuffer {
    match column {
        Column::Null(rows) => BooleanBuffer::new_unset(*rows),
        Column::Date(it) => BooleanBuffer::collect_bool(it.len(), |row| {
            it.is_valid(row) && !test(Date::from_days(it.value(row)))
        }),
        Column::Text(it) => it.judge(false, |text| !date_of_text(text).is_some_and(&mut test)),
        _ => values_fail(column, |value| date_of(value).is_some_and(&mut test)),
    }
}

/// The rows whose value, as a point in time, fails `test`. Text is read by [`Timestamp::parse`]; a
/// day counts as its midnight; numbers, booleans and bytes always fail.
pub fn timestamp_fails(column: &Column, mut test: impl FnMut(Timestamp) -> bool) -> BooleanBuffer {
    match column {
        Column::Null(rows) => BooleanBuffer::new_unset(*rows),
        Column::Timestamp(it) => BooleanBuffer::collect_bool(it.len(), |row| {
            it.is_valid(row) && !test(Timestamp::from_micros(it.value(row)))
        }),
        _ => values_fail(column, |value| timestamp_of(value).is_some_and(&mut test)),
    }
}

/// The day that a value is, or that its text spells.
pub fn date_of(value: Value<'_>) -> Option<Date> {
    match value {
        Value::Date(it) => Some(it),
        Value::Timestamp(it) => Some(it.date()),
        Value::Text(it) => date_of_text(it),
        Value::Null | Value::Boolean(_) | Value::Integer(_) | Value::Float(_) | Value::Bytes(_) => {
            None
        }
    }
}

/// The point in time that a value is, or that its text spells; the midnight of a day.
pub fn timestamp_of(value: Value<'_>) -> Option<Timestamp> {
    match value {
        Value::Date(it) => Some(it.midnight()),
        Value::Timestamp(it) => Some(it),
        Value::Text(it) => Timestamp::parse(it),
        Value::Null | Value::Boolean(_) | Value::Integer(_) | Value::Float(_) | Value::Bytes(_) => {
            None
        }
    }
}

#[inline]
fn date_of_text(text: &[u8]) -> Option<Date> {
    Date::parse(text).or_else(|| Timestamp::parse(text).map(Timestamp::date))
}

/// The rows whose value is not NULL and fails `test`.
fn values_fail(column: &Column, mut test: impl FnMut(Value<'_>) -> bool) -> BooleanBuffer {
    BooleanBuffer::collect_bool(column.len(), |row| match column.value(row) {
        Value::Null => false,
        value => !test(value),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    use std::sync::Arc;

    use arrow_array::{
        BooleanArray, Date32Array, Float64Array, Int64Array, TimestampMicrosecondArray,
    };
    use arrow_buffer::Buffer;

    use crate::value::{Cell, MixedColumn, Span, TextColumn};

    const NONE: [usize; 0] = [];

    fn rows(fails: &BooleanBuffer) -> Vec<usize> {
        fails.set_indices().collect()
    }

    fn text(texts: &[Option<&str>]) -> Column {
        Column::Text(TextColumn::from_texts(texts.iter().copied()))
    }

    fn mixed() -> Column {
        let cells = vec![
            Cell::Null,
            Cell::Integer(7),
            Cell::Float(7.0),
            Cell::Text(Span::new(0, 1)),
            Cell::Bytes(Span::new(1, 1)),
            Cell::Text(Span::new(2, 10)),
        ];
        Column::Mixed(MixedColumn::new(cells, Buffer::from_vec(b"7\xff2026-11-23".to_vec())))
    }

    #[test]
    fn null_never_fails() {
        let columns = [
            Column::Null(1),
            text(&[None]),
            Column::Integer(Int64Array::from(vec![None])),
            Column::Float(Float64Array::from(vec![None])),
            Column::Boolean(BooleanArray::from(vec![None])),
            Column::Date(Date32Array::from(vec![None])),
            Column::Timestamp(TimestampMicrosecondArray::from(vec![None])),
        ];
        for column in columns {
            assert_eq!(rows(&text_fails(&column, |_| false)), NONE);
            assert_eq!(rows(&number_fails(&column, |_| false)), NONE);
            assert_eq!(rows(&date_fails(&column, |_| false)), NONE);
            assert_eq!(rows(&timestamp_fails(&column, |_| false)), NONE);
        }
    }

    #[test]
    fn whatever_is_not_text_is_rendered_and_bytes_fail() {
        assert_eq!(rows(&text_fails(&mixed(), |it| it == b"7")), [2, 4, 5]);
        let integers = Column::Integer(Int64Array::from(vec![7, -7]));
        assert_eq!(rows(&text_fails(&integers, |it| it == b"-7")), [0]);
        assert_eq!(rows(&text_fails(&text(&[Some("a"), Some(""), None]), |it| it == b"a")), [1]);
    }

    #[test]
    fn text_is_read_as_numbers_and_other_text_fails() {
        let seven = |it| it == Number::Integer(7);
        assert_eq!(rows(&number_fails(&mixed(), seven)), [4, 5]);
        assert_eq!(rows(&number_fails(&text(&[Some("7.0"), Some("x"), Some("")]), seven)), [1, 2]);
        let day = Column::Date(Date32Array::from(vec![7]));
        assert_eq!(rows(&number_fails(&day, seven)), [0]);
    }

    #[test]
    fn a_point_in_time_counts_as_its_day_in_utc() {
        let day = Date::from_civil(2026, 11, 23).unwrap();
        let points = ["2026-11-23 23:59Z", "2026-11-24T00:30+01:00", "2026-11-23T00:30+01:00"];
        assert_eq!(rows(&date_fails(&text(&points.map(Some)), |it| it == day)), [2]);
    }

    #[test]
    fn text_is_read_as_days_and_points_in_time() {
        let day = Date::from_civil(2026, 11, 23).unwrap();
        assert_eq!(rows(&date_fails(&mixed(), |it| it == day)), [1, 2, 3, 4]);
        assert_eq!(rows(&timestamp_fails(&mixed(), |it| it == day.midnight())), [1, 2, 3, 4]);
        let noon = text(&[Some("2026-11-23 12:00"), Some("2026-11-23T12:00Z")]);
        assert_eq!(rows(&date_fails(&noon, |it| it == day)), NONE);
        assert_eq!(rows(&timestamp_fails(&noon, |it| it == day.midnight())), [0, 1]);
    }

    #[test]
    fn lenses_keep_the_rows_of_a_sliced_array() {
        let array = Int64Array::from(vec![Some(1), None, Some(3), Some(4)]);
        let column = Column::Integer(Arc::new(array).slice(1, 3));
        assert_eq!(rows(&number_fails(&column, |it| it == Number::Integer(3))), [2]);
    }
}
