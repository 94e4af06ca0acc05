//! The program `dq`, as the package installs it.

use std::ffi::OsString;

use pyo3::prelude::*;

/// Runs the program with `arguments`, the first of which is its name, and gives its exit code.
#[pyfunction]
pub(crate) fn main(py: Python<'_>, arguments: Vec<OsString>) -> u8 {
    py.detach(|| dq_server::run(arguments))
}
