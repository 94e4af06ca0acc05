//! A statement about many checks that the database refuses, or gives no answer to that counts: it is asked again by halves,
//! until it is known which of them it is about. All others are answered.

use crate::error::Result;
use crate::pushdown::{Asks, Count, Statement};
use crate::source::{Cancellation, Query, Snapshot};
use crate::validate::answers::aim::resting_on;
use crate::validate::answers::rows::values;
use crate::validate::answers::{Answers, is_of_statement, refusal_of};
use crate::value::OwnedValue;

impl Answers {
    /// Takes what parts of a statement say that is refused as a whole. Only the checks that rest on what is refused by itself
    /// are judged natively.
    pub(crate) async fn ask_halves(
        &mut self,
        snapshot: &dyn Snapshot,
        statement: &Statement,
        cancellation: &Cancellation,
    ) -> Result<()> {
        let mut open: Vec<_> = statement.spread.halves().into_iter().flatten().rev().collect();
        while let Some(statement) = open.pop() {
            let error = match self.found(snapshot, &statement, cancellation).await {
                Ok(found) => {
                    self.take_all(&statement, found)?;
                    continue;
                }
                Err(error) => error,
            };
            // Where not even the rows can be counted, it is about the table.
            if !is_of_statement(&error) || counts_rows_alone(&statement) {
                return Err(error);
            }
            match statement.spread.halves() {
                Some(halves) => open.extend(halves.into_iter().rev()),
                None => self.refuse_all(&statement, &refusal_of(&error)),
            }
        }
        Ok(())
    }

    /// What a statement finds.
    pub(crate) async fn found(
        &self,
        snapshot: &dyn Snapshot,
        statement: &Statement,
        cancellation: &Cancellation,
    ) -> Result<Vec<OwnedValue>> {
        let query = Query { cancellation: cancellation.clone(), ..statement.query.clone() };
        let found = match snapshot.query(&query).await {
            Ok(rows) => values(rows).await,
            Err(error) => Err(error),
        };
        cancellation.check()?;
        found
    }

    /// Lets all checks be judged natively that rest on a statement.
    fn refuse_all(&mut self, statement: &Statement, reason: &str) {
        let Asks::Tally { table, counts, .. } = &statement.asks else { return };
        let checks = counts.iter().flat_map(|it| resting_on(&self.plan, *table, it));
        let checks: Vec<_> = checks.collect();
        for check in checks {
            self.refuse(check, reason);
        }
    }
}

fn counts_rows_alone(statement: &Statement) -> bool {
    matches!(&statement.asks, Asks::Tally { counts, .. } if counts[..] == [Count::Rows])
}
