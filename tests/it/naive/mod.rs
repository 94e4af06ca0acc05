//! A naive evaluator: what each check means, as plainly as it can be written, sharing no code with dq.
//!
//! It looks at one row after the other, and where rows are compared, at every pair of them.

mod check;
mod condition;
mod figure;
mod format;
mod key;
mod moment;
mod number;
mod pattern;

use check::day;
pub(crate) use check::{Check, Keys, Outcome};
pub(crate) use condition::{Condition, Operand};
pub(crate) use figure::{Figure, Statistic};
pub(crate) use key::{KeyForm, key_of};
pub(crate) use moment::{parse_day, show_day, show_moment};
pub(crate) use number::Number;

/// One value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Cell {
    Null,
    Boolean(bool),
    Integer(i64),
    Float(f64),
    /// Days since 1970-01-01.
    Day(i64),
    /// Microseconds since 1970-01-01 00:00:00.
    Moment(i64),
    Text(String),
    Bytes(Vec<u8>),
}

/// A table: the names of its columns, what they are declared as, and its rows in their order.
#[derive(Clone, Debug)]
pub(crate) struct Table {
    pub(crate) name: &'static str,
    pub(crate) columns: Vec<Column>,
    /// The names of the columns of its key.
    pub(crate) key: Vec<&'static str>,
    pub(crate) rows: Vec<Vec<Cell>>,
}

/// A column.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Column {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
}

/// What a column is declared as.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Kind {
    Boolean,
    Integer,
    Float,
    Day,
    Moment,
    Text,
    Any,
}

impl Table {
    pub(crate) fn position(&self, column: &str) -> usize {
        self.columns.iter().position(|it| it.name == column).expect("a column of the table")
    }

    pub(crate) fn cell(&self, row: usize, column: &str) -> &Cell {
        &self.rows[row][self.position(column)]
    }

    /// The cells of some columns of a row.
    pub(crate) fn cells(&self, row: usize, columns: &[&'static str]) -> Vec<&Cell> {
        columns.iter().map(|it| self.cell(row, it)).collect()
    }
}

impl Cell {
    pub(crate) fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// What a report shows of it; nothing for NULL and for bytes.
    pub(crate) fn text(&self) -> Option<String> {
        Some(match self {
            Self::Null | Self::Bytes(_) => return None,
            Self::Boolean(it) => it.to_string(),
            Self::Integer(it) => it.to_string(),
            Self::Float(it) => format!("{it:?}"),
            Self::Day(it) => show_day(*it),
            Self::Moment(it) => show_moment(*it),
            Self::Text(it) => it.clone(),
        })
    }

    pub(crate) fn number(&self) -> Option<Number> {
        match self {
            Self::Boolean(it) => Some(Number::Whole(i128::from(*it))),
            Self::Integer(it) => Some(Number::Whole(i128::from(*it))),
            Self::Float(it) => Some(Number::Float(*it)),
            Self::Text(it) => Number::parse(it),
            _ => None,
        }
    }

    pub(crate) fn is_blank(&self) -> bool {
        matches!(self, Self::Text(it) if it.chars().all(char::is_whitespace))
    }
}
