//! What a run has done for each rule, for those who keep figures.

use std::time::Duration;

use crate::rules::Plan;
use crate::source::Usage;
use crate::validate::run::Found;
use crate::validate::{RuleReport, Status};

/// How long the source worked for each rule alone, by position of the rule.
pub(crate) fn ran_by_rule(plan: &Plan, found: &Found) -> Vec<Duration> {
    let rules = plan.checks.iter().map(|it| it.rule + 1).max().unwrap_or(0);
    let mut ran = vec![Duration::ZERO; rules];
    for (check, outcome) in plan.checks.iter().zip(&found.checks) {
        ran.get_mut(check.rule).into_iter().for_each(|it| *it += outcome.ran);
    }
    ran
}

/// What was done for each rule.
pub(crate) fn of(rules: &[RuleReport], ran: &[Duration]) -> impl Iterator<Item = Usage> {
    rules.iter().enumerate().map(|(position, rule)| Usage {
        name: rule.id.clone(),
        rows: rule.checks.iter().map(|it| it.evaluated).sum(),
        ran: ran.get(position).copied().unwrap_or_default(),
        has_failed: rule.checks.iter().any(|it| it.status == Status::Error),
    })
}
