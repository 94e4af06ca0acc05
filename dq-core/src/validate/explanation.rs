//! How a source would be checked, for people.

use std::fmt;

use crate::pushdown::{Pushdown, Spread};
use crate::rules::Plan;

/// How a source would be checked: printed by `dq explain`.
#[derive(Debug)]
pub struct Explanation {
    plan: Plan,
    /// What is asked in SQL, if that was wanted, and whether the servers of distributed tables work at once.
    pushdown: Option<(Pushdown, bool)>,
}

impl Explanation {
    pub(crate) fn new(plan: Plan, pushdown: Option<(Pushdown, bool)>) -> Self {
        Self { plan, pushdown }
    }
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some((pushdown, concurrent)) = &self.pushdown else {
            return write!(f, "{}", self.plan);
        };
        // What nobody needs is not run.
        let asked = pushdown
            .statements
            .iter()
            .filter(|it| it.answers(&self.plan, &pushdown.refusals).next().is_some());
        for (number, statement) in asked.enumerate() {
            let place = match statement.spread {
                Spread::No | Spread::Here(_) => "",
                _ if *concurrent => ", by all servers at once",
                _ => ", by one server after the other",
            };
            let number = number + 1;
            writeln!(f, "statement {number} on `{}`{place}:", statement.query.table)?;
            writeln!(f, "  {}", statement.query.sql)?;
        }
        writeln!(f, "checks:")?;
        for (check, refusal) in self.plan.checks.iter().zip(&pushdown.refusals) {
            match refusal {
                None => writeln!(f, "  `{}`: pushed down", check.name)?,
                Some(reason) => writeln!(f, "  `{}`: streamed: {reason}", check.name)?,
            }
        }
        Ok(())
    }
}
