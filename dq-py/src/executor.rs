//! Queries of one database within limits.

use std::sync::Arc;
use std::time::Duration;

use dq_core::clock::SystemClock;
use dq_core::database::Statement;
use dq_core::executor::{
    AsyncQueryExecutor, Call, Caller, ExecutorConfig, QueryExecutor, Repeat, Reuse,
};
use pyo3::prelude::*;

use crate::cache::CacheHandle;
use crate::database::{DatabaseHandle, nothing, object, statement};
use crate::error;
use crate::result::Rows;
use crate::runtime::{self, Held};
use crate::source::from_json;
use crate::validate::{json, seconds};
use crate::work::Work;

/// Runs work on one database within limits.
#[pyclass(frozen, module = "dq._dq")]
#[derive(Debug)]
pub(crate) struct ExecutorHandle {
    held: Held<Arc<AsyncQueryExecutor>>,
}

/// What a caller says about its call.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub(crate) struct CallOptions {
    name: String,
    caller: String,
    deadline: Option<f64>,
    reuse_seconds: Option<f64>,
    unchanged: Option<Vec<String>>,
    is_repeatable: bool,
}

impl CallOptions {
    fn call(self, py: Python<'_>) -> PyResult<Call> {
        let span = |it: f64| -> PyResult<Duration> { seconds(py, it) };
        let reuse = match (self.unchanged, self.reuse_seconds) {
            (Some(tables), _) => Reuse::Unchanged(tables),
            (None, Some(it)) => Reuse::For(span(it)?),
            (None, None) => Reuse::Never,
        };
        let repeat = if self.is_repeatable { Repeat::Everything } else { Repeat::Reads };
        let deadline = self.deadline.map(span).transpose()?;
        Ok(Call {
            caller: Caller::new(self.caller),
            deadline,
            repeat,
            reuse,
            ..Call::named(self.name)
        })
    }
}

#[pymethods]
impl ExecutorHandle {
    #[new]
    fn new(
        py: Python<'_>,
        database: &DatabaseHandle,
        options: &str,
        cache: Option<&CacheHandle>,
    ) -> PyResult<Self> {
        let handle = runtime::handle(py)?;
        let _entered = handle.enter();
        let config: ExecutorConfig = from_json(py, "options of the executor", options)?;
        let (database, clock) = (database.get(py)?, Arc::new(SystemClock));
        let data = database.name().to_owned();
        let failed = |it| error::to_python(py, &it);
        let mut executor = AsyncQueryExecutor::new(database, config, clock).map_err(failed)?;
        if let Some(cache) = cache {
            executor = executor.with_cache(cache.get_manager(py)?, data).map_err(failed)?;
        }
        Ok(Self { held: Held::new("an executor", Arc::new(executor), handle.clone()) })
    }

    /// Runs a statement that reads.
    fn query(
        &self,
        py: Python<'_>,
        sql: &str,
        parameters: Option<&Bound<'_, PyAny>>,
        call: CallOptions,
    ) -> PyResult<Work> {
        let executor = Arc::clone(self.held.get(py)?);
        let (statement, call) = (statement(sql, parameters, None)?, call.call(py)?);
        let running = async move {
            let executed = executor.query(&statement, &call).await?;
            Ok((executed.value, json(&executed.statistics)?))
        };
        Work::start(py, running, |py, (result, statistics)| {
            Ok(Py::new(py, Rows::new(result, Some(statistics)))?.into_any())
        })
    }

    /// Runs many statements that read; gives the rows or the exception of each.
    fn query_all(
        &self,
        py: Python<'_>,
        statements: Vec<String>,
        call: CallOptions,
    ) -> PyResult<Work> {
        let executor = Arc::clone(self.held.get(py)?);
        let statements: Vec<_> = statements.into_iter().map(Statement::new).collect();
        let call = call.call(py)?;
        let running = async move { Ok(executor.query_all(&statements, &call).await) };
        Work::start(py, running, |py, results| {
            let one = |result| match result {
                Ok(executed) => {
                    let dq_core::executor::Executed { value, statistics } = executed;
                    let statistics = json(&statistics).ok();
                    Ok(Py::new(py, Rows::new(value, statistics))?.into_any())
                }
                Err(it) => Ok(error::to_python(py, &it).into_value(py).into_any()),
            };
            object(py, results.into_iter().map(one).collect::<PyResult<Vec<_>>>()?)
        })
    }

    /// Runs a statement that writes; gives how many rows it changed.
    fn execute(
        &self,
        py: Python<'_>,
        sql: &str,
        parameters: Option<&Bound<'_, PyAny>>,
        call: CallOptions,
    ) -> PyResult<Work> {
        let executor = Arc::clone(self.held.get(py)?);
        let (statement, call) = (statement(sql, parameters, None)?, call.call(py)?);
        let running = async move { executor.execute(&statement, &call).await.map(|it| it.value) };
        Work::start(py, running, object)
    }

    /// What was done so far, as JSON.
    fn statistics(&self, py: Python<'_>) -> PyResult<String> {
        json(&self.held.get(py)?.statistics()).map_err(|it| error::to_python(py, &it))
    }

    /// Accepts no more work, and lets what runs end. The database stays open.
    fn close(&self, py: Python<'_>) -> PyResult<Work> {
        let executor = Arc::clone(self.held.get(py)?);
        let running = async move {
            executor.close().await;
            Ok(())
        };
        Work::start(py, running, nothing)
    }
}
