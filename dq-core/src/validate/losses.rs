//! Tables whose rows cannot be read while those of others can: they are damaged, forbidden, views that fail, or lie on
//! servers that are gone. Their checks could not run, and all others go on.

use std::collections::HashMap;

use crate::error::{Error, ErrorKind, Result};
use crate::rules::{Kernel, Plan, PlannedCheck};
use crate::source::Snapshot;
use crate::validate::outcome::Outcome;

/// Why tables could not be read, by their positions.
#[derive(Debug, Default)]
pub(crate) struct Losses(HashMap<usize, Error>);

impl Losses {
    /// Notes that a table could not be read.
    ///
    /// # Errors
    ///
    /// The error itself, if it is no matter of this table alone.
    pub(crate) fn take(
        &mut self,
        (snapshot, plan): (&dyn Snapshot, &Plan),
        table: usize,
        error: Error,
    ) -> Result<()> {
        let name = plan.tables.get(table).map(|it| &it.schema.name);
        let shards = name.and_then(|it| snapshot.sql_table(it)).and_then(|it| it.shards);
        let is_lost = match shards {
            Some(_) => is_of_servers(&error),
            None => is_of_table(&error) && plan.tables.len() > 1,
        };
        if !is_lost {
            return Err(error);
        }
        self.0.insert(table, error);
        Ok(())
    }

    /// Whether a table could not be read.
    pub(crate) fn has(&self, table: usize) -> bool {
        self.0.contains_key(&table)
    }

    /// Why a check could not run; none if it could.
    pub(crate) fn of(&self, check: &PlannedCheck) -> Option<&Error> {
        if matches!(check.kernel, Kernel::Absent(_) | Kernel::Query(_)) {
            return None;
        }
        let keys = check.kernel.keys().into_iter().map(|it| it.set.table);
        keys.chain([check.table]).find_map(|it| self.0.get(&it))
    }

    /// Makes errors of the checks that could not run, and no figures.
    pub(crate) fn settle(&self, plan: &Plan, outcomes: &mut [Outcome], sample_limit: usize) {
        for (check, outcome) in plan.checks.iter().zip(outcomes) {
            if let Some(error) = self.of(check) {
                let (queries, ran) = (outcome.queries, outcome.ran);
                *outcome = Outcome { queries, ran, ..Outcome::new(sample_limit) };
                outcome.error = Some(Error::new(error.kind(), error.message()));
            }
        }
    }
}

/// Whether an error may say that a server, or a table on it, is not there or not to be read.
fn is_of_servers(error: &Error) -> bool {
    use ErrorKind::{NotFound, PermissionDenied, QueryInvalid, Timeout, Unavailable};

    matches!(error.kind(), Unavailable | Timeout | PermissionDenied | NotFound | QueryInvalid)
}

/// Whether an error may say that a table is damaged, not to be read by this user, or a view that fails.
fn is_of_table(error: &Error) -> bool {
    use ErrorKind::{PermissionDenied, QueryInvalid, SourceInvalid};

    matches!(error.kind(), SourceInvalid | PermissionDenied | QueryInvalid)
}
