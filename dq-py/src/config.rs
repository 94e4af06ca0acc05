//! One configuration, read from a file, the environment, and what the program sets.

use std::path::PathBuf;

use dq_core::config::{self, Config, ConfigSources};
use pyo3::prelude::*;

use crate::error;
use crate::validate::json;

/// A configuration.
#[pyclass(frozen, module = "dq._dq")]
#[derive(Debug)]
pub(crate) struct ConfigHandle {
    pub(crate) config: Config,
}

#[pymethods]
impl ConfigHandle {
    /// Reads the layers, each of which wins over those before it.
    #[new]
    fn new(
        py: Python<'_>,
        file: Option<PathBuf>,
        reads_environment: bool,
        explicit: Vec<(String, String)>,
    ) -> PyResult<Self> {
        let mut sources = if reads_environment {
            ConfigSources::from_environment()
        } else {
            ConfigSources::default()
        };
        sources.file = file.or(sources.file);
        sources.explicit = explicit;
        let config =
            py.detach(|| Config::load(&sources)).map_err(|it| error::to_python(py, &it))?;
        Ok(Self { config })
    }

    /// All values with their origins, without secrets.
    fn to_yaml(&self) -> String {
        self.config.to_yaml()
    }

    /// All values with their origins, without secrets.
    fn to_json(&self) -> String {
        self.config.to_json()
    }

    /// Environment variables that begin like dq's and mean nothing.
    #[getter]
    fn unknown_variables(&self) -> Vec<String> {
        self.config.unknown_variables().to_vec()
    }

    /// How an executor is set up, as JSON.
    fn executor(&self, py: Python<'_>) -> PyResult<String> {
        json(&self.config.executor).map_err(|it| error::to_python(py, &it))
    }

    /// How SQLite is set up, as JSON.
    fn sqlite(&self, py: Python<'_>) -> PyResult<String> {
        json(&self.config.sqlite).map_err(|it| error::to_python(py, &it))
    }

    /// How the breaker of a dependency is set up, as JSON.
    fn breaker(&self, py: Python<'_>, name: &str) -> PyResult<String> {
        json(&self.config.guard(name).breaker).map_err(|it| error::to_python(py, &it))
    }
}

/// What the YAML in `text` says, as JSON; messages call it `file`.
#[pyfunction]
pub(crate) fn yaml_to_json(py: Python<'_>, text: &str, file: &str) -> PyResult<String> {
    py.detach(|| config::yaml_to_json(text, file)).map_err(|it| error::to_python(py, &it))
}
