//! Errors of dq as Python exceptions. The classes are written in Python, in `dq/exceptions.py`.

use std::error::Error as StdError;
use std::io;

use dq_core::{Error, ErrorKind};
use pyo3::exceptions::{PyException, PyOSError};
use pyo3::prelude::*;
use tokio::task::JoinError;

/// The exception for `error`, with its cause. What a function of the caller raised is raised as it was.
pub(crate) fn to_python(py: Python<'_>, error: &Error) -> PyErr {
    if let Some(raised) = error.source().and_then(|it| it.downcast_ref::<PyErr>())
        && error.kind() == ErrorKind::Internal
    {
        return raised.clone_ref(py);
    }
    let raised = py
        .import("dq.exceptions")
        .and_then(|it| it.getattr(error.kind().python_class()))
        .and_then(|it| it.call1((told(error),)));
    let raised = raised.map_or_else(|error| error, PyErr::from_value);
    if let Some(cause) = error.source() {
        raised.set_cause(py, Some(cause_of(py, cause)));
    }
    raised
}

/// The message with those causes that it does not tell already.
pub(crate) fn told(error: &Error) -> String {
    let mut message = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let reason = error.to_string();
        // Python puts the name of the class before the text, which is all that a message repeats.
        let text = if error.is::<PyErr>() {
            reason.split_once(": ").unwrap_or_default().1
        } else {
            &reason
        };
        if !message.contains(text) {
            message = format!("{message}: {reason}");
        }
        cause = error.source();
    }
    message
}

/// The exception for what caused an error: the very one, if it came from Python.
fn cause_of(py: Python<'_>, cause: &(dyn StdError + 'static)) -> PyErr {
    if let Some(raised) = cause.downcast_ref::<PyErr>() {
        return raised.clone_ref(py);
    }
    if let Some(error) = cause.downcast_ref::<Error>() {
        return to_python(py, error);
    }
    match cause.downcast_ref::<io::Error>().map(|it| (it.raw_os_error(), it.to_string())) {
        Some((Some(code), text)) => PyOSError::new_err((code, text)),
        _ => PyException::new_err(cause.to_string()),
    }
}

/// An exception of a function of the caller's, on its way back to the caller.
pub(crate) fn raised(py: Python<'_>, doing: &str, exception: PyErr) -> Error {
    let name = exception.get_type(py).name().map_or_else(|_| String::new(), |it| it.to_string());
    let text = exception.value(py).to_string();
    let message = if text.is_empty() {
        format!("{doing} raised {name}")
    } else {
        format!("{doing} raised {name}: {text}")
    };
    Error::new(ErrorKind::Internal, message).with_source(exception)
}

/// What is wrong with data that Python handed over, and the exception that tells it.
pub(crate) fn unreadable(py: Python<'_>, what: &str, exception: PyErr) -> PyErr {
    let message = format!("cannot read {what}: {}", exception.value(py));
    to_python(py, &Error::new(ErrorKind::SourceInvalid, message).with_source(exception))
}

/// An error of the caller.
pub(crate) fn usage(py: Python<'_>, message: impl Into<String>) -> PyErr {
    to_python(py, &Error::new(ErrorKind::UsageInvalid, message))
}

/// The error of work that did not come to its end.
pub(crate) fn lost(reason: JoinError) -> Error {
    if reason.is_cancelled() {
        return Error::new(ErrorKind::Cancelled, "the work was cancelled");
    }
    Error::new(ErrorKind::Internal, "a thread of dq panicked").with_source(reason)
}

/// The error of who comes when the interpreter is going away.
pub(crate) fn closing() -> Error {
    Error::new(ErrorKind::Cancelled, "the process is ending")
}

/// Each kind of error: the name of its class, its code, and whether trying again may help.
#[pyfunction]
pub(crate) fn error_kinds() -> Vec<(&'static str, &'static str, bool)> {
    ErrorKind::ALL.iter().map(|it| (it.python_class(), it.code(), it.is_transient())).collect()
}
