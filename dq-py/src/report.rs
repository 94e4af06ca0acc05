//! Reports in their forms, made of the JSON that describes them whole.

use std::path::PathBuf;

use dq_core::report::{self, ReportFormat, TerminalStyle};
use dq_core::validate::Report;
use dq_core::{Error, ErrorKind, Result};
use pyo3::prelude::*;

use crate::error;

/// Renders the report in `json` in the form called `format`.
#[pyfunction]
pub(crate) fn render_report(py: Python<'_>, json: &str, format: &str) -> PyResult<String> {
    let format: ReportFormat = format.parse().map_err(|it: String| error::usage(py, it))?;
    if !format.is_text() {
        let message = format!("a report in the form `{format}` is no text: save it to a file");
        return Err(error::usage(py, message));
    }
    let rendered = py.detach(|| {
        let mut out = Vec::new();
        report::render(&parse(json)?, format, &mut out).map_err(unwritten)?;
        text(out)
    });
    rendered.map_err(|it| error::to_python(py, &it))
}

/// Writes the report in `json` to a file in the form called `format`, whole or not at all.
#[pyfunction]
pub(crate) fn save_report(py: Python<'_>, json: &str, format: &str, path: PathBuf) -> PyResult<()> {
    let format: ReportFormat = format.parse().map_err(|it: String| error::usage(py, it))?;
    py.detach(|| report::write_report(&parse(json)?, format, &path))
        .map_err(|it| error::to_python(py, &it))
}

/// Renders the report in `json` for a terminal that is so wide, in colours or without.
#[pyfunction]
pub(crate) fn render_report_text(
    py: Python<'_>,
    json: &str,
    width: usize,
    color: bool,
) -> PyResult<String> {
    let rendered = py.detach(|| {
        let mut out = Vec::new();
        let style = TerminalStyle { color, width };
        report::render_text(&parse(json)?, style, &mut out).map_err(unwritten)?;
        text(out)
    });
    rendered.map_err(|it| error::to_python(py, &it))
}

/// The forms of a report.
#[pyfunction]
pub(crate) fn report_formats() -> Vec<&'static str> {
    ReportFormat::ALL.iter().map(|it| it.as_str()).collect()
}

/// The form that the name of a file asks for.
#[pyfunction]
pub(crate) fn report_format_of(py: Python<'_>, path: PathBuf) -> PyResult<&'static str> {
    ReportFormat::of_path(&path).map(ReportFormat::as_str).map_err(|it| error::to_python(py, &it))
}

pub(crate) fn parse(json: &str) -> Result<Report> {
    serde_json::from_str(json).map_err(|it| {
        // Its words may repeat values of the report.
        let (line, column) = (it.line(), it.column());
        let message =
            format!("cannot read a report: it is none of dq (line {line}, column {column})");
        Error::new(ErrorKind::UsageInvalid, message)
    })
}

fn text(bytes: Vec<u8>) -> Result<String> {
    String::from_utf8(bytes)
        .map_err(|it| Error::new(ErrorKind::Internal, "a report is not of UTF-8").with_source(it))
}

fn unwritten(reason: std::io::Error) -> Error {
    Error::from_io("write", "a report", reason)
}
