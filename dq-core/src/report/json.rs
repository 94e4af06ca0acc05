//! The JSON report: the report itself, as `docs/report.schema.json` describes it.

use std::io;

use crate::validate::Report;

/// Writes `report` as indented JSON with a newline at its end.
pub(crate) fn render(report: &Report, out: &mut dyn io::Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, report)?;
    out.write_all(b"\n")
}
