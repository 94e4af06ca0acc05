//! Figures of the rows as a whole, worked out in decimal digits as on paper.

use std::cmp::Ordering;

use serde_json::{Value, json};

use crate::naive::moment::{midnight, parse_moment};
use crate::naive::number::Number;
use crate::naive::{Cell, KeyForm, Outcome, Table, day, key_of, parse_day, show_day, show_moment};

/// A check of the rows as a whole.
#[derive(Clone, Debug)]
pub(crate) enum Figure {
    /// A column, which figure of its numbers, and its bounds.
    Number(&'static str, Statistic, Option<String>, Option<String>),
    /// A column, which figure of its days, and its bounds.
    Day(&'static str, Statistic, Option<String>, Option<String>),
    /// A column, whether blank is ignored, and at least and at most how many percent.
    Completeness(&'static str, bool, u64, u64),
    /// Columns, how text counts, and at least and at most how many.
    DistinctCount(Vec<&'static str>, KeyForm, u64, u64),
    /// A column, and how many of which unit.
    Freshness(&'static str, u32, &'static str),
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Statistic {
    Mean,
    Min,
    Max,
    Sum,
    /// At so many percent.
    Quantile(u64),
}

/// The day of all runs: 2026-11-23.
const TODAY: &str = "2026-11-23";

impl Figure {
    /// The columns that it is about.
    pub(crate) fn columns(&self) -> Vec<&'static str> {
        match self {
            Self::Number(it, ..)
            | Self::Day(it, ..)
            | Self::Completeness(it, ..)
            | Self::Freshness(it, ..) => vec![it],
            Self::DistinctCount(it, ..) => it.clone(),
        }
    }

    /// What it finds in some rows, of which there are some.
    pub(crate) fn outcome(&self, table: &Table, scope: &[usize]) -> Outcome {
        let evaluated = scope.len() as u64;
        if scope.is_empty() {
            return Outcome::default();
        }
        let is_there = |row: &usize, column: &str, ignores_blank: bool| {
            let cell = table.cell(*row, column);
            !(cell.is_null() || ignores_blank && cell.is_blank())
        };
        let (rows, measured, is_out) = match self {
            Self::Number(column, statistic, min, max) => {
                let (numbers, unreadable) = values(table, scope, column, |it| {
                    it.number().filter(|it| !matches!(it, Number::Float(it) if !it.is_finite()))
                });
                let figure = statistic.of(numbers);
                let bound = |it: &Option<String>| it.as_ref().map(|it| Number::parse(it).unwrap());
                let is_out = figure.is_some_and(|it| is_out(it, bound(min), bound(max)));
                (unreadable, figure.map(shown), is_out)
            }
            Self::Day(column, statistic, min, max) => {
                let whole = |it: i64| Number::Whole(i128::from(it));
                let (days, unreadable) = values(table, scope, column, |it| day(it).map(whole));
                let figure = statistic.of(days);
                let bound =
                    |it: &Option<String>| it.as_ref().map(|it| whole(parse_day(it).unwrap()));
                let is_out = figure.is_some_and(|it| is_out(it, bound(min), bound(max)));
                let shown = |it| match it {
                    Number::Whole(it) => json!(show_day(it as i64)),
                    Number::Float(_) => panic!("a day and a half"),
                };
                (unreadable, figure.map(shown), is_out)
            }
            Self::Completeness(column, ignores_blank, min, max) => {
                let present =
                    scope.iter().filter(|it| is_there(it, column, *ignores_blank)).count();
                let (present, hundred) = (present as u64, present as u64 * 100);
                let is_out = hundred < min * evaluated || hundred > max * evaluated;
                (Vec::new(), Some(json!(present as f64 / evaluated as f64)), is_out)
            }
            Self::DistinctCount(columns, form, min, max) => {
                let key = |it: &usize| key_of(&table.cells(*it, columns), *form);
                let mut keys: Vec<_> = scope.iter().filter_map(key).collect();
                keys.sort();
                keys.dedup();
                let count = keys.len() as u64;
                (Vec::new(), Some(json!(count)), count < *min || count > *max)
            }
            Self::Freshness(column, number, unit) => {
                let (moments, unreadable) = values(table, scope, column, moment);
                let (newest, is_stale) = freshness(&moments, *number, unit);
                (unreadable, newest.map(Value::from), is_stale)
            }
        };
        let violations = rows.len() as u64 + u64::from(is_out);
        Outcome { evaluated, violations, rows, measured, groups: None }
    }
}

/// The values of a column that can be read, and the rows of those that cannot.
fn values<T>(
    table: &Table,
    scope: &[usize],
    column: &str,
    read: impl Fn(&Cell) -> Option<T>,
) -> (Vec<T>, Vec<usize>) {
    let (mut values, mut unreadable) = (Vec::new(), Vec::new());
    for row in scope.iter().filter(|it| !table.cell(**it, column).is_null()) {
        match read(table.cell(*row, column)) {
            Some(it) => values.push(it),
            None => unreadable.push(*row),
        }
    }
    (values, unreadable)
}

fn is_out(figure: Number, min: Option<Number>, max: Option<Number>) -> bool {
    min.is_some_and(|it| figure.compare(it).unwrap().is_lt())
        || max.is_some_and(|it| figure.compare(it).unwrap().is_gt())
}

fn shown(number: Number) -> Value {
    match number {
        Number::Whole(it) => i64::try_from(it).map_or_else(|_| json!(it.to_string()), Value::from),
        Number::Float(it) => json!(it),
    }
}

impl Statistic {
    fn of(self, mut numbers: Vec<Number>) -> Option<Number> {
        if numbers.is_empty() {
            return None;
        }
        numbers.sort_by(|a, b| a.compare(*b).unwrap());
        let count = numbers.len() as u64;
        let at = |position: u64| normal(numbers[position as usize]);
        Some(match self {
            Self::Min => at(0),
            Self::Max => at(count - 1),
            Self::Sum => sum(&numbers, 1),
            Self::Mean => sum(&numbers, count),
            Self::Quantile(percent) => {
                let is_enough = |it: &u64| it * 100 >= percent * count;
                at((1..=count).find(is_enough).unwrap() - 1)
            }
        })
    }
}

/// Whole numbers are whole, however they are spelled.
fn normal(number: Number) -> Number {
    match number {
        Number::Float(it) if it.fract() == 0.0 => match format!("{it:.0}").parse() {
            Ok(whole) => Number::Whole(whole),
            Err(_) => number,
        },
        _ => number,
    }
}

/// The sum of numbers, divided by a number.
fn sum(numbers: &[Number], divisor: u64) -> Number {
    let all = |negative| {
        let of_sign = numbers.iter().map(|it| it.decimals()).filter(|it| it.0 == negative);
        of_sign.fold(Vec::new(), |all, (_, digits)| add(&all, &digits))
    };
    let (positive, negative) = (all(false), all(true));
    let is_negative = compare(&positive, &negative).is_lt();
    let (greater, less) = if is_negative { (negative, positive) } else { (positive, negative) };
    let (quotient, is_exact) = divide(&subtract(&greater, &less), divisor);
    let mut text: String = quotient.iter().rev().map(|it| char::from(b'0' + it)).collect();
    let fraction = text.split_off(text.len() - Number::PLACES);
    let text = format!("{}{text}", if is_negative { "-" } else { "" });
    if is_exact
        && fraction.bytes().all(|it| it == b'0')
        && let Ok(whole) = text.parse::<i128>()
    {
        return Number::Whole(whole);
    }
    // Beyond any digit that a float could have, the rest of an inexact quotient only breaks ties.
    let rest = if is_exact { "" } else { "1" };
    Number::Float(format!("{text}.{fraction}{rest}").parse().unwrap())
}

/// Adds digits, the lowest first.
fn add(a: &[u8], b: &[u8]) -> Vec<u8> {
    let (mut sum, mut carry) = (Vec::new(), 0);
    for place in 0..=a.len().max(b.len()) {
        let digit = a.get(place).unwrap_or(&0) + b.get(place).unwrap_or(&0) + carry;
        sum.push(digit % 10);
        carry = digit / 10;
    }
    sum
}

/// Subtracts the lesser of two numbers from the greater.
fn subtract(a: &[u8], b: &[u8]) -> Vec<u8> {
    let (mut difference, mut borrowed) = (Vec::new(), 0);
    for place in 0..a.len().max(Number::PLACES + 1) {
        let (mine, other) = (*a.get(place).unwrap_or(&0), b.get(place).unwrap_or(&0) + borrowed);
        borrowed = u8::from(mine < other);
        difference.push(mine + 10 * borrowed - other);
    }
    difference
}

fn compare(a: &[u8], b: &[u8]) -> Ordering {
    let digit = |it: &[u8], place: usize| it.get(place).copied().unwrap_or(0);
    let places = (0..a.len().max(b.len())).rev();
    places
        .map(|it| digit(a, it).cmp(&digit(b, it)))
        .find(|it| it.is_ne())
        .unwrap_or(Ordering::Equal)
}

/// Divides, and tells whether nothing is left over.
fn divide(digits: &[u8], divisor: u64) -> (Vec<u8>, bool) {
    let (mut quotient, mut rest) = (Vec::new(), 0);
    for digit in digits.iter().rev() {
        rest = rest * 10 + u64::from(*digit);
        quotient.push((rest / divisor) as u8);
        rest %= divisor;
    }
    quotient.reverse();
    (quotient, rest == 0)
}

/// A day, or else a point in time.
type Moment = (bool, i64);

fn moment(cell: &Cell) -> Option<Moment> {
    match cell {
        Cell::Day(it) => Some((true, *it)),
        Cell::Moment(it) => Some((false, *it)),
        Cell::Text(it) => {
            parse_day(it).map(|it| (true, it)).or_else(|| parse_moment(it).map(|it| (false, it)))
        }
        _ => None,
    }
}

/// The newest of some moments that does not lie in the future, and whether that is too long ago.
fn freshness(moments: &[Moment], number: u32, unit: &str) -> (Option<String>, bool) {
    const MICROS_PER_DAY: i64 = 86_400_000_000;
    let seconds = match unit {
        "s" => 1,
        "min" => 60,
        "h" => 3600,
        "d" => 86_400,
        _ => 7 * 86_400,
    };
    let today = parse_day(TODAY).unwrap();
    let is_past = |(is_day, it): &&Moment| match is_day {
        true => *it <= today,
        false => *it < midnight(today + 1),
    };
    let age = |(is_day, it): &Moment| match is_day {
        true => (today - it) * MICROS_PER_DAY,
        false => (midnight(today) - it).max(0),
    };
    let newest = |kind: bool| moments.iter().filter(is_past).filter(|it| it.0 == kind).max();
    let newest = [newest(false), newest(true)].into_iter().flatten().min_by_key(|it| age(it));
    let Some(newest) = newest else { return (None, !moments.is_empty()) };
    let shown = if newest.0 { show_day(newest.1) } else { show_moment(newest.1) };
    (Some(shown), age(newest) > i64::from(number) * seconds * 1_000_000)
}

#[test]
fn sums_are_worked_out_as_on_paper() {
    let number = |it: &str| Number::parse(it).unwrap();
    let numbers = |it: &[&str]| it.iter().map(|it| number(it)).collect::<Vec<_>>();
    let sum_of = |it: &[&str], divisor| shown(sum(&numbers(it), divisor));
    assert_eq!(sum_of(&["1e300", "1", "-1e300"], 1), json!(1));
    assert_eq!(sum_of(&["0.1"; 10], 1), json!(1.0));
    assert_eq!(sum_of(&["-7", "3"], 3), json!(-4.0 / 3.0));
    assert_eq!(sum_of(&["5e-324", "5e-324"], 4), json!(0.0));
    assert_eq!(sum_of(&["9", "-10"], 1), json!(-1));
}
