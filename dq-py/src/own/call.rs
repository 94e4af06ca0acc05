//! One call of a method that the caller wrote in Python.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use dq_core::{Error, ErrorKind, Result};
use pyo3::exceptions::{
    PyConnectionError, PyNotImplementedError, PyPermissionError, PyTimeoutError,
};
use pyo3::prelude::*;
use tokio::runtime::Handle;

use crate::error;
use crate::runtime;

/// What a method can find out about the call that it answers.
#[pyclass(frozen, module = "dq._dq")]
#[derive(Debug)]
pub(crate) struct CallHandle {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    is_cancelled: bool,
    callbacks: Vec<Py<PyAny>>,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[pymethods]
impl CallHandle {
    /// Whether nobody waits for the answer any more.
    #[getter]
    fn cancelled(&self) -> bool {
        self.shared.lock().is_cancelled
    }

    /// Has `callback` called, from another thread, when nobody waits for the answer any more.
    fn when_cancelled(&self, callback: Bound<'_, PyAny>) -> PyResult<()> {
        let mut state = self.shared.lock();
        if state.is_cancelled {
            drop(state);
            return callback.call0().map(drop);
        }
        state.callbacks.push(callback.unbind());
        Ok(())
    }
}

/// Calls `work` on a thread that may block, and gives its answer. If the future is dropped, the call hears of
/// it; what it gives then is nobody's.
pub(crate) async fn ask<T: Send + 'static>(
    doing: String,
    work: impl FnOnce(Python<'_>, Py<CallHandle>) -> PyResult<T> + Send + 'static,
) -> Result<T> {
    let shared = Arc::new(Shared::default());
    let mut waiting = Waiting { shared: Some(Arc::clone(&shared)), handle: Handle::current() };
    let asked = tokio::task::spawn_blocking(move || {
        runtime::with_python(|py| {
            let call = Py::new(py, CallHandle { shared });
            let answer = call.and_then(|it| work(py, it));
            answer.map_err(|it| translated(py, &doing, it))
        })
    });
    let answer = asked.await;
    waiting.shared = None;
    answer.map_err(error::lost)?.unwrap_or_else(|| Err(error::closing()))
}

/// Tells the call when nobody waits any more.
struct Waiting {
    shared: Option<Arc<Shared>>,
    handle: Handle,
}

impl Drop for Waiting {
    fn drop(&mut self) {
        let Some(shared) = self.shared.take() else { return };
        let callbacks = {
            let mut state = shared.lock();
            state.is_cancelled = true;
            std::mem::take(&mut state.callbacks)
        };
        if callbacks.is_empty() {
            return;
        }
        self.handle.spawn_blocking(move || runtime::with_python(|py| tell(py, &callbacks)));
    }
}

fn tell(py: Python<'_>, callbacks: &[Py<PyAny>]) {
    for callback in callbacks {
        if let Err(raised) = callback.call0(py) {
            raised.write_unraisable(py, Some(callback.bind(py)));
        }
    }
}

/// An exception as an error of the kind that tells dq what to do: try again, say, or not.
fn translated(py: Python<'_>, doing: &str, exception: PyErr) -> Error {
    let kind = kind_of(py, &exception);
    if kind == ErrorKind::Internal {
        return error::raised(py, doing, exception);
    }
    let message = exception.value(py).to_string();
    let message = if message.is_empty() { format!("{doing} failed") } else { message };
    Error::new(kind, message).with_source(exception)
}

fn kind_of(py: Python<'_>, exception: &PyErr) -> ErrorKind {
    let code = exception.value(py).getattr("code").and_then(|it| it.extract::<String>());
    let is_own = py
        .import("dq.exceptions")
        .and_then(|it| it.getattr("DqError"))
        .is_ok_and(|it| exception.matches(py, it).unwrap_or_default());
    if let (true, Ok(code)) = (is_own, code) {
        let known = ErrorKind::ALL.iter().find(|it| it.code() == code);
        return known.copied().unwrap_or(ErrorKind::Internal);
    }
    if exception.is_instance_of::<PyTimeoutError>(py) {
        ErrorKind::Timeout
    } else if exception.is_instance_of::<PyConnectionError>(py) {
        ErrorKind::Unavailable
    } else if exception.is_instance_of::<PyPermissionError>(py) {
        ErrorKind::PermissionDenied
    } else if exception.is_instance_of::<PyNotImplementedError>(py) {
        ErrorKind::Unsupported
    } else {
        ErrorKind::Internal
    }
}
