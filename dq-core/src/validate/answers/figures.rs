//! What the database has measured of the values of columns.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError};

use crate::pushdown::{Quantity, Summaries};
use crate::rules::{Kernel, Measure, Moment, Moments, Now, Numbers, Plan, Reading, Summary};
use crate::validate::answers::Answers;
use crate::validate::memory::Budget;
use crate::value::{Number, OwnedValue};

/// A table and one of its measures.
type Of = (usize, usize);

/// What was measured so far.
#[derive(Default)]
pub(crate) struct Figures {
    asked: HashMap<Of, HashMap<Quantity, OwnedValue>>,
    /// Those that are complete.
    summaries: HashMap<Of, Summary>,
}

impl Figures {
    /// Takes what was asked about a measure.
    pub(crate) fn take(&mut self, of: Of, quantity: Quantity, value: OwnedValue) {
        self.asked.entry(of).or_default().insert(quantity, value);
    }

    /// Takes the number of rows with a value, for a check of completeness.
    pub(crate) fn take_present(&mut self, plan: &Plan, check: usize, rows: u64) {
        let kernel = plan.checks.get(check).map(|it| &it.kernel);
        if let Some(Kernel::Figure { measure, .. }) = kernel {
            self.summaries.insert((measure.table, measure.index), Summary::Presence(rows));
        }
    }
}

impl Answers {
    /// Takes what a function of this process has measured. Rows whose value cannot be read are shown by a scan.
    pub(crate) fn take_summaries(&mut self, table: usize, summaries: &Summaries) {
        let mut left = summaries.lock().unwrap_or_else(PoisonError::into_inner);
        for (measure, summary, unreadable) in left.drain(..) {
            if unreadable > 0 {
                let reason = "rows that only a scan can judge: values that cannot be read";
                self.refuse_measure((table, measure), &format!("{reason} ({unreadable})"));
            }
            self.figures.summaries.insert((table, measure), summary);
        }
    }

    /// Gives what was measured to the outcomes of tables. What cannot be told from it is refused.
    pub(crate) fn keep_figures(&mut self, now: Now, budget: &Arc<Budget>) {
        for (of, asked) in std::mem::take(&mut self.figures.asked) {
            let known = self.figures.summaries.contains_key(&of);
            let measure = self.plan.tables.get(of.0).and_then(|it| it.measures.get(of.1));
            let Some(measure) = measure.filter(|_| !known) else { continue };
            match summary(measure, &asked, now) {
                Some(it) => drop(self.figures.summaries.insert(of, it)),
                None => self.refuse_measure(of, "the database gave no numbers"),
            }
        }
        for ((table, measure), summary) in std::mem::take(&mut self.figures.summaries) {
            let measures = self.plan.tables.get(table).map_or(0, |it| it.measures.len());
            if let Some(outcome) = self.tables.get_mut(table) {
                outcome.keep_measured(measures, (measure, summary), budget);
            }
        }
    }

    fn refuse_measure(&mut self, of: Of, reason: &str) {
        let is_of = |kernel: &Kernel| match kernel {
            Kernel::Figure { measure, .. } => (measure.table, measure.index) == of,
            _ => false,
        };
        let checks = self.plan.checks.iter().enumerate();
        let checks: Vec<_> = checks.filter(|it| is_of(&it.1.kernel)).map(|it| it.0).collect();
        for check in checks {
            self.refuse(check, reason);
        }
    }
}

/// The summary of what was asked; none if something is no number.
fn summary(measure: &Measure, asked: &HashMap<Quantity, OwnedValue>, now: Now) -> Option<Summary> {
    let whole = |quantity| match asked.get(&quantity) {
        None | Some(OwnedValue::Null) => Some(0),
        Some(it) => integer(it),
    };
    Some(match measure.reading {
        Reading::Numbers | Reading::Days => {
            let extreme = |quantity| match asked.get(&quantity) {
                None | Some(OwnedValue::Null) => Some(None),
                Some(OwnedValue::Float(it)) => Some(Some(Number::Float(*it))),
                Some(it) => integer(it).map(|it| Some(Number::Integer(it))),
            };
            let extremes = extreme(Quantity::Least)?.zip(extreme(Quantity::Greatest)?);
            let count = u64::try_from(whole(Quantity::Values)?).ok()?;
            Summary::Numbers(Numbers::found(count, whole(Quantity::Sum)?, extremes))
        }
        Reading::Moments => {
            let newest = match asked.get(&Quantity::Newest) {
                None | Some(OwnedValue::Null) => None,
                Some(OwnedValue::Date(it)) => Some(Moment::Day(*it)),
                Some(OwnedValue::Timestamp(it)) => Some(Moment::Point(*it)),
                Some(_) => return None,
            };
            let future = u64::try_from(whole(Quantity::Future)?).ok()?;
            Summary::Moments(Moments::found(now, newest, future))
        }
        Reading::Presence(_) => return None,
    })
}

/// A whole number, which is text where it has many digits.
fn integer(value: &OwnedValue) -> Option<i128> {
    match value {
        OwnedValue::Integer(it) => Some(i128::from(*it)),
        OwnedValue::Text(it) => it.parse().ok(),
        _ => None,
    }
}
