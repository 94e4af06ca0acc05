//! Sources and rule sets, from what Python names them by.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use arrow_array::{BooleanArray, RecordBatch};
use dq_core::engine::{self, OpenOptions};
use dq_core::packs::Pack;
use dq_core::rules::{CustomCheck, RuleSet};
use dq_core::source::combined::CombinedSource;
use dq_core::source::memory::MemorySource;
use dq_core::value::{ColumnSchema, TableSchema, ValueType};
use dq_core::{Error, ErrorKind, Result};
use pyo3::prelude::*;
use serde::de::DeserializeOwned;

use crate::error;
use crate::runtime::{self, Held};
use crate::table::{self, ArrowTable};
use crate::work::Work;

/// Something whose tables can be scanned.
#[pyclass(frozen, weakref, module = "dq._dq")]
#[derive(Debug)]
pub(crate) struct Source {
    held: Held<Arc<dyn dq_core::source::Source>>,
    name: String,
}

impl Source {
    pub(crate) fn new(py: Python<'_>, source: Arc<dyn dq_core::source::Source>) -> PyResult<Self> {
        let name = source.name().to_owned();
        Ok(Self { held: Held::new("a source", source, runtime::handle(py)?), name })
    }

    pub(crate) fn get(&self, py: Python<'_>) -> PyResult<Arc<dyn dq_core::source::Source>> {
        self.held.get(py).map(Arc::clone)
    }
}

#[pymethods]
impl Source {
    /// Opens what the specifications name, as one source.
    #[staticmethod]
    fn open(py: Python<'_>, specs: Vec<String>, options: &str) -> PyResult<Work> {
        let options: OpenOptions = from_json(py, "how to read the source", options)?;
        Work::start_blocking(
            py,
            move || engine::open_all(&specs, &options),
            |py, source| Ok(Py::new(py, Self::new(py, source)?)?.into_any()),
        )
    }

    /// Tables in memory, each with its name and the columns of its key, if it has one.
    #[staticmethod]
    fn of_tables(
        py: Python<'_>,
        name: String,
        tables: Vec<(String, Py<ArrowTable>, Vec<String>)>,
        notes: Vec<String>,
    ) -> PyResult<Self> {
        let mut source = MemorySource::new(name);
        for (name, table, key) in tables {
            let key: Vec<_> = key.iter().map(String::as_str).collect();
            let added = source.keyed_table(name, table.get().some_batches(), &key);
            source = added.map_err(|it| error::to_python(py, &it))?;
        }
        if notes.is_empty() {
            return Self::new(py, Arc::new(source));
        }
        let combined = CombinedSource::new().with(Arc::new(source));
        Self::new(py, Arc::new(notes.into_iter().fold(combined, CombinedSource::with_note)))
    }

    /// How reports name it.
    #[getter]
    fn name(&self) -> &str {
        &self.name
    }
}

/// A rule set.
#[pyclass(frozen, module = "dq._dq")]
#[derive(Debug)]
pub(crate) struct RuleSetHandle {
    pub(crate) rules: RuleSet,
}

#[pymethods]
impl RuleSetHandle {
    /// Reads a file.
    #[staticmethod]
    fn read(py: Python<'_>, path: PathBuf, parameters: BTreeMap<String, String>) -> PyResult<Self> {
        Self::of(py, py.detach(|| RuleSet::read(&path, &parameters)))
    }

    /// Reads a text; messages call it `file`.
    #[staticmethod]
    fn parse(
        py: Python<'_>,
        file: &str,
        text: &str,
        parameters: BTreeMap<String, String>,
    ) -> PyResult<Self> {
        Self::of(py, py.detach(|| RuleSet::parse(file, text, &parameters)))
    }

    /// A rule set that comes with dq.
    #[staticmethod]
    fn pack(py: Python<'_>, name: &str, parameters: BTreeMap<String, String>) -> PyResult<Self> {
        Self::of(py, Pack::find(name).and_then(|it| it.rules(&parameters)))
    }

    /// The same rule set, with a function for the checks `custom: name`.
    fn with_custom(&self, name: String, function: Py<PyAny>) -> Self {
        let check = PythonCheck { name: name.clone(), function };
        Self { rules: self.rules.clone().with_custom(name, Arc::new(check)) }
    }

    /// The columns that a run over these tables reads, by table; nothing if a name does not resolve. A table is its
    /// name, its columns and those of its key.
    fn columns_read(
        &self,
        tables: Vec<(String, Vec<String>, Vec<String>)>,
    ) -> Option<BTreeMap<String, Vec<String>>> {
        let schema = |(name, columns, primary_key): (String, Vec<String>, Vec<String>)| {
            let columns = columns.into_iter().map(|it| ColumnSchema::new(it, ValueType::Any));
            TableSchema { name, columns: columns.collect(), primary_key, rows_estimate: None }
        };
        self.rules.columns_read(&tables.into_iter().map(schema).collect::<Vec<_>>()).ok()
    }

    /// How messages call it.
    #[getter]
    fn file(&self) -> &str {
        self.rules.file()
    }

    /// What was read.
    #[getter]
    fn text(&self) -> &str {
        self.rules.text()
    }

    /// The tables, rules and checks that it has: `(rule, table, check, kind, severity)`.
    #[getter]
    fn checks(&self) -> Vec<(&str, &str, &str, &'static str, &'static str)> {
        let rules = self.rules.rules().iter();
        let checks = rules.flat_map(|rule| {
            rule.checks.iter().map(|it| {
                let (kind, severity) = (it.check.name(), it.severity.as_str());
                (rule.id.as_str(), rule.table.as_str(), it.id.as_str(), kind, severity)
            })
        });
        checks.collect()
    }
}

impl RuleSetHandle {
    fn of(py: Python<'_>, rules: Result<RuleSet>) -> PyResult<Self> {
        rules.map(|rules| Self { rules }).map_err(|it| error::to_python(py, &it))
    }
}

/// A function of Python's that judges rows.
#[derive(Debug)]
struct PythonCheck {
    name: String,
    function: Py<PyAny>,
}

impl CustomCheck for PythonCheck {
    fn violations(&self, rows: &RecordBatch) -> Result<BooleanArray> {
        let judged = runtime::with_python(|py| {
            let table = ArrowTable::of_batch(rows.clone());
            let given = self.function.bind(py).call1((table,));
            given.and_then(|it| table::flags(&it)).map_err(|exception| {
                error::raised(py, &format!("the custom check `{}`", self.name), exception)
            })
        });
        judged.unwrap_or_else(|| Err(error::closing()))
    }
}

/// Reads options that Python wrote as JSON.
pub(crate) fn from_json<T: DeserializeOwned>(
    py: Python<'_>,
    what: &str,
    text: &str,
) -> PyResult<T> {
    serde_json::from_str(text).map_err(|it| {
        let reason = it.to_string();
        // The place in a text that nobody wrote says nothing.
        let reason = reason.split(" at line ").next().unwrap_or_default();
        error::to_python(
            py,
            &Error::new(ErrorKind::UsageInvalid, format!("cannot set {what}: {reason}")),
        )
    })
}
