//! One call of a method that the caller wrote in Python.

use std::sync::Arc;

use dq_core::{Error, ErrorKind, Result};
use pyo3::exceptions::{
    PyConnectionError, PyNotImplementedError, PyPermissionError, PyTimeoutError,
};
use pyo3::prelude::*;
use tokio::runtime::Handle;

use crate::error;
use crate::runtime;
use crate::waiting::Waiting;

/// What a method can find out about the call that it answers.
#[pyclass(frozen, module = "dq._dq")]
#[derive(Debug)]
pub(crate) struct CallHandle {
    callbacks: Arc<Callbacks>,
}

/// What is called when nobody waits for the answer any more.
type Callbacks = Waiting<Py<PyAny>>;

#[pymethods]
impl CallHandle {
    /// Whether nobody waits for the answer any more.
    #[getter]
    fn cancelled(&self) -> bool {
        self.callbacks.is_cancelled()
    }

    /// Has `callback` called, from another thread, when nobody waits for the answer any more.
    fn when_cancelled(&self, callback: Bound<'_, PyAny>) -> PyResult<()> {
        match self.callbacks.add(callback.clone().unbind(), |_| true) {
            Some(_) => callback.call0().map(drop),
            None => Ok(()),
        }
    }
}

/// Calls `work` on a thread that may block, and gives its answer. If the future is dropped, the call hears of
/// it; what it gives then is nobody's.
pub(crate) async fn ask<T: Send + 'static>(
    doing: String,
    work: impl FnOnce(Python<'_>, Py<CallHandle>) -> PyResult<T> + Send + 'static,
) -> Result<T> {
    let callbacks = Arc::new(Callbacks::default());
    let mut asker = Asker { callbacks: Some(Arc::clone(&callbacks)), handle: Handle::current() };
    let asked = tokio::task::spawn_blocking(move || {
        runtime::with_python(|py| {
            let call = Py::new(py, CallHandle { callbacks });
            let answer = call.and_then(|it| work(py, it));
            answer.map_err(|it| translated(py, &doing, it))
        })
    });
    let answer = asked.await;
    asker.callbacks = None;
    answer.map_err(error::lost)?.unwrap_or_else(|| Err(error::closing()))
}

/// Tells the call when nobody waits any more.
struct Asker {
    callbacks: Option<Arc<Callbacks>>,
    handle: Handle,
}

impl Drop for Asker {
    fn drop(&mut self) {
        let callbacks = self.callbacks.take().map(|it| it.cancel()).unwrap_or_default();
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
