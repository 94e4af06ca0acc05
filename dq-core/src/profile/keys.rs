//! Candidate keys: columns, or pairs of columns, whose values tell rows apart.

use std::collections::HashSet;

use crate::profile::kind::Kind;
use crate::profile::row_sample::{CodedColumn, CodedRows, NULL_CODE};
use crate::profile::survey::Survey;

/// How many pairs are told at most.
const PAIRS_MAX: usize = 10;

/// A pair without a duplicate is a key only if chance would have made so many duplicates: then none
/// comes about by chance once in e^10 times.
const DUPLICATES_BY_CHANCE_MIN: f64 = 10.0;

/// Columns that may be a key.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Candidate {
    pub(crate) columns: Vec<usize>,
    /// Whether the whole table says so, and not a sample of it.
    pub(crate) is_certain: bool,
}

/// The single columns that may be keys; where there is none, the pairs.
pub(crate) fn find(survey: &Survey) -> Vec<Candidate> {
    if survey.rows < 2 {
        return Vec::new();
    }
    let columns = 0..survey.columns.len();
    let single: Vec<_> = columns.filter_map(|it| single(survey, it)).collect();
    if single.is_empty() { pairs(survey) } else { single }
}

fn single(survey: &Survey, position: usize) -> Option<Candidate> {
    let column = survey.columns.get(position)?;
    let is_certain = column.values.is_whole();
    let is_unique = column.nulls == 0
        && column.values.len() > 0
        && column.values.iter().all(|(_, count)| count == 1);
    is_unique.then(|| Candidate { columns: vec![position], is_certain })
}

fn pairs(survey: &Survey) -> Vec<Candidate> {
    let rows = &survey.sample;
    if rows.weights.iter().any(|it| *it > 1) {
        return Vec::new();
    }
    let is_fit = |it: &usize| {
        survey.columns.get(*it).is_some_and(|column| {
            let measures = column.facts.of_kind(Kind::Decimal) + column.facts.of_kind(Kind::Bytes);
            column.nulls == 0 && measures * 2 < survey.rows
        })
    };
    let fit: Vec<_> = (0..survey.columns.len()).filter(is_fit).collect();
    let mut found = Vec::new();
    for (place, first) in fit.iter().enumerate() {
        for second in fit.iter().skip(place + 1) {
            if found.len() < PAIRS_MAX && is_key(rows, *first, *second) == Some(true) {
                let columns = vec![*first, *second];
                found.push(Candidate { columns, is_certain: rows.level == 0 });
            }
        }
    }
    found
}

fn is_key(rows: &CodedRows, first: usize, second: usize) -> Option<bool> {
    let (first, second) = (rows.columns.get(first)?, rows.columns.get(second)?);
    let count = first.codes.len() as f64;
    let by_chance = count * (count - 1.0) / 2.0 * alike(first) * alike(second);
    if by_chance < DUPLICATES_BY_CHANCE_MIN {
        return Some(false);
    }
    let mut seen = HashSet::with_capacity(first.codes.len());
    Some(first.codes.iter().zip(&second.codes).all(|pair| seen.insert(pair)))
}

/// The probability that two rows have the same value.
fn alike(column: &CodedColumn) -> f64 {
    let mut counts = vec![0_u32; column.values.len()];
    for code in column.codes.iter().filter(|it| **it != NULL_CODE) {
        counts.get_mut(*code as usize).into_iter().for_each(|it| *it += 1);
    }
    let rows = column.codes.len().max(1) as f64;
    counts.iter().map(|it| (f64::from(*it) / rows).powi(2)).sum()
}
