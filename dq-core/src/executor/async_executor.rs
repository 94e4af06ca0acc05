//! The executor over a database manager.

use std::sync::Arc;

use async_trait::async_trait;

use crate::clock::Clock;
use crate::database::{DatabaseManager, QueryResult, Statement};
use crate::error::Result;
use crate::executor::QueryExecutor;
use crate::executor::call::Call;
use crate::executor::config::ExecutorConfig;
use crate::executor::gate::Gate;
use crate::executor::gated_source;
use crate::executor::in_order::in_order;
use crate::executor::passage::Doing;
use crate::executor::statistics::{Executed, ExecutorStatistics};
use crate::executor::stream::{ResultStream, pump};
use crate::source::Snapshot;
use crate::value::Batch;

/// The executor over a [`DatabaseManager`] of any kind.
#[derive(Debug)]
pub struct AsyncQueryExecutor {
    database: Arc<dyn DatabaseManager>,
    gate: Arc<Gate>,
}

impl AsyncQueryExecutor {
    /// An executor over `database`, with limits of its own.
    ///
    /// # Errors
    ///
    /// `ConfigInvalid` for a value out of its range.
    pub fn new(
        database: Arc<dyn DatabaseManager>,
        config: ExecutorConfig,
        clock: Arc<dyn Clock>,
    ) -> Result<Self> {
        let gate = Gate::new(database.name(), config, clock)?;
        Ok(Self::behind(gate, database))
    }

    /// An executor over `database`, within the limits of `gate`.
    pub fn behind(gate: Arc<Gate>, database: Arc<dyn DatabaseManager>) -> Self {
        Self { database, gate }
    }

    /// The database.
    pub fn database(&self) -> &Arc<dyn DatabaseManager> {
        &self.database
    }

    /// The limits, to put something else within them too.
    pub fn gate(&self) -> &Arc<Gate> {
        &self.gate
    }
}

#[async_trait]
impl QueryExecutor for AsyncQueryExecutor {
    async fn query(&self, statement: &Statement, call: &Call) -> Result<Executed<QueryResult>> {
        let mut passage = self.gate.begin(call, Doing::Query);
        let passed = self.gate.pass(&mut passage, call, || self.database.query(statement)).await;
        let result = passed.map(|(value, _place)| value);
        if let Ok(value) = &result {
            passage.meter.figures.rows = value.row_count() as u64;
            passage.meter.figures.bytes =
                value.batches.iter().map(Batch::bytes).sum::<usize>() as u64;
        }
        let statistics = passage.end(&result);
        result.map(|value| Executed { value, statistics })
    }

    async fn query_all(
        &self,
        statements: &[Statement],
        call: &Call,
    ) -> Vec<Result<Executed<QueryResult>>> {
        let queries = statements.iter().map(|it| self.query(it, call));
        in_order(queries, self.gate.config().concurrent_max).await
    }

    async fn stream(&self, statement: &Statement, call: &Call) -> Result<ResultStream> {
        let mut passage = self.gate.begin(call, Doing::Query);
        match self.gate.pass(&mut passage, call, || self.database.stream(statement)).await {
            Ok((rows, place)) => Ok(pump(rows, (place, passage), Arc::clone(&self.gate))),
            Err(error) => {
                let failed = Err(error);
                passage.end(&failed);
                failed
            }
        }
    }

    async fn execute(&self, statement: &Statement, call: &Call) -> Result<Executed<u64>> {
        let mut passage = self.gate.begin(call, Doing::Change);
        let passed = self.gate.pass(&mut passage, call, || self.database.execute(statement)).await;
        let result = passed.map(|(value, _place)| value);
        if let Ok(rows) = &result {
            passage.meter.figures.rows = *rows;
        }
        let statistics = passage.end(&result);
        result.map(|value| Executed { value, statistics })
    }

    async fn snapshot(&self, call: &Call) -> Result<Box<dyn Snapshot>> {
        gated_source::open(&*self.database, &self.gate, call).await
    }

    fn statistics(&self) -> ExecutorStatistics {
        self.gate.statistics()
    }

    async fn close(&self) {
        self.gate.close().await;
    }
}
