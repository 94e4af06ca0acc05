//! One logical database: queries, writes, transactions.

use std::path::PathBuf;
use std::sync::Arc;

use dq_core::database::{DatabaseManager, Statement, Transaction};
use dq_core::{Error, ErrorKind, Result};
use pyo3::IntoPyObjectExt;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyTuple};
use tokio::sync::Mutex;

use crate::error;
use crate::opening::Opening;
use crate::own::PythonDatabase;
use crate::result::Rows;
use crate::runtime::{self, Held};
use crate::source::Source;
use crate::validate::json;
use crate::value;
use crate::work::Work;

/// One logical database.
#[pyclass(frozen, weakref, module = "dq._dq")]
#[derive(Debug)]
pub(crate) struct DatabaseHandle {
    held: Held<Arc<dyn DatabaseManager>>,
    name: String,
}

impl DatabaseHandle {
    pub(crate) fn get(&self, py: Python<'_>) -> PyResult<Arc<dyn DatabaseManager>> {
        self.held.get(py).map(Arc::clone)
    }
}

#[pymethods]
impl DatabaseHandle {
    /// Opens the SQLite database at a path, or the database that a URL names.
    #[staticmethod]
    fn open(py: Python<'_>, url: &str, options: &str) -> PyResult<Work> {
        let opening = Opening::read(py, url, options)?;
        let handle = runtime::handle(py)?;
        Work::start(py, opening.open(), move |py, manager| {
            let name = manager.name().to_owned();
            let held = Held::new("a database", manager, handle);
            Ok(Py::new(py, Self { held, name })?.into_any())
        })
    }

    /// A database whose manager is written in Python; `manager` calls its methods.
    #[staticmethod]
    fn of_python(py: Python<'_>, manager: Py<PyAny>, name: String) -> PyResult<Self> {
        let database: Arc<dyn DatabaseManager> =
            Arc::new(PythonDatabase::new(manager, name.clone()));
        Ok(Self { held: Held::new("a database", database, runtime::handle(py)?), name })
    }

    /// How reports and errors name it.
    #[getter]
    fn name(&self) -> &str {
        &self.name
    }

    /// Its tables, to be scanned.
    fn source(&self, py: Python<'_>) -> PyResult<Source> {
        let source: Arc<dyn dq_core::source::Source> = self.get(py)?;
        Source::new(py, source)
    }

    /// Runs a statement that reads.
    fn query(
        &self,
        py: Python<'_>,
        sql: &str,
        parameters: Option<&Bound<'_, PyAny>>,
        limit: Option<usize>,
    ) -> PyResult<Work> {
        let (manager, statement) = (self.get(py)?, statement(sql, parameters, limit)?);
        let running = async move { manager.query(&statement).await };
        Work::start(py, running, |py, it| Ok(Py::new(py, Rows::new(it, None))?.into_any()))
    }

    /// Runs a statement that writes, in a transaction of its own.
    fn execute(
        &self,
        py: Python<'_>,
        sql: &str,
        parameters: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Work> {
        let (manager, statement) = (self.get(py)?, statement(sql, parameters, None)?);
        let running = async move { manager.execute(&statement).await };
        Work::start(py, running, object)
    }

    /// Begins a transaction.
    fn begin(&self, py: Python<'_>) -> PyResult<Work> {
        let (manager, handle) = (self.get(py)?, runtime::handle(py)?);
        let running = async move { manager.begin().await };
        Work::start(py, running, move |py, transaction| {
            let shared = Arc::new(Mutex::new(Some(transaction)));
            let held = Held::new("a transaction", shared, handle);
            Ok(Py::new(py, TransactionHandle { held })?.into_any())
        })
    }

    /// The tables and views, as JSON.
    fn tables(&self, py: Python<'_>) -> PyResult<Work> {
        let manager = self.get(py)?;
        let running = async move { json(&manager.catalog().await?) };
        Work::start(py, running, object)
    }

    /// Whether the database answers, as JSON.
    fn health(&self, py: Python<'_>) -> PyResult<Work> {
        let manager = self.get(py)?;
        Work::start(py, async move { json(&manager.health().await) }, object)
    }

    /// The servers, as JSON.
    fn nodes(&self, py: Python<'_>) -> PyResult<Work> {
        let manager = self.get(py)?;
        Work::start(py, async move { json(&manager.nodes().await?) }, object)
    }

    /// The states of tables, as far as they can be told: for this process, and for all that reach the database.
    fn versions(&self, py: Python<'_>, tables: Vec<String>) -> PyResult<Work> {
        let manager = self.get(py)?;
        Work::start(py, async move { versions(manager.as_ref(), &tables).await }, object)
    }

    /// What the manager counts about itself, as JSON.
    fn statistics(&self, py: Python<'_>) -> PyResult<String> {
        json(&self.get(py)?.statistics()).map_err(|it| error::to_python(py, &it))
    }

    /// Copies the database to a file.
    fn backup(&self, py: Python<'_>, path: PathBuf) -> PyResult<Work> {
        let manager = self.get(py)?;
        Work::start(py, async move { manager.backup(&path, None).await }, nothing)
    }

    /// Brings the statistics of the planner up to date.
    fn optimize(&self, py: Python<'_>) -> PyResult<Work> {
        let manager = self.get(py)?;
        Work::start(py, async move { manager.optimize().await }, nothing)
    }

    /// Lets what runs end, and closes every connection.
    fn close(&self, py: Python<'_>) -> PyResult<Work> {
        let manager = self.get(py)?;
        let running = async move {
            manager.close().await;
            Ok(())
        };
        Work::start(py, running, nothing)
    }
}

/// The states of tables, here and everywhere, as far as they can be told.
type Versions = Option<(Vec<String>, Option<Vec<String>>)>;

async fn versions(manager: &dyn DatabaseManager, tables: &[String]) -> Result<Versions> {
    let (mut local, mut shared) = (Vec::new(), Vec::new());
    for table in tables {
        let Some(version) = manager.version(table).await? else { return Ok(None) };
        local.push(version.local().to_owned());
        shared.extend(version.shared().map(str::to_owned));
    }
    let is_shared = shared.len() == local.len();
    Ok(Some((local, is_shared.then_some(shared))))
}

/// A transaction until it is over. Its calls wait for each other.
type Shared = Arc<Mutex<Option<Box<dyn Transaction>>>>;

/// A transaction that may write. Dropped without a commit it is rolled back.
#[pyclass(frozen, module = "dq._dq")]
#[derive(Debug)]
pub(crate) struct TransactionHandle {
    held: Held<Shared>,
}

impl TransactionHandle {
    fn get(&self, py: Python<'_>) -> PyResult<Shared> {
        self.held.get(py).map(Arc::clone)
    }
}

#[pymethods]
impl TransactionHandle {
    fn query(
        &self,
        py: Python<'_>,
        sql: &str,
        parameters: Option<&Bound<'_, PyAny>>,
        limit: Option<usize>,
    ) -> PyResult<Work> {
        let (shared, statement) = (self.get(py)?, statement(sql, parameters, limit)?);
        let running = async move {
            let mut guard = shared.lock().await;
            guard.as_mut().ok_or_else(over)?.query(&statement).await
        };
        Work::start(py, running, |py, it| Ok(Py::new(py, Rows::new(it, None))?.into_any()))
    }

    fn execute(
        &self,
        py: Python<'_>,
        sql: &str,
        parameters: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Work> {
        let (shared, statement) = (self.get(py)?, statement(sql, parameters, None)?);
        let running = async move {
            let mut guard = shared.lock().await;
            guard.as_mut().ok_or_else(over)?.execute(&statement).await
        };
        Work::start(py, running, object)
    }

    fn commit(&self, py: Python<'_>) -> PyResult<Work> {
        let shared = self.get(py)?;
        let running = async move {
            let transaction = shared.lock().await.take().ok_or_else(over)?;
            transaction.commit().await
        };
        Work::start(py, running, nothing)
    }

    /// Takes the changes back; nothing to do where the transaction is over.
    fn rollback(&self, py: Python<'_>) -> PyResult<Work> {
        let shared = self.get(py)?;
        let running = async move {
            let transaction = shared.lock().await.take();
            match transaction {
                Some(transaction) => transaction.rollback().await,
                None => Ok(()),
            }
        };
        Work::start(py, running, nothing)
    }
}

fn over() -> Error {
    Error::new(ErrorKind::UsageInvalid, "cannot use a transaction that is over")
}

/// A statement with its parameters: by position from a list or tuple, by name from a dictionary.
pub(crate) fn statement(
    sql: &str,
    parameters: Option<&Bound<'_, PyAny>>,
    limit: Option<usize>,
) -> PyResult<Statement> {
    let mut statement = Statement::new(sql);
    if let Some(rows) = limit {
        statement = statement.limit(rows);
    }
    let Some(parameters) = parameters else { return Ok(statement) };
    if let Ok(named) = parameters.cast::<PyDict>() {
        for (name, given) in named {
            let name: String = name.extract()?;
            statement = statement.bind_named(name, value::from_python(&given)?);
        }
        return Ok(statement);
    }
    if !parameters.is_instance_of::<PyList>() && !parameters.is_instance_of::<PyTuple>() {
        let name = parameters.get_type().name()?.to_string();
        let message = format!("parameters are a list, a tuple or a dictionary, and not a `{name}`");
        return Err(error::usage(parameters.py(), message));
    }
    for given in parameters.try_iter()? {
        statement = statement.bind(value::from_python(&given?)?);
    }
    Ok(statement)
}

/// What the work gave, as an object.
pub(crate) fn object<T>(py: Python<'_>, given: T) -> PyResult<Py<PyAny>>
where
    T: for<'py> IntoPyObject<'py>,
{
    given.into_py_any(py)
}

/// Work that gave nothing but its end.
#[expect(clippy::unnecessary_wraps, reason = "like all that makes an object of what work gave")]
pub(crate) fn nothing(py: Python<'_>, (): ()) -> PyResult<Py<PyAny>> {
    Ok(py.None())
}
