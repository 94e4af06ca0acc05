//! What is measured of the rows as a whole: sums, extremes, the newest value.
//!
//! ```text
//! Measure ─(a Summary in each partition)─ take batches ─▶ merge ─▶ one Summary ─▶ the figure of each check
//! ```
//!
//! Checks of one column and one filter share a summary, which reads each value once. Summaries merge,
//! and nothing in them depends on how the rows were split.

mod moments;
mod numbers;
mod search;
mod values;

use arrow_buffer::BooleanBuffer;

use crate::rules::plan::Blank;
use crate::rules::share::Share;
use crate::value::Batch;
use crate::value::Column;
use crate::value::Date;
use crate::value::Number;
use crate::value::Value;
use crate::value::is_blank;
use crate::value::lens;

pub(crate) use moments::{Age, Moment, Moments, Now};
pub(crate) use numbers::Numbers;
pub(crate) use values::{Code, Taken, Values};

/// What is measured of a column, in the rows of a filter.
#[derive(Clone, Debug)]
pub(crate) struct Measure {
    pub(crate) column: usize,
    pub(crate) filter: Option<usize>,
    pub(crate) reading: Reading,
    /// Whether the values are kept, for quantiles.
    pub(crate) keeps_values: bool,
}

impl Measure {
    /// Whether blank text is no value.
    pub(crate) fn ignores_blank(&self) -> bool {
        self.reading == Reading::Presence(Blank::IsIgnored)
    }
}

/// As what the values of a column are read.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Reading {
    /// As numbers.
    Numbers,
    /// As days, which count as numbers.
    Days,
    /// As days or points in time.
    Moments,
    /// Only whether they are there.
    Presence(Blank),
}

/// The figure that a check wants between bounds, which belong to the range.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Figure {
    /// Of numbers.
    Number { statistic: Statistic, min: Option<Number>, max: Option<Number> },
    /// Of days.
    Day { statistic: Statistic, min: Option<Date>, max: Option<Date> },
    /// The share of the rows with a value.
    Completeness { min: Option<Share>, max: Option<Share> },
    /// How old the newest value is.
    Freshness { max: Age },
}

impl Figure {
    /// Whether it is the share of the rows with a value.
    pub(crate) fn is_completeness(&self) -> bool {
        matches!(self, Self::Completeness { .. })
    }

    /// Where the quantile is, if it is one.
    pub(crate) fn quantile(&self) -> Option<Share> {
        match self {
            Self::Number { statistic: Statistic::Quantile(at), .. }
            | Self::Day { statistic: Statistic::Quantile(at), .. } => Some(*at),
            _ => None,
        }
    }
}

/// A figure of numbers.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Statistic {
    Mean,
    Min,
    Max,
    Sum,
    Quantile(Share),
}

/// What has been measured so far.
#[derive(Clone, Debug)]
pub(crate) enum Summary {
    Numbers(Numbers),
    Moments(Moments),
    /// How many rows have a value.
    Presence(u64),
}

impl Summary {
    /// Nothing has been measured. `now` is the time of the run.
    pub(crate) fn new(measure: &Measure, now: Now) -> Self {
        match measure.reading {
            Reading::Numbers | Reading::Days => {
                Self::Numbers(Numbers::new(measure.keeps_values.then(Box::default)))
            }
            Reading::Moments => Self::Moments(Moments::new(now)),
            Reading::Presence(_) => Self::Presence(0),
        }
    }

    /// Measures the rows of `batch` that are in `scope`; gives those whose value cannot be read.
    pub(crate) fn take(
        &mut self,
        measure: &Measure,
        batch: &Batch,
        scope: Option<&BooleanBuffer>,
    ) -> BooleanBuffer {
        let column = batch.column(measure.column);
        match (self, measure.reading) {
            (Self::Numbers(it), Reading::Days) => read(column, scope, day, |day| it.add(day)),
            (Self::Numbers(it), _) => read(column, scope, finite, |number| it.add(number)),
            (Self::Moments(it), _) => read(column, scope, Moment::of, |moment| it.add(moment)),
            (Self::Presence(present), reading) => {
                let is_there = |value: Value<'_>| match value {
                    Value::Text(text) if reading == Reading::Presence(Blank::IsIgnored) => {
                        Some(u64::from(!is_blank(text)))
                    }
                    _ => Some(1),
                };
                read(column, scope, is_there, |it| *present += it)
            }
        }
    }
}

impl Summary {
    /// The values that are kept for quantiles, as far as they are in memory.
    pub(crate) fn values(&self) -> Option<&Values> {
        if let Self::Numbers(numbers) = self { numbers.values() } else { None }
    }

    /// As [`values`](Self::values).
    pub(crate) fn values_mut(&mut self) -> Option<&mut Values> {
        if let Self::Numbers(numbers) = self { numbers.values_mut() } else { None }
    }

    /// Adds what another partition has measured.
    pub(crate) fn merge(&mut self, other: Self) {
        match (self, other) {
            (Self::Numbers(mine), Self::Numbers(other)) => mine.merge(other),
            (Self::Moments(mine), Self::Moments(other)) => mine.merge(other),
            (Self::Presence(mine), Self::Presence(other)) => *mine += other,
            _ => debug_assert!(false, "summaries of one measure are of one kind"),
        }
    }
}

/// Takes each value in scope; gives the rows whose value is not NULL and cannot be read.
fn read<T>(
    column: &Column,
    scope: Option<&BooleanBuffer>,
    parse: impl Fn(Value<'_>) -> Option<T>,
    mut take: impl FnMut(T),
) -> BooleanBuffer {
    BooleanBuffer::collect_bool(column.len(), |row| {
        if scope.is_some_and(|it| !it.value(row)) {
            return false;
        }
        match column.value(row) {
            Value::Null => false,
            value => match parse(value) {
                Some(it) => {
                    take(it);
                    false
                }
                None => true,
            },
        }
    })
}

/// The day that a value is, as a number.
fn day(value: Value<'_>) -> Option<Number> {
    lens::date_of(value).map(|it| Number::Integer(i128::from(it.days())))
}

/// The number that a value is. NaN and the infinities are none.
fn finite(value: Value<'_>) -> Option<Number> {
    Number::of(value).filter(|it| !matches!(it, Number::Float(it) if !it.is_finite()))
}
