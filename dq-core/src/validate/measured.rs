//! What a check measured, held against its bounds.

use std::fmt::Display;

use serde_json::Value as Json;

use crate::error::Error;
use crate::error::ErrorKind;
use crate::error::Result;
use crate::rules::{Age, Figure, Kernel, Moments, Share, Statistic, Summary};
use crate::validate::Measured;
use crate::validate::outcome::{Outcome, TableOutcome};
use crate::value::Date;
use crate::value::Number;

/// What a check measured, and the same in words.
#[derive(Debug)]
pub(crate) struct Judged {
    pub(crate) measured: Measured,
    pub(crate) observed: String,
}

/// Holds what a check measured in `evaluated` rows against its bounds; nothing where checks are of
/// single rows, or no row was in scope.
///
/// # Errors
///
/// `Internal` if something that was measured is lost.
pub(crate) fn judge(
    kernel: &Kernel,
    evaluated: u64,
    outcome: &Outcome,
    table: &TableOutcome,
) -> Result<Option<Judged>> {
    match kernel {
        Kernel::RowCount { min, max } => Ok(Some(judge_count("row", evaluated, *min, *max))),
        _ if evaluated == 0 => Ok(None),
        Kernel::DistinctCount { min, max, .. } => {
            Ok(Some(judge_count("different value", outcome.groups.unwrap_or_default(), *min, *max)))
        }
        Kernel::Figure { measure, figure } => {
            let lost = || Error::new(ErrorKind::Internal, "what was measured is lost");
            let measuring = table.measure(*measure).ok_or_else(lost)?;
            let mut judged = judge_figure(figure, &measuring.summary, evaluated)?;
            if measuring.unreadable > 0 {
                let values = counted(measuring.unreadable, "value");
                judged.add(&format!("{values} that cannot be read"));
            }
            Ok(Some(judged))
        }
        _ => Ok(None),
    }
}

fn judge_count(noun: &str, count: u64, min: u64, max: u64) -> Judged {
    let range = Range { min: (min > 0).then_some(min), max: (max < u64::MAX).then_some(max) };
    let out_of_bounds = !(min..=max).contains(&count);
    range.judged(counted(count, noun), Json::from(count), out_of_bounds)
}

fn judge_figure(figure: &Figure, summary: &Summary, evaluated: u64) -> Result<Judged> {
    Ok(match (figure, summary) {
        (Figure::Number { statistic, min, max }, Summary::Numbers(numbers)) => {
            let range = Range { min: min.map(Shown), max: max.map(Shown) };
            range.judged_number(*statistic, numbers.figure(*statistic)?.map(Shown))
        }
        (Figure::Day { statistic, min, max }, Summary::Numbers(numbers)) => {
            let day = |it: Number| Date::from_days(it.to_f64() as i32);
            let range = Range { min: *min, max: *max };
            range.judged_number(*statistic, numbers.figure(*statistic)?.map(day))
        }
        (Figure::Completeness { min, max }, Summary::Presence(present)) => {
            let out_of_bounds = min.is_some_and(|it| it.compare(*present, evaluated).is_gt())
                || max.is_some_and(|it| it.compare(*present, evaluated).is_lt());
            let value = Json::from(*present as f64 / evaluated as f64);
            let words = format!("a value in {present} of {evaluated} rows");
            Range { min: *min, max: *max }.judged(words, value, out_of_bounds)
        }
        (Figure::Freshness { max }, Summary::Moments(moments)) => judge_age(*max, moments),
        _ => return Err(Error::new(ErrorKind::Internal, "something else was measured")),
    })
}

fn judge_age(max: Age, moments: &Moments) -> Judged {
    let (newest, future) = (moments.newest(), moments.future());
    let fresh = newest.map(|it| moments.is_fresh(it, max));
    let expected = format!("expected at most {max} before {}", moments.now());
    let observed = match newest {
        Some(it) => format!("{it} as the newest value, {expected}"),
        None if future > 0 => format!("only values in the future, {expected}"),
        None => String::new(),
    };
    let out_of_bounds = fresh.map_or(future > 0, |(is_fresh, _)| !is_fresh);
    let value = newest.map(|it| Json::from(it.to_string()));
    let min = fresh.map(|(_, oldest)| Json::from(oldest.to_string()));
    let mut judged =
        Judged { measured: Measured { value, min, max: None, out_of_bounds }, observed };
    if newest.is_some() && future > 0 {
        judged.add(&format!("{} in the future", counted(future, "value")));
    }
    judged
}

impl Judged {
    /// Says one thing more.
    fn add(&mut self, words: &str) {
        if !self.observed.is_empty() {
            self.observed.push_str("; ");
        }
        self.observed.push_str(words);
    }
}

fn counted(number: u64, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

/// The bounds of a figure.
struct Range<T> {
    min: Option<T>,
    max: Option<T>,
}

impl<T: Copy + Display + PartialOrd + ToJson> Range<T> {
    fn judged_number(self, statistic: Statistic, figure: Option<T>) -> Judged {
        let Some(figure) = figure else {
            let measured = Measured { value: None, ..self.measured(Json::Null, false) };
            return Judged { measured, observed: String::new() };
        };
        let words = match statistic {
            Statistic::Mean => format!("a mean of {figure}"),
            Statistic::Sum => format!("a sum of {figure}"),
            Statistic::Min => format!("{figure} as the least value"),
            Statistic::Max => format!("{figure} as the greatest value"),
            Statistic::Quantile(share) => format!("{figure} as the quantile at {share}"),
        };
        let is_within =
            self.min.is_none_or(|it| figure >= it) && self.max.is_none_or(|it| figure <= it);
        self.judged(words, figure.to_json(), !is_within)
    }
}

impl<T: Display + ToJson> Range<T> {
    fn judged(self, words: String, value: Json, out_of_bounds: bool) -> Judged {
        let expected = match (&self.min, &self.max) {
            (Some(min), Some(max)) => format!(", expected {min} to {max}"),
            (Some(min), None) => format!(", expected at least {min}"),
            (None, Some(max)) => format!(", expected at most {max}"),
            (None, None) => String::new(),
        };
        Judged { observed: words + &expected, measured: self.measured(value, out_of_bounds) }
    }

    fn measured(&self, value: Json, out_of_bounds: bool) -> Measured {
        let json = |it: &Option<T>| it.as_ref().map(ToJson::to_json);
        Measured { value: Some(value), min: json(&self.min), max: json(&self.max), out_of_bounds }
    }
}

/// A number, as reports show it.
#[derive(Clone, Copy, PartialEq, PartialOrd)]
struct Shown(Number);

impl Display for Shown {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            Number::Integer(it) => it.fmt(f),
            Number::Float(it) => write!(f, "{it:?}"),
        }
    }
}

/// What has a form in JSON.
trait ToJson {
    fn to_json(&self) -> Json;
}

impl ToJson for u64 {
    fn to_json(&self) -> Json {
        Json::from(*self)
    }
}

/// A number that JSON cannot hold exactly is text.
impl ToJson for Shown {
    fn to_json(&self) -> Json {
        match self.0 {
            Number::Integer(it) => {
                i64::try_from(it).map_or_else(|_| Json::from(it.to_string()), Json::from)
            }
            Number::Float(it) if it.is_finite() => Json::from(it),
            Number::Float(it) => Json::from(it.to_string()),
        }
    }
}

impl ToJson for Date {
    fn to_json(&self) -> Json {
        Json::from(self.to_string())
    }
}

impl ToJson for Share {
    fn to_json(&self) -> Json {
        Json::from(self.to_f64())
    }
}
