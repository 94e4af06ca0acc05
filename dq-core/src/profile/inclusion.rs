//! References between tables: the values of one column among those of another table's key.

use crate::profile::column_survey::ColumnSurvey;
use crate::profile::keys::Candidate;
use crate::profile::kind::Kind;
use crate::profile::survey::Survey;

/// This share of the distinct values must be in the key.
const SHARE_MIN: f64 = 0.9;

/// Fewer distinct values are in many a column by chance.
const DISTINCT_MIN: usize = 5;

/// Whole numbers of fewer digits are in many a key that counts from 1, so that their column must be
/// called like the key.
const DIGITS_MIN: f64 = 5.0;

/// A column whose values are in the key of another table. Positions are of surveys and columns.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Inclusion {
    pub(crate) child: (usize, usize),
    pub(crate) parent: (usize, usize),
    /// How many rows have a value.
    pub(crate) rows: u64,
    /// How many of them have one that is not in the key.
    pub(crate) violations: u64,
    /// Whether every value was compared, and not a sample of them.
    pub(crate) is_certain: bool,
}

/// The references of every table to the single-column keys of the others.
pub(crate) fn find(surveys: &[Survey], keys: &[Vec<Candidate>]) -> Vec<Inclusion> {
    let keys = keys.iter().enumerate().flat_map(|(table, keys)| {
        keys.iter().filter_map(move |key| match key.columns[..] {
            [column] => Some((table, column)),
            _ => None,
        })
    });
    let keys: Vec<_> = keys.collect();
    let mut found = Vec::new();
    for (table, survey) in surveys.iter().enumerate() {
        for column in 0..survey.columns.len() {
            let parents = keys.iter().filter(|(parent, _)| *parent != table);
            let inclusions = parents.filter_map(|key| compare(surveys, (table, column), *key));
            found.extend(inclusions.min_by_key(|it| (it.violations, it.parent)));
        }
    }
    found
}

/// Whether the names tell of a reference: `provider_id` and `provider_id`, or `provider_id` and the `id` of
/// `providers`.
fn is_called_like((child, key): (&str, &str), table: &str) -> bool {
    let (child, key) = (child.to_lowercase(), key.to_lowercase());
    let table = table.to_lowercase();
    let stem = table.strip_suffix('s').unwrap_or(&table);
    child == key
        || child.ends_with(&format!("_{key}")) && key.len() > 2
        || child.starts_with(stem) && child.ends_with(&key)
}

/// Compares the values of both columns as far as both keep them: they are thinned by the same hash, so
/// that a value which both admit is missing from one only if that column does not have it.
fn compare(surveys: &[Survey], child: (usize, usize), parent: (usize, usize)) -> Option<Inclusion> {
    let (child_table, parent_table) = (surveys.get(child.0)?, surveys.get(parent.0)?);
    let (values, key) = (child_table.columns.get(child.1)?, parent_table.columns.get(parent.1)?);
    let names = (child_table.name(child.1), parent_table.name(parent.1));
    if is_figure(values) && !is_called_like(names, &parent_table.schema.name) {
        return None;
    }
    let level = values.values.level().max(key.values.level());
    let (mut distinct, mut missing, mut rows, mut violations) = (0_usize, 0_usize, 0, 0);
    for (hash, count) in values.values.hashes(level) {
        let is_missing = !key.values.has(hash);
        distinct += 1;
        missing += usize::from(is_missing);
        rows += count;
        violations += if is_missing { count } else { 0 };
    }
    let share = 1.0 - missing as f64 / distinct.max(1) as f64;
    (distinct >= DISTINCT_MIN && share >= SHARE_MIN).then_some(Inclusion {
        child,
        parent,
        rows,
        violations,
        is_certain: level == 0,
    })
}

/// Whether a column holds small whole numbers, days, decimals or booleans: what is in another column by
/// chance.
fn is_figure(column: &ColumnSurvey) -> bool {
    let facts = &column.facts;
    let codes = facts.of_kind(Kind::Text) + facts.of_kind(Kind::Integer);
    let is_short = facts.lengths.mean().is_none_or(|it| it < DIGITS_MIN);
    codes * 2 < facts.filled() || is_short && facts.of_kind(Kind::Integer) * 2 > facts.filled()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_of_references() {
        assert!(is_called_like(("provider_id", "provider_id"), "healthcare_providers"));
        assert!(is_called_like(("billing_provider_id", "provider_id"), "healthcare_providers"));
        assert!(is_called_like(("provider_id", "id"), "providers"));
        assert!(!is_called_like(("birth_year", "id"), "providers"));
        assert!(!is_called_like(("paid", "id"), "providers"));
    }
}
