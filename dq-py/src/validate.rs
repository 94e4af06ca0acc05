//! A run: rules and a source in, a report out.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use dq_core::clock::{Clock, SystemClock};
use dq_core::executor::{Call, ExecutorConfig, Gate, GatedSource};
use dq_core::profile::{self, ProfileOptions};
use dq_core::source::Cancellation;
use dq_core::validate::{self, Engine, Progress, ProgressListener, ValidateOptions};
use dq_core::value::Date;
use dq_core::{Error, ErrorKind, Result};
use pyo3::IntoPyObjectExt;
use pyo3::prelude::*;
use serde::Serialize;

use crate::error;
use crate::runtime;
use crate::source::{RuleSetHandle, Source};
use crate::violations::Violations;
use crate::work::Work;

/// How often Python hears of progress, at most.
const TELL_EVERY: Duration = Duration::from_millis(50);

/// How a run is made, as Python says it.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub(crate) struct RunOptions {
    engine: String,
    threads: usize,
    sample_limit: usize,
    show_values: bool,
    as_of: Option<String>,
    memory_bytes_max: Option<u64>,
    temp_dir: Option<PathBuf>,
    timeout: Option<f64>,
    progress: Option<Py<PyAny>>,
    /// How many violations are kept beside the report; none at all if there is no number.
    violations_max: Option<usize>,
    /// Whether rows are named by their numbers, so that a violation can be found in the frame again.
    is_numbered: bool,
}

/// Checks `source` against `rules`; gives the JSON report and the violations, if they are wanted.
#[pyfunction]
pub(crate) fn run(
    py: Python<'_>,
    source: &Source,
    rules: &RuleSetHandle,
    options: RunOptions,
) -> PyResult<Work> {
    let (source, rules) = (source.get(py)?, rules.rules.clone());
    let violations =
        options.violations_max.map(|it| Arc::new(Violations::new(it, options.is_numbered)));
    let asked = Asked::new(options.progress);
    let mut run = ValidateOptions {
        engine: engine(py, &options.engine)?,
        threads: NonZeroUsize::new(options.threads).unwrap_or(NonZeroUsize::MIN),
        sample_limit: options.sample_limit,
        show_values: options.show_values,
        as_of: options.as_of.map(|it| day(py, &it)).transpose()?,
        progress: asked.listener(),
        cancellation: asked.cancellation.clone(),
        ..ValidateOptions::default()
    };
    run.memory_bytes_max = options.memory_bytes_max.unwrap_or(run.memory_bytes_max);
    run.temp_dir = options.temp_dir.unwrap_or(run.temp_dir);
    if let Some(violations) = violations.clone() {
        run.violations = Some(Arc::new(move |it| violations.add(it)));
    }
    let timeout = options.timeout.map_or(Ok(Duration::MAX), |it| seconds(py, it))?;
    let running = async move {
        let gate = Gate::new(source.name(), ExecutorConfig::default(), Arc::clone(&run.clock))?;
        let call = Call { deadline: Some(timeout), ..Call::named("validate") };
        let source = GatedSource::new(source, gate, call);
        let report = asked.instead(validate::validate(&source, &rules, &run).await)?;
        Ok((json(&report)?, violations.map(|it| it.take()).transpose()?))
    };
    Work::start(py, running, |py, given| given.into_py_any(py))
}

/// The engine that is called so.
fn engine(py: Python<'_>, name: &str) -> PyResult<Engine> {
    let known = [Engine::Auto, Engine::Native, Engine::Sql];
    known.into_iter().find(|it| it.as_str() == name).ok_or_else(|| {
        let message = format!("`{name}` is no engine: there are `auto`, `native` and `sql`");
        error::usage(py, message)
    })
}

/// How a profile is made, as Python says it.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub(crate) struct SurveyOptions {
    tables: Vec<String>,
    threads: usize,
    top: usize,
    show_values: bool,
    suggest: bool,
    memory_bytes_max: Option<u64>,
    progress: Option<Py<PyAny>>,
}

/// Finds out what is in `source`; gives the JSON profile and the rules that it suggests.
#[pyfunction]
pub(crate) fn survey(py: Python<'_>, source: &Source, options: SurveyOptions) -> PyResult<Work> {
    let source = source.get(py)?;
    let asked = Asked::new(options.progress);
    let mut survey = ProfileOptions {
        tables: options.tables,
        threads: NonZeroUsize::new(options.threads).unwrap_or(NonZeroUsize::MIN),
        top: options.top,
        show_values: options.show_values,
        suggest: options.suggest,
        cancellation: asked.cancellation.clone(),
        progress: asked.listener(),
        ..ProfileOptions::default()
    };
    survey.memory_bytes_max = options.memory_bytes_max.unwrap_or(survey.memory_bytes_max);
    let running = async move {
        let found = asked.instead(profile::profile(source.as_ref(), &survey).await)?;
        Ok((json(&found)?, found.rule_set()))
    };
    Work::start(py, running, |py, given| given.into_py_any(py))
}

/// A function of Python's that hears of progress, and may stop the run by an exception.
struct Asked {
    cancellation: Cancellation,
    function: Option<Arc<Py<PyAny>>>,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    told: Option<Instant>,
    raised: Option<PyErr>,
}

impl Asked {
    fn new(function: Option<Py<PyAny>>) -> Self {
        let cancellation = Cancellation::new();
        Self { cancellation, function: function.map(Arc::new), state: Arc::default() }
    }

    fn listener(&self) -> Option<ProgressListener> {
        let function = Arc::clone(self.function.as_ref()?);
        let (cancellation, state) = (self.cancellation.clone(), Arc::clone(&self.state));
        Some(Arc::new(move |progress: &Progress| {
            if !is_due(&state) {
                return;
            }
            let arguments = (progress.table.clone(), progress.rows, progress.rows_estimate);
            let told = runtime::with_python(|py| function.call1(py, arguments).map(|_| ()));
            if let Some(Err(raised)) = told {
                lock(&state).raised = Some(raised);
                cancellation.cancel();
            }
        }))
    }

    /// The exception of the function, if that is what stopped the run.
    fn instead<T>(&self, result: Result<T>) -> Result<T> {
        match (result, lock(&self.state).raised.take()) {
            (Err(error), Some(raised)) if error.kind() == ErrorKind::Cancelled => {
                let message = "the function that hears of progress raised an exception";
                Err(Error::new(ErrorKind::Internal, message).with_source(raised))
            }
            (result, _) => result,
        }
    }
}

fn is_due(state: &Mutex<State>) -> bool {
    let (now, mut state) = (SystemClock.now(), lock(state));
    let is_due = state.told.is_none_or(|it| now.duration_since(it) >= TELL_EVERY);
    if is_due {
        state.told = Some(now);
    }
    is_due
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

fn day(py: Python<'_>, text: &str) -> PyResult<Date> {
    let day = Date::parse(text.as_bytes());
    day.ok_or_else(|| error::usage(py, format!("`{text}` is no day: write YYYY-MM-DD")))
}

/// A span of time that Python gave in seconds.
pub(crate) fn seconds(py: Python<'_>, seconds: f64) -> PyResult<Duration> {
    Duration::try_from_secs_f64(seconds)
        .map_err(|_| error::usage(py, format!("`{seconds}` is no number of seconds to wait")))
}

/// A document of dq as JSON.
pub(crate) fn json<T: Serialize>(document: &T) -> Result<String> {
    serde_json::to_string(document).map_err(|it| {
        Error::new(ErrorKind::Internal, "cannot write a document as JSON").with_source(it)
    })
}
