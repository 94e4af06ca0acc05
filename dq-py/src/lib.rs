//! The Rust half of the Python module `dq`: it translates, and nothing more.
//!
//! Whatever takes time is [`Work`](work::Work): Python waits for it, or awaits it.

#![expect(clippy::needless_pass_by_value, reason = "what Python passes is made anew for each call")]

use pyo3::prelude::*;

mod breaker;
mod cache;
mod cached;
mod columns;
mod config;
mod database;
mod error;
mod executor;
mod log;
mod opening;
mod own;
mod program;
mod report;
mod report_workbook;
mod result;
mod runtime;
mod scope;
mod source;
mod table;
mod validate;
mod value;
mod violations;
mod waiting;
mod work;
mod workbook;

/// The Rust half of `dq`.
#[pymodule]
mod _dq {
    use pyo3::prelude::*;

    #[pymodule_export]
    use crate::breaker::{BreakerHandle, PermitHandle};
    #[pymodule_export]
    use crate::cache::{CacheHandle, CacheOptionsHandle, Reply};
    #[pymodule_export]
    use crate::columns::table_of_lists;
    #[pymodule_export]
    use crate::config::{ConfigHandle, yaml_to_json};
    #[pymodule_export]
    use crate::database::{DatabaseHandle, TransactionHandle};
    #[pymodule_export]
    use crate::error::error_kinds;
    #[pymodule_export]
    use crate::executor::ExecutorHandle;
    #[pymodule_export]
    use crate::opening::distribute;
    #[pymodule_export]
    use crate::own::CallHandle;
    #[pymodule_export]
    use crate::program::main;
    #[pymodule_export]
    use crate::report::{
        render_report, render_report_text, report_format_of, report_formats, save_report,
    };
    #[pymodule_export]
    use crate::report_workbook::save_workbook;
    #[pymodule_export]
    use crate::result::Rows;
    #[pymodule_export]
    use crate::runtime::shutdown;
    #[pymodule_export]
    use crate::scope::Scope;
    #[pymodule_export]
    use crate::source::{RuleSetHandle, Source};
    #[pymodule_export]
    use crate::table::ArrowTable;
    #[pymodule_export]
    use crate::validate::{run, survey};
    #[pymodule_export]
    use crate::violations::{violation_mask, violations_of};
    #[pymodule_export]
    use crate::work::Work;
    #[pymodule_export]
    use crate::workbook::write_workbook;

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        crate::log::install();
        let py = module.py();
        let shutdown = module.getattr("shutdown")?;
        py.import("atexit")?.call_method1("register", (shutdown,))?;
        module.add("__version__", env!("CARGO_PKG_VERSION"))
    }
}
