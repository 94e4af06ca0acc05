//! Errors of dq as Python exceptions. The classes are written in Python, in `dq/exceptions.py`.

use std::error::Error as _;

use dq_core::{Error, ErrorKind};
use pyo3::prelude::*;

/// The exception for `error`.
pub(crate) fn to_python(py: Python<'_>, error: &Error) -> PyErr {
    let mut message = error.to_string();
    if let Some(cause) = error.source().map(ToString::to_string)
        && !message.contains(&cause)
    {
        message = format!("{message}: {cause}");
    }
    let raised = py
        .import("dq.exceptions")
        .and_then(|it| it.getattr(error.kind().python_class()))
        .and_then(|it| it.call1((message,)));
    raised.map_or_else(|error| error, PyErr::from_value)
}

/// The names of the classes that errors can have.
#[pyfunction]
pub(crate) fn error_classes() -> Vec<&'static str> {
    ErrorKind::ALL.iter().map(|it| it.python_class()).collect()
}
