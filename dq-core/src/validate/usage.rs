//! What a run has done for each rule, for those who keep figures.

use std::time::Duration;

use crate::rules::Plan;
use crate::source::Usage;
use crate::validate::outcome::Outcome;
use crate::validate::{RuleReport, Status};

/// What was done for one rule alone.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Spent {
    queries: u64,
    ran: Duration,
}

/// Adds what was done for the checks of a plan to what was done for their rules.
pub(crate) fn add(plan: &Plan, outcomes: &[Outcome], spent: &mut Vec<Spent>) {
    for (check, outcome) in plan.checks.iter().zip(outcomes) {
        if spent.len() <= check.rule {
            spent.resize(check.rule + 1, Spent::default());
        }
        if let Some(it) = spent.get_mut(check.rule) {
            it.queries += outcome.queries;
            it.ran += outcome.ran;
        }
    }
}

/// What was done for each rule.
pub(crate) fn of(rules: &[RuleReport], spent: &[Spent]) -> impl Iterator<Item = Usage> {
    rules.iter().enumerate().map(|(position, rule)| {
        let Spent { queries, ran } = spent.get(position).copied().unwrap_or_default();
        Usage {
            name: rule.id.clone(),
            rows: rule.checks.iter().map(|it| it.evaluated).sum(),
            queries,
            ran,
            has_failed: rule.checks.iter().any(|it| it.status == Status::Error),
        }
    })
}
