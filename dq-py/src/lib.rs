//! The Rust half of the Python module `dq`: it translates, and nothing more.

use pyo3::prelude::*;

mod error;
mod run;

/// The Rust half of `dq`.
#[pymodule]
mod _dq {
    use pyo3::prelude::*;

    #[pymodule_export]
    use crate::error::error_classes;
    #[pymodule_export]
    use crate::run::run;

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        module.add("__version__", env!("CARGO_PKG_VERSION"))
    }
}
