//! Reads every line of a table once, to learn the names and types of its columns.

use std::collections::HashMap;

use crate::error::{Error, ErrorKind, Result};
use crate::source::files::InputFile;
use crate::source::json::blocks::Block;
use crate::source::json::line::{self, Entries, Flaw, Kind, Rejected};
use crate::value::{ColumnSchema, ValueType};

/// What is known of a table.
#[derive(Debug)]
pub(crate) struct Survey {
    columns: Vec<Known>,
    positions: HashMap<String, usize>,
    columns_max: usize,
    rows: u64,
}

#[derive(Debug)]
struct Known {
    name: String,
    /// The types of its values; none where all are NULL.
    value_type: Option<ValueType>,
    /// How many rows have a value that is not NULL.
    values: u64,
    /// The number of the last row with this key, from 1.
    last_row: u64,
}

impl Survey {
    /// Nothing is known yet.
    pub(crate) fn new(columns_max: usize) -> Self {
        Self { columns: Vec::new(), positions: HashMap::new(), columns_max, rows: 0 }
    }

    /// Reads the lines of a block of `file`.
    pub(crate) fn read(&mut self, block: &Block, file: &InputFile) -> Result<()> {
        for (number, line) in lines(block) {
            let text = std::str::from_utf8(line)
                .map_err(|it| Flaw::new(it.valid_up_to(), "not valid UTF-8"));
            self.rows += 1;
            match text.and_then(|it| line::read(it, self)) {
                Ok(true) => {}
                Ok(false) => self.rows -= 1,
                Err(flaw) => return Err(flaw.into_error(file, number, line)),
            }
            if self.columns.len() > self.columns_max {
                return Err(self.too_many(file, number));
            }
        }
        Ok(())
    }

    /// How many rows there are.
    pub(crate) fn rows(&self) -> u64 {
        self.rows
    }

    /// The columns of the table.
    pub(crate) fn columns(&self) -> Vec<ColumnSchema> {
        let column = |it: &Known| ColumnSchema {
            name: it.name.clone(),
            value_type: it.value_type.unwrap_or(ValueType::Any),
            nullable: it.values < self.rows,
        };
        self.columns.iter().map(column).collect()
    }

    fn too_many(&self, file: &InputFile, number: u64) -> Error {
        let columns_max = self.columns_max;
        let message = format!(
            "cannot read `{file}`: line {number}: there are more than {columns_max} different keys \
             (`columns_max`)"
        );
        Error::new(ErrorKind::LimitExceeded, message)
    }
}

impl Entries for Survey {
    fn place(&mut self, key: &str, at: usize) -> Result<Option<usize>, Rejected> {
        let usual = self.columns.get(at).is_some_and(|it| it.name == key);
        let known = if usual { Some(at) } else { self.positions.get(key).copied() };
        let place = known.unwrap_or_else(|| {
            self.positions.insert(key.to_owned(), self.columns.len());
            let name = key.to_owned();
            self.columns.push(Known { name, value_type: None, values: 0, last_row: 0 });
            self.columns.len() - 1
        });
        let row = self.rows;
        match self.columns.get_mut(place) {
            Some(column) if column.last_row < row => column.last_row = row,
            _ => return Err(Rejected(format!("the key `{key}` is there twice"))),
        }
        Ok(Some(place))
    }

    fn value(&mut self, place: usize, raw: &str) -> Result<(), Rejected> {
        let Some(column) = self.columns.get_mut(place) else { return Ok(()) };
        let value_type = match Kind::of(raw) {
            Kind::Null => return Ok(()),
            Kind::Boolean(_) => ValueType::Boolean,
            Kind::Integer(_) => ValueType::Integer,
            Kind::Float(_) => ValueType::Float,
            Kind::LongNumber => ValueType::Any,
            Kind::Text | Kind::Nested => ValueType::Text,
        };
        column.values += 1;
        column.value_type = match column.value_type {
            Some(known) if known != value_type => Some(ValueType::Any),
            _ => Some(value_type),
        };
        Ok(())
    }
}

/// The lines of a block, each with its number and without its end.
pub(crate) fn lines(block: &Block) -> impl Iterator<Item = (u64, &[u8])> {
    let whole = block.bytes.strip_suffix(b"\n").unwrap_or(&block.bytes);
    (block.line..).zip(whole.split(|it| *it == b'\n'))
}
