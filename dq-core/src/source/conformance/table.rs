//! What a source under test has to hold.

use std::sync::Arc;

use arrow_array::{ArrayRef, Int64Array, RecordBatch, StringArray};

use crate::error::{Error, ErrorKind, Result};
use crate::value::{OwnedValue, ValueType};

/// Enough rows for several batches, blocks, pages and partitions.
const VISITS: i64 = 10_000;

/// Text that is often spoilt on its way.
const WORDS: [&str; 16] = [
    "",
    " ",
    "a ",
    " a",
    "A",
    "a\n",
    "a\r\nb",
    "a,b;c\td",
    "\"",
    "it's",
    "\\",
    "\\N",
    "NULL",
    "Zürich e\u{301} ß",
    "日本 👩\u{200d}🚀",
    "0.10",
];

/// A table that a source under test has to hold.
#[derive(Clone, Debug)]
pub struct Table {
    /// Its name.
    pub name: &'static str,
    /// Names and types of its columns. The first is a key.
    pub columns: &'static [(&'static str, ValueType)],
    /// Its rows: whole numbers, text and NULL.
    pub rows: Vec<Vec<OwnedValue>>,
}

/// The tables that a source under test has to hold: `visit` with many rows, `word` with difficult values, and `vacant`
/// without any.
pub fn tables() -> Vec<Table> {
    const VISIT: &[(&str, ValueType)] = &[
        ("id", ValueType::Integer),
        ("name", ValueType::Text),
        ("amount", ValueType::Integer),
        ("note", ValueType::Text),
    ];
    const WORD: &[(&str, ValueType)] =
        &[("id", ValueType::Integer), ("word", ValueType::Text), ("number", ValueType::Integer)];
    const VACANT: &[(&str, ValueType)] = &[("id", ValueType::Integer), ("name", ValueType::Text)];
    vec![
        Table { name: "visit", columns: VISIT, rows: (1..=VISITS).map(visit).collect() },
        Table { name: "word", columns: WORD, rows: words() },
        Table { name: "vacant", columns: VACANT, rows: Vec::new() },
    ]
}

/// A row in which amounts and notes are missing here and there, and notes may be blank.
fn visit(id: i64) -> Vec<OwnedValue> {
    let amount = if id % 7 == 0 { OwnedValue::Null } else { (id * 31 % 1000 - 500).into() };
    let note = match id % 11 {
        0 => OwnedValue::Null,
        1 => "".into(),
        length => "note ".repeat(length as usize).as_str().into(),
    };
    vec![id.into(), format!("visit {id}").as_str().into(), amount, note]
}

fn words() -> Vec<Vec<OwnedValue>> {
    let long = ["x".repeat(60_000), "é".repeat(20_000)];
    let words =
        WORDS.map(str::to_owned).into_iter().chain(long).map(|it| OwnedValue::from(it.as_str()));
    let numbers = [i64::MAX, i64::MIN, 0, -1, 9_007_199_254_740_993].map(OwnedValue::from);
    let cells =
        words.chain([OwnedValue::Null]).zip(numbers.into_iter().chain([OwnedValue::Null]).cycle());
    (1_i64..).zip(cells).map(|(id, (word, number))| vec![id.into(), word, number]).collect()
}

impl Table {
    /// The same as a record batch, from which most formats can be written.
    ///
    /// # Errors
    ///
    /// What Arrow refuses, which it does not.
    pub fn to_arrow(&self) -> Result<RecordBatch> {
        let column = |(position, (name, value_type)): (usize, &(&str, ValueType))| {
            let cells = self.rows.iter().filter_map(move |row| row.get(position));
            let array: ArrayRef = match value_type {
                ValueType::Integer => Arc::new(cells.map(whole).collect::<Int64Array>()),
                _ => Arc::new(cells.map(text).collect::<StringArray>()),
            };
            ((*name).to_owned(), array, true)
        };
        let columns = self.columns.iter().enumerate().map(column);
        RecordBatch::try_from_iter_with_nullable(columns)
            .map_err(|error| Error::new(ErrorKind::Internal, error.to_string()))
    }

    /// The rows as a source renders them, sorted.
    pub(crate) fn texts(&self, columns: &[&str]) -> Vec<Vec<Option<Vec<u8>>>> {
        let position = |name: &&str| self.columns.iter().position(|it| it.0 == *name);
        let positions: Vec<_> = columns.iter().filter_map(position).collect();
        let row = |row: &Vec<OwnedValue>| {
            positions.iter().filter_map(|it| row.get(*it)).map(rendered).collect()
        };
        let mut rows: Vec<_> = self.rows.iter().map(row).collect();
        rows.sort();
        rows
    }

    /// The names of its columns.
    pub(crate) fn names(&self) -> Vec<&'static str> {
        self.columns.iter().map(|it| it.0).collect()
    }
}

fn whole(cell: &OwnedValue) -> Option<i64> {
    match cell {
        OwnedValue::Integer(it) => Some(*it),
        _ => None,
    }
}

fn text(cell: &OwnedValue) -> Option<&str> {
    match cell {
        OwnedValue::Text(it) => Some(it),
        _ => None,
    }
}

fn rendered(cell: &OwnedValue) -> Option<Vec<u8>> {
    let mut text = Vec::new();
    cell.as_value().render(&mut text);
    (!cell.as_value().is_null()).then_some(text)
}
