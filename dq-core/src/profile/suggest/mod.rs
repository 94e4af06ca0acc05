//! Rules that the data suggest. Each file knows one kind of regularity, what breaks it, and how to say so
//! as a check.
//!
//! What the data are is not what they should be: a suggestion is made only where nearly all rows agree
//! on a regularity that chance would not make, and where those that do not agree are few.

mod column;
mod domain;
mod form;
mod format;
mod pattern;
mod range;
pub(crate) mod relation;

use crate::profile::ProfileOptions;
use crate::profile::dependency::Measured;
use crate::profile::inclusion::Inclusion;
use crate::profile::keys::Candidate;
use crate::profile::suggestion::Draft;
use crate::profile::survey::Survey;

/// What was found about one table, and about others as far as it refers to them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Evidence<'a> {
    pub(crate) survey: &'a Survey,
    pub(crate) keys: &'a [Candidate],
    pub(crate) dependencies: &'a [Measured],
    /// The references of this table, each with the survey of the table that it refers to.
    pub(crate) inclusions: &'a [(&'a Survey, Inclusion)],
}

/// Fewer rows tell nothing about the next ones.
const ROWS_MIN: u64 = 20;

/// The checks that a table suggests.
pub(crate) fn drafts(evidence: &Evidence<'_>, options: &ProfileOptions) -> Vec<Draft> {
    let survey = evidence.survey;
    if survey.rows < ROWS_MIN {
        return Vec::new();
    }
    let mut drafts = vec![relation::row_count(survey)];
    for position in 0..survey.columns.len() {
        drafts.extend(column::drafts(evidence, position, options));
    }
    drafts.extend(relation::unique(evidence));
    drafts.extend(relation::dependencies(evidence));
    drafts.extend(relation::references(evidence));
    drafts.retain(|it| options.show_values || !it.spells_values);
    drafts
}
