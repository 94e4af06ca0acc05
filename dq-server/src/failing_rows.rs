//! Who hears of every failing row: the file of `--violations`, and workbooks.

use std::path::Path;
use std::sync::Arc;

use dq_core::Result;
#[cfg(feature = "xlsx")]
use dq_core::report::ReportWorkbook;
use dq_core::report::{self, ReportFormat, ViolationsFile};
use dq_core::validate::{Report, ViolationListener};

/// What is written of failing rows.
pub(crate) struct FailingRows {
    file: Option<Arc<ViolationsFile>>,
    #[cfg(feature = "xlsx")]
    workbook: Option<Arc<ReportWorkbook>>,
}

impl FailingRows {
    /// Prepares the file at `violations`, and what the workbooks among `files` need.
    pub(crate) fn open(
        violations: Option<&Path>,
        files: &[(&Path, ReportFormat)],
        temp_dir: &Path,
    ) -> Result<Self> {
        let file = violations.map(ViolationsFile::create).transpose()?.map(Arc::new);
        #[cfg(not(feature = "xlsx"))]
        let _ = (files, temp_dir);
        #[cfg(feature = "xlsx")]
        let wants_workbook = files.iter().any(|it| it.1 == ReportFormat::Xlsx);
        Ok(Self {
            file,
            #[cfg(feature = "xlsx")]
            workbook: wants_workbook.then(|| Arc::new(ReportWorkbook::new(temp_dir))),
        })
    }

    /// What hears of the rows, if anybody wants them.
    pub(crate) fn listener(&self) -> Option<ViolationListener> {
        let file = self.file.clone();
        #[cfg(feature = "xlsx")]
        if let Some(workbook) = self.workbook.clone() {
            return Some(Arc::new(move |it| {
                workbook.add(it)?;
                file.as_ref().map_or(Ok(()), |file| file.write(it))
            }));
        }
        let file = file?;
        Some(Arc::new(move |it| file.write(it)))
    }

    /// Writes a report to the file at `path`.
    pub(crate) fn write(&self, report: &Report, format: ReportFormat, path: &Path) -> Result<()> {
        #[cfg(feature = "xlsx")]
        if let (Some(workbook), ReportFormat::Xlsx) = (&self.workbook, format) {
            return workbook.write(report, path);
        }
        report::write_report(report, format, path)
    }

    /// Puts the file of `--violations` in its place.
    pub(crate) fn finish(&self) -> Result<()> {
        self.file.as_ref().map_or(Ok(()), |it| it.finish())
    }
}

/// A run that was stopped may wait for its source in a thread that nobody can end, and which has the listener.
impl Drop for FailingRows {
    fn drop(&mut self) {
        if let Some(file) = &self.file {
            file.discard();
        }
    }
}
