//! A database whose manager is written in Python.

use std::collections::BTreeMap;
use std::fmt;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use dq_core::clock::{Clock, SystemClock};
use dq_core::database::{
    BackupListener, DatabaseManager, Health, HealthStatus, QueryResult, RowStream, Statement,
    Statistics, Transaction,
};
use dq_core::source::memory::MemorySource;
use dq_core::source::{Partition, Scan, Snapshot, Source, Version};
use dq_core::value::{Batch, Column, ColumnSchema, OwnedValue, TableSchema, ValueType};
use dq_core::{Error, ErrorKind, Result};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};

use crate::own::CallHandle;
use crate::own::call::ask;
use crate::table::ArrowTable;
use crate::value;

/// A database whose manager is written in Python. What its methods raise are errors with that cause.
pub(crate) struct PythonDatabase {
    asked: Arc<Asked>,
}

/// What the database and its snapshots share.
struct Asked {
    /// A `dq._managers.Answers`: it calls the methods of the manager.
    manager: Py<PyAny>,
    name: String,
    is_closed: AtomicBool,
    statements: AtomicU64,
    errors: AtomicU64,
}

impl fmt::Debug for PythonDatabase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PythonDatabase").field("name", &self.asked.name).finish_non_exhaustive()
    }
}

impl fmt::Debug for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Asked").field("name", &self.name).finish_non_exhaustive()
    }
}

impl PythonDatabase {
    pub(crate) fn new(manager: Py<PyAny>, name: String) -> Self {
        let asked = Asked {
            manager,
            name,
            is_closed: AtomicBool::new(false),
            statements: AtomicU64::new(0),
            errors: AtomicU64::new(0),
        };
        Self { asked: Arc::new(asked) }
    }
}

impl Asked {
    /// Calls a method; `work` makes its arguments and reads its answer.
    async fn ask<T: Send + 'static>(
        self: &Arc<Self>,
        method: &'static str,
        work: impl FnOnce(&Bound<'_, PyAny>, Py<CallHandle>) -> PyResult<T> + Send + 'static,
    ) -> Result<T> {
        if self.is_closed.load(Ordering::Acquire) {
            let message = format!("cannot use `{}`: it is closed", self.name);
            return Err(Error::new(ErrorKind::Unavailable, message));
        }
        let asked = Arc::clone(self);
        let doing = format!("`{method}` of `{}`", self.name);
        ask(doing, move |py, call| work(&asked.manager.bind(py).getattr(method)?, call)).await
    }

    /// Runs a statement, and counts it.
    async fn run<T: Send + 'static>(
        self: &Arc<Self>,
        method: &'static str,
        statement: &Statement,
        read: impl FnOnce(Bound<'_, PyAny>) -> PyResult<T> + Send + 'static,
    ) -> Result<T> {
        let statement = statement.clone();
        let answer = self.ask(method, move |method, call| {
            let parameters = parameters(method.py(), &statement)?;
            read(method.call1((call, statement.sql(), parameters, statement.row_limit()))?)
        });
        let answer = answer.await;
        self.statements.fetch_add(1, Ordering::Relaxed);
        self.errors.fetch_add(u64::from(answer.is_err()), Ordering::Relaxed);
        answer
    }

    async fn tables(self: &Arc<Self>) -> Result<Vec<TableSchema>> {
        let text: String = self.ask("tables", |it, call| it.call1((call,))?.extract()).await?;
        serde_json::from_str(&text).map_err(|it| {
            let message = format!("`tables` of `{}` gives no tables", self.name);
            Error::new(ErrorKind::SourceInvalid, message).with_source(it)
        })
    }

    async fn version(self: &Arc<Self>, table: &str) -> Result<Option<String>> {
        let table = table.to_owned();
        self.ask("version", |it, call| it.call1((call, table))?.extract()).await
    }
}

#[async_trait]
impl Source for PythonDatabase {
    fn name(&self) -> &str {
        &self.asked.name
    }

    async fn snapshot(&self) -> Result<Box<dyn Snapshot>> {
        let tables = self.asked.tables().await?;
        Ok(Box::new(PythonSnapshot {
            asked: Arc::clone(&self.asked),
            tables,
            read: Mutex::default(),
        }))
    }

    async fn version(&self, table: &str) -> Result<Option<Version>> {
        Ok(self.asked.version(table).await?.map(|it| Version::new(it, None)))
    }
}

#[async_trait]
impl DatabaseManager for PythonDatabase {
    async fn query(&self, statement: &Statement) -> Result<QueryResult> {
        let read = |it: Bound<'_, PyAny>| -> PyResult<(Py<ArrowTable>, bool)> { it.extract() };
        let (table, truncated) = self.asked.run("query", statement, read).await?;
        let table = table.get();
        Ok(QueryResult { columns: columns(table), batches: batches(table)?, truncated })
    }

    async fn stream(&self, statement: &Statement) -> Result<RowStream> {
        let result = self.query(statement).await?;
        Ok(RowStream::new(result.columns, Box::new(Batches(result.batches.into_iter()))))
    }

    async fn execute(&self, statement: &Statement) -> Result<u64> {
        self.asked.run("execute", statement, |it| it.extract()).await
    }

    async fn begin(&self) -> Result<Box<dyn Transaction>> {
        Err(self.unsupported("begin a transaction"))
    }

    async fn catalog(&self) -> Result<Vec<TableSchema>> {
        self.asked.tables().await
    }

    async fn health(&self) -> Health {
        let begun = SystemClock.now();
        let answer = self.asked.ask("health", |it, call| it.call1((call,)).map(drop)).await;
        let latency = SystemClock.now().duration_since(begun);
        let status = if answer.is_ok() { HealthStatus::Healthy } else { HealthStatus::Unhealthy };
        let error = answer.err().map(|it| it.to_string());
        Health { status, backend: "python", latency, error, details: BTreeMap::new() }
    }

    fn statistics(&self) -> Statistics {
        Statistics {
            statements: self.asked.statements.load(Ordering::Relaxed),
            errors: self.asked.errors.load(Ordering::Relaxed),
            ..Statistics::default()
        }
    }

    async fn backup(&self, _: &Path, _: Option<BackupListener>) -> Result<()> {
        Err(self.unsupported("back up"))
    }

    async fn optimize(&self) -> Result<()> {
        Ok(())
    }

    async fn close(&self) {
        // Once: whoever comes second finds it closed.
        let closed = self.asked.ask("close", |it, call| it.call1((call,)).map(drop)).await;
        if !self.asked.is_closed.swap(true, Ordering::AcqRel)
            && let Err(error) = closed
        {
            tracing::warn!(target: "dq", "cannot close a database: {error}");
        }
    }
}

impl PythonDatabase {
    fn unsupported(&self, what: &str) -> Error {
        let message = format!("cannot {what}: `{}` is written in Python", self.asked.name);
        Error::new(ErrorKind::Unsupported, message)
    }
}

/// Tables that are read one after the other, each whole.
#[derive(Debug)]
struct PythonSnapshot {
    asked: Arc<Asked>,
    tables: Vec<TableSchema>,
    /// The tables that were read, with the version of each before.
    read: Mutex<Vec<(String, Option<String>)>>,
}

#[async_trait]
impl Snapshot for PythonSnapshot {
    fn tables(&self) -> &[TableSchema] {
        &self.tables
    }

    async fn scan(&self, scan: &Scan) -> Result<Vec<Box<dyn Partition>>> {
        let Some(schema) = self.tables.iter().find(|it| it.name == scan.table) else {
            let message = format!("cannot scan the table `{}`: there is none", scan.table);
            return Err(Error::new(ErrorKind::NotFound, message));
        };
        let version = self.asked.version(&scan.table).await?;
        self.read
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push((scan.table.clone(), version));
        let wanted = scan.columns.iter().filter_map(|it| schema.columns.get(*it));
        let mut names: Vec<String> = wanted.map(|it| it.name.clone()).collect();
        if names.is_empty() {
            // Something must be read to have rows at all.
            names.extend(schema.columns.first().map(|it| it.name.clone()));
        }
        let table = scan.table.clone();
        let read = self.asked.ask("read", move |method, call| {
            method.call1((call, table, names))?.extract::<Py<ArrowTable>>().map_err(PyErr::from)
        });
        let table = read.await?;
        scan.cancellation.check()?;
        let source = MemorySource::new(self.asked.name.clone())
            .table(scan.table.clone(), table.get().some_batches())?;
        let columns = (0..scan.columns.len()).collect();
        let partitions = NonZeroUsize::max(scan.partitions, NonZeroUsize::MIN);
        source.snapshot().await?.scan(&Scan { columns, partitions, ..scan.clone() }).await
    }

    async fn finish(&self) -> Result<()> {
        let read = self.read.lock().unwrap_or_else(PoisonError::into_inner).clone();
        for (table, before) in read {
            if before != self.asked.version(&table).await? {
                let message = format!("the table `{table}` changed while it was read");
                return Err(Error::new(ErrorKind::SourceChanged, message));
            }
        }
        Ok(())
    }

    fn notes(&self) -> Vec<String> {
        vec![format!("the tables of `{}` are read one after the other", self.asked.name)]
    }
}

/// Batches one by one.
struct Batches(std::vec::IntoIter<Batch>);

#[async_trait]
impl Partition for Batches {
    async fn next(&mut self) -> Result<Option<Batch>> {
        Ok(self.0.next())
    }
}

fn parameters<'py>(py: Python<'py>, statement: &Statement) -> PyResult<Bound<'py, PyAny>> {
    let given = statement.parameters();
    let object = |it: &OwnedValue| value::to_python(py, it.as_value());
    if given.named.is_empty() {
        let values = given.positional.iter().map(object).collect::<PyResult<Vec<_>>>()?;
        return Ok(PyList::new(py, values)?.into_any());
    }
    let named = PyDict::new(py);
    for (name, value) in &given.named {
        named.set_item(name, object(value)?)?;
    }
    Ok(named.into_any())
}

fn columns(table: &ArrowTable) -> Vec<ColumnSchema> {
    let column = |it: &arrow_schema::FieldRef| {
        let value_type = ValueType::of_arrow(it.data_type()).unwrap_or(ValueType::Any);
        ColumnSchema::new(it.name(), value_type)
    };
    table.schema.fields().iter().map(column).collect()
}

fn batches(table: &ArrowTable) -> Result<Vec<Batch>> {
    let batch = |(sequence, it): (u64, &arrow_array::RecordBatch)| {
        let columns =
            it.columns().iter().map(|it| Column::from_arrow(it)).collect::<Result<_>>()?;
        Ok(Batch::new(sequence, it.num_rows(), columns))
    };
    (0..).zip(&table.batches).map(batch).collect()
}
