//! Checks: which rows violate them.

use std::cmp::Ordering;

use crate::naive::Figure;
use crate::naive::condition::{Condition, Truth};
use crate::naive::format::has_format;
use crate::naive::moment::{day_of, parse_moment};
use crate::naive::number::Number;
use crate::naive::pattern::is_found;
use crate::naive::{Cell, KeyForm, Table, key_of, parse_day};

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
    Trimmed(&'static str),
    NoControlCharacters(&'static str),
    Expression(Condition),
    Unique(Vec<&'static str>, KeyForm),
    Dependency(Vec<&'static str>, Vec<&'static str>, KeyForm),
    /// The key, and the first and the last day of a span.
    NoOverlap(Vec<&'static str>, [&'static str; 2], KeyForm),
    RowCount(u64, u64),
    /// Columns, another table, its key.
    References(Keys),
    /// Columns, another table, its columns, which of its rows count, and at least and at most how many.
    Cardinality(Keys, Option<Condition>, (u64, u64)),
    /// The same, at least one.
    Referenced(Keys, Option<Condition>),
    /// Of the rows as a whole.
    Figure(Figure),
}

/// Columns, another table, its columns, and how text counts in both.
#[derive(Clone, Debug)]
pub(crate) struct Keys {
    pub(crate) columns: Vec<&'static str>,
    pub(crate) table: &'static str,
    pub(crate) key: Vec<&'static str>,
    pub(crate) form: KeyForm,
}

/// What a check finds.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Outcome {
    pub(crate) evaluated: u64,
    pub(crate) violations: u64,
    pub(crate) groups: Option<u64>,
    /// The rows that fail, in their order.
    pub(crate) rows: Vec<usize>,
    /// What is measured of all rows, if anything, as the report has it.
    pub(crate) measured: Option<serde_json::Value>,
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
        let children = |keys: &Keys, filter: Option<&Condition>, range| {
            let other = tables.iter().find(|it| it.name == keys.table).expect("a table");
            (children(table, &scope, keys, (other, filter), range), None)
        };
        let (rows, groups) = match self {
            Self::RowCount(min, max) => {
                let violations = u64::from(evaluated < *min || evaluated > *max);
                let measured = Some(evaluated.into());
                return Outcome { evaluated, violations, measured, ..Outcome::default() };
            }
            Self::Figure(it) => return it.outcome(table, &scope),
            Self::Unique(columns, form) => unique(table, &scope, columns, *form),
            Self::Dependency(from, to, form) => dependency(table, &scope, (from, to), *form),
            Self::NoOverlap(key, days, form) => no_overlap(table, &scope, (key, days), *form),
            Self::References(keys) => {
                let (rows, _) = children(keys, None, (1, u64::MAX));
                let missing = groups(table, &rows, &keys.columns, keys.form).len() as u64;
                (rows, Some(missing))
            }
            Self::Cardinality(keys, filter, range) => children(keys, filter.as_ref(), *range),
            Self::Referenced(keys, filter) => children(keys, filter.as_ref(), (1, u64::MAX)),
            _ => (scope.into_iter().filter(|it| self.is_violated(table, *it)).collect(), None),
        };
        let rows: Vec<usize> = rows;
        Outcome { evaluated, violations: rows.len() as u64, groups, rows, measured: None }
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
            Self::Trimmed(it) => fails_as_text(cell(it), |text| !is_found(r"^\s|\s$", text)),
            Self::NoControlCharacters(it) => {
                fails_as_text(cell(it), |text| !is_found(r"\p{Cc}", text))
            }
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
            | Self::Format(it, _)
            | Self::Trimmed(it)
            | Self::NoControlCharacters(it) => vec![it],
            Self::Expression(it) => it.columns(),
            Self::Dependency(from, to, _) => [from.as_slice(), to].concat(),
            Self::NoOverlap(key, days, _) => [key.as_slice(), days].concat(),
            Self::RowCount(..) => Vec::new(),
            Self::Figure(it) => it.columns(),
            Self::Unique(it, _) => it.clone(),
            Self::References(it) | Self::Cardinality(it, ..) | Self::Referenced(it, _) => {
                it.columns.clone()
            }
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

pub(crate) fn day(cell: &Cell) -> Option<i64> {
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
    form: KeyForm,
) -> RowsAndGroups {
    let mut groups = groups(table, scope, columns, form);
    groups.retain(|it| it.len() > 1);
    let mut rows = groups.concat();
    rows.sort_unstable();
    (rows, Some(groups.len() as u64))
}

fn dependency(
    table: &Table,
    scope: &[usize],
    (from, to): (&[&'static str], &[&'static str]),
    form: KeyForm,
) -> RowsAndGroups {
    let has_value = |row: &usize| key_of(&table.cells(*row, to), form).is_some();
    let compared: Vec<_> = scope.iter().copied().filter(has_value).collect();
    let (mut rows, mut violated) = (Vec::new(), 0);
    for group in groups(table, &compared, from, form) {
        let values = groups(table, &group, to, form);
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
    (key, [from, to]): (&[&'static str], &[&'static str; 2]),
    form: KeyForm,
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
    for group in groups(table, &compared, key, form) {
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
fn groups(
    table: &Table,
    rows: &[usize],
    columns: &[&'static str],
    form: KeyForm,
) -> Vec<Vec<usize>> {
    let mut groups: Vec<(Vec<String>, Vec<usize>)> = Vec::new();
    for row in rows {
        let Some(key) = key_of(&table.cells(*row, columns), form) else { continue };
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
    keys: &Keys,
    (other, filter): (&Table, Option<&Condition>),
    (min, max): (u64, u64),
) -> Vec<usize> {
    let counted = self::scope(other, filter);
    let theirs = counted.iter().filter_map(|it| key_of(&other.cells(*it, &keys.key), keys.form));
    let theirs: Vec<_> = theirs.collect();
    let is_violated = |row: &usize| {
        let ours = key_of(&table.cells(*row, &keys.columns), keys.form);
        let Some(ours) = ours else { return false };
        let count = theirs.iter().filter(|it| **it == ours).count() as u64;
        count < min || count > max
    };
    scope.iter().copied().filter(is_violated).collect()
}
