//! What several columns, rows or tables suggest together.

use std::collections::BTreeMap;

use serde_json::json;

use crate::profile::dependency::Measured;
use crate::profile::inclusion::Inclusion;
use crate::profile::keys::Candidate;
use crate::profile::suggest::Evidence;
use crate::profile::suggestion::Draft;
use crate::profile::survey::Survey;
use crate::report::words::{count, percent};

/// A load that lost more than this share of the rows has gone wrong.
const ROWS_KEPT_MIN: f64 = 0.5;

/// If fewer rows than this share have a value that another has too, none should.
const SHARED_MAX: f64 = 0.005;

/// Dependencies that are nearly as strong are the same to us: then the column that tells most others is
/// the better teller.
const STRENGTH_SLACK: f64 = 0.05;

/// In groups of fewer rows there is hardly a majority.
const GROUP_ROWS_MIN: f64 = 4.0;

/// No more rows than this share may be in groups without a majority, all of which the check counts.
const UNDECIDED_MAX: f64 = 0.01;

/// A table should not shrink all at once.
pub(crate) fn row_count(survey: &Survey) -> Draft {
    let min = (survey.rows as f64 * ROWS_KEPT_MIN) as u64;
    let reason = format!("there are {} rows today", count(survey.rows));
    Draft::of_columns(Vec::new(), "row_count", json!({ "min": min }), reason)
}

/// A key.
pub(crate) fn key(survey: &Survey, found: &Candidate) -> Draft {
    let names: Vec<_> = found.columns.iter().map(|it| survey.name(*it)).collect();
    let reason = "no two rows are alike in it".to_owned();
    Draft::of_columns(found.columns.clone(), "unique", json!(names), reason)
}

/// Keys, and columns that are nearly one.
pub(crate) fn unique(evidence: &Evidence<'_>) -> Vec<Draft> {
    let survey = evidence.survey;
    let mut drafts: Vec<_> = evidence.keys.iter().map(|it| key(survey, it)).collect();
    for (position, column) in survey.columns.iter().enumerate() {
        let shared: u64 = column.values.iter().map(|it| it.1).filter(|it| *it > 1).sum();
        let kept: u64 = column.values.iter().map(|it| it.1).sum();
        let is_nearly_unique = shared > 0 && shared as f64 <= SHARED_MAX * kept as f64;
        if is_nearly_unique && crate::profile::suggest::column::is_code(survey, position) {
            let reason = format!("only {} of the values are shared", percent(shared, kept));
            let argument = json!([survey.name(position)]);
            drafts.push(Draft::of_columns(vec![position], "unique", argument, reason));
        }
    }
    drafts
}

/// For each column that others tell, the one that tells it best.
pub(crate) fn dependencies(evidence: &Evidence<'_>) -> Vec<Draft> {
    let is_fit = |it: &&Measured| {
        it.group_rows >= GROUP_ROWS_MIN && it.undecided as f64 <= UNDECIDED_MAX * it.rows as f64
    };
    let fit: Vec<_> = evidence.dependencies.iter().filter(is_fit).collect();
    let mut told = BTreeMap::<usize, usize>::new();
    let mut tellers = BTreeMap::<usize, Vec<&Measured>>::new();
    for it in fit {
        *told.entry(it.from).or_default() += 1;
        tellers.entry(it.to).or_default().push(it);
    }
    let best = tellers.values().filter_map(|tellers| {
        let strongest = tellers.iter().map(|it| it.strength).max_by(f64::total_cmp)?;
        let near = tellers.iter().filter(|it| it.strength >= strongest - STRENGTH_SLACK);
        let rank = |it: &&&Measured| (told.get(&it.from).copied(), std::cmp::Reverse(it.from));
        near.max_by_key(rank).map(|it| dependency(evidence.survey, it))
    });
    best.collect()
}

/// A dependency.
pub(crate) fn dependency(survey: &Survey, found: &Measured) -> Draft {
    let (from, to) = (survey.name(found.from), survey.name(found.to));
    let agreeing = found.rows - found.violations;
    let whole = if survey.sample.level > 0 { " of a sample" } else { "" };
    let reason = format!(
        "{} of the rows agree with the majority of those with the same {from}, in groups of {:.1} rows{whole} on average",
        percent(agreeing, found.rows),
        found.group_rows
    );
    let argument = json!({ "from": [from], "to": to });
    Draft::of_columns(vec![found.from, found.to], "functional_dependency", argument, reason)
}

/// Columns whose values are in the key of another table.
pub(crate) fn references(evidence: &Evidence<'_>) -> Vec<Draft> {
    let found = evidence.inclusions.iter();
    found.map(|(parent, it)| reference(evidence.survey, parent, it)).collect()
}

/// A reference.
pub(crate) fn reference(child: &Survey, parent: &Survey, found: &Inclusion) -> Draft {
    let (column, key) = (child.name(found.child.1), parent.name(found.parent.1));
    let table = &parent.schema.name;
    let share = percent(found.rows - found.violations, found.rows);
    let reason = format!("{share} of the values are in the key {key} of {table}");
    let argument = json!({ "columns": [column], "table": table, "key": [key] });
    Draft::of_columns(vec![found.child.1], "references", argument, reason)
}
