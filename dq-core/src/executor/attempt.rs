//! One attempt at the database, and what it tells the breaker.

use std::time::{Duration, Instant};

use crate::clock::Clock;
use crate::error::{ErrorKind, Result};
use crate::resilience::{Outcome, Permit, judge as judge_by_kind};

/// One attempt. Dropped without an end, it was given up by its caller, which counts against the database
/// only if the caller was patient.
pub(crate) struct Attempt<'a> {
    /// `None` once it has ended.
    permit: Option<Permit<'a>>,
    clock: &'a dyn Clock,
    begun: Instant,
    hung_after: Duration,
}

impl<'a> Attempt<'a> {
    /// Begins now.
    pub(crate) fn start(permit: Permit<'a>, clock: &'a dyn Clock, hung_after: Duration) -> Self {
        Self { permit: Some(permit), clock, begun: clock.now(), hung_after }
    }

    /// Tells the breaker how the attempt ended. Where the deadline ended it, that is as if the caller had
    /// given it up.
    pub(crate) fn end<T>(mut self, result: &Result<T>, is_over: bool) -> Outcome {
        let is_late = is_over && result.as_ref().is_err_and(|it| it.kind() == ErrorKind::Timeout);
        let outcome = if is_late { self.given_up() } else { judge(result) };
        if let Some(permit) = self.permit.take() {
            // How long a statement takes is up to the statement.
            permit.record_after(outcome, Duration::ZERO);
        }
        outcome
    }

    fn given_up(&self) -> Outcome {
        let took = self.clock.now().saturating_duration_since(self.begun);
        if took < self.hung_after { Outcome::Ignored } else { Outcome::Failure }
    }
}

impl Drop for Attempt<'_> {
    fn drop(&mut self) {
        if let Some(permit) = self.permit.take() {
            let outcome = self.given_up();
            permit.record_after(outcome, Duration::ZERO);
        }
    }
}

/// What a result tells of the database: that it failed where trying again may help. That its data changed
/// while they were read is none of its faults.
pub(crate) fn judge<T>(result: &Result<T>) -> Outcome {
    match result {
        Err(error) if error.kind() == ErrorKind::SourceChanged => Outcome::Ignored,
        result => judge_by_kind(result),
    }
}
