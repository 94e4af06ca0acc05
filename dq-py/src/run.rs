//! `dq.validate`.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use dq_core::engine::{self, OpenOptions};
use dq_core::rules::RuleSet;
use dq_core::source::Cancellation;
use dq_core::validate::{self, ValidateOptions};
use dq_core::value::Date;
use dq_core::{Error, ErrorKind, Result};
use pyo3::prelude::*;

use crate::error;

/// How often a run looks whether it is done, and whether Python wants to stop it.
const LOOK_EVERY: Duration = Duration::from_millis(2);

/// Runs a rule set and gives the JSON report. Waits without the GIL; Ctrl-C stops the run.
#[pyfunction]
#[expect(clippy::too_many_arguments, reason = "its one caller is `dq.validate`, which names them")]
pub(crate) fn run(
    py: Python<'_>,
    source: String,
    rules: PathBuf,
    parameters: BTreeMap<String, String>,
    as_of: Option<String>,
    sample_limit: usize,
    show_values: bool,
    threads: usize,
) -> PyResult<String> {
    let cancellation = Cancellation::new();
    let as_of = as_of.map(|it| day(&it)).transpose().map_err(|it| error::to_python(py, &it))?;
    let options = ValidateOptions {
        threads: NonZeroUsize::new(threads).unwrap_or(NonZeroUsize::MIN),
        sample_limit,
        show_values,
        as_of,
        cancellation: cancellation.clone(),
        ..ValidateOptions::default()
    };
    let work = std::thread::spawn(move || report(&source, &rules, &parameters, &options));
    while !work.is_finished() {
        py.detach(|| std::thread::sleep(LOOK_EVERY));
        if let Err(interrupt) = py.check_signals() {
            cancellation.cancel();
            py.detach(|| drop(work.join()));
            return Err(interrupt);
        }
    }
    let report = work
        .join()
        .unwrap_or_else(|_| Err(Error::new(ErrorKind::Internal, "the thread of the run panicked")));
    report.map_err(|it| error::to_python(py, &it))
}

fn day(text: &str) -> Result<Date> {
    Date::parse(text.as_bytes()).ok_or_else(|| {
        Error::new(ErrorKind::UsageInvalid, format!("`{text}` is no day: write YYYY-MM-DD"))
    })
}

fn report(
    source: &str,
    rules: &std::path::Path,
    parameters: &BTreeMap<String, String>,
    options: &ValidateOptions,
) -> Result<String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|it| Error::from_io("start", "the runtime", it))?;
    let rules = RuleSet::read(rules, parameters)?;
    let source = engine::open(source, &OpenOptions::default())?;
    let report = runtime.block_on(validate::validate(source.as_ref(), &rules, options))?;
    serde_json::to_string(&report)
        .map_err(|it| Error::new(ErrorKind::Internal, "cannot write the report").with_source(it))
}
