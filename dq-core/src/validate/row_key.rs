//! How a failing row is named, and which of two names is the lower one.

use std::cmp::Ordering;

use arrow_array::Array;

use crate::value::Batch;
use crate::value::Column;
use crate::value::Number;
use crate::value::OwnedValue;
use crate::value::TextColumn;
use crate::value::Value;
use crate::value::pack_ordered;

/// The name of a row: its primary key. Rows without one are ordered by their position.
#[derive(Clone, Debug)]
pub(crate) struct RowKey {
    pub(crate) key: Vec<OwnedValue>,
    pub(crate) position: Position,
}

/// Where a row stands in its table: the sequence of its batch, and its place in the batch.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct Position {
    pub(crate) sequence: u64,
    pub(crate) row: u32,
}

impl RowKey {
    /// The name of `row` in `batch`, whose primary key are `columns`.
    pub(crate) fn of(batch: &Batch, columns: &[usize], row: usize) -> Self {
        let key = columns.iter().map(|it| OwnedValue::from(batch.column(*it).value(row))).collect();
        Self { key, position: Position { sequence: batch.sequence(), row: row as u32 } }
    }

    /// Compares this name with that of `row` in `batch`, without making the latter.
    pub(crate) fn compare(&self, batch: &Batch, columns: &[usize], row: usize) -> Ordering {
        for (mine, column) in self.key.iter().zip(columns) {
            let order = order(mine.as_value(), batch.column(*column).value(row));
            if order.is_ne() {
                return order;
            }
        }
        self.position.cmp(&Position { sequence: batch.sequence(), row: row as u32 })
    }
}

/// The row of `batch` with the lowest key.
pub(crate) fn lowest_row(batch: &Batch, columns: &[usize]) -> usize {
    let rows = 0..batch.rows();
    let lowest = match columns {
        [] => None,
        [column] => match batch.column(*column) {
            Column::Text(texts) => lowest_text(texts),
            Column::Integer(numbers) if numbers.null_count() == 0 => {
                let numbers = numbers.values().iter().enumerate();
                numbers.min_by_key(|(_, number)| **number).map(|(row, _)| row)
            }
            column => rows.min_by(|a, b| order(column.value(*a), column.value(*b))),
        },
        columns => rows.min_by(|a, b| {
            let orders = columns.iter().map(|it| batch.column(*it));
            let mut orders = orders.map(|it| order(it.value(*a), it.value(*b)));
            orders.find(|it| it.is_ne()).unwrap_or(Ordering::Equal)
        }),
    };
    lowest.unwrap_or_default()
}

/// The row with the lowest text; a NULL is lower.
fn lowest_text(texts: &TextColumn) -> Option<usize> {
    lowest_short_text(texts).or_else(|| (0..texts.len()).min_by_key(|row| texts.get(*row)))
}

/// The row with the lowest text, where all texts are short and none is NULL: they compare as numbers.
fn lowest_short_text(texts: &TextColumn) -> Option<usize> {
    let mut lowest: Option<(u128, usize)> = None;
    for (row, text) in texts.iter().enumerate() {
        let number = pack_ordered(text?)?;
        if lowest.is_none_or(|it| number < it.0) {
            lowest = Some((number, row));
        }
    }
    lowest.map(|it| it.1)
}

impl Ord for RowKey {
    fn cmp(&self, other: &Self) -> Ordering {
        let keys = self.key.iter().zip(&other.key).map(|(a, b)| order(a.as_value(), b.as_value()));
        keys.into_iter().find(|it| it.is_ne()).unwrap_or_else(|| self.position.cmp(&other.position))
    }
}

impl PartialOrd for RowKey {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for RowKey {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for RowKey {}

/// A total order of values: NULL, booleans, numbers, days, points in time, text, bytes.
fn order(a: Value<'_>, b: Value<'_>) -> Ordering {
    match (a, b) {
        (Value::Boolean(a), Value::Boolean(b)) => a.cmp(&b),
        (Value::Integer(a), Value::Integer(b)) => a.cmp(&b),
        (Value::Date(a), Value::Date(b)) => a.cmp(&b),
        (Value::Timestamp(a), Value::Timestamp(b)) => a.cmp(&b),
        (Value::Text(a), Value::Text(b)) | (Value::Bytes(a), Value::Bytes(b)) => a.cmp(b),
        (Value::Float(a), Value::Float(b)) => a.total_cmp(&b),
        (Value::Integer(_) | Value::Float(_), Value::Integer(_) | Value::Float(_)) => {
            let numbers = Number::of(a).zip(Number::of(b)).and_then(|(a, b)| a.partial_cmp(&b));
            numbers.unwrap_or(Ordering::Less)
        }
        _ => rank(a).cmp(&rank(b)),
    }
}

fn rank(value: Value<'_>) -> u8 {
    match value {
        Value::Null => 0,
        Value::Boolean(_) => 1,
        Value::Integer(_) | Value::Float(_) => 2,
        Value::Date(_) => 3,
        Value::Timestamp(_) => 4,
        Value::Text(_) => 5,
        Value::Bytes(_) => 6,
    }
}
