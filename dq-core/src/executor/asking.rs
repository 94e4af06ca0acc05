//! Asking the database, behind its gate.

use std::sync::Arc;

use crate::database::{DatabaseManager, QueryResult, Statement};
use crate::error::Result;
use crate::executor::call::Call;
use crate::executor::gate::Gate;
use crate::executor::passage::{Doing, Passage};
use crate::executor::statistics::Executed;
use crate::value::Batch;

/// A database and the gate before it.
#[derive(Clone, Debug)]
pub(crate) struct Asking {
    pub(crate) database: Arc<dyn DatabaseManager>,
    pub(crate) gate: Arc<Gate>,
}

impl Asking {
    /// Runs a statement that reads.
    pub(crate) async fn query(
        &self,
        statement: &Statement,
        call: &Call,
    ) -> Result<Executed<QueryResult>> {
        let passage = self.gate.begin(call, Doing::Query);
        self.query_on(passage, statement, call).await
    }

    /// Runs a statement that reads, as a part of another call that tells its figures itself.
    #[cfg(feature = "cache")]
    pub(crate) async fn query_within(
        &self,
        statement: &Statement,
        call: &Call,
    ) -> Result<Executed<QueryResult>> {
        let passage = self.gate.begin_within(call, Doing::Query);
        self.query_on(passage, statement, call).await
    }

    async fn query_on(
        &self,
        mut passage: Passage,
        statement: &Statement,
        call: &Call,
    ) -> Result<Executed<QueryResult>> {
        let passed = self.gate.pass(&mut passage, call, || self.database.query(statement)).await;
        let result = passed.map(|(value, _place)| value);
        if let Ok(value) = &result {
            let bytes = value.batches.iter().map(Batch::bytes).sum::<usize>();
            passage.meter.figures.rows = value.row_count() as u64;
            passage.meter.figures.bytes = bytes as u64;
        }
        let statistics = passage.end(&result);
        result.map(|value| Executed { value, statistics })
    }
}
