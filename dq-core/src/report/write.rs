//! A report in a file: the whole of it, or what was there before.

use std::io::{self, Write};
use std::path::Path;

use crate::error::{Error, ErrorKind, Result};
use crate::report::destination::Destination;
use crate::report::{ReportFormat, render};
use crate::validate::Report;

/// Writes `report` to the file at `path`. It is written aside, synced and put in its place, so
/// that neither a full disk nor a kill leaves a part of a report or takes an old one away. Devices and
/// pipes are written directly.
///
/// # Errors
///
/// `WriteFailed`, which names the path.
pub fn write_report(report: &Report, format: ReportFormat, path: &Path) -> Result<()> {
    // In memory first: a report is small, and the temporary file lives as shortly as can be.
    let mut bytes = Vec::new();
    render(report, format, &mut bytes).map_err(|error| failed(path, error))?;
    write_file(path, &bytes)
}

/// Writes `bytes` to the file at `path`, as [`write_report`] writes a report.
///
/// # Errors
///
/// `WriteFailed`, which names the path.
pub fn write_file(path: &Path, bytes: &[u8]) -> Result<()> {
    write(path, bytes).map_err(|error| failed(path, error))
}

fn failed(path: &Path, error: io::Error) -> Error {
    let message = format!("cannot write `{}`: {error}", path.display());
    Error::new(ErrorKind::WriteFailed, message).with_source(error)
}

fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut output = Destination::of(path)?;
    output.write_all(bytes)?;
    output.put_in_place(path)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::report::testing;

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        entries.map(|it| it.unwrap().file_name().into_string().unwrap()).collect()
    }

    #[test]
    fn a_report_replaces_an_older_one_and_leaves_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("report.json");
        fs::write(&path, "old and longer than the new one".repeat(1000)).unwrap();
        write_report(&testing::report(), ReportFormat::Json, &path).unwrap();
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.starts_with("{\n") && text.ends_with("}\n"));
        assert_eq!(names(folder.path()), ["report.json"]);
    }

    #[test]
    fn a_folder_that_is_not_there_is_named() {
        let path = Path::new("/nowhere/report.json");
        let error = write_report(&testing::report(), ReportFormat::Json, path).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::WriteFailed);
        assert_eq!(
            error.message(),
            "cannot write `/nowhere/report.json`: No such file or directory (os error 2)"
        );
    }

    #[test]
    fn a_report_is_not_a_folder() {
        let folder = tempfile::tempdir().unwrap();
        let error =
            write_report(&testing::report(), ReportFormat::Json, folder.path()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::WriteFailed);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_full_disk_is_an_error() {
        let error = write_report(&testing::report(), ReportFormat::Json, Path::new("/dev/full"))
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::WriteFailed);
        assert!(error.message().contains("No space left"), "{error}");
        assert!(Path::new("/dev/full").exists());
    }

    #[cfg(unix)]
    #[test]
    fn links_are_followed_and_permissions_kept() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let (path, link) = (folder.path().join("real.json"), folder.path().join("link.json"));
        fs::write(&path, "old").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        std::os::unix::fs::symlink(&path, &link).unwrap();
        write_report(&testing::report(), ReportFormat::Json, &link).unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        let found = fs::metadata(&path).unwrap();
        assert!(found.len() > 3);
        assert_eq!(found.permissions().mode() & 0o777, 0o640);
    }
}
