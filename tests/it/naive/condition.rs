//! Conditions: a small part of the expression language.

use std::cmp::Ordering;

use crate::naive::moment::{midnight, parse_moment};
use crate::naive::pattern::is_found;
use crate::naive::{Cell, Kind, Number, Table};

/// A condition over the columns of one row.
#[derive(Clone, Debug)]
pub(crate) enum Condition {
    IsNull(&'static str),
    Compare(Operand, &'static str, Operand),
    Between(&'static str, Operand, Operand),
    In(&'static str, Vec<Operand>),
    Like(&'static str, String),
    /// The number of characters of a column, compared with a number.
    Length(&'static str, &'static str, u32),
    Not(Box<Self>),
    And(Box<Self>, Box<Self>),
    Or(Box<Self>, Box<Self>),
}

/// What stands beside an operator.
#[derive(Clone, Debug)]
pub(crate) enum Operand {
    Column(&'static str),
    /// A column plus a whole number.
    Plus(&'static str, i64),
    Number(String),
    Text(String),
    Boolean(bool),
    /// A day that exists.
    Day(String),
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Truth {
    True,
    False,
    Unknown,
    Invalid,
}

/// The value of an operand: there, NULL, or unreadable.
enum Read {
    Value(Cell),
    Number(Number),
    Invalid,
}

impl Condition {
    pub(crate) fn truth(&self, table: &Table, row: usize) -> Truth {
        match self {
            Self::IsNull(column) => Truth::of(table.cell(row, column).is_null()),
            Self::Compare(left, operator, right) => compare(table, row, left, operator, right),
            Self::Between(column, low, high) => {
                let column = Operand::Column(column);
                compare(table, row, &column, ">=", low)
                    .and(compare(table, row, &column, "<=", high))
            }
            Self::In(column, list) => {
                let column = Operand::Column(column);
                let truths = list.iter().map(|it| compare(table, row, &column, "=", it));
                truths.fold(Truth::False, Truth::or)
            }
            Self::Like(column, pattern) => {
                with_text(table.cell(row, column), |text| Truth::of(is_found(&like(pattern), text)))
            }
            Self::Length(column, operator, number) => with_text(table.cell(row, column), |text| {
                let length = text.chars().count() as u32;
                Truth::of(holds(length.cmp(number), operator))
            }),
            Self::Not(it) => match it.truth(table, row) {
                Truth::True => Truth::False,
                Truth::False => Truth::True,
                other => other,
            },
            Self::And(a, b) => a.truth(table, row).and(b.truth(table, row)),
            Self::Or(a, b) => a.truth(table, row).or(b.truth(table, row)),
        }
    }

    pub(crate) fn sql(&self) -> String {
        match self {
            Self::IsNull(column) => format!("{} IS NULL", name(column)),
            Self::Compare(left, operator, right) => {
                format!("{} {operator} {}", left.sql(), right.sql())
            }
            Self::Between(column, low, high) => {
                format!("{} BETWEEN {} AND {}", name(column), low.sql(), high.sql())
            }
            Self::In(column, list) => {
                let list: Vec<_> = list.iter().map(Operand::sql).collect();
                format!("{} IN ({})", name(column), list.join(", "))
            }
            Self::Like(column, pattern) => format!("{} LIKE {}", name(column), quoted(pattern)),
            Self::Length(column, operator, number) => {
                format!("length({}) {operator} {number}", name(column))
            }
            Self::Not(it) => format!("NOT ({})", it.sql()),
            Self::And(a, b) => format!("({}) AND ({})", a.sql(), b.sql()),
            Self::Or(a, b) => format!("({}) OR ({})", a.sql(), b.sql()),
        }
    }

    /// The columns that it names, once each, in the order of the text.
    pub(crate) fn columns(&self) -> Vec<&'static str> {
        let mut columns = Vec::new();
        self.gather(&mut columns);
        let mut once = Vec::new();
        for column in columns {
            if !once.contains(&column) {
                once.push(column);
            }
        }
        once
    }

    fn gather(&self, columns: &mut Vec<&'static str>) {
        match self {
            Self::IsNull(it)
            | Self::Between(it, ..)
            | Self::In(it, _)
            | Self::Like(it, _)
            | Self::Length(it, ..) => columns.push(it),
            Self::Compare(a, _, b) => {
                columns.extend([a, b].into_iter().filter_map(Operand::column));
            }
            Self::Not(it) => it.gather(columns),
            Self::And(a, b) | Self::Or(a, b) => {
                a.gather(columns);
                b.gather(columns);
            }
        }
    }
}

impl Operand {
    fn sql(&self) -> String {
        match self {
            Self::Column(it) => name(it),
            Self::Plus(it, more) => format!("{} + {more}", name(it)),
            Self::Number(it) => it.clone(),
            Self::Text(it) => quoted(it),
            Self::Boolean(it) => it.to_string(),
            Self::Day(it) => format!("DATE '{it}'"),
        }
    }

    fn column(&self) -> Option<&'static str> {
        match self {
            Self::Column(it) | Self::Plus(it, _) => Some(it),
            _ => None,
        }
    }

    fn read(&self, table: &Table, row: usize) -> Read {
        match self {
            Self::Column(it) => Read::Value(table.cell(row, it).clone()),
            Self::Plus(it, more) => plus(table.cell(row, it), *more),
            Self::Number(it) => Number::parse(it).map_or(Read::Invalid, Read::Number),
            Self::Text(it) => Read::Value(Cell::Text(it.clone())),
            Self::Boolean(it) => Read::Value(Cell::Boolean(*it)),
            Self::Day(it) => {
                Read::Value(Cell::Day(crate::naive::parse_day(it).expect("a day that exists")))
            }
        }
    }
}

fn name(column: &str) -> String {
    format!("\"{}\"", column.replace('"', "\"\""))
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

fn plus(cell: &Cell, more: i64) -> Read {
    match cell {
        Cell::Null => Read::Value(Cell::Null),
        _ => match cell.number() {
            Some(Number::Whole(it)) => match it.checked_add(i128::from(more)) {
                Some(sum) => Read::Number(Number::Whole(sum)),
                None => Read::Invalid,
            },
            Some(Number::Float(it)) if it.is_finite() => {
                Read::Number(Number::Float(it + more as f64))
            }
            Some(Number::Float(_)) | None => Read::Invalid,
        },
    }
}

fn compare(table: &Table, row: usize, left: &Operand, operator: &str, right: &Operand) -> Truth {
    let (mut a, mut b) = (left.read(table, row), right.read(table, row));
    read_literal_as_column(table, left, right, &mut b);
    read_literal_as_column(table, right, left, &mut a);
    let order = match (a, b) {
        (Read::Invalid, _) | (_, Read::Invalid) => return Truth::Invalid,
        (Read::Value(Cell::Null), _) | (_, Read::Value(Cell::Null)) => return Truth::Unknown,
        (Read::Number(a), Read::Number(b)) => a.compare(b),
        (Read::Number(a), Read::Value(b)) => b.number().and_then(|b| a.compare(b)),
        (Read::Value(a), Read::Number(b)) => a.number().and_then(|a| a.compare(b)),
        (Read::Value(a), Read::Value(b)) => order(&a, &b),
    };
    order.map_or(Truth::Invalid, |it| Truth::of(holds(it, operator)))
}

/// Text beside a column is read as what the column is declared as.
fn read_literal_as_column(table: &Table, column: &Operand, literal: &Operand, read: &mut Read) {
    let (Operand::Column(column), Operand::Text(text)) = (column, literal) else { return };
    match table.columns[table.position(column)].kind {
        Kind::Integer | Kind::Float => {
            *read = Number::parse(text).map_or(Read::Invalid, Read::Number);
        }
        Kind::Day | Kind::Moment => {
            *read = parse_moment(text).map_or(Read::Invalid, |it| Read::Value(Cell::Moment(it)));
        }
        Kind::Boolean | Kind::Text | Kind::Any => {}
    }
}

/// The order of two values that are there; none if they cannot be compared.
fn order(a: &Cell, b: &Cell) -> Option<Ordering> {
    use Cell::{Boolean, Bytes, Day, Float, Integer, Moment, Text};
    match (a, b) {
        (Text(a), Text(b)) => Some(a.chars().cmp(b.chars())),
        (Bytes(a), Bytes(b)) => Some(a.cmp(b)),
        (Boolean(a), Boolean(b)) => Some(a.cmp(b)),
        (Boolean(a), Text(b)) => Some(a.cmp(&boolean(b)?)),
        (Text(a), Boolean(b)) => Some(boolean(a)?.cmp(b)),
        (Integer(_) | Float(_), Integer(_) | Float(_) | Boolean(_) | Text(_))
        | (Boolean(_) | Text(_), Integer(_) | Float(_)) => a.number()?.compare(b.number()?),
        (Day(_) | Moment(_), Day(_) | Moment(_) | Text(_)) | (Text(_), Day(_) | Moment(_)) => {
            Some(moment(a)?.cmp(&moment(b)?))
        }
        _ => None,
    }
}

fn moment(cell: &Cell) -> Option<i64> {
    match cell {
        Cell::Day(it) => Some(midnight(*it)),
        Cell::Moment(it) => Some(*it),
        Cell::Text(it) => parse_moment(it),
        _ => None,
    }
}

fn boolean(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "t" | "1" => Some(true),
        "false" | "f" | "0" => Some(false),
        _ => None,
    }
}

fn holds(order: Ordering, operator: &str) -> bool {
    match operator {
        "=" => order.is_eq(),
        "<>" => order.is_ne(),
        "<" => order.is_lt(),
        "<=" => order.is_le(),
        ">" => order.is_gt(),
        ">=" => order.is_ge(),
        other => panic!("no operator {other}"),
    }
}

fn with_text(cell: &Cell, test: impl Fn(&str) -> Truth) -> Truth {
    match (cell, cell.text()) {
        (Cell::Null, _) => Truth::Unknown,
        (_, Some(text)) => test(&text),
        (_, None) => Truth::Invalid,
    }
}

/// The regular expression that means the same as a pattern of LIKE.
fn like(pattern: &str) -> String {
    let mut regex = "(?s)^".to_owned();
    for character in pattern.chars() {
        match character {
            '%' => regex.push_str(".*"),
            '_' => regex.push('.'),
            other => regex.push_str(&regex::escape(&other.to_string())),
        }
    }
    regex + "$"
}

impl Truth {
    fn of(truth: bool) -> Self {
        if truth { Self::True } else { Self::False }
    }

    fn and(self, other: Self) -> Self {
        let wins = [Self::False, Self::Invalid, Self::Unknown, Self::True];
        wins.into_iter().find(|it| *it == self || *it == other).unwrap()
    }

    fn or(self, other: Self) -> Self {
        let wins = [Self::True, Self::Invalid, Self::Unknown, Self::False];
        wins.into_iter().find(|it| *it == self || *it == other).unwrap()
    }
}
