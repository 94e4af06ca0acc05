//! Checks: which rows violate them.

use std::cmp::Ordering;

use crate::naive::condition::{Condition, Truth};
use crate::naive::format::has_format;
use crate::naive::moment::{day_of, parse_moment};
use crate::naive::number::Number;
use crate::naive::pattern::is_found;
use crate::naive::{Cell, Table, key_of, parse_day};

/// A check with its arguments. Columns are those of the table that it is about, but for the keys of
/// another table.
#[derive(Clone, Debug)]
pub(crate) enum Check {
    NotNull(&'static str),
    NotBlank(&'static str),
    Matches(&'static str, String),
    OneOf(&'static str, Vec<String>),
    BetweenNumbers(&'static str, Option<String>, Option<String>),
    BetweenDays(&'static str, Option<String>, Option<String>),
    Length(&'static str, u64, u64),
    Type(&'static str, &'static str),
    Format(&'static str, &'static str),
    Expression(Condition),
    /// Columns, and whether blank is ignored.
    Unique(Vec<&'static str>, bool),
    Dependency(Vec<&'static str>, Vec<&'static str>),
    /// The key, and the first and the last day of a span.
    NoOverlap(Vec<&'static str>, &'static str, &'static str),
    RowCount(u64, u64),
    /// Columns, another table, its key.
    References(Vec<&'static str>, &'static str, Vec<&'static str>),
    /// Columns, another table, its columns, which of its rows count, and at least and at most how many.
    Cardinality(Vec<&'static str>, &'static str, Vec<&'static str>, Option<Condition>, (u64, u64)),
    /// The same, at least one.
    Referenced(Vec<&'static str>, &'static str, Vec<&'static str>, Option<Condition>),
}

/// What a check finds.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Outcome {
    pub(crate) evaluated: u64,
    pub(crate) violations: u64,
    pub(crate) groups: Option<u64>,
    /// The rows that fail, in their order.
    pub(crate) rows: Vec<usize>,
}

impl Check {
    /// What it finds in the rows of `table` for which `filter` holds.
    pub(crate) fn outcome(
        &self,
        table: &Table,
        filter: Option<&Condition>,
        tables: &[Table],
    ) -> Outcome {
        let scope = scope(table, filter);
        let evaluated = scope.len() as u64;
        let other = |name: &str| tables.iter().find(|it| it.name == name).expect("a table");
        let (rows, groups) = match self {
            Self::RowCount(min, max) => {
                let violations = u64::from(evaluated < *min || evaluated > *max);
                return Outcome { evaluated, violations, ..Outcome::default() };
            }
            Self::Unique(columns, ignores_blank) => unique(table, &scope, columns, *ignores_blank),
            Self::Dependency(from, to) => dependency(table, &scope, from, to),
            Self::NoOverlap(key, from, to) => no_overlap(table, &scope, key, (from, to)),
            Self::References(columns, name, key) => {
                let at_least_one = (1, u64::MAX);
                let rows = children(table, &scope, columns, (other(name), key, None), at_least_one);
                let missing = groups(table, &rows, columns).len() as u64;
                (rows, Some(missing))
            }
            Self::Cardinality(columns, name, foreign_key, filter, range) => {
                let counted = (other(name), foreign_key.as_slice(), filter.as_ref());
                (children(table, &scope, columns, counted, *range), None)
            }
            Self::Referenced(columns, name, foreign_key, filter) => {
                let counted = (other(name), foreign_key.as_slice(), filter.as_ref());
                (children(table, &scope, columns, counted, (1, u64::MAX)), None)
            }
            _ => (scope.into_iter().filter(|it| self.is_violated(table, *it)).collect(), None),
        };
        let rows: Vec<usize> = rows;
        Outcome { evaluated, violations: rows.len() as u64, groups, rows }
    }

    fn is_violated(&self, table: &Table, row: usize) -> bool {
        let cell = |column: &str| table.cell(row, column);
        match self {
            Self::NotNull(it) => cell(it).is_null(),
            Self::NotBlank(it) => cell(it).is_null() || cell(it).is_blank(),
            Self::Matches(it, pattern) => fails_as_text(cell(it), |text| is_found(pattern, text)),
            Self::OneOf(it, values) => {
                fails_as_text(cell(it), |text| values.iter().any(|it| it == text))
            }
            Self::Length(it, min, max) => fails_as_text(cell(it), |text| {
                let length = text.chars().count() as u64;
                *min <= length && length <= *max
            }),
            Self::Format(it, name) => fails_as_text(cell(it), |text| has_format(name, text)),
            Self::Type(it, name) => !cell(it).is_null() && !has_type(name, cell(it)),
            Self::BetweenNumbers(it, min, max) => {
                let bound = |it: &Option<String>| it.as_ref().map(|it| Number::parse(it).unwrap());
                !cell(it).is_null()
                    && !cell(it).number().is_some_and(|number| {
                        bound(min).is_none_or(|it| number.compare(it).is_some_and(Ordering::is_ge))
                            && bound(max)
                                .is_none_or(|it| number.compare(it).is_some_and(Ordering::is_le))
                    })
            }
            Self::BetweenDays(it, min, max) => {
                let bound = |it: &Option<String>| it.as_ref().map(|it| parse_day(it).unwrap());
                !cell(it).is_null()
                    && !day(cell(it)).is_some_and(|day| {
                        bound(min).is_none_or(|it| day >= it)
                            && bound(max).is_none_or(|it| day <= it)
                    })
            }
            Self::Expression(it) => matches!(it.truth(table, row), Truth::False | Truth::Invalid),
            _ => panic!("no check of single rows"),
        }
    }

    /// The columns of the table that it is about.
    pub(crate) fn columns(&self) -> Vec<&'static str> {
        match self {
            Self::NotNull(it)
            | Self::NotBlank(it)
            | Self::Matches(it, _)
            | Self::OneOf(it, _)
            | Self::BetweenNumbers(it, ..)
            | Self::BetweenDays(it, ..)
            | Self::Length(it, ..)
            | Self::Type(it, _)
            | Self::Format(it, _) => vec![it],
            Self::Expression(it) => it.columns(),
            Self::Dependency(from, to) => [from.as_slice(), to].concat(),
            Self::NoOverlap(key, from, to) => [key.as_slice(), &[*from, *to]].concat(),
            Self::RowCount(..) => Vec::new(),
            Self::Unique(it, _)
            | Self::References(it, ..)
            | Self::Cardinality(it, ..)
            | Self::Referenced(it, ..) => it.clone(),
        }
    }
}

/// The rows for which `filter` is true.
fn scope(table: &Table, filter: Option<&Condition>) -> Vec<usize> {
    let holds = |row: &usize| filter.is_none_or(|it| it.truth(table, *row) == Truth::True);
    (0..table.rows.len()).filter(holds).collect()
}

fn fails_as_text(cell: &Cell, test: impl Fn(&str) -> bool) -> bool {
    !cell.is_null() && !cell.text().is_some_and(|text| test(&text))
}

fn day(cell: &Cell) -> Option<i64> {
    match cell {
        Cell::Day(it) => Some(*it),
        Cell::Moment(it) => Some(day_of(*it)),
        Cell::Text(it) => parse_moment(it).map(day_of),
        _ => None,
    }
}

fn has_type(name: &str, cell: &Cell) -> bool {
    let digits = |text: &str| is_found("^[+-]?[0-9]+$", text);
    match (name, cell) {
        ("integer" | "decimal", Cell::Integer(_))
        | ("date", Cell::Day(_))
        | ("timestamp", Cell::Day(_) | Cell::Moment(_))
        | ("boolean", Cell::Boolean(_)) => true,
        ("integer", Cell::Float(it)) => it.fract() == 0.0,
        ("integer", Cell::Text(it)) => digits(it),
        ("decimal", Cell::Float(it)) => it.is_finite(),
        ("decimal", Cell::Text(it)) => Number::parse(it).is_some(),
        ("date", Cell::Text(it)) => parse_day(it).is_some(),
        ("timestamp", Cell::Text(it)) => parse_moment(it).is_some(),
        ("boolean", Cell::Integer(it)) => *it == 0 || *it == 1,
        ("boolean", Cell::Text(it)) => {
            ["true", "false", "1", "0"].contains(&it.to_ascii_lowercase().as_str())
        }
        _ => false,
    }
}

type RowsAndGroups = (Vec<usize>, Option<u64>);

fn unique(
    table: &Table,
    scope: &[usize],
    columns: &[&'static str],
    ignores_blank: bool,
) -> RowsAndGroups {
    let is_compared =
        |row: &usize| !ignores_blank || !table.cells(*row, columns).iter().any(|it| it.is_blank());
    let compared: Vec<_> = scope.iter().copied().filter(is_compared).collect();
    let mut groups = groups(table, &compared, columns);
    groups.retain(|it| it.len() > 1);
    let mut rows = groups.concat();
    rows.sort_unstable();
    (rows, Some(groups.len() as u64))
}

fn dependency(
    table: &Table,
    scope: &[usize],
    from: &[&'static str],
    to: &[&'static str],
) -> RowsAndGroups {
    let has_value = |row: &usize| key_of(&table.cells(*row, to)).is_some();
    let compared: Vec<_> = scope.iter().copied().filter(has_value).collect();
    let (mut rows, mut violated) = (Vec::new(), 0);
    for group in groups(table, &compared, from) {
        let values = groups(table, &group, to);
        if values.len() < 2 {
            continue;
        }
        violated += 1;
        for value in values {
            if value.len() * 2 <= group.len() {
                rows.extend(value);
            }
        }
    }
    rows.sort_unstable();
    (rows, Some(violated))
}

fn no_overlap(
    table: &Table,
    scope: &[usize],
    key: &[&'static str],
    (from, to): (&'static str, &'static str),
) -> RowsAndGroups {
    let has_span = |row: &usize| !table.cell(*row, from).is_null();
    let compared: Vec<_> = scope.iter().copied().filter(has_span).collect();
    // The first and the last day, where they can be read.
    let span = |row: usize| {
        let to = table.cell(row, to);
        let last = if to.is_null() { Some(i64::MAX) } else { day(to) };
        day(table.cell(row, from)).zip(last)
    };
    let (mut rows, mut violated) = (Vec::new(), 0);
    for group in groups(table, &compared, key) {
        rows.extend(group.iter().copied().filter(|it| span(*it).is_none()));
        let spans: Vec<_> = group.iter().filter_map(|it| Some((*it, span(*it)?))).collect();
        let meets = |(row, (first, last)): &(usize, (i64, i64))| {
            let is_met = |(other, (from, to)): &(usize, (i64, i64))| {
                other != row && first.max(from) <= last.min(to)
            };
            spans.iter().any(is_met)
        };
        let overlapping: Vec<_> = spans.iter().filter(|it| meets(it)).map(|it| it.0).collect();
        violated += u64::from(!overlapping.is_empty());
        rows.extend(overlapping);
    }
    rows.sort_unstable();
    (rows, Some(violated))
}

/// Rows with the same key, each group in the order of its rows.
fn groups(table: &Table, rows: &[usize], columns: &[&'static str]) -> Vec<Vec<usize>> {
    let mut groups: Vec<(Vec<String>, Vec<usize>)> = Vec::new();
    for row in rows {
        let Some(key) = key_of(&table.cells(*row, columns)) else { continue };
        match groups.iter_mut().find(|(known, _)| *known == key) {
            Some((_, group)) => group.push(*row),
            None => groups.push((key, vec![*row])),
        }
    }
    groups.into_iter().map(|(_, rows)| rows).collect()
}

/// The rows whose key another table does not have so many times.
fn children(
    table: &Table,
    scope: &[usize],
    columns: &[&'static str],
    (other, their_columns, filter): (&Table, &[&'static str], Option<&Condition>),
    (min, max): (u64, u64),
) -> Vec<usize> {
    let counted = self::scope(other, filter);
    let theirs: Vec<_> =
        counted.iter().filter_map(|it| key_of(&other.cells(*it, their_columns))).collect();
    let is_violated = |row: &usize| {
        let Some(key) = key_of(&table.cells(*row, columns)) else { return false };
        let count = theirs.iter().filter(|it| **it == key).count() as u64;
        count < min || count > max
    };
    scope.iter().copied().filter(is_violated).collect()
}
